"""Choose the samples that are shown as pictures: early, so that an unknown id fails early."""

import json

from lookwhere.datasets.samples import read_samples
from lookwhere.io.logs import job
from lookwhere.io.results import checked_file
from lookwhere.report import showcase

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        selections = [read_samples(path) for path in snakemake.input.selections]
        samples = showcase.choose(selections, settings["ids"])
        with checked_file(snakemake.output.ids) as draft:
            draft.write_text(json.dumps([sample.id for sample in samples]), "utf-8")
