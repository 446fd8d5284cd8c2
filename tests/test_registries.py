"""What a study uses of what is declared: in its order, all of the library unless it lists some."""

from dataclasses import replace

from lookwhere.study import registries

from .studies import OF_MAPS
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
    assert list(entries["metrics"]) == OF_MAPS
    assert list(entries["controls"]) == ["centre", "sobel", "noise"]
    assert set(registries.tables_of(study(), DECLARED)) <= set(DECLARED["tables"])


def test_a_flat_list_is_grouped_as_its_methods_declare():
    own = {"gradient_of_noise": {"group": "noise"}, "more_noise": {"group": "noise"}, "rise": {}}
    methods = {
        name: replace(DECLARED["methods"]["grad_cam"], name=name, options=options)
        for name, options in {"grad_cam": {}, **own, "layer_cam": {}}.items()
    }
    listed = study().model_copy(update={"method_entries": tuple(methods)})
    groups = registries.groups_of(listed, methods)
    assert groups == {
        "grad_cam": ["grad_cam", "rise", "layer_cam"],
        "gradient_of_noise": ["gradient_of_noise", "more_noise"],
    }


def test_groups_are_named_by_their_first_method():
    listed = study(methods=[["grad_cam", "backpropagation"], ["layer_cam"]])
    assert registries.groups_of(listed, DECLARED["methods"]) == {
        "grad_cam": ["grad_cam", "backpropagation"],
        "layer_cam": ["layer_cam"],
    }


def test_labels_and_options_are_stated():
    stated = registries.stated(DECLARED["methods"])
    assert stated["grad_cam"]["label"] == "Grad-CAM"
    assert stated["grad_cam"]["family"] == "cam"
