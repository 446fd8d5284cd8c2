"""Plot the maps of the showcase that fit on a page: nets x methods, at one size."""

from itertools import product
from pathlib import Path

import pandas as pd

from concentration import coco, images, showcase, style
from concentration.comparison import Row, comparison, fitting
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        source, params = snakemake.input, snakemake.params
        shares = pd.read_parquet(source.energy).set_index(["sample", "net", "method", "size"])
        rows, untrained = [], dict.fromkeys(params.untrained, " (untrained)")
        samples = coco.samples(coco.read(Path(source.instances)))
        shown = showcase.read(source.showcase, samples)
        for sample, net in product(fitting(shown, params.nets, params.size), params.nets):
            image, mask = showcase.read_input(sample, params.images, source.masks, params.size)
            cells = {method: (sample.sample, net, method, params.size) for method in params.methods}
            rows.append(
                Row(
                    label=f"{net}{untrained.get(net, '')}\n{sample.class_name}",
                    image=image,
                    mask=mask,
                    maps={m: showcase.read_map(source.maps, *cell) for m, cell in cells.items()},
                    concentration={m: shares["concentration"].loc[c] for m, c in cells.items()},
                )
            )
        pixels = images.in_words(params.size)
        title = f"Maps at {pixels}. Outlined: the dilated mask. P: the concentration of the map"
        style.save(comparison(rows, title), snakemake.output)
