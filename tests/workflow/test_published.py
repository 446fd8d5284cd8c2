"""The published study, from a fresh clone, with a local server in place of COCO's host."""

import json
import shutil
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
import yaml

from .conftest import REPOSITORY

pytestmark = pytest.mark.slow

RELUS = {"alexnet": 7, "resnet152": 151, "squeezenet1_0": 26, "vgg19": 18}
FEATURES = {"alexnet": 256, "resnet152": 2048, "squeezenet1_0": 512, "vgg19": 512}


def published() -> dict:
    return yaml.safe_load((REPOSITORY / "studies/coco2017.yaml").read_text())


@pytest.fixture(scope="module")
def server(shared_data, tmp_path_factory):
    """COCO's host: the archive of annotations, and every image at its ``coco_url``."""
    root = tmp_path_factory.mktemp("coco")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    handler = partial(Handler, directory=root)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        address = f"http://127.0.0.1:{http.server_port}"
        shutil.copytree(shared_data / "coco/train2017", root / "train2017")
        annotations = shared_data / "coco/annotations/instances_train2017.json"
        instances = json.loads(annotations.read_text())
        for image in instances["images"]:
            image["coco_url"] = f"{address}/train2017/{image['file_name']}"
        (root / "annotations").mkdir()
        archive = root / "annotations/annotations_trainval2017.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("annotations/captions_train2017.json", "{}")
            opened.writestr("annotations/instances_train2017.json", json.dumps(instances))
        http.address, http.asked, http.archive = address, asked, archive
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http
        http.shutdown()


@pytest.fixture(scope="module")
def study(server) -> dict:
    """The published study, smaller: one image of two classes, and random weights."""
    config = published()
    config["dataset"]["source"] = f"{server.address}/annotations/annotations_trainval2017.zip"
    config["classes"] = config["classes"][:2]
    config["images_per_class"] = 1
    for net in config["nets"]:
        net["weights"] = "random"
    return config


@pytest.fixture(scope="module")
def fetched(house, study):
    house.build("fetch", study=study)
    return house


@pytest.fixture(scope="module")
def built(fetched, study, server):
    """The whole study, after its host went offline."""
    server.shutdown()
    server.server_close()
    fetched.build(study=study)
    return fetched


def test_the_whole_study_is_planned_from_a_fresh_clone(house):
    jobs = house.planned(published())
    names = [job.split()[0] for job in jobs]
    assert names.count("fetch_annotations") == 1
    assert names.count("fetch_weights") == 4
    assert names.count("compute_maps") == 16  # nets x sizes x shards


def test_an_unreachable_host_is_reported_with_a_way_out_that_works(house, study, server):
    offline = study | {"dataset": study["dataset"] | {"source": "http://127.0.0.1:9/all.zip"}}
    offline["pathvars"] = {"results": "results/offline"}
    offline["dataset"]["annotations"] = "resources/offline/instances_train2017.json"
    output = house.run("fetch", study=offline).stderr
    assert "can't fetch http://127.0.0.1:9/all.zip" in output
    assert "put the file at resources/offline/all.zip by hand" in output
    assert "Traceback" not in output
    annotations = house.root / "resources/offline/instances_train2017.json"
    assert not annotations.exists()
    annotations.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(server.archive, house.root / "resources/offline/all.zip")
    house.build("results/offline/annotations.csv", study=offline)
    assert annotations.exists()


def test_fetch_gets_the_annotations_and_the_images_of_the_subset_alone(fetched, server):
    coco = fetched.root / "resources/coco"
    assert [path.name for path in (coco / "annotations").iterdir()] == ["instances_train2017.json"]
    listed = pd.read_csv(fetched.root / "results/coco2017/samples/1.csv")
    assert sorted(path.name for path in (coco / "train2017").iterdir()) == sorted(listed["file"])
    assert len(listed) == 2
    assert sum("train2017/" in line for line in server.asked) == 2


def test_fetching_again_does_nothing(fetched, study):
    assert "Nothing to be done" in fetched.run("fetch", study=study).stderr


def test_the_four_nets_run_offline_after_the_fetch(built):
    nets = pd.read_csv(built.root / "results/coco2017/nets.csv").set_index("net")
    assert nets["relus"].to_dict() == RELUS
    assert nets["feature_maps"].to_dict() == FEATURES
    energy = built.energy("results/coco2017")
    assert len(energy) == 2 * 4 * 5 * 2
    assert set(energy["status"]) <= {"ok", "zero_energy", "empty_mask"}


def test_maps_have_the_shape_of_the_input(built):
    subset = pd.read_csv(built.root / "results/coco2017/subset.csv").set_index("sample")
    files = list((built.root / "results/coco2017/saliency").rglob("*.npy"))
    assert len(files) == 2 * 4 * 5 * 2
    for file in files:
        method, size = file.parts[-4:-2]
        original = (subset.at[file.stem, "height"], subset.at[file.stem, "width"])
        shape = original if size == "original" else (int(size), int(size))
        saliency = np.load(file)
        assert saliency.dtype == np.float32
        assert saliency.shape == (1 if method == "grad_cam" else 3, *shape)


def test_the_means_of_the_thesis_are_beside_ours(built):
    table = pd.read_csv(built.root / "results/coco2017/tables/concentration.csv")
    table = table.set_index("method")
    assert table.loc["guided_grad_cam", "reference_mean"] == 0.470
    assert table["difference"].to_dict() == pytest.approx(
        (table["mean"] - table["reference_mean"]).to_dict(), nan_ok=True
    )
