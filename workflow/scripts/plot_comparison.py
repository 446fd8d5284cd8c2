"""Plot the maps of the showcase that fit on a page: nets x methods, at one size."""

from itertools import product
from pathlib import Path

from lookwhere.charts import style
from lookwhere.datasets import region_kinds, sizes
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import read_samples
from lookwhere.io.logs import job
from lookwhere.report import showcase
from lookwhere.report.comparison import CAPTION, Row, comparison, fitting
from lookwhere.statistics import records
from lookwhere.statistics.strata import as_text, untrained_nets

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        source = snakemake.input
        nets, methods, size = settings["nets"], settings["methods"], settings["size"]
        folder = ImageFolder.listed(snakemake.params.images, source.images)
        measures = as_text(records.read(Path(source.measures)))
        shares = measures.set_index(["sample", "net", "method", "size"])
        rows, untrained = [], dict.fromkeys(untrained_nets(measures), " (untrained)")
        samples = read_samples(source.samples)
        chosen = showcase.read(source.showcase, samples)
        for sample, net in product(*fitting(chosen, nets, len(methods), size)):
            image, mask = showcase.read_input(sample, folder, source.masks, size)
            cells = {method: (sample.id, net, method, size) for method in methods}
            rows.append(
                Row(
                    sample=sample.id,
                    class_name=sample.class_name,
                    net=f"{net}{untrained.get(net, '')}",
                    image=image,
                    mask=mask,
                    maps={m: showcase.read_map(source.maps, *cell) for m, cell in cells.items()},
                    concentration={m: shares["concentration"].loc[c] for m, c in cells.items()},
                )
            )
        pixels = sizes.label(size)
        title = f"Where do the maps lie? ({pixels})"
        stem = Path(snakemake.output[0]).with_suffix("")
        regions = region_kinds.sentence((each.boxes, len(each.instances)) for each in samples)
        caption = f"{CAPTION.format(size=pixels)} {regions}"
        style.save(comparison(rows, title), stem, caption)
