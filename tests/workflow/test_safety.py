"""No file of the user is lost, and no stale result is shown."""

import copy
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.models import get_model

from .conftest import SMALL, House

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9/annotations.zip"
SUBSET, ENERGY = "results/mine/subset.csv", "results/mine/energy.parquet"
TABLE = "results/mine/tables/concentration.csv"


@pytest.fixture(scope="module")
def sample(house) -> House:
    """The drawn sample as a user's dataset, with the user's weights."""
    house.build("resources/sample/drawn.csv", study=SMALL)
    shutil.copytree(house.root / "resources/sample", house.root / "mine")
    torch.manual_seed(0)
    torch.save(get_model("squeezenet1_1").state_dict(), house.root / "mine/net.pth")
    return house


@pytest.fixture
def study(sample) -> dict:
    """A small study on the user's files; each test has its own results."""
    shutil.rmtree(sample.root / "results", ignore_errors=True)
    for file in (sample.root / "mine").rglob("*"):
        os.utime(file, (1e9, 1e9))  # older than any code, like files of a zip or rsync -a
    return copy.deepcopy(SMALL) | {
        "dataset": {"annotations": "mine/instances.json", "images": "mine/images"},
        "nets": [{"name": "net", "architecture": "squeezenet1_1", "weights": "mine/net.pth"}],
        "methods": ["backpropagation", "grad_cam"],
        "sizes": [64],
        "pathvars": {"results": "results/mine"},
    }


def refused(house: House, *arguments: str, study: dict) -> str:
    """The output of a run that ends with a message."""
    run = house.run(*arguments, study=study)
    output = run.stdout + run.stderr
    assert run.returncode != 0, output
    assert "Traceback" not in output, output
    return output


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def replace_in_old_time(path: Path, content: bytes) -> None:
    """Like ``cp -p``, ``rsync -a`` or ``mv`` of an older file."""
    path.write_bytes(content)
    os.utime(path, (1e9, 1e9))


# Lost


def test_own_annotations_outlive_a_source_in_the_study(sample, study):
    study["dataset"]["source"] = NOWHERE
    before = contents(sample.root / "mine")
    sample.build("results/mine/samples/1.json", study=study)
    assert contents(sample.root / "mine") == before
    output = refused(sample, study=study)  # the images have no address
    assert "has no 'coco_url' to fetch it from" in output
    assert contents(sample.root / "mine") == before


def test_weights_put_by_hand_are_used_and_stay_offline(sample, study):
    study["nets"][0]["weights"] = "IMAGENET1K_V1"
    by_hand = sample.root / "resources/weights/squeezenet1_1-IMAGENET1K_V1.pth"
    by_hand.parent.mkdir(exist_ok=True)
    shutil.copy(sample.root / "mine/net.pth", by_hand)
    os.utime(by_hand, (1e9, 1e9))
    for _ in range(2):
        sample.build("results/mine/nets.csv", study=study)
        assert by_hand.read_bytes() == (sample.root / "mine/net.pth").read_bytes()
        (sample.root / "workflow/scripts/fetch_weights.py").touch()
    assert "is not torchvision's file" in (
        sample.root / "results/mine/logs/fetch_weights/squeezenet1_1-IMAGENET1K_V1.log"
    ).read_text("utf-8")
    other = get_model("squeezenet1_1").state_dict()
    torch.save(other, by_hand)
    os.utime(by_hand, (1e9, 1e9))
    assert "check_nets" in rules(sample.planned(study))
    by_hand.unlink()
    assert "fetch_weights" in rules(sample.planned(study))
    assert "can't fetch https://" in refused(sample, "results/mine/nets.csv", study=study)


def test_no_file_of_the_user_is_an_output(sample, study):
    sample.build(ENERGY, study=study)
    named = sample.run("--delete-all-output", "--dry-run", study=study)
    named = named.stdout + named.stderr
    assert "results/mine/subset.csv" in named
    for mine in ("mine/instances.json", "mine/images", "mine/net.pth", "resources/weights"):
        assert f" {mine}" not in named
    before = contents(sample.root / "mine")
    sample.build("--delete-all-output", study=study)
    assert contents(sample.root / "mine") == before
    assert not (sample.root / ENERGY).exists()


