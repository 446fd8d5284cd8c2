"""Try every net before the maps are computed, and summarise it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import receipts
from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job, log

# Columns of whole numbers, which are null of maps that other tools made.
NUMBERS = ("parameters", "relus", "feature_maps", "outputs", "input_range", "bytes_per_pixel")


def main(
    specs: list[dict[str, Any]],
    folders: list[dict[str, Any]],
    classes: list[dict[str, Any]],
    sizes: list[str],
    methods: list[str],
    seed: int,
    table: str,
) -> None:
    """Summarise the nets of ``specs``, and ``folders`` of maps with the methods that they hold."""
    rows = [of_folder(folder, methods) for folder in folders]
    if specs:
        rows = [*summaries(specs, classes, sizes, methods, seed), *rows]
    with atomic_file(table) as draft:
        nets = pd.DataFrame(rows)
        nets = nets.astype({name: "Int64" for name in NUMBERS if name in nets})
        nets.to_csv(draft, index=False)


def summaries(
    specs: list[dict[str, Any]],
    classes: list[dict[str, Any]],
    sizes: list[str],
    methods: list[str],
    seed: int,
) -> list[dict[str, Any]]:
    """The row of each net. Raises StudyError with all faults."""
    from lookwhere.methods import check  # torch, which folders of maps do not need

    nets, faults = check.check(specs, classes, sizes, methods, seed)
    if faults:
        raise StudyError(enumerate_errors("the nets can't be used:", faults))
    for doubt in (doubt for spec in specs for doubt in check.doubts(spec)):
        log.warning("%s", doubt)
    for net in nets:
        if net.weights_changes:
            log.info("%s: weights: %s", net.net, net.weights_changes)
        if net.logits_source:
            log.info("%s: logits: %s", net.net, net.logits_source)
    return [asdict(net) for net in nets]


def of_folder(folder: Mapping[str, Any], methods: Sequence[str]) -> dict[str, str]:
    """The row of a folder of maps."""
    lacking = ", ".join(name for name in methods if name not in folder["methods"])
    reason = f"{lacking}: {folder['maps']!r} has no folder of it" if lacking else ""
    return {"net": folder["name"], "maps": folder["maps"], "not_defined": reason}


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        for net in settings["nets"]:
            receipts.require(Path(net["weights"]), net.get("sha256"))
        main(
            settings["nets"],
            settings["folders"],
            settings["classes"],
            settings["sizes"],
            settings["methods"],
            settings["seed"],
            snakemake.output.nets,
        )
