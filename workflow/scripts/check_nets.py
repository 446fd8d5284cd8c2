"""Try every net before the maps are computed, and summarise it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import receipts
from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job, log
from lookwhere.methods import check


def main(
    specs: list[dict[str, Any]],
    classes: list[dict[str, Any]],
    sizes: list[str],
    methods: list[str],
    seed: int,
    table: str,
) -> None:
    summaries, faults = check.check(specs, classes, sizes, methods, seed)
    if faults:
        raise StudyError(enumerate_errors("the nets can't be used:", faults))
    for doubt in (doubt for spec in specs for doubt in check.doubts(spec)):
        log.warning("Warning: %s", doubt)
    for summary in summaries:
        if summary.weights_changes:
            log.info("%s: weights: %s", summary.net, summary.weights_changes)
        if summary.logits_source:
            log.info("%s: logits: %s", summary.net, summary.logits_source)
    with atomic_file(table) as draft:
        nets = pd.DataFrame(map(asdict, summaries)).astype({"feature_maps": "Int64"})
        nets.to_csv(draft, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        for net in settings["nets"]:
            receipts.require(Path(net["weights"]), net.get("sha256"))
        main(
            settings["nets"],
            settings["classes"],
            settings["sizes"],
            settings["methods"],
            settings["seed"],
            snakemake.output.nets,
        )
