"""Choose the samples that are shown as pictures: early, so that a wrong id is an early error."""

import json

from concentration import coco, showcase
from concentration.jobs import job
from concentration.results import checked_file

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        samples = coco.samples(coco.read_subset(snakemake.input.instances))
        chosen = showcase.choose(samples, settings["wanted"])
        with checked_file(snakemake.output.ids) as draft:
            draft.write_text(json.dumps([sample.sample for sample in chosen]), "utf-8")