def test_results_take_over_no_folder_of_the_user(sample, study):
    own = sample.root / "results/mine/masks/my_hand_drawn_mask.png"
    own.parent.mkdir(parents=True)
    own.write_text("precious")
    output = refused(sample, SUBSET, study=study)
    assert "pathvars.results: 'results/mine' holds 'masks', which no study of this workfl" in output
    assert own.read_text() == "precious"
    own.rename(sample.root / "results/my_hand_drawn_mask.png")
    own.parent.rmdir()
    sample.build(SUBSET, study=study)
    sample.build(SUBSET, "--forcerun", "dilate_masks", study=study)


def test_a_run_that_only_draws_the_sample_marks_the_results(sample, study):
    """Its log and its benchmark are there."""
    sample.build("resources/sample/drawn.csv", "--force", study=study)
    sample.build("results/mine/samples.json", study=study)


def test_the_results_of_two_studies_may_lie_in_one_another(sample, study):
    sample.build("results/mine/samples.json", study=study)
    del study["pathvars"]
    sample.build("results/samples.json", study=study)


def test_a_study_that_would_write_its_own_input_is_refused(sample, study):
    shutil.copytree(sample.root / "mine/images", sample.root / "results/mine/masks")
    (sample.root / "results/mine/.study").touch()
    study["dataset"]["images"] = "results/mine/masks"
    output = refused(sample, SUBSET, study=study)
    assert "dataset.images: 'results/mine/masks' lies in 'results/mine/masks', which" in output
    assert contents(sample.root / "results/mine/masks") == contents(sample.root / "mine/images")


