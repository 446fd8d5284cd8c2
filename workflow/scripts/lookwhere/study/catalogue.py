"""The repository's tables of architectures and classes, which hold defaults of a study."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


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

    def number(self, architecture: str, fact: str) -> float:
        """A fact of an architecture; the median of all for one that is not in the table."""
        facts = self.architectures.get(architecture)
        if facts is not None:
            return float(facts[fact])
        return median(float(facts[fact]) for facts in self.architectures.values())

    def target_layer(self, architecture: str) -> str:
        """The default target layer of an architecture; empty where it is not in the table."""
        return self.architectures.get(architecture, {}).get("target_layer", "")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as table:
        return list(csv.DictReader(table))
