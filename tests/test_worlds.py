"""Planted scenes: exact masks, cues as stated, and nets that follow the cue of their world."""

import argparse
import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from pycocotools import mask as rle
from pycocotools.coco import COCO
from scipy import ndimage

import lookwhere
from worlds import emblems, planted, train_planted, training
from worlds.backgrounds import TEXTURES
from worlds.easel import Easel
from worlds.objects import ARTISTS
from worlds.planted import CUES, VALUES, WORLDS

REPOSITORY = Path(__file__).parents[1]
SHIPPED = REPOSITORY / "resources/planted"
SCENES = planted.draw_sample(24, seed=3)


def drawn(values, seed=0):
    return planted.draw(np.random.default_rng(seed), values)


def read(scenes):
    """The content of the COCO file, by pycocotools."""
    coco = COCO()
    coco.dataset = planted.coco_instances(scenes)
    coco.createIndex()
    return coco


@pytest.mark.parametrize("cue", CUES)
def test_every_cue_has_as_many_values_as_there_are_classes(cue):
    kinds = {
        "object": ARTISTS,
        "part": emblems.EMBLEMS,
        "mark": emblems.BADGES,
        "background": TEXTURES,
    }
    assert len(kinds[cue]) == VALUES


def test_masks_of_the_file_are_those_of_the_scene():
    coco = read(SCENES)
    names = {item["id"]: item["name"] for item in coco.dataset["categories"]}
    for number, scene in enumerate(SCENES, 1):
        annotations = coco.imgToAnns[number]
        assert sorted(names[a["category_id"]] for a in annotations) == sorted(CUES)
        for annotation in annotations:
            mask = coco.annToMask(annotation).astype(bool)
            assert np.array_equal(mask, scene.masks[names[annotation["category_id"]]])
            assert annotation["area"] == mask.sum()
            assert annotation["bbox"] == rle.toBbox(coco.annToRLE(annotation)).tolist()


def test_masks_are_the_painted_pixels(monkeypatch):
    """What an image gains with each drawing, before its exposure."""
    painted = []
    paint = Easel.paint

    def recorded(self, drawing, mask):
        before = self.image.copy()
        paint(self, drawing, mask)
        painted.append((self.image != before).any(axis=2))

    monkeypatch.setattr(Easel, "paint", recorded)
    for seed in range(8):
        painted.clear()
        scene = drawn(dict.fromkeys(CUES, seed % VALUES), seed)
        mark, thing, part = painted
        for cue, pixels in (("mark", mark), ("object", thing | part), ("part", part)):
            assert not (pixels & ~scene.masks[cue]).any()
            # A pixel may have the colour of the ground by chance.
            assert pixels.sum() > 0.995 * scene.masks[cue].sum()


def test_the_part_is_inside_the_object_and_the_mark_does_not_touch_it():
    for scene in SCENES:
        inner = ndimage.binary_erosion(scene.masks["object"], border_value=0)
        assert (scene.masks["part"] <= inner).all()
        around = ndimage.binary_dilation(scene.masks["object"], iterations=3)
        assert not (around & scene.masks["mark"]).any()


def test_sizes_are_as_stated():
    for scene in SCENES:
        shares = {cue: mask.mean() for cue, mask in scene.masks.items()}
        assert 0.05 < shares["object"] < 0.15
        assert 0.008 < shares["part"] < 0.5 * shares["object"]
        assert shares["mark"] == pytest.approx((2 * planted.BADGE / planted.SIDE) ** 2, rel=0.1)
        corner = ndimage.center_of_mass(scene.masks["mark"])
        assert all(min(place, planted.SIDE - place) < 2 * planted.BADGE for place in corner)


def test_shares_of_object_mark_and_background_add_up_to_one():
    rng = np.random.default_rng(0)
    coco = read(SCENES[:4])
    for number in coco.imgs:
        saliency = rng.normal(size=(3, planted.SIDE, planted.SIDE))
        shares = {
            annotation["category_id"]: lookwhere.score(
                saliency, coco.annToMask(annotation).astype(bool), ["concentration"]
            )["concentration"]
            for annotation in coco.imgToAnns[number]
        }
        ids = [number for number, cue in enumerate(CUES, 1) if cue != "part"]
        assert sum(shares[number] for number in ids) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("world", WORLDS)
def test_the_cues_of_a_world_state_the_class_and_the_others_are_random(world):
    rng = np.random.default_rng(1)
    scenes = [planted.of_world(rng, world) for _ in range(600)]
    labels = np.array([label for _, label in scenes])
    assert np.bincount(labels, minlength=VALUES).min() > 60
    for cue in CUES:
        agree = np.mean([values[cue] for values, _ in scenes] == labels)
        assert agree == 1 if cue in WORLDS[world] else abs(agree - 1 / VALUES) < 0.06


