"""The study of a configuration, or every fault of it in one message."""

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
    """The study of ``config``, with every default filled in.

    Parameters
    ----------
    config
        What was read of ``files``, the files of the configuration.
    catalogue
        What architectures and classes have by default.
    known
        The names that ``methods``, ``metrics``, ``controls`` and ``charts`` may list, by key, and
        the ``formats`` of data sets. Of a key without names the form alone is checked.
    folders
        The folders that results are written to, by path variable.
    drawn
        The paths of annotations and images that the workflow draws itself.

    Raises
    ------
    StudyError
        With a line for every fault: key, value and the way out.
    """
    faults = [
        f"{file}: {fault}"
        for file in files
        if file.is_file()
        for fault in yaml_keys.faults(file.read_bytes())
    ]
    if not faults:  # what YAML's aliases stand for may be too large to look at
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
        # There will be no study, so there is time for what needs torch and the annotations.
        with suppress(ImportError):  # an environment of Snakemake alone: the jobs will report them
            faults += validation.slow_faults(config, catalogue)
    return faults


def _produced(config: dict[str, Any], drawn: Collection[str]) -> Collection[Any]:
    """The paths of the data set that need not exist yet: those fetched, or those drawn."""
    dataset = config.get("dataset")
    if isinstance(dataset, dict) and "source" in dataset:
        return [dataset.get("annotations"), dataset.get("images")]
    return drawn
