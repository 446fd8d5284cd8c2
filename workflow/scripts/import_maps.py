"""Read the maps of one net, which other tools made, at one size, for one shard of the samples."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from lookwhere.datasets import sizes
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.datasets.selections import shard_of
from lookwhere.io import missing, receipts
from lookwhere.io.logs import job, log, progress
from lookwhere.io.results import checked_file, checked_folder, write_array
from lookwhere.methods import map_files

NAMED = 5  # samples in a message

# What no net has predicted.
PREDICTIONS = {
    "target": "Int64",
    "logit": "float64",
    "probability": "float64",
    "rank": "Int64",
    "recognised": "boolean",
    "top1": "Int64",
    "output_activation": "str",
}


def main(
    selection: Sequence[Sample],
    samples: Sequence[Sample],
    label: str,
    maps: Path,
    size: str,
    folders: Mapping[str, str],
    table: str,
) -> None:
    """Write the maps of the ``samples`` of a ``selection`` to the ``folders``, by method.

    ``maps`` has a folder of each method.
    """
    with ExitStack() as stack:
        drafts = {m: stack.enter_context(checked_folder(f)) for m, f in folders.items()}
        for [method] in progress([[method] for method in drafts], label):
            draft, source = drafts[method], maps / method
            if not source.is_dir():
                missing.note(draft, f"{str(maps)!r} has no folder of it")
                continue
            found = map_files.find(source, selection)
            if shared := map_files.of_several_classes(found):
                log.info("%s: %s: %d maps are of all classes of their image", label, method, shared)
            import_maps(found, samples, size, draft, f"{label}: {method}")
    with checked_file(table) as draft_of_table:
        names = pd.DataFrame({"sample": [sample.id for sample in samples]})
        nothing = names.assign(**dict.fromkeys(PREDICTIONS)).astype(PREDICTIONS)
        nothing.sort_values("sample").to_parquet(draft_of_table, index=False)


def import_maps(
    found: Mapping[str, Path], samples: Sequence[Sample], size: str, draft: Path, label: str
) -> None:
    """Write the map of each sample at the size, and the list of samples without one."""
    lacking = [sample.id for sample in samples if sample.id not in found]
    changed = 0
    for sample in samples:
        if sample.id in found:
            saliency = map_files.read(found[sample.id])
            map_files.require_upright(saliency, sample, found[sample.id])
            shape = sizes.input_shape(size, sample.height, sample.width)
            changed += saliency.shape[1:] != shape
            write_array(draft / f"{sample.id}.npy", map_files.resized(saliency, shape))
    if changed:
        log.info(
            "%s: %d of %d maps resized to the input (bilinear); their energy is that of the "
            "resized maps",
            label,
            changed,
            len(samples),
        )
    if lacking:
        missing.list_samples(draft, lacking)
        more = ", ..." if len(lacking) > NAMED else ""
        names = ", ".join(lacking[:NAMED]) + more
        log.warning(
            "%s: %d of %d samples have no map: %s", label, len(lacking), len(samples), names
        )


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        maps = Path(settings["net"]["maps"])
        for method, digest in settings["net"]["sha256"].items():
            receipts.require(maps / method, digest)
        selection = read_samples(snakemake.input.samples)
        size = snakemake.wildcards.size
        main(
            selection,
            shard_of(selection, int(snakemake.wildcards.shard), settings["shards"]),
            f"{settings['net']['name']} at {size}",
            maps,
            size,
            dict(zip(settings["methods"], snakemake.output.maps, strict=True)),
            snakemake.output.predictions,
        )
