"""The gallery: one page with every map of the showcase, its mask's outline and its numbers.

The page holds its data as JSON: a card is one (sample, net, size), a cell the net and size of a
card. Cards are numbered in the order samples x cells, maps cards x methods, and inputs samples x
sizes. The pictures are files beside it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from lookwhere.charts import looks
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.samples import Sample
from lookwhere.datasets.sizes import Placement, label, place
from lookwhere.errors import StudyError
from lookwhere.methods.names import CONTROL_LABELS, LABELS
from lookwhere.metrics.registry import FIRST_METRIC, METRICS, of_records
from lookwhere.report import pictures
from lookwhere.report.pictures import GRID
from lookwhere.statistics import equal_maps
from lookwhere.statistics.strata import as_text, untrained_nets

LONGER_SIDE = 320  # of a picture, pixels

READING = ("output_activation", "target_recognised")  # of the net's outputs
STATUSES = {
    "ok": "ok",
    "zero_energy": "the map is all zero",
    "not_finite": "the map is not finite",
    "empty_mask": "the mask is empty at this size",
    "not_defined": "the method is not defined for this net",
    "no_map": "there is no map of this sample",
}
FACTS = ("mask_fraction", "box_fraction", "target", "target_rank", "target_probability")
ACTIVATIONS = ("softmax", "sigmoid")  # of the outputs; sets the columns of a prediction
CHOICES = ("first", "worst", "named")  # why a sample is in the showcase
HEAT_STEPS = 17  # colours of the scale of heat


def data(
    measures: pd.DataFrame,
    samples: Sequence[Sample],
    outlines: Sequence[str],
    nets: Mapping[str, Sequence[str]],
    methods: Sequence[str],
    sizes: Sequence[str],
    *,
    chosen: Mapping[str, str],
    total: int,
    regions: str,
) -> dict[str, Any]:
    """The data of the page, for JSON: null where a number is undefined, else 4 digits.

    ``measures`` has a row a sample x net x method x size, also for the controls, as of
    ``records.read``, and may have rows of other samples. ``nets`` holds the ``sizes`` of each net.
    ``chosen`` is the reason for a sample:
    ``first`` (one of each class, whatever its maps), ``worst`` (the lowest concentration of its
    class) or ``named`` (by the configuration; the default). The study has ``total`` samples, and
    ``regions`` is the sentence about these. Raises StudyError if a record or a column is missing.
    """
    _require_columns(measures)
    measures = as_text(measures)
    present = set(measures["method"])
    cells = [(net, size) for net, of_net in nets.items() for size in of_net]
    by_card = [sample.id for sample in samples], cells
    records = _records(measures, *by_card, methods)
    records = records.assign(lift=records["concentration"] / records["mask_fraction"])
    controls = {
        name: _records(measures, *by_card, [name])["concentration"]
        for name in CONTROL_LABELS
        if name in present
    }
    classes = list(dict.fromkeys(sample.class_name for sample in samples))
    statuses = list(STATUSES)
    cards = records.iloc[:: len(methods)]
    labels = measure_labels(measures)
    return {
        "outline": pictures.OUTLINE,
        "heat": pictures.heat_colors(HEAT_STEPS),
        "total": int(total),
        "regions": regions,
        "classes": classes,
        "nets": list(nets),
        "untrained": untrained_nets(measures),
        "sizes": list(sizes),
        "cells": [[list(nets).index(net), sizes.index(size)] for net, size in cells],
        "size_labels": [_short(label(size)) for size in sizes],
        "methods": [
            {"name": name, "label": LABELS[name], "color": color}
            for name, (color, _) in looks.of_methods(methods).items()
        ],
        "equal": [f"{sentence}." for sentence in equal_maps.sentences(measures)],
        "statuses": list(STATUSES.values()),
        "samples": {
            "id": [sample.id for sample in samples],
            "class": [classes.index(sample.class_name) for sample in samples],
            "outline": list(outlines),
            "chosen": [_choice(chosen, sample.id) for sample in samples],
        },
        "inputs": _inputs(samples, sizes),
        "cards": {name: _numbers(cards[name]) for name in FACTS}
        | {"sigmoid": [_is_sigmoid(activation) for activation in cards["output_activation"]]}
        | {"recognised": [value is True for value in _booleans(cards["target_recognised"])]},
        "control_labels": {name: f"{CONTROL_LABELS[name]} (P)" for name in controls},
        "controls": {name: _numbers(shares) for name, shares in controls.items()},
        "measure_labels": labels,
        "maps": {name: _numbers(records[name]) for name in labels}
        | {"status": [statuses.index(status) for status in records["status"]]}
        | {"there": [status not in ("not_defined", "no_map") for status in records["status"]]}
        # The status names a map that is all zero.
        | {
            "negligible": [
                v is True
                for v in _booleans(records["negligible_energy"].where(records["status"] == "ok"))
            ]
        },
    }


def measure_labels(measures: pd.DataFrame) -> dict[str, str]:
    """Labels of the numbers of a map by name: those of the study's metrics, and lift."""
    labels = {name: METRICS[name].label for name in of_records(measures.columns)}
    return {FIRST_METRIC: f"{labels[FIRST_METRIC]} P", "lift": "Lift"} | {
        name: label for name, label in labels.items() if name != FIRST_METRIC
    }


