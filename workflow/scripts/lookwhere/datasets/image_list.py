"""The list of a study's images: their files, with SHA-256 and orientation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lookwhere.datasets import images, orientation
from lookwhere.datasets.nearest import Nearest, nearest
from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import receipts
from lookwhere.io.logs import log

LISTED = 10  # images in a message; the log file has all


def rows(samples: Sequence[Sample], folder: Path) -> list[dict[str, Any]]:
    """The rows of the receipt of the images of ``samples``, one each, below ``folder``.

    Their headers alone are read, and their bytes for the SHA-256, unless it is cached. Raises
    StudyError if images are missing, or if headers reveal that they can't be read: of all of them.
    """
    _require_files([sample.file for sample in samples], folder)
    files = receipts.of_files([sample.file for sample in samples], folder)
    views, errors = [], []
    for sample in samples:
        try:
            seen = images.view(folder / sample.file, *sample.file_size, sample.exif)
            views.append(replace(seen, by_size=seen.by_size and sample.is_sized))
        except StudyError as error:
            errors.append(str(error))
    if errors:
        title = f"{len(errors)} of {len(samples)} images can't be used:"
        raise StudyError(enumerate_errors(title, _first(errors)))
    for sentence in orientation.counts(views):
        log.info("%s", sentence)
    return [
        {"image_id": sample.image_id, **file, "orientation": seen.name}
        for sample, file, seen in zip(samples, files, views, strict=True)
    ]


def _require_files(names: Sequence[str], folder: Path) -> None:
    missing = [name for name in names if _is_missing(folder / name)]
    if not missing:
        return
    near = nearest(missing, folder)
    title = f"{len(missing)} of {len(names)} images are missing: {_way_out(near, missing, folder)}"
    raise StudyError(
        enumerate_errors(title, _first([_line(name, near, folder) for name in missing]))
    )


def _is_missing(path: Path) -> bool:
    """Whether no file has this name; one that can't be read is not missing."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _line(name: str, near: Nearest, folder: Path) -> str:
    path = folder / name
    hint = f"; did you mean {near.files[name]!r}?" if name in near.files else ""
    what = f"is a link to {str(path.readlink())!r}, which" if path.is_symlink() else ""
    return " ".join(filter(None, ("image", repr(str(path)), what, f"does not exist{hint}")))


def _way_out(near: Nearest, missing: Sequence[str], folder: Path) -> str:
    if all((folder.parent / name).is_file() for name in missing):
        return f"they are below {str(folder.parent)!r}, so give that as dataset.images"
    if len(near.files) == len(missing) and near.subfolder:
        return f"they are in {str(folder / near.subfolder)!r}, so give that as dataset.images"
    if near.archives and not near.files:
        return f"{near.archives[0]!r} is an archive, so unpack it, or check dataset.images"
    return "check dataset.images"


def _first(errors: Sequence[str]) -> list[str]:
    """The first errors, and the number of the others, all of which are logged in the log file."""
    if len(errors) <= LISTED:
        return list(errors)
    for error in errors:
        log.debug("%s", error)
    return [*errors[:LISTED], f"and {len(errors) - LISTED} more: see the log"]
