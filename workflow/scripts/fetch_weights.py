"""Fetch torchvision's weights for an architecture, checked against the hash in their name."""

import re

import torch

from concentration.errors import StudyError
from concentration.files import whole_file
from concentration.jobs import job, log
from concentration.nets import download_address


def main(architecture: str, weights: str, file: str) -> None:
    address = download_address(architecture, weights)
    known_hash = re.search(r"-([0-9a-f]{8,})\.", address)
    log.info("%s", address)
    with whole_file(file) as draft:
        try:
            torch.hub.download_url_to_file(address, str(draft), known_hash and known_hash[1])
        except (OSError, RuntimeError) as error:
            raise StudyError(
                f"can't fetch {address} ({error}): put the file at {file} by hand, or give the "
                "path of a state dict as the net's weights"
            ) from None


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.wildcards.architecture, snakemake.wildcards.weights, snakemake.output[0])
