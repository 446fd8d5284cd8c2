"""Choose the samples that are shown as pictures: early, so that a wrong id is told early."""

import json
from pathlib import Path

from concentration import coco, showcase
from concentration.files import whole_file
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        samples = coco.samples(coco.read(Path(snakemake.input.instances)))
        chosen = showcase.choose(samples, snakemake.params.wanted)
        with whole_file(snakemake.output.ids) as draft:
            draft.write_text(json.dumps([sample.sample for sample in chosen]))
