"""The overview of a data set for people: a row of text for each class of the study."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]  # of classes.csv or samples.csv
ENDS = ("smallest", "median", "largest")


def overview(classes: Sequence[Row], samples: Sequence[Row]) -> list[dict[str, str]]:
    """The rows of the classes in ``samples``, by column."""
    of_class = {row["class"]: row for row in classes}
    return [_of_class(of_class[row["class"]], row) for row in samples]


def notes(classes: Sequence[Row]) -> list[str]:
    """What is left out of the classes of the study, and why."""
    return [row["notes"] for row in classes if row["used"] == "yes" and row["notes"]]


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.0829), percent(1), percent(0.000041)
    ('8.3 %', '100.0 %', '0.0041 %')
    """
    digits = ".1f" if share >= 0.0005 or share == 0 else ".2g"
    return f"{100 * share:{digits}} %"


def span(smallest: str, largest: str) -> str:
    """Two values in words, one if they are equal; they may share a unit.

    >>> span("1", "4"), span("1", "1"), span("3.9 %", "16.9 %")
    ('1 to 4', '1', '3.9 to 16.9 %')
    """
    return smallest if smallest == largest else f"{smallest.removesuffix(' %')} to {largest}"


def _of_class(of_class: Row, samples: Row) -> dict[str, str]:
    shares = {key: percent(float(samples[f"mask_fraction_{key}"])) for key in ENDS}
    instances = [str(samples[f"instances_{key}"]) for key in ("smallest", "largest")]
    return {
        "class": samples["class"],
        "samples": str(samples["samples"]),
        "can be drawn": str(of_class["images"]),
        "left out": str(of_class["images_left_out"]) or "-",
        "instances": span(*instances),
        "mask fraction": span(shares["smallest"], shares["largest"]),
        "median": shares["median"],
        "smallest image": samples["image_smallest"],
        "median image": samples["image_median"],
        "largest image": samples["image_largest"],
    }
