"""A fabricated study: records, as ``statistics.records`` reads them, their charts, annotations."""

import json
import tempfile
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from lookwhere.charts import looks, registry, style
from lookwhere.datasets import base, masks
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.datasets.selections import plan
from lookwhere.declarations import Declaration
from lookwhere.methods.names import ALL_LABELS, CONTROL_LABELS, LABELS, METHODS
from lookwhere.metrics import cascade, rivals
from lookwhere.metrics.registry import METRICS, of_maps, of_passes
from lookwhere.statistics.costs import beside

FIVE = list(looks.OF_THESIS)
UNTRAINED = ["untrained"]  # of the architecture vgg19
NETS = ["vgg19", "alexnet", *UNTRAINED]
SIZES = ["original", "224"]
CLASSES = ["dog", "traffic light"]
OF_MAPS = of_maps(METRICS)  # those of a study that lists none
MORE = [name for name in OF_MAPS if name != "concentration"]
STATUSES = ["zero_energy", "not_finite", "empty_mask"]


def fabricate(images=24, nets=NETS, sizes=SIZES, methods=tuple(FIVE), classes=CLASSES, seed=0):
    """Records of two classes, the controls among the methods, some undefined.

    Later methods of the list are better; untrained nets score chance. The map of a control is the
    same for every net.
    """
    rng = np.random.default_rng(seed)
    fractions = rng.uniform(0.05, 0.3, images)
    rows = []
    everything = product(range(images), nets, sizes, [*methods, *CONTROL_LABELS])
    for image, net, size, method in everything:
        lift = 1.0
        if method in methods and net not in UNTRAINED:
            lift = 1.5 + 2 * list(methods).index(method) / max(len(methods) - 1, 1)
        share = min(fractions[image] * lift * rng.uniform(0.8, 1.2), 1)
        defined = method not in methods or rng.random() > 0.1
        name = classes[image % len(classes)]
        rows.append(
            {
                "sample": f"{image:012d}-{name.replace(' ', '_')}",
                "image_id": image // 2,  # two samples an image
                "class": name,
                "net": net,
                "method": method,
                "size": size,
                "architecture": "vgg19" if net in UNTRAINED else net,
                "training": "untrained" if net in UNTRAINED else "trained",
                "concentration": share if defined else None,
                **{m: share * rng.uniform(0.9, 1) if defined else None for m in MORE},
                "mask_fraction": fractions[image],
                "box_fraction": 1.2 * fractions[image],
                "target": 3,
                "target_rank": 1 + (image * 7 + len(net)) % 9,
                "target_probability": 0.5,
                "target_recognised": None,
                "output_activation": "softmax",
                "negligible_energy": None if method in CONTROL_LABELS else False,
                "status": "ok" if defined else STATUSES[image % 3],
            }
        )
    types = dict.fromkeys(OF_MAPS, "float64")
    types |= dict.fromkeys(["target_recognised", "negligible_energy"], "boolean")
    types |= {"target": "Int64"}
    order = {"net": nets, "size": sizes, "class": classes, "method": [*methods, *CONTROL_LABELS]}
    types |= {name: pd.CategoricalDtype(list(order[name]), ordered=True) for name in order}
    records = pd.DataFrame(rows).astype(types)
    of_no_net = records["method"].isin(CONTROL_LABELS)
    once = records[of_no_net].groupby(["sample", "size", "method"])
    same = once[OF_MAPS].transform("first")
    return records.assign(**{name: records[name].mask(of_no_net, same[name]) for name in same})


def spans(classes, count):
    """The first images of each class, as a study selects them."""
    [selection] = plan([], dict.fromkeys(classes, count))
    return selection.spans