def test_in_swapped_scenes_all_cues_differ_and_in_the_study_all_agree():
    rng = np.random.default_rng(2)
    assert all(len(set(planted.swapped(rng).values())) == len(CUES) for _ in range(50))
    assert all(len(set(scene.values.values())) == 1 for scene in SCENES)
    counts = np.bincount([scene.values["object"] for scene in SCENES])
    assert (counts == len(SCENES) // VALUES).all()


@pytest.mark.parametrize("cue", ["part", "mark"])
def test_the_value_of_a_cue_changes_the_pixels_of_its_mask_most(cue):
    """The same seed with another value: the rest of the scene is the same."""
    one = drawn(dict.fromkeys(CUES, 1))
    other = drawn({**dict.fromkeys(CUES, 1), cue: 2})
    changes = np.abs(one.image.astype(float) - other.image).mean(axis=2)
    outside = ~(one.masks[cue] | ndimage.binary_dilation(one.masks["part"], iterations=9))
    assert changes[one.masks[cue]].mean() > 5 * changes[outside].mean()


def options(**changes):
    return argparse.Namespace(**{"seed": 0, "epochs": 2, "batch": 8, **changes})


@pytest.mark.parametrize("net", ["plain_patch", "shufflenet_patch"])
def test_on_one_thread_a_seed_fixes_the_weights(net):
    data = [train_planted.example(index, 5, "patch") for index in range(16)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        nets = [train_planted.train(net, data, options(seed=seed)) for seed in (0, 0, 1)]
    finally:
        torch.set_num_threads(threads)
    first, second, other = (torch.cat([p.flatten() for p in n.parameters()]) for n in nets)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    scenes = SCENES[:6]
    assert train_planted.followed(nets[0], scenes) == train_planted.followed(nets[1], scenes)


def test_changes_of_a_recipe_are_of_fields_and_nets():
    for net, changes in train_planted.CHANGES.items():
        architecture, _ = train_planted.NETS[net]
        assert replace(train_planted.RECIPES[architecture], **changes) not in {
            *train_planted.RECIPES.values()
        }


def test_options_have_the_defaults_of_the_script_and_set_the_threads(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["train", "--nets", "b", "--epochs", "3"])
    threads = torch.get_num_threads()
    try:
        read = training.parse("", ["a", "b"], tmp_path, scenes=7, test_scenes=5, threads=1)
        assert torch.get_num_threads() == read.threads == 1
    finally:
        torch.set_num_threads(threads)
    assert (read.nets, read.scenes, read.test_scenes, read.epochs) == (["b"], 7, 5, 3)
    assert (read.seed, read.batch, read.out) == (0, 32, tmp_path)


def shipped():
    with (SHIPPED / "accuracy.csv").open(encoding="utf-8", newline="") as table:
        return {row["net"]: row for row in csv.DictReader(table)}


def test_the_table_of_accuracy_has_every_net_and_its_weights_are_there():
    assert list(shipped()) == list(train_planted.NETS)
    assert {path.stem for path in (SHIPPED / "weights").iterdir()} == set(shipped())
    weights = [*REPOSITORY.glob("resources/sample/weights/*"), *SHIPPED.glob("weights/*")]
    assert sum(path.stat().st_size for path in weights) < 12e6


@pytest.mark.parametrize("net", train_planted.NETS)
def test_the_shipped_weights_follow_the_cue_of_their_world(net):
    """On fresh scenes, about as often as the table states, and no other cue beyond chance."""
    name, world = train_planted.NETS[net]
    trained = train_planted.build(name)
    path = SHIPPED / "weights" / f"{net}.pth"
    trained.load_state_dict(torch.load(path, weights_only=True))
    _, swapped = train_planted.unseen(60, seed=7)
    followed = train_planted.followed(trained.eval(), swapped)
    row = shipped()[net]
    for cue, share in followed.items():
        assert share == pytest.approx(float(row[cue]), abs=0.15)
    if len(WORLDS[world]) == 1:
        [cue] = WORLDS[world]
        assert float(row.pop(cue)) > 0.7
        assert all(float(row[other]) < 1 / VALUES for other in CUES if other != cue)


def test_weights_are_saved_in_half_precision(tmp_path):
    net = train_planted.build("plain")
    training.save(net, tmp_path / "net.pth")
    state = torch.load(tmp_path / "net.pth", weights_only=True)
    assert {v.dtype for v in state.values() if v.is_floating_point()} == {torch.float16}


def test_rows_of_nets_that_were_not_trained_are_kept(tmp_path):
    names, path = list(train_planted.NETS)[:3], tmp_path / "accuracy.csv"
    for name in (names[2], names[0], names[2]):
        training.write_accuracy([{"net": name, "scenes": 9}], path, names)
    rows = path.read_text().splitlines()
    assert rows == ["net,scenes", f"{names[0]},9", f"{names[2]},9"]


def test_batches_hold_every_example_once():
    data = [(np.zeros((4 + i % 2, 4, 3), np.uint8), np.array(i)) for i in range(11)]
    batches = list(training.batches(data, 3, np.random.default_rng(0)))
    labels = [int(label) for batch in batches for _, label in batch]
    assert sorted(labels) == list(range(11))
    assert all(
        one[0].shape == other[0].shape for batch in batches for one, other in pairwise(batch)
    )
