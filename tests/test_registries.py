"""What a study uses of what is declared: in its order, all of the library unless it lists some."""

from lookwhere.metrics.registry import METRICS
from lookwhere.study import registries

from .test_study import study

DECLARED = registries.declared()


def test_a_study_has_what_it_lists_in_its_order_and_always_concentration():
    listed = {
        "methods": [["grad_cam"], ["backpropagation"]],
        "metrics": ["pointing_game", "relevance_mass_accuracy"],
        "controls": ["noise", "centre"],
        "charts": ["lift", "concentration"],
    }
    entries = registries.of_study(study(**listed), DECLARED)
    assert list(entries["methods"]) == ["grad_cam", "backpropagation"]
    assert list(entries["metrics"]) == ["concentration", *listed["metrics"]]
    assert list(entries["controls"]) == listed["controls"]
    assert list(registries.figures_of(study(**listed), DECLARED)) == listed["charts"]


def test_without_lists_it_has_all_of_the_library():
    entries = registries.of_study(study(), DECLARED)
    assert list(entries["metrics"]) == list(METRICS)
    assert list(entries["controls"]) == ["centre", "sobel", "noise"]
    assert set(registries.tables_of(study(), DECLARED)) <= set(DECLARED["tables"])


def test_labels_and_options_are_stated():
    stated = registries.stated(DECLARED["methods"])
    assert stated["grad_cam"]["label"] == "Grad-CAM"
    assert stated["grad_cam"]["family"] == "cam"
