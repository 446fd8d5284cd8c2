"""The tables of the repository that defaults of a study come from."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Catalogue:
    """``architectures``: facts about each of torchvision's classifiers, such as its ``activation``
    and default ``target_layer``; ``targets``: the output indices of COCO's categories in ImageNet.
    """

    architectures: Mapping[str, Mapping[str, str]]
    targets: Mapping[str, Sequence[int]]

    @classmethod
    def read(cls, folder: Path) -> "Catalogue":
        """The tables ``architectures.csv`` and ``classes.csv`` of a folder."""
        architectures = {row["architecture"]: row for row in _rows(folder / "architectures.csv")}
        targets: dict[str, list[int]] = {}
        for row in _rows(folder / "classes.csv"):
            targets.setdefault(row["category"], []).append(int(row["target"]))
        return cls(architectures, targets)

    def target_layer(self, architecture: str) -> str:
        """The last convolutional features of an architecture."""
        return self.architectures[architecture]["target_layer"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as table:
        return list(csv.DictReader(table))
