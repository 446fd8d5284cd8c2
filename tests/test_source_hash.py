"""An edit of the code changes the hashes of its users, and no others."""

import shutil

import pytest

from lookwhere import declarations
from lookwhere.declarations import SCRIPTS
from lookwhere.errors import StudyError
from lookwhere.io import source_hash
from lookwhere.methods.names import METHODS

CACHED = ["of_scripts", "_statements", "_meaning", "_imported_modules", "_names", "_uses", "_text"]
GUIDED = {name for name in METHODS if name.startswith("guided_")}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of the scripts, and a function that hashes after an edit and undoes it."""
    root = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(source_hash, "SCRIPTS", root)

    def hashes(file="lookwhere/methods/cam.py", old="", new="", source=None):
        path = root / file
        text = path.read_text()
        assert old in text
        path.write_text(source or (text.replace(old, new, 1) if old else text))
        for name in CACHED:
            getattr(source_hash, name).cache_clear()
        declarations.declarations.cache_clear()
        methods = declarations.declared("method", root / "lookwhere/methods").values()
        charts = declarations.declared("chart", root / "lookwhere/charts").values()
        digests = source_hash.of_entries(methods) | source_hash.of_entries(charts)
        for script in ("compute_maps", "make_tables", "plot_charts"):
            digests[script] = source_hash.of_scripts(script)
        path.write_text(text)
        return digests

    return hashes


def changed(tree, *edit):
    before, after = tree(), tree(*edit)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Grad-CAM"', '"GradCAM"'),
        ('family="cam"', 'family="other"'),
        ('"""a_k = 1/Z', '"""a_k is'),
        ("def weighted_sum", "# why\n\ndef weighted_sum"),
    ],
)
def test_labels_docstrings_and_comments_are_not_hashed(tree, old, new):
    assert changed(tree, "lookwhere/methods/cam.py", old, new) == set()


def test_an_edit_of_a_method_changes_those_built_on_it(tree):
    product = "run.map_of(guided_backpropagation) * run.map_of(grad_cam)"
    edit = "lookwhere/methods/guided_cam.py", product, "2 * run.map_of(grad_cam)"
    assert changed(tree, *edit) == {"guided_grad_cam"}
    edit = "lookwhere/methods/cam.py", "dim=(2, 3)", "dim=(3, 2)"
    assert changed(tree, *edit) == {"grad_cam", "guided_grad_cam"}


def test_an_edit_is_followed_into_other_modules(tree):
    edit = "lookwhere/methods/gradients.py", "run.gradient(GUIDED)", "run.gradient(GRADIENT)"
    assert changed(tree, *edit) == GUIDED
    edit = "lookwhere/methods/registry.py", '= "gradient", "decon', '= "plain", "decon'
    assert changed(tree, *edit) >= {"backpropagation", "grad_cam", "compute_maps"}


def test_needs_are_hashed(tree):
    edit = "lookwhere/methods/gradients.py", "needs=[Signal(GUIDED, IMAGES)]", "needs=[]"
    assert changed(tree, *edit) == GUIDED


def test_shared_code_is_hashed_with_the_script(tree):
    edit = "lookwhere/methods/run.py", "align_corners=False", "align_corners=True"
    assert changed(tree, *edit) == {"compute_maps"}


def test_an_edit_of_a_chart_changes_that_chart_and_its_label_none(tree):
    edit = "lookwhere/charts/lift.py", '"Lift, logarithmic axis"', '"Lift"'
    assert changed(tree, *edit) == {"lift"}
    edit = "lookwhere/charts/lift.py", "1 is an uninformative map", "1 is chance"
    assert changed(tree, *edit) == {"lift"}  # its caption
    edit = "lookwhere/charts/lift.py", '"lift", "Lift"', '"lift", "Lifts"'
    assert changed(tree, *edit) == set()
    edit = "lookwhere/charts/grouped_points.py", "height = rows *", "height = 2 * rows *"
    assert changed(tree, *edit) == {"concentration_by_net", "concentration_by_class"}


def test_colours_are_hashed_with_the_script(tree):
    edit = "lookwhere/charts/looks.py", "#0173b2", "#0173b3"
    assert changed(tree, *edit) == {"plot_charts"}


def test_statements_that_change_a_name_are_followed(tree):
    file, use = "lookwhere/methods/cam.py", ("dim=(2, 3)", "dim=AXES[2]")
    filled = "def weighted_sum", "AXES = {}\nAXES[2] = %s\n\n\ndef weighted_sum"
    source = (SCRIPTS / file).read_text("utf-8").replace(*use)
    hashes = {
        axes: tree(file, source=source.replace(filled[0], filled[1] % axes))["grad_cam"]
        for axes in ("(2, 3)", "(3, 2)")
    }
    assert hashes["(2, 3)"] != hashes["(3, 2)"]


def test_a_users_file_is_hashed_as_a_whole(tree, tmp_path, monkeypatch):
    own = tmp_path / "own.py"
    monkeypatch.setenv(declarations.USER_FILES, str(own))
    text = 'K = 1\n@method("mine", "Mine", family="cam")\ndef mine(run):\n    return K\n'
    own.write_text(text)
    before = tree()
    own.write_text(text.replace("K = 1", "K = 2"))
    after = tree()
    assert {name for name in before if before[name] != after[name]} == {"mine"}


@pytest.mark.parametrize("text", ["def parts(:", "text = '\0'"])
def test_a_file_that_a_net_s_file_imports_must_be_python(tmp_path, text):
    (tmp_path / "net.py").write_text("from parts import block\n")
    (tmp_path / "parts.py").write_text(text)
    with pytest.raises(StudyError, match=r"parts\.py' can't be read as Python \("):
        source_hash.of_user_file(tmp_path / "net.py")