def test_a_path_may_start_with_the_home_folder(sample, study, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(sample.root / "mine", tmp_path / "mine")
    study["dataset"] = {"annotations": "~/mine/instances.json", "images": "~/mine/images"}
    study["nets"][0]["weights"] = "~/mine/net.pth"
    study["pathvars"] = {"results": "~/saliency"}
    target = str(tmp_path / "saliency/energy.parquet")
    sample.build(target, study=study)
    assert Path(target).exists()
    assert not (sample.root / "~").exists()


# Stale


def rules(jobs: list[str]) -> set[str]:
    return {job.split()[0] for job in jobs}


CHANGES = {
    "dilation": ({"mask_dilation": 0.9}, {"dilate_masks", "score_maps"}, {"compute_maps"}),
    "seed": ({"seed": 7}, {"select_subset", "compute_maps", "check_nets"}, set()),
    "images": ({"images_per_class": 3}, {"select_subset", "compute_maps"}, {"check_nets"}),
    "classes": (
        {"classes": [*SMALL["classes"], {"name": "pizza", "target": 963}]},
        {"select_subset", "compute_maps", "check_nets"},
        set(),
    ),
    "size": ({"sizes": [64, 48]}, {"compute_maps"}, {"select_subset", "dilate_masks"}),
    "nothing": ({}, set(), {"select_subset", "compute_maps", "gather_scores", "plot_charts"}),
}


@pytest.fixture(scope="module")
def built(sample) -> House:
    """A built study without Snakemake's metadata, like copied results."""
    study = SMALL | {"sizes": [64], "pathvars": {"results": "built"}}
    sample.build(study=study)
    shutil.rmtree(sample.root / ".snakemake")
    return sample


@pytest.mark.parametrize(("changes", "recomputed", "kept"), CHANGES.values(), ids=CHANGES.keys())
def test_results_keep_their_settings_without_snakemakes_metadata(built, changes, recomputed, kept):
    study = SMALL | {"sizes": [64], "pathvars": {"results": "built"}} | changes
    planned = rules(built.planned(study))
    assert recomputed <= planned
    assert not kept & planned
    if recomputed:
        assert {"gather_scores", "make_tables", "describe_study"} <= planned


def test_copied_results_become_those_of_a_new_study(built):
    study = SMALL | {"sizes": [64], "images_per_class": 3, "mask_dilation": 0.5}
    shutil.copytree(built.root / "built", built.root / "copied")  # like cp -p or rsync -a
    built.build("copied/energy.parquet", study=study | {"pathvars": {"results": "copied"}})
    built.build("new/energy.parquet", study=study | {"pathvars": {"results": "new"}})
    for name in ("energy.parquet", "subset.csv"):
        copied, new = (built.root / folder / name for folder in ("copied", "new"))
        assert copied.read_bytes() == new.read_bytes()


def test_results_moved_into_a_fresh_clone_are_up_to_date(built, tmp_path):
    """Its code is newer than they are, and the same."""
    clone = House(tmp_path / "clone")
    shutil.copytree(built.root, clone.root, ignore=shutil.ignore_patterns(".snakemake"))
    for file in (clone.root / "workflow").rglob("*.py"):
        file.touch()
    study = SMALL | {"sizes": [64], "pathvars": {"results": "built"}}
    assert clone.planned(study) == []


def test_a_change_of_settings_and_back_recomputes_nothing_unless_it_was_run(built):
    study = SMALL | {"sizes": [64], "pathvars": {"results": "built"}}
    before = contents(built.root / "built")
    assert built.planned(study | {"seed": 5}) != []
    assert built.planned(study) == []
    assert contents(built.root / "built") == before  # a dry run leaves no trace


def test_comments_and_docstrings_compute_nothing(built):
    study = SMALL | {"sizes": [64], "pathvars": {"results": "built"}}
    source = built.root / "workflow/scripts/lookwhere/io/atomic.py"
    original = source.read_text("utf-8")
    try:
        source.write_text(original.replace('"""Results appear', '# why\n"""They appear', 1))
        assert built.planned(study) == []
        source.write_text(original + "\nEDITED = True\n")
        assert "compute_maps" in rules(built.planned(study))
    finally:
        source.write_text(original)


def other_weights(root: Path) -> None:
    torch.manual_seed(1)
    torch.save(get_model("squeezenet1_1").state_dict(), root / "mine/other.pth")
    replace_in_old_time(root / "mine/net.pth", (root / "mine/other.pth").read_bytes())


def moved_polygons(root: Path) -> None:
    instances = json.loads((root / "mine/instances.json").read_text())
    for annotation in instances["annotations"]:
        if isinstance(annotation["segmentation"], list):
            annotation["segmentation"] = [
                [max(0, number - 9) for number in polygon] for polygon in annotation["segmentation"]
            ]
    replace_in_old_time(root / "mine/instances.json", json.dumps(instances).encode())


def mirrored_images(root: Path) -> None:
    for file in (root / "mine/images").glob("*.jpg"):
        picture = ImageOps.mirror(Image.open(file, formats=["JPEG"]).convert("RGB"))
        picture.save(root / "mirrored.jpg", quality=95)
        replace_in_old_time(file, (root / "mirrored.jpg").read_bytes())


@pytest.fixture
def restored(sample):
    """Restore the user's files after a test."""
    shutil.copytree(sample.root / "mine", sample.root / "kept")
    yield
    shutil.rmtree(sample.root / "mine")
    (sample.root / "kept").rename(sample.root / "mine")


BYTES = {
    "weights": (other_weights, {"check_nets", "compute_maps"}, {"select_subset", "dilate_masks"}),
    "annotations": (moved_polygons, {"select_subset", "dilate_masks"}, {"check_nets"}),
    "images": (mirrored_images, {"select_subset", "compute_maps", "score_maps"}, {"check_nets"}),
}


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(("change", "recomputed", "kept"), BYTES.values(), ids=BYTES.keys())
def test_other_bytes_are_detected_whatever_their_time(sample, study, change, recomputed, kept):
    sample.build("results/mine/nets.csv", TABLE, study=study)
    before = (sample.root / TABLE).read_bytes()
    change(sample.root)
    planned = rules(sample.planned(study))
    assert recomputed <= planned
    assert not kept & planned
    sample.build("results/mine/nets.csv", TABLE, study=study)
    assert (sample.root / TABLE).read_bytes() != before
    run = sample.run("--dry-run", "results/mine/nets.csv", TABLE, study=study)
    assert "Nothing to be done" in run.stdout + run.stderr


def test_changed_settings_are_detected_though_the_results_are_of_the_future(built):
    """As with the clock of a file server ahead."""
    study = SMALL | {"sizes": [64], "pathvars": {"results": "ahead"}}
    shutil.copytree(built.root / "built", built.root / "ahead")
    for file in (built.root / "ahead").rglob("*"):
        status = file.stat()
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 900 * 10**9))
    assert built.planned(study) == []
    planned = rules(built.planned(study | {"seed": 7, "mask_dilation": 0.9}))
    assert {"select_subset", "dilate_masks", "compute_maps", "score_maps"} <= planned


