"""Fetch an archive of annotations, and extract the file that the study reads."""

from pathlib import Path, PurePosixPath

from lookwhere.io import download, receipts
from lookwhere.io.archives import check_zip, unzip_member
from lookwhere.io.download import Download
from lookwhere.io.logs import job, log


def main(source: str, annotations: Path) -> None:
    """Existing annotations are kept: they are the user's, or were fetched before."""
    if annotations.exists():
        log.warning(
            "%s exists and is used unchanged. To fetch it from %s, move it away and rerun",
            annotations,
            source,
        )
        return
    archive = annotations.parent / PurePosixPath(source).name
    by_hand = archive.exists()  # for a machine without internet
    download.fetch_all([Download(source, archive, check=check_zip)])
    try:
        unzip_member(archive, f"annotations/{annotations.name}", annotations)
    finally:
        if not by_hand:
            archive.unlink()


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(settings["source"], Path(settings["annotations"]))
        receipts.write(receipts.of_files([settings["annotations"]]), snakemake.output.receipt)
