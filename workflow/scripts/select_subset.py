"""Choose the samples of a selection: a small COCO instances file that everything else reads."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lookwhere.datasets import coco
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import receipts
from lookwhere.io.logs import job, log
from lookwhere.io.results import checked_file

LISTED = 10  # missing images that the message names


def main(
    annotations: str, spans: Sequence[Span], seed: int, instances: str
) -> list[dict[str, Any]]:
    """Write the subset to ``instances``; its images, as COCO's entries."""
    subset = coco.select(coco.read(Path(annotations)), spans, seed)
    log.info("%d samples in %d images", len(coco.samples(subset)), len(subset["images"]))
    with checked_file(instances) as draft:
        draft.write_text(json.dumps(subset), "utf-8")
    return subset["images"]


def list_images(entries: Sequence[dict[str, Any]], folder: str, receipt: str) -> None:
    """Write the receipt of the images below ``folder``. Raises StudyError if one is missing."""
    rows = receipts.of_files([entry["file_name"] for entry in entries], Path(folder))
    missing = [row["file"] for row in rows if row["sha256"] == receipts.MISSING]
    if missing:
        names = [f"image {str(Path(folder, name))!r} does not exist" for name in missing[:LISTED]]
        more = [f"and {len(missing) - LISTED} more"] if len(missing) > LISTED else []
        title = f"{len(missing)} of {len(rows)} images are missing: check dataset.images"
        raise StudyError(enumerate_errors(title, names + more))
    ids = [{"image_id": entry["id"]} for entry in entries]
    receipts.write([key | row for key, row in zip(ids, rows, strict=True)], receipt)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        receipts.require(Path(snakemake.params.annotations), settings["annotations"])
        chosen = main(
            snakemake.params.annotations,
            [Span(*span) for span in settings["spans"]],
            settings["seed"],
            snakemake.output.instances,
        )
        if "images" in snakemake.output.keys():  # noqa: SIM118
            list_images(chosen, snakemake.params.images, snakemake.output.images)
