"""The repository's tables of architectures and classes, which hold defaults of a study."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Catalogue:
    """Defaults of architectures and classes.

    ``architectures`` holds facts about torchvision's classifiers, such as ``activation`` and
    ``target_layer``; ``targets`` the output indices of COCO's categories in ImageNet.
    """

    architectures: Mapping[str, Mapping[str, str]]
    targets: Mapping[str, Sequence[int]]

    @classmethod
    def read(cls, folder: Path) -> "Catalogue":
        """Read the tables ``architectures.csv`` and ``classes.csv`` of a folder."""
        architectures = {row["architecture"]: row for row in _rows(folder / "architectures.csv")}
        targets: dict[str, list[int]] = {}
        for row in _rows(folder / "classes.csv"):
            targets.setdefault(row["category"], []).append(int(row["target"]))
        return cls(architectures, targets)

    def target_layer(self, architecture: str) -> str:
        """The default target layer: the last convolutional features."""
        return self.architectures[architecture]["target_layer"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as table:
        return list(csv.DictReader(table))
