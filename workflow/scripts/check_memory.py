"""State the memory that maps need, before they are computed: too much of it ends in a kill."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job, log
from lookwhere.nets import memory


def main(
    nets: str,
    samples: Sequence[str],
    sizes: Mapping[str, Sequence[str]],
    budget: Mapping[str, Any],
) -> list[memory.Need]:
    """What the largest image needs; warns of what is above the ``budget`` (``memory.warnings``).

    ``sizes`` are those of each net.
    """
    footprints = memory.read_footprints(Path(nets))
    shapes = {
        shape: image
        for selection in samples
        for shape, image in memory.read_shapes(Path(selection)).items()
    }
    needs = memory.needs(footprints, shapes, sizes)
    for need in needs:
        if memory.USUAL < need.mem_mb <= budget["limit"]:
            log.info("%s", need)
    for warning in memory.warnings(needs, footprints, **budget):
        log.warning("%s", warning)
    return needs


def write(needs: Sequence[memory.Need], table: str) -> None:
    with atomic_file(table) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(memory.Need.__annotations__))
        writer.writeheader()
        writer.writerows(map(asdict, needs))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        needs = main(
            snakemake.input.nets,
            snakemake.input.samples,
            settings["sizes"],
            snakemake.params.budget,
        )
        write(needs, snakemake.output.memory)
