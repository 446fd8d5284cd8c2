"""List every class of the annotations, with what can be drawn of it and what is left out."""

from pathlib import Path

from lookwhere.datasets import base, listing
from lookwhere.io import receipts
from lookwhere.io.logs import job, log

LISTED = 12  # classes in the log

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        annotations, folder = Path(snakemake.params.annotations), Path(snakemake.params.images)
        receipts.require(annotations, settings["annotations"], without=folder)
        data = base.load(settings["format"], annotations, folder, settings["choices"])
        listed = listing.of_classes(data, settings["classes"])
        most = sorted(listed, key=lambda entry: -entry.images)[:LISTED]
        names = ", ".join(f"{entry.name} {entry.images}" for entry in most)
        more = f" and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
        log.info("images that can be drawn, by class: %s%s", names, more)
        listing.write([entry.row() for entry in listed], snakemake.output.classes)