def test_another_reference_is_detected_whatever_its_time_and_so_is_none(sample, study):
    reference = sample.root / "means.csv"
    reference.write_text("method,mean\ngrad_cam,0.5\n")
    os.utime(reference, (1e9, 1e9))
    study["reference"] = "means.csv"
    sample.build(TABLE, study=study)
    replace_in_old_time(reference, b"method,mean\ngrad_cam,0.25\n")
    sample.build(TABLE, study=study)
    assert 0.25 in pd.read_csv(sample.root / TABLE)["reference_mean"].tolist()
    del study["reference"]
    shutil.rmtree(sample.root / ".snakemake")
    sample.build(TABLE, study=study)
    assert "reference_mean" not in pd.read_csv(sample.root / TABLE)


def test_own_files_among_those_of_the_drawn_sample_stay(sample, study):
    del study["dataset"]
    own = sample.root / "resources/sample/images/mine.jpg"
    own.write_text("mine")
    try:
        output = refused(sample, SUBSET, study=study)
    finally:
        own.unlink()
    assert "'resources/sample/images/mine.jpg' is not as the workflow drew it" in output
    drawn = sample.root / "resources/sample/instances.json"
    content = drawn.read_text("utf-8")
    drawn.write_text(content + " ")
    output = refused(sample, SUBSET, study=study)
    assert "'resources/sample/instances.json' is not as the workflow drew it" in output
    assert drawn.read_text("utf-8") == content + " "
    drawn.unlink()
    sample.build(SUBSET, study=study)
    assert drawn.read_text("utf-8") == content


def test_a_pipe_in_place_of_fetched_weights_is_refused_and_not_read(sample, study):
    study["nets"][0]["weights"] = "IMAGENET1K_V1"
    pipe = sample.root / "resources/weights/squeezenet1_1-IMAGENET1K_V1.pth"
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    try:
        output = refused(sample, "results/mine/nets.csv", study=study)
    finally:
        pipe.unlink()
    assert "are not a regular file: replace it" in output


def test_a_slash_behind_the_folder_of_results_changes_nothing(sample, study):
    sample.build("results/mine/subset.csv", study=study)
    slash = study | {"pathvars": {"results": "./results/mine/"}}
    run = sample.run("results/mine/subset.csv", "--dry-run", study=slash)
    assert "Nothing to be done" in run.stdout + run.stderr


def test_the_folder_of_the_images_may_move(sample, study):
    sample.build(ENERGY, study=study)
    shutil.copytree(sample.root / "mine", sample.root / "moved")
    study["dataset"] = {"annotations": "moved/instances.json", "images": "moved/images/"}
    run = sample.run(ENERGY, "--dry-run", study=study)
    assert "Nothing to be done" in run.stdout + run.stderr


@pytest.mark.usefixtures("restored")
def test_images_are_compared_despite_a_damaged_receipt(sample, study):
    sample.build(ENERGY, study=study)
    receipt = sample.root / "results/mine/samples/1.csv"
    receipt.with_name(".1.csv.checksum").unlink()
    mirrored_images(sample.root)
    assert "compute_maps" in rules(sample.planned(study))


