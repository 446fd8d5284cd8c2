"""Maps that other tools made: the file of each sample, and the map in it at the size of the input.

In the folder of a method, a map is ``{sample id}``, ``{class}/{image}`` or ``{image}``, of which
the first that exists is read; ``{image}`` is the path of the image's file below the image folder,
without its suffix. A map covers what a net sees at the size: the whole image, or at ``crop-n`` and
``pad-n`` the square. One of another height or width is resized as images are, which changes its
energy.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lookwhere.datasets.image_names import files_below, without_suffix
from lookwhere.datasets.names import slug
from lookwhere.datasets.samples import Sample
from lookwhere.datasets.sizes import Shape
from lookwhere.errors import StudyError

SUFFIXES = frozenset({".npy", ".npz", ".png"})
EXAMPLES = 3  # names in a message
FAULTS = (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError)


def find(folder: Path, samples: Sequence[Sample]) -> dict[str, Path]:
    """The map files of a method's ``folder``, by the id of the sample.

    Raises StudyError if a sample has several files, a file is of several images, or none of the
    ``samples`` has one.
    """
    files: defaultdict[str, list[str]] = defaultdict(list)
    for file in files_below(folder, SUFFIXES):
        files[without_suffix(file)].append(file)
    found: dict[str, Path] = {}
    images: dict[str, str] = {}
    for sample in samples:
        names = next((files[name] for name in _names(sample) if name in files), [])
        if len(names) > 1:
            listed = " and ".join(repr(str(folder / name)) for name in names)
            raise StudyError(f"{listed} are both a map of {sample.id}: keep one")
        for name in names:
            if images.setdefault(name, sample.file) != sample.file:
                raise StudyError(
                    f"{str(folder / name)!r} is a map of two images, {images[name]!r} and "
                    f"{sample.file!r}: name maps by the ids of samples, such as {sample.id}.npy"
                )
            found[sample.id] = folder / name
    if samples and not found:
        raise StudyError(
            f"{str(folder)!r} has no map of the {len(samples)} samples: {_first(files)}; name maps "
            f"by the sample or the image: {' or '.join(_names(samples[0]))}, with .npy, .npz or "
            ".png"
        )
    return found


def read(path: Path) -> NDArray[np.floating]:
    """The map (C, H, W) in a file, float32 or float64.

    An array is (H, W), (C, H, W) or (H, W, C), with C of 1 or 3. A grey PNG is in [0, 1]. Raises
    StudyError if there is no such map in the file.
    """
    try:
        values = _of_picture(path) if path.suffix.lower() == ".png" else _of_array(path)
        return _channels_first(values)
    except UnidentifiedImageError:
        raise StudyError(f"map {str(path)!r} is no PNG: replace it") from None
    except FAULTS as error:
        raise StudyError(f"map {str(path)!r} {error}") from None


def resized(saliency: NDArray[np.floating], shape: Shape) -> NDArray[np.floating]:
    """The map (C, H, W) at another (height, width), by PIL's bilinear filter (antialiased).

    A map that is not finite stays so: NaN everywhere.
    """
    if saliency.shape[1:] == shape:
        return saliency
    if not np.isfinite(saliency).all():
        return np.full((len(saliency), *shape), np.nan, dtype=np.float32)
    height, width = shape
    channels = [
        Image.fromarray(channel).resize((width, height), Image.Resampling.BILINEAR)
        for channel in saliency.astype(np.float32)
    ]
    return np.stack([np.asarray(channel) for channel in channels])


def require_upright(saliency: NDArray[np.floating], sample: Sample, path: Path) -> None:
    """Raise StudyError for a map whose height and width are those of the image, exchanged."""
    height, width = saliency.shape[1:]
    if height != width and (height, width) == (sample.width, sample.height):
        raise StudyError(
            f"map {str(path)!r} is {height} high and {width} wide, and the image {sample.file!r} "
            f"is {sample.height} high and {sample.width} wide: transpose the map"
        )


def of_several_classes(found: Mapping[str, Path]) -> int:
    """The number of files that are the map of several samples, the classes of an image."""
    files = list(found.values())
    return sum(files.count(file) > 1 for file in set(files))


def _names(sample: Sample) -> list[str]:
    """The names of a sample's map without suffix, the most precise first."""
    image = without_suffix(sample.file)
    classes = dict.fromkeys([sample.class_name, slug(sample.class_name)])
    return [sample.id, *(f"{name}/{image}" for name in classes), image]


def _first(files: Mapping[str, Sequence[str]]) -> str:
    """The first files in words."""
    names = [repr(name) for of_name in files.values() for name in of_name]
    if not names:
        return "it has no file that ends in .npy, .npz or .png"
    return f"it has {', '.join(names[:EXAMPLES])}{', ...' if len(names) > EXAMPLES else ''}"


def _of_array(path: Path) -> NDArray[Any]:
    """The array of a .npy file, or the only one of a .npz file; code in it is never run."""
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        if len(loaded.files) != 1:
            names = ", ".join(map(repr, loaded.files)) or "none"
            raise ValueError(f"holds {len(loaded.files)} arrays ({names}): save one a file")
        return loaded[loaded.files[0]]


def _of_picture(path: Path) -> NDArray[np.float32]:
    """The levels (H, W) of a grey PNG, in [0, 1]."""
    with Image.open(path, formats=("PNG",)) as file:
        if file.mode in ("1", "L"):
            return np.asarray(file.convert("L"), dtype=np.float32) / np.float32(255)
        if file.mode.startswith("I"):
            return np.asarray(file).astype(np.float32) / np.float32(65535)
        if file.mode == "RGB":
            values = np.asarray(file)
            if (values == values[..., :1]).all():
                return values[..., 0].astype(np.float32) / np.float32(255)
    raise ValueError(
        "is a coloured picture (or has an alpha channel or a palette), whose colours are no values "
        "of the map: save the values as .npy, or a grey PNG"
    )


def _channels_first(values: NDArray[Any]) -> NDArray[np.floating]:
    """An array as a map (C, H, W)."""
    if values.dtype.kind not in "fiub":
        raise ValueError(f"holds {values.dtype}, not real numbers: save real numbers")
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32)
    shape = values.shape
    if values.ndim == 4 and shape[0] == 1:  # a batch of one
        values = values[0]
    if values.ndim == 2:
        values = values[None]
    elif values.ndim == 3 and values.shape[0] not in (1, 3) and values.shape[2] in (1, 3):
        values = values.transpose(2, 0, 1)
    if values.ndim != 3 or len(values) not in (1, 3) or 0 in values.shape:
        raise ValueError(
            f"has the shape {shape}, which is none of a map: (H, W), (1, H, W) or (3, H, W)"
        )
    return np.ascontiguousarray(values)
