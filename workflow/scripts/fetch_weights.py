"""Fetch torchvision's weights of an architecture, verified by the hash in their name."""

import re
from pathlib import Path

from lookwhere.errors import StudyError
from lookwhere.io import download, receipts
from lookwhere.io.logs import job, log
from lookwhere.nets.classifiers import download_address


def main(architecture: str, weights: str, file: Path) -> None:
    """Existing weights are kept: they were fetched before, or put there by hand."""
    address = download_address(architecture, weights)
    match = re.search(r"-([0-9a-f]{8,})\.", address)
    sha256_start = match[1] if match else None
    if file.exists() and not file.is_file():
        raise StudyError(f"weights {str(file)!r} are not a regular file: replace it")
    if not file.exists():
        download.fetch(address, file, sha256_start=sha256_start)
    elif fault := download.Download(address, file, sha256_start).fault(file):
        log.warning(
            "%s is not torchvision's file (%s): it was put there by hand and is used unchanged. "
            "To fetch torchvision's, move it away and rerun",
            file,
            fault,
        )


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(snakemake.wildcards.architecture, snakemake.wildcards.weights, Path(settings["file"]))
        receipts.write(receipts.of_files([settings["file"]]), snakemake.output.receipt)