@pytest.mark.usefixtures("restored")
def test_no_table_mixes_old_and_new_images(sample, study):
    sample.build(ENERGY, study=study)
    mirrored_images(sample.root)
    sample.build(ENERGY, study=study | {"methods": ["backpropagation"]})
    sample.build(ENERGY, study=study)
    new = study | {"pathvars": {"results": "results/new"}}
    sample.build("results/new/energy.parquet", study=new)
    expected = (sample.root / "results/new/energy.parquet").read_bytes()
    assert (sample.root / ENERGY).read_bytes() == expected


def test_the_code_of_another_checkout_is_not_run(sample, study, monkeypatch, tmp_path):
    sample.build(SUBSET, study=study)
    expected = (sample.root / SUBSET).read_bytes()
    shutil.copytree(sample.root / "workflow/scripts", tmp_path / "scripts")
    other = tmp_path / "scripts/lookwhere/datasets/masks.py"
    other.write_text(other.read_text("utf-8").replace("[dilation]) == 0", "[0.0]) == 0"), "utf-8")
    alien = tmp_path / "alien/lookwhere/__init__.py"
    alien.parent.mkdir(parents=True)
    alien.write_text("VERSION = 1")
    for folder in (tmp_path / "scripts", tmp_path / "alien"):
        monkeypatch.setenv("PYTHONPATH", str(folder))
        sample.build(SUBSET, "--forcerun", "dilate_masks", study=study)
        assert (sample.root / SUBSET).read_bytes() == expected


def test_tables_and_figures_of_an_earlier_study_go(sample, study):
    results = sample.root / "results/mine"
    sample.build(study=study | {"sizes": ["original", 64]})
    notes = results / "tables/concentration_by_training.notes"
    notes.write_text("mine")
    stale = [
        "tables/concentration_by_training.md",
        "tables/differences_between_sizes.csv",
        "figures/concentration_by_size.png",
        "figures/concentration_by_net_original.pdf",
        "figures/differences.eps",
    ]
    assert all((results / name).exists() for name in stale)
    random = {"name": "net", "architecture": "squeezenet1_1", "weights": "random"}
    sample.build(study=study | {"nets": [random], "methods": ["grad_cam"]})
    assert not any((results / name).exists() for name in stale)
    assert (results / "figures/concentration_by_net_64.png").exists()
    assert notes.read_text() == "mine"


def test_a_single_table_as_target_removes_tables_of_an_earlier_study(sample, study):
    sample.build(TABLE, study=study)
    earlier = sample.root / "results/mine/tables/concentration_by_training.md"
    assert earlier.exists()
    random = {"name": "net", "architecture": "squeezenet1_1", "weights": "random"}
    sample.build(TABLE, study=study | {"nets": [random]})
    assert not earlier.exists()


def test_tables_of_another_study_are_refused(sample, study):
    other = study | {"seed": 3, "pathvars": {"results": "results/other"}}
    sample.build(TABLE, study=study)
    sample.build("results/other/tables/concentration.csv", study=other)
    for name in ("measures.parquet", ".measures.parquet.checksum"):
        shutil.copy(sample.root / "results/other" / name, sample.root / "results/mine" / name)
    output = refused(sample, TABLE, study=study)
    assert "measures.parquet' was made with other settings than this study's: delete" in output
    expected = (sample.root / TABLE).read_bytes() if (sample.root / TABLE).exists() else None
    (sample.root / "results/mine/measures.parquet").unlink()
    sample.build(TABLE, study=study)
    assert expected is None or (sample.root / TABLE).read_bytes() == expected


# Damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def half_zero(path: Path) -> None:
    half = path.stat().st_size // 2
    path.write_bytes(path.read_bytes()[:half] + bytes(path.stat().st_size - half))


