"""The columns of records: of the scores of a job, and of the tables that gather them.

A control is a map of no net: in its records the net is null, and so are all columns of a net.
"""

from collections.abc import Sequence

RECORD = ["sample", "image_id", "class", "net", "method", "size"]
KEY = ["sample", "net", "method", "size"]  # unique in a table
NAMES = ["net", "size", "method", "class"]  # in the study's order, by which records are sorted
CHANCE = ["mask_fraction", "box_fraction"]  # what an uninformative map scores
TARGET = ["target", "target_rank", "target_probability"]
PREDICTION = [*TARGET, "target_recognised", "output_activation"]

ENERGY = [
    *RECORD,
    *("concentration", "energy_inside", "energy_total", "mask_fraction"),
    *TARGET,
    "status",
]
SWEEP = [*RECORD, "dilation", "concentration", "mask_fraction"]
OF_THE_STUDY = ["architecture", "training", "negligible_energy"]  # added when scores are gathered
DERIVED = ["lift", "prediction"]  # added by readers of the tables

# Names that no metric can have: concentration is a metric.
RESERVED = {*ENERGY, *SWEEP, *CHANCE, *PREDICTION, *OF_THE_STUDY, *DERIVED} - {"concentration"}


def of_scores(metrics: Sequence[str]) -> list[str]:
    """The columns of a job's scores by the ``metrics``, concentration among them."""
    return [
        *RECORD,
        *("energy_inside", "energy_total"),
        *metrics,
        *CHANCE,
        *PREDICTION,
        "status",
    ]


def of_measures(metrics: Sequence[str]) -> list[str]:
    """The columns of ``measures.parquet`` by the ``metrics``, concentration among them."""
    return [
        *RECORD,
        *("architecture", "training"),
        *metrics,
        *CHANCE,
        *PREDICTION,
        *("negligible_energy", "status"),
    ]
