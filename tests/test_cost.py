"""What a map costs: seconds and passes of each method, as if it had been computed alone."""

import time

import numpy as np
import pandas as pd
import pytest
import torch

from lookwhere.methods.cost import Clock
from lookwhere.methods.explainer import Explainer
from lookwhere.metrics.costs import gather
from lookwhere.statistics import costs

from .studies import fabricate

SPEC = {
    "architecture": "squeezenet1_1",
    "weights": "random",
    "target_layer": "features.12",
    "precision": "float32",
}
IMAGE = np.random.default_rng(0).random((1, 3, 64, 64), dtype=np.float32)


@pytest.fixture
def clock(monkeypatch):
    """A clock, and a function that lets seconds pass."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return Clock(), wait


def test_a_step_has_its_own_seconds_and_those_of_what_it_uses(clock):
    clock, wait = clock
    with clock.step("forward"):
        wait(8)
    for method, own in (("first", 1), ("second", 2)):
        with clock.step(method):
            clock.use("forward")
            clock.use("gradient")
            if method == "first":  # the second finds it computed
                with clock.step("gradient"):
                    wait(4)
                    clock.count(backward_passes=1)
            wait(own)
    with clock.step("product"):
        clock.use("first")
        clock.use("second")
        wait(16)
    assert clock.cost("first").seconds == 8 + 4 + 1
    assert clock.cost("second").seconds == 8 + 4 + 2
    assert clock.cost("product").seconds == 8 + 4 + 1 + 2 + 16
    assert clock.cost("product").backward_passes == 1


def test_a_step_that_fails_is_closed(clock):
    clock, wait = clock

    def fail():
        with clock.step("a"):
            wait(1)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    wait(2)
    with clock.step("b"):
        wait(4)
    assert (clock.cost("a").seconds, clock.cost("b").seconds) == (1, 4)


def test_the_passes_of_methods_are_as_their_equations_need_them():
    methods = ["backpropagation", "grad_cam", "guided_grad_cam", "mean_activation", "layer_cam"]
    measured = Explainer(SPEC, methods, torch.device("cpu")).costs(IMAGE, [[0]])
    passes = {m: (cost.forward_passes, cost.backward_passes) for m, cost in measured.items()}
    assert passes == {
        "backpropagation": (1, 1),
        "grad_cam": (1, 1),
        "guided_grad_cam": (1, 2),  # under two rules
        "mean_activation": (1, 0),
        "layer_cam": (1, 1),
    }
    assert all(cost.seconds > 0 for cost in measured.values())


def test_methods_that_are_not_defined_have_no_cost():
    spec = {**SPEC, "architecture": "mobilenet_v3_small", "target_layer": "features"}
    measured = Explainer(spec, ["deconvolution", "grad_cam"], torch.device("cpu"))
    assert list(measured.costs(IMAGE, [[0]])) == ["grad_cam"]


def part(net="alexnet", **columns):
    defaults = {"size": "224", "forward_passes": 1, "backward_passes": 1, "processor": "cpu"}
    return pd.DataFrame({"net": net, **defaults, **columns})


NAMES = {"net": ["vgg19", "alexnet"], "size": ["224"], "method": ["layer_cam", "grad_cam"]}


def test_parts_are_gathered_in_the_order_of_the_study():
    parts = [
        part(method=["grad_cam", "layer_cam"], seconds=[1.0, 2.0]),
        part(method=["grad_cam"], seconds=[3.0]),
        part(net="vgg19", method=["grad_cam"], seconds=[9.0]),
        part(method=[], seconds=[]),  # of a shard that measures none
    ]
    gathered = gather(parts, NAMES)
    assert gathered[["net", "method", "seconds"]].values.tolist() == [
        ["vgg19", "grad_cam", 9],
        ["alexnet", "layer_cam", 2],
        ["alexnet", "grad_cam", 2],
    ]


def test_a_study_without_costs_has_an_empty_table():
    assert gather([], NAMES).empty


def test_the_efficient_methods_are_those_that_no_cheaper_one_surpasses():
    records = fabricate(methods=("grad_cam", "layer_cam", "backpropagation", "deconvolution"))
    cells = records[["net", "size", "method"]].drop_duplicates()
    seconds = {"grad_cam": 1, "layer_cam": 2, "backpropagation": 8, "deconvolution": 4}
    spent = cells[cells["method"].isin(seconds)].assign(
        seconds=cells["method"].astype(str).map(seconds), forward_passes=1, backward_passes=1
    )
    table = costs.of_methods(costs.beside(records, spent))
    assert set(table["net"]) == {"vgg19", "alexnet"}  # of trained nets alone
    # Later methods have a higher lift: backpropagation has a lower one at twice the cost.
    for _, of_cell in table.groupby(["net", "size"]):
        efficient = set(of_cell.loc[of_cell["is_efficient"], "method"])
        assert efficient == {"grad_cam", "layer_cam", "deconvolution"}


def test_of_equal_maps_both_are_efficient():
    """Their seconds differ by chance."""
    records = fabricate(methods=("grad_cam", "hires_cam"), nets=["vgg19"], sizes=["224"])
    first = records[records["method"] == "grad_cam"].set_index("sample")["concentration"]
    records["concentration"] = records["concentration"].where(
        records["method"] != "hires_cam", records["sample"].map(first)
    )
    spent = pd.DataFrame({"net": "vgg19", "size": "224", "method": ["grad_cam", "hires_cam"]})
    spent = spent.assign(seconds=[1.01, 1.0], forward_passes=1, backward_passes=1)
    table = costs.of_methods(costs.beside(records, spent))
    assert table["is_efficient"].tolist() == [True, True]