DAMAGE = {
    # the result, its damage, the rule that reads it, and a target
    "region": ("regions/1/*.npz", flip, "score_maps", ENERGY),
    "map": ("saliency/net/grad_cam/64/1-1/*.npy", half_zero, "score_maps", ENERGY),
    "predictions": ("predictions/net/64/*/1-1.parquet", cut, "score_maps", ENERGY),
    "scores": ("scores/net/64/*/1-1.parquet", flip, "gather_scores", ENERGY),
    "controls": ("control_scores/64/1-1.parquet", flip, "gather_scores", ENERGY),
    "measures": ("measures.parquet", flip, "make_tables", TABLE),
    "sweep": ("dilation_sweep.parquet", cut, "plot_charts", "dilation_sweep.png"),
    "subset": ("subset.csv", cut, "gather_scores", ENERGY),
    "samples": ("samples/1.json", cut, "dilate_masks", ENERGY),
    "list": ("samples.json", cut, "plot_comparison", "comparison.png"),
    "showcase": ("showcase.json", cut, "plot_comparison", "comparison.png"),
}


@pytest.fixture(scope="module")
def scored(sample) -> tuple[House, dict]:
    study = copy.deepcopy(SMALL) | {"sizes": [64], "pathvars": {"results": "results/mine"}}
    study |= {"nets": [{"name": "net", "architecture": "squeezenet1_1", "weights": "random"}]}
    shutil.rmtree(sample.root / "results", ignore_errors=True)
    figures = [f"results/mine/figures/{name}.png" for name in ("dilation_sweep", "comparison")]
    sample.build(TABLE, *figures, study=study)
    shutil.copytree(sample.root / "results", sample.root / "intact")
    return sample, study


