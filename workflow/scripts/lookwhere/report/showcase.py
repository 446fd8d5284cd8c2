"""The showcase: the samples of a study whose maps become pictures."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lookwhere.datasets import geometry, masks
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, rank
from lookwhere.errors import StudyError, hint
from lookwhere.io import missing, results
from lookwhere.statistics.strata import methods_only, trained_only

ALL = "all"


def choose(selections: Sequence[Sequence[Sample]], ids: Sequence[str] | str | None) -> list[Sample]:
    """The samples of the ``ids`` in this order, ``all``, or by default one of every class.

    ``selections`` holds the samples of each selection of the study. Raises StudyError for an id
    that is in none.
    """
    if ids in (None, ALL):
        return [sample for samples in selections for sample in of_selection(samples, ids)]
    return by_id([sample for samples in selections for sample in samples], ids or ())


def of_selection(samples: Sequence[Sample], ids: Collection[str] | str | None) -> list[Sample]:
    """The ``samples`` of one selection that ``choose`` takes.

    By default one of every class. The first two are of the widest image of two classes, so that the
    same picture has a map for each.
    """
    if ids is not None:
        return [sample for sample in samples if ids == ALL or sample.id in ids]
    chosen = _of_one_image(samples)
    for sample in samples:
        if sample.class_name not in {other.class_name for other in chosen}:
            chosen.append(sample)
    return chosen


def by_id(samples: Sequence[Sample], ids: Sequence[str]) -> list[Sample]:
    """The samples of the ``ids``, in this order. Raises StudyError for an id that is of none."""
    named = {sample.id: sample for sample in samples}
    for name in ids:
        if name not in named:
            raise StudyError(f"showcase: {name!r} is not in the subset; {hint(name, named)}")
    return [named[name] for name in ids]


def _of_one_image(samples: Sequence[Sample]) -> list[Sample]:
    """Two samples of the widest image that has two; none where no image has."""
    counts = Counter(sample.image_id for sample in samples)
    shared = [sample for sample in samples if counts[sample.image_id] > 1]
    if not shared:
        return []
    widest = min(shared, key=lambda s: (-s.width / s.height, rank(s.image_id))).image_id
    return [sample for sample in shared if sample.image_id == widest][:2]


def worst(measures: pd.DataFrame) -> list[str]:
    """The sample of each class on which the leading method does worst, by id.

    That is the lowest mean concentration over the trained nets and the sizes, by the method whose
    mean over all of ``measures`` (a row a sample x net x method x size) is the highest.
    """
    trained = methods_only(trained_only(measures)).dropna(subset="concentration")
    if trained.empty:
        return []
    leader = trained.groupby("method", sort=False)["concentration"].mean().idxmax()
    of_leader = trained[trained["method"] == leader]
    means = of_leader.groupby(["class", "sample"], sort=False)["concentration"].mean()
    return [sample for _, sample in means.groupby(level=0, sort=False).idxmin()]


def read(ids: str, samples: Sequence[Sample]) -> list[Sample]:
    """The samples of the ids in the file ``ids``, which ``choose_showcase`` writes."""
    return by_id(samples, results.read_json(Path(ids)))


def read_input(
    sample: Sample, image_folder: ImageFolder, mask_folder: str, size: str
) -> tuple[NDArray[np.uint8], masks.Mask]:
    """The image (H, W, 3) and the mask (H, W) of a sample, both at the input size."""
    picture = geometry.transform(image_folder.read(sample), size)
    mask = masks.read(Path(mask_folder, f"{sample.id}.png"))
    return np.asarray(picture), geometry.transform_mask(mask, size)


def read_map(
    folders: Sequence[str], sample: str, net: str, method: str, size: str
) -> NDArray | str:
    """The map (C, H, W) of a sample, from the one of the ``folders`` that has it.

    These are net/size/group/shard of the showcase, with the methods below, or net/method/size/shard
    of all maps. The status where there is no map.
    """
    status = None
    for folder in map(Path, folders):
        below = Path(method) if folder.parts[-4:-2] == (net, size) else Path()
        file = folder / below / f"{sample}.npy"
        if not (below.name or folder.parts[-4:-1] == (net, method, size)):
            continue
        if file.exists():
            return results.read_array(file, folder)
        status = status or missing.status(folder, sample, below)
    if status:
        return status
    raise StudyError(
        f"there is no map of {sample} by {method} for {net} at {size}: delete the folder "
        f"{net!r} below showcase/ and rerun, which recomputes it"
    )