def select(instances, spans, seed):
    """Select samples from ``instances``, the content of a COCO instances file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "instances.json")
        path.write_text(json.dumps(instances))
        return base.select(base.load("coco", path, Path(folder)), spans, seed)


def union(segmentations, height, width):
    """The union of COCO ``segmentations``."""
    runs = [masks.run_lengths(segmentation, height, width) for segmentation in segmentations]
    none = np.zeros((height, width), dtype=bool)
    return np.logical_or.reduce([none, *(masks.decode(each, height, width) for each in runs)])


GROWTHS = [0, 0.2, 0.6, 1]
OPTIONS = {"concentration_by_net": {"size": "224"}, "dilation_sweep": {"mask_dilation": 0.2}}


def reasons_of(records: pd.DataFrame) -> dict[str, list[str]]:
    """Reasons of the trained nets: the classes in turn."""
    nets = [net for net in records["net"].unique() if net not in UNTRAINED]
    classes = list(records["class"].cat.categories)
    return {net: [classes[place % len(classes)]] for place, net in enumerate(nets)}


def sweep_of(records: pd.DataFrame) -> pd.DataFrame:
    """A sweep in which concentration and mask grow with the dilation."""
    steps = records.merge(pd.DataFrame({"dilation": GROWTHS}), how="cross")
    growth = 1 + steps["dilation"]
    return steps.assign(
        concentration=(steps["concentration"] * growth).clip(upper=1),
        mask_fraction=steps["mask_fraction"] * growth,
    )


def costs_of(records: pd.DataFrame) -> pd.DataFrame:
    """The costs of all methods: the later of the list, the more."""
    methods = [name for name in records["method"].unique() if name in LABELS]
    cells = records.loc[records["method"].isin(methods), ["net", "size", "method"]]
    cells = cells.drop_duplicates().astype(str)
    seconds = 0.01 * (1 + cells["method"].map(methods.index))
    return cells.assign(
        seconds=seconds, forward_passes=1, backward_passes=1, processor="cpu"
    ).reset_index(drop=True)


def rivals_of(records: pd.DataFrame) -> pd.DataFrame:
    """The rivals of all records: the other class is the next one, its object as large.

    The map of the other class has half of its energy where the own one has it, so that each
    prefers its own object.
    """
    own = records[records["method"].isin(list(LABELS))].reset_index(drop=True)
    share = own["concentration"].clip(upper=0.8)
    part = pd.Series(np.random.default_rng(0).uniform(0.1, 0.3, len(own)))  # ties take SciPy long
    classes = list(own["class"].cat.categories)
    following = own["class"].map(dict(zip(classes, [*classes[1:], classes[0]], strict=True)))
    status = own["status"].astype(str).mask(share.notna(), "ok")
    of_pairs = own.assign(
        rival=rivals.OTHER_CLASS,
        concentration=share / 2,
        other_class=following.astype(str),
        own_on_own=share,
        own_on_other=share * part,
        other_on_own=share / 2,
        other_on_other=share,
        own_total=1.0,
        other_total=2.0,
        own_fraction=own["mask_fraction"],
        other_fraction=own["mask_fraction"],
        pair_status=status,
    )
    further = [own.assign(rival=name, concentration=share / 3) for name in list(rivals.LABELS)[1:]]
    rows = pd.concat([of_pairs, *further], ignore_index=True)
    rows["rival"] = pd.Categorical(rows["rival"], list(rivals.LABELS), ordered=True)
    return rows.assign(energy_inside=rows["concentration"], energy_total=1.0)[rivals.COLUMNS]


def cascade_of(records: pd.DataFrame, stages: int = 3, seeds: int = 2) -> pd.DataFrame:
    """The cascade of the trained nets of ``records``: maps become those of chance, and others.

    The map of the first method stays as it is.
    """
    of_methods = records[records["method"].isin(LABELS) & (records["training"] == "trained")]
    methods = list(of_methods["method"].unique())
    states = [(0, None), *product(range(1, stages + 1), range(seeds))]
    state = pd.DataFrame(states, columns=["stage", "seed"]).astype({"seed": "Int64"})
    steps = of_methods.merge(state, how="cross")
    share = steps["stage"] / stages
    kept = 1 - share.mask(steps["method"] == methods[0], 0)
    chance = steps["mask_fraction"]
    steps["concentration"] = chance + kept * (steps["concentration"] - chance)
    alike = kept.mask(steps["concentration"].isna())
    steps = steps.assign(
        layers=10 * steps["stage"],
        share_of_layers=share,
        share_of_parameters=share,
        lowest_layer=None,
        rank_correlation=alike,
        rank_correlation_signed=alike,
        ssim=alike,
        entropy=2 - kept,
    )
    for name in ("net", "method"):
        steps[name] = steps[name].cat.remove_unused_categories()
    order = ["net", "size", "method", "class", "sample", "stage", "seed"]
    return steps[cascade.COLUMNS].sort_values(order, ignore_index=True)


def with_faithfulness(records: pd.DataFrame) -> pd.DataFrame:
    """The records with the metrics that need the net: null of controls, and where undefined.

    Those that the records have stay.
    """
    rng = np.random.default_rng(2)
    defined = records["concentration"].notna() & records["method"].isin(LABELS)
    values = {
        name: pd.Series(rng.random(len(records)) - (name == "road") / 4).where(defined)
        for name in of_passes(METRICS)
        if name not in records
    }
    return records.assign(**values)


def draw_chart(name: str, records: pd.DataFrame) -> Figure:
    """The chart of this name, drawn as the workflow draws it."""
    entry = registry.entries()[name]
    chart = registry.load(entry)
    if {"faithfulness", "contrast"} & {*entry.options.get("needs", ())}:
        records = with_faithfulness(records)
    sources = {
        "sweep": sweep_of,
        "costs": lambda table: beside(table, costs_of(table)),
        "rivals": rivals_of,
        "cascade": cascade_of,
    }
    if chart.source == registry.ALL:
        source = {"measures": with_faithfulness(records)}
        source |= {name: make(records) for name, make in sources.items()}
    else:
        source = sources.get(chart.source, lambda table: table)(records)
    of_reasons = {name: {"reasons": reasons_of(records)} for name in ("planted", "evidence")}
    options = of_reasons | OPTIONS
    return chart.draw(source, **options.get(name, {}))


def assert_fits(figure: Figure) -> None:
    """The figure fits a column or page of print, nothing is cut, and no label lies on another."""
    assert figure.get_figwidth() in (style.COLUMN, style.PAGE)
    assert figure.get_figheight() < 9.2
    FigureCanvasAgg(figure).draw()
    inside = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    seen = [axes for axes in figure.axes if axes.get_visible()]
    across = [label for axes in seen for label in ticks(axes.xaxis)]
    for labels in ([axes.title for axes in seen], across, *(ticks(axes.yaxis) for axes in seen)):
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    if figure._suptitle:
        title = figure._suptitle.get_window_extent()
        assert not any(title.overlaps(label.get_window_extent()) for label in across)
    width, height = figure.get_size_inches()
    slack = 0.02
    assert inside.x0 >= -slack
    assert inside.y0 >= -slack
    assert inside.x1 <= width + slack
    assert inside.y1 <= height + slack


def ticks(axis: Axis) -> list[Text]:
    """The labels of an axis that are seen."""
    low, high = sorted(axis.get_view_interval())
    within = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    labels = [label for tick in within for label in (tick.label1, tick.label2)]
    return [label for label in labels if label.get_visible()]


def declare_further(monkeypatch, methods: dict[str, tuple[str, str]]) -> None:
    """Declare ``methods`` (name: label, family), and give looks to all, until the test ends."""
    for name, (label, family) in methods.items():
        entry = Declaration("method", name, label, Path("own.py"), name, {"family": family})
        monkeypatch.setitem(METHODS, name, entry)
        monkeypatch.setitem(LABELS, name, label)
        monkeypatch.setitem(ALL_LABELS, name, label)


def sample_of(image_id, class_name="dog", size=(40, 30), **fields):
    """A sample of an image of ``size`` (width, height) pixels, without instances."""
    file = f"{image_id}.jpg"
    name = sample_id(image_id, class_name)
    values = Sample(name, image_id, class_name, file, *size, "CC0", None, ())
    return replace(values, **fields)