@pytest.mark.parametrize(("pattern", "damage", "rule", "target"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_reported_and_the_way_out_works(scored, pattern, damage, rule, target):
    house, study = scored
    shutil.rmtree(house.root / "results")
    shutil.copytree(house.root / "intact", house.root / "results")
    target = target if "/" in target else f"results/mine/figures/{target}"
    expected = (house.root / ENERGY).read_bytes()
    file = sorted((house.root / "results/mine").glob(pattern))[0]
    status = file.stat()
    damage(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    run = house.run(target, "--forcerun", rule, study=study)
    output = run.stdout + run.stderr
    assert "Traceback" not in output, output
    assert run.returncode != 0, output
    assert f"{file.name}' was damaged or changed after it was written: delete " in output
    way_out = output.split("after it was written: delete ")[1].split("'")[1]
    corrupt = house.root / way_out
    shutil.rmtree(corrupt) if corrupt.is_dir() else corrupt.unlink()
    house.build(target, ENERGY, study=study)
    assert (house.root / ENERGY).read_bytes() == expected


# Two runs


def test_a_second_run_in_the_same_results_is_refused_whatever_its_folder(sample, study, tmp_path):
    sample.build("results/mine/samples.json", study=study)
    shared = str(sample.root / "results/mine")
    study = study | {"pathvars": {"results": shared}}
    study["dataset"] = {key: str(sample.root / path) for key, path in study["dataset"].items()}
    study["nets"][0]["weights"] = str(sample.root / "mine/net.pth")
    other = House(tmp_path / "clone")
    for part in (
        "Snakefile",
        "config.yaml",
        "workflow",
        "resources",
        "profiles",
        "requirements.txt",
    ):
        copy_of = shutil.copytree if (sample.root / part).is_dir() else shutil.copy
        other.root.mkdir(exist_ok=True)
        copy_of(sample.root / part, other.root / part)
    first = subprocess.Popen(
        sample.command(f"{shared}/energy.parquet", study=study),
        cwd=sample.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    logs = Path(shared, "logs/compute_maps")
    while first.poll() is None and not logs.exists():
        time.sleep(0.02)
    changed = copy.deepcopy(study)
    changed["nets"][0]["target_layer"] = "features.10"
    output = refused(other, f"{shared}/energy.parquet", study=changed)
    assert f"Another run writes to the results '{shared}' (process {first.pid} on " in output
    assert first.wait() == 0
    # The refused run has left no trace in the results of the first.
    run = other.run(f"{shared}/energy.parquet", "--dry-run", study=changed)
    assert "rule compute_maps:" in run.stdout + run.stderr
    run = other.run(f"{shared}/energy.parquet", "--dry-run", study=study)
    assert "rule compute_maps:" not in run.stdout + run.stderr


def test_a_run_without_slurm_cancels_no_job_of_slurm(sample, study, monkeypatch, tmp_path):
    """The jobs may belong to a live run."""
    for name, command in {
        "squeue": "echo 7 run-of-before",
        "scancel": f"touch {tmp_path}/cancelled",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    log = sample.root / ".snakemake/log/of_before.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("SLURM run ID: run-of-before\n    log: results/mine/logs/x.log\n")
    sample.build(SUBSET, study=study)
    sample.build(SUBSET, "--forcerun", "dilate_masks", "--dry-run", study=study)
    sample.build(SUBSET, "--touch", study=study)
    assert not (tmp_path / "cancelled").exists()


# Text


def test_names_stay_text_in_the_report(sample, study):
    instances = json.loads((sample.root / "mine/instances.json").read_text())
    hostile = "um\n\n.. raw:: html\n\n   <script>alert(1)</script>\n\n"
    reading = "t\n\n.. include:: /etc/passwd\n\n"
    for category, name in zip(instances["categories"], (hostile, reading), strict=False):
        category["name"] = name
    (sample.root / "hostile.json").write_text(json.dumps(instances))
    study["dataset"]["annotations"] = "hostile.json"
    study["classes"] = [{"name": hostile, "target": 1}, {"name": reading, "target": 2}]
    study["nets"][0]["name"] = "sq_"
    targets = "results/mine/tables/concentration_by_class.md", "results/mine/study.html"
    sample.build(*targets, "results/mine/figures/comparison.png", study=study)
    sample.build(*targets, "--report", "results/mine/report.html", study=study)
    report = (sample.root / "results/mine/report.html").read_text("utf-8")
    for trace in ("<script>alert(1)", "root:x:0:0", "System Message", "system-message"):
        assert trace not in report
    assert "sq_" in report


# The machine


def test_a_killed_job_is_reported_with_a_hint_at_memory(sample, study):
    source = sample.root / "workflow/scripts/dilate_masks.py"
    original = source.read_text("utf-8")
    try:
        source.write_text("import os\nos.kill(os.getpid(), 9)\n")
        output = refused(sample, SUBSET, study=study)
    finally:
        source.write_text(original)
    assert "A job was killed from outside (SIGKILL). Most often the machine had too" in output


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1", "POSIX"])
def test_results_are_the_same_in_every_locale(sample, study, monkeypatch, locale):
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, locale)
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    study["classes"][0]["name"] = "信号"
    instances = json.loads((sample.root / "mine/instances.json").read_text("utf-8"))
    instances["categories"][0]["name"] = "信号"
    (sample.root / "named.json").write_text(json.dumps(instances, ensure_ascii=False), "utf-8")
    study["dataset"]["annotations"] = "named.json"
    (sample.root / "study.yaml").write_text(json.dumps(study, ensure_ascii=False), "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", TABLE, "--configfile", "study.yaml"],
        cwd=sample.root,
        capture_output=True,
        check=False,
    )
    if b"UnicodeDecodeError" in run.stderr and b"configfile" in run.stderr:
        pytest.skip("Snakemake itself reads no configuration in UTF-8 in this locale")
    assert run.returncode == 0, run.stderr[-3000:].decode(errors="replace")
    assert "信号" in pd.read_csv(sample.root / SUBSET)["class"].tolist()


def test_the_subset_lists_the_growth_of_masks(sample, study):
    sample.build(SUBSET, study=study)
    subset = pd.read_csv(sample.root / SUBSET)
    assert (subset["mask_growth"] >= 0.2).all()
    assert np.isfinite(subset["mask_growth"]).all()