def _require_columns(measures: pd.DataFrame) -> None:
    """Raise StudyError for measures of an earlier version, which lack a column."""
    required = (FIRST_METRIC, *FACTS, *READING, "negligible_energy", "training")
    missing = [name for name in required if name not in measures]
    if missing:
        raise StudyError(
            f"the measures have no column {', '.join(map(repr, missing))}: delete "
            "measures.parquet and rerun, which recomputes it"
        )


def _choice(chosen: Mapping[str, str], sample: str) -> str:
    choice = chosen.get(sample, "named")
    if choice not in CHOICES:
        raise ValueError(f"sample {sample} is chosen as {choice!r}, not as one of {CHOICES}")
    return choice


def _is_sigmoid(activation: str) -> bool:
    if pd.isna(activation):  # no net has predicted
        return False
    if activation not in ACTIVATIONS:
        raise StudyError(
            f"the measures have an output activation {activation!r}, which is none of "
            f"{', '.join(ACTIVATIONS)}: delete measures.parquet and rerun, which recomputes it"
        )
    return activation == "sigmoid"


def _booleans(column: pd.Series) -> list[bool | None]:
    """A column of booleans, of pandas' nullable type or of objects: None where it is null."""
    return [None if pd.isna(value) else bool(value) for value in column]


def _records(
    measures: pd.DataFrame,
    samples: Sequence[str],
    of_cards: Sequence[tuple[str, str]],
    methods: Sequence[str],
) -> pd.DataFrame:
    """The records of all combinations of samples, (net, size) and methods, in this order."""
    names = ["sample", "net", "size", "method"]
    keys = [(s, *cell, method) for s in samples for cell in of_cards for method in methods]
    cells = pd.MultiIndex.from_tuples(keys, names=names)
    records = measures[measures["sample"].isin(samples)].set_index(names)
    missing = cells.difference(records.index, sort=False)
    if len(missing):
        record = ", ".join(map(str, missing[0]))
        raise StudyError(
            f"the measures have no record of {record} ({len(missing)} are missing): delete "
            "measures.parquet and rerun, which recomputes it"
        )
    return records.loc[cells].reset_index()


def _inputs(samples: Sequence[Sample], sizes: Sequence[str]) -> dict[str, list[Any]]:
    """Width / height of the inputs, and the windows of their outlines."""
    places = [place(size, s.height, s.width) for s in samples for size in sizes]
    return {
        "ratio": [p.shape[1] / p.shape[0] for p in places],
        "window": [window(p) for p in places],
    }


def _short(label: str) -> str:
    """A size in words, for a menu: ``224 \u00d7 224``."""
    return label.replace(" pixels", "").replace(" x ", " \u00d7 ")


def _numbers(column: pd.Series) -> list[float | None]:
    values = pd.to_numeric(column).astype(float)
    return [_shortest(value) if isfinite(value) else None for value in values]


def _shortest(value: float) -> float:
    if value == round(value):
        return int(value)
    return float(f"{value:.4g}")


def outline(mask: Mask) -> str:
    """The borders of a mask (H, W) as an SVG path, on the grid of ``pictures.borders``."""
    return "".join(f"M{' '.join(map(str, line.ravel()))}Z" for line in pictures.borders(mask))


def window(placement: Placement) -> str:
    """The part of an outline's grid that the net's input shows, as the view box of an SVG.

    It is smaller than the grid where the image is cropped, and larger where it is padded.
    """
    lengths = zip(placement.corner, placement.resized, placement.shape, strict=True)
    (top, height), (left, width) = (
        (-start * GRID / length, room * GRID / length) for start, length, room in lengths
    )
    return f"{left:g} {top:g} {width:g} {height:g}"


def shrunk(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture (H, W, 3) at display size: never enlarged."""
    height, width = picture.shape[:2]
    scale = LONGER_SIDE / max(height, width)
    if scale >= 1:
        return picture
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, shape, interpolation=cv2.INTER_AREA).astype(np.uint8)


def save(picture: NDArray[np.uint8], path: Path) -> None:
    """Save the picture (H, W, 3) at display size, as WebP."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Method 2 of libwebp takes half the time of its default, 4, for files that are 3 % larger.
    Image.fromarray(shrunk(picture)).save(path, quality=80, method=2)


def input_path(size: str, sample: str) -> Path:
    """The path of a sample's input, below the gallery's folder."""
    return Path("pictures", "inputs", size, f"{sample}.webp")


def map_path(net: str, method: str, size: str, sample: str) -> Path:
    """The path of the picture of a map as seen, below the gallery's folder."""
    return Path("pictures", "maps", net, method, size, f"{sample}.webp")


def scored_path(net: str, method: str, size: str, sample: str) -> Path:
    """The path of the picture of a map as scored, below the gallery's folder."""
    return Path("pictures", "scored", net, method, size, f"{sample}.webp")


def page(template: str, css: str, js: str, data: Mapping[str, Any]) -> str:
    """The page: the template, filled with style, script and data."""
    parts = {"css": css, "js": js, "data": _json(data)}
    return re.sub(r"\{\{ (\w+) \}\}", lambda place: parts[place[1]], template)


def _json(data: Mapping[str, Any]) -> str:
    """JSON for a script element: ``</script>`` and ``<!--`` in names need a ``<``."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c")
