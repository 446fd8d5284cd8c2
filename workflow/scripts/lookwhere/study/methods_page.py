"""The table of methods in docs/methods.md: what the library declares, and what was measured.

``make schema`` writes it, from the measurements of docs/methods.csv, which ``make methods`` writes.
"""

import csv
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torch import nn

from lookwhere.declarations import Declaration
from lookwhere.methods import registry
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.run import Run, maps_of
from lookwhere.statistics import summary
from lookwhere.statistics.strata import as_text, methods_only, trained_only

PAGE, MEASUREMENTS, PAPERS = "docs/methods.md", "docs/methods.csv", "docs/references.bib"
MARKS = ("<!-- methods: written by make schema -->\n", "<!-- end of methods -->\n")
HEAD = """\
| method | label | paper | family | of the class | needs | passes | seconds | lift |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
FAMILIES = {"cam": "CAM", "class_free": "class-free"}
TIMED = "squeezenet1_1"  # the net whose maps are timed
MISSING = "-"

Measured = Mapping[str, str]  # a row of the measurements


def table(papers: str, measured: str) -> str:
    """A row a method of the library, from a bibliography (BibTeX) and measurements (CSV)."""
    of_method = {row["method"]: row for row in csv.DictReader(measured.splitlines())}
    needed = needs()
    rows = [
        f"| {' | '.join(_cells(entry, papers, needed[name], of_method.get(name)))} |\n"
        for name, entry in METHODS.items()
    ]
    return HEAD + "".join(rows)


def needs() -> dict[str, str]:
    """What the methods need of a net, by name, in words: without it they are not defined.

    It is tried on small nets, which lack one thing each, and attention.
    """
    relu, gelu = (nn.Sequential(nn.Conv2d(3, 4, 3), unit) for unit in (nn.ReLU(), nn.GELU()))
    means, linear = (nn.AdaptiveAvgPool2d(1), nn.Flatten(1)), nn.Linear(4, 2)
    flat = nn.Sequential(nn.Flatten(1), nn.Linear(192, 4), nn.ReLU(), linear)
    attention = _undefined(nn.Sequential(relu, *means, linear), relu)
    lacking = {
        "feature maps": _undefined(flat),
        "one linear layer above their means": _undefined(
            nn.Sequential(relu, *means, nn.Linear(4, 4), nn.ReLU(), linear), relu
        ),
        "ReLU alone": _undefined(nn.Sequential(gelu, *means, linear), gelu),
    }
    words = {
        name: "; ".join(need for need, names in lacking.items() if name in names)
        for name in METHODS
    }
    return {name: "self-attention" if name in attention else words[name] for name in METHODS}


def _undefined(net: nn.Module, target_layer: nn.Module | None = None) -> set[str]:
    """The methods that are not defined for a net of images of 8 x 8 pixels."""
    passed = forward(net.eval(), target_layer, torch.ones(1, 3, 8, 8))
    entries = [registry.load(entry) for entry in METHODS.values()]
    _, reasons = maps_of(Run(passed, torch.tensor([0]), entries, is_trial=True), entries)
    return set(reasons)


def measurements(
    scores: pd.DataFrame, costs: pd.DataFrame, arguments: Mapping[str, Mapping[str, Any]]
) -> str:
    """The CSV of measurements, from the records and costs of a study of one size.

    ``arguments`` are those that the study states, by method. Columns: method, passes (of the
    arguments, if stated), the passes and seconds of a map of the net ``TIMED``, the trained nets
    that the method is defined for, and its lift over these.
    """
    trained = as_text(trained_only(methods_only(scores)))
    defined = trained[trained["status"] != "not_defined"]
    lifts = summary.summarise(defined).set_index("method")["lift"]
    timed = as_text(costs)[lambda table: table["net"] == TIMED].set_index("method")
    columns = {
        "passes": pd.Series({name: stated["passes"] for name, stated in arguments.items()}),
        "forward_passes": timed["forward_passes"],
        "backward_passes": timed["backward_passes"],
        "seconds": timed["seconds"].map("{:.2g}".format),
        "nets": defined.groupby("method")["net"].nunique(),
        "lift": lifts.round(2),
    }
    counts = dict.fromkeys(["passes", "forward_passes", "backward_passes"], "Int64")
    names = [name for name in METHODS if name in lifts]
    return pd.DataFrame(columns).loc[names].astype(counts).to_csv(index_label="method")


def _cells(
    entry: Declaration, papers: str, needed: str, measured: Measured | None
) -> tuple[str, ...]:
    family = registry.family(entry)
    return (
        f"`{entry.name}`",
        entry.label,
        paper(str(entry.options["cite"]), papers),
        FAMILIES.get(family, family),
        "no" if family == "class_free" else "yes",
        needed or MISSING,
        *(_numbers(measured, entry) if measured else (MISSING, MISSING, MISSING)),
    )


def _numbers(measured: Measured, entry: Declaration) -> tuple[str, str, str]:
    """Passes, seconds and lift of a method."""
    passes, lift = MISSING, f"{float(measured['lift']):.1f}"
    if measured["seconds"]:
        passes = f"{measured['forward_passes']} + {measured['backward_passes']}"
    if measured["passes"]:
        passes += f"; {entry.defaults['passes']} by default"
    if measured["nets"] != "3":
        lift += f" ({measured['nets']} nets)"
    return passes, measured["seconds"] or MISSING, lift


def paper(key: str, papers: str) -> str:
    """A paper of a bibliography: authors and year, with its address if it is on arXiv."""
    [fields] = re.findall(
        rf"^@\w+\{{{re.escape(key)},\n(.*?)^\}}", papers, re.MULTILINE | re.DOTALL
    )
    field = dict(re.findall(r"^ *(\w+) = \{(.*)\},$", fields, re.MULTILINE))
    names = [author.split(",")[0] for author in field["author"].split(" and ")]
    authors = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    text = f"{authors} {field['year']}"
    return f"[{text}](https://arxiv.org/abs/{field['eprint']})" if "eprint" in field else text
