"""Fetch an archive of annotations, and keep the one file of it that the study reads."""

from pathlib import Path, PurePosixPath

from concentration import download
from concentration.archives import check_zip, unzip_member
from concentration.download import Download
from concentration.jobs import job


def main(source: str, annotations: Path) -> None:
    archive = annotations.parent / PurePosixPath(source).name
    by_hand = archive.exists()  # put there for a machine without the internet
    download.fetch_all([Download(source, archive, check=check_zip)])
    try:
        unzip_member(archive, f"annotations/{annotations.name}", annotations)
    finally:
        if not by_hand:
            archive.unlink()


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.params.source, Path(snakemake.output.annotations))
