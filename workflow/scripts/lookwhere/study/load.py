"""Load the study of a configuration, or report all its errors in one message."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.study import validation, yaml_keys
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.homes import expanded
from lookwhere.study.model import Study


def load(
    config: dict[str, Any],
    catalogue: Catalogue,
    known: Mapping[str, Collection[str]],
    *,
    files: Iterable[Path] = (),
    folders: Mapping[str, str] | None = None,
    drawn: Collection[str] = (),
) -> Study:
    """Load the study of ``config``, with all defaults.

    Parameters
    ----------
    config
        The content of ``files``, the files of the configuration.
    catalogue
        The defaults of architectures and classes.
    known
        The valid names in ``methods``, ``metrics``, ``controls`` and ``charts``, by key, and the
        ``formats`` of data sets. For a key that is missing here the form alone is checked.
    folders
        The folders of the results, by path variable.
    drawn
        The paths of annotations and images that the workflow draws.

    Raises
    ------
    StudyError
        With a line for every error: key, value and the way out.
    """
    faults = [
        f"{file}: {fault}"
        for file in files
        if file.is_file()
        for fault in yaml_keys.faults(file.read_bytes())
    ]
    if not faults:  # expanded aliases may be too large to check
        config = expanded(config)
        faults = _faults(config, catalogue, known, folders or {}, drawn)
    if faults:
        raise StudyError(enumerate_errors("The configuration can't be used:", faults))
    return Study.model_validate(config).completed(catalogue)


def _faults(
    config: dict[str, Any],
    catalogue: Catalogue,
    known: Mapping[str, Collection[str]],
    folders: Mapping[str, str],
    drawn: Collection[str],
) -> list[str]:
    faults = validation.faults(config, catalogue, known, _produced(config, drawn))
    faults += validation.results_faults(folders) if not faults else []
    if faults:
        # The run ends here, so there is time for checks that need torch and the annotations.
        with suppress(ImportError):  # an environment of Snakemake alone: the jobs report them
            faults += validation.slow_faults(config, catalogue)
    return faults


def _produced(config: dict[str, Any], drawn: Collection[str]) -> Collection[Any]:
    """The paths of the data set that need not exist yet: fetched or drawn ones."""
    dataset = config.get("dataset")
    if isinstance(dataset, dict) and "source" in dataset:
        return [dataset.get("annotations"), dataset.get("images")]
    return drawn
