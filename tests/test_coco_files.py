"""Files of annotations: packed ones are read, and others are named for what they are."""

import gzip
import json
import zipfile

import pytest

from lookwhere.datasets import coco
from lookwhere.errors import StudyError
from lookwhere.io.archives import MAX_RATIO

INSTANCES = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "dog"}]}
TEXT = json.dumps(INSTANCES)


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode_is_read(tmp_path, encoding):
    path = tmp_path / "instances.json"
    path.write_bytes(TEXT.encode(encoding))
    assert coco.read(path) == INSTANCES


@pytest.mark.parametrize("name", ["instances.json.gz", "instances.json"])
def test_gzip_is_read_whatever_its_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert coco.read(path) == INSTANCES


MEMBERS = {
    "one file": ["instances.json"],
    "of CVAT": ["annotations/instances_default.json", "images/36.jpg"],
    "of a Mac": ["a/all.json", "__MACOSX/a/._all.json"],
    "beside others": ["annotations/captions_val.json", "annotations/instances_val.json"],
}


@pytest.mark.parametrize("names", MEMBERS.values(), ids=MEMBERS.keys())
def test_a_zip_with_one_instances_file_is_read(tmp_path, names):
    texts = {name: TEXT if "instances" in name or "/all" in name else "{}" for name in names}
    texts |= {name: "" for name in names if name.startswith("__MACOSX")}
    assert coco.read(zipped(tmp_path / "all.zip", texts)) == INSTANCES


def test_a_zip_with_several_instances_files_names_them(tmp_path):
    names = [f"annotations/{kind}_{part}.json" for kind in "ab" for part in ("train", "val")]
    path = zipped(tmp_path / "all.zip", dict.fromkeys(names, TEXT))
    with pytest.raises(StudyError) as caught:
        coco.read(path)
    for fragment in ("all.zip", "holds 4 JSON files", "'annotations/a_train.json'", "unpack it"):
        assert fragment in str(caught.value)


def test_a_zip_without_annotations_is_reported(tmp_path):
    path = zipped(tmp_path / "all.zip", {"36.jpg": b""})
    with pytest.raises(StudyError, match=r"all\.zip.* holds no JSON file: unpack it, and give one"):
        coco.read(path)


def test_bombs_are_refused(tmp_path):
    zeros = bytes(20_000_000)
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(zeros))
    assert path.stat().st_size * MAX_RATIO < len(zeros)
    with pytest.raises(StudyError, match=r"bomb.* 200 times its size, which annotations never are"):
        coco.read(path)
    with pytest.raises(StudyError, match=r"bomb.* 200 times its size, which annotations never are"):
        coco.read(zipped(tmp_path / "bomb.zip", {"a.json": zeros}))


@pytest.mark.parametrize("cut", [10, 20, 40])
def test_damaged_archives_are_reported(tmp_path, cut):
    path = tmp_path / "instances.json.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:cut])
    with pytest.raises(StudyError, match=r"instances\.json\.gz.* fetch it again"):
        coco.read(path)
    whole = zipped(tmp_path / "whole.zip", {"a.json": TEXT}).read_bytes()
    path.write_bytes(whole[:cut])
    with pytest.raises(StudyError, match=r"instances\.json\.gz.* fetch it again"):
        coco.read(path)


OTHERS = {
    "panoptic": ({**INSTANCES, "annotations": [{"segments_info": []}]}, "dataset.format: panoptic"),
    "captions": (
        {"images": [], "annotations": [{"id": 1, "image_id": 2, "caption": "a dog"}]},
        "captions: give the instances file of these images",
    ),
    "results": ([{"image_id": 1, "category_id": 2, "score": 0.5}], "a list of results of a detec"),
    "annotations alone": ([{"image_id": 1, "category_id": 2}], "a list of annotations: add"),
    "labelme": ({"version": "5.0", "shapes": [], "imagePath": "1.jpg"}, "an annotation of labelme"),
    "VIA": ({"1.jpg123": {"filename": "1.jpg", "regions": []}}, "annotations of VIA: export it as"),
    "VIA's project": ({"_via_settings": {}, "_via_img_metadata": {}}, "annotations of VIA: export"),
    "SA-1B": ({"image": {}, "annotations": [{"id": 1}]}, "an image of SA-1B, whose masks have no"),
    "Label Studio": ([{"id": 1, "data": {}, "annotations": []}], "annotations of Label Studio"),
    "CreateML": ([{"image": "1.jpg", "annotations": []}], "annotations of CreateML"),
    "videos": ({"videos": [], "annotations": [], "categories": []}, "annotations of videos"),
    "GeoJSON": ({"type": "FeatureCollection", "features": []}, "GeoJSON: convert it"),
}


@pytest.mark.parametrize(("content", "kind"), OTHERS.values(), ids=OTHERS.keys())
def test_json_of_another_kind_is_named(tmp_path, content, kind):
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(content))
    with pytest.raises(StudyError, match=rf"instances\.json.*{kind}"):
        coco.read(path)


def test_videos_beside_images_are_no_fault(tmp_path):
    path = tmp_path / "instances.json"
    path.write_text(json.dumps({**INSTANCES, "videos": [], "type": "instances", "features": []}))
    assert coco.read(path)["categories"] == INSTANCES["categories"]


TEXTS = {
    "empty": (b" \n", "the file is empty"),
    "JSON lines": (b'{"id": 1}\n{"id": 2}\n', "the file is JSON lines: convert it to a COCO"),
    "Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n",
        "the file is a pointer of Git LFS: run git lfs pull",
    ),
    "HTML": (b"\n<!DOCTYPE html>\n<html>", "the file is a web page: fetch the file again"),
    "XML": (b'<?xml version="1.0"?><annotation/>', "the file is XML: dataset.format: voc"),
    "YOLO": (b"0 0.5 0.5 0.25 0.25\n16 0.1 0.2 0.3 0.4\n", "the file is labels of YOLO"),
    "YOLO polygons": (b"0 0.1 0.1 0.2 0.1 0.2 0.2 -0.1 0.2", "the file is labels of YOLO"),
    "CSV": (b"image,class,x0,y0,x1,y1\n1.jpg,dog,1,2,3,4\n", "the file is a table: dataset.format"),
    "Python": (b"{'images': []}", "the file is a Python literal: write it by json.dump"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "the file is an archive: unpack it"),
    "tar in gzip": (
        gzip.compress(b"annotations.json".ljust(257, b"\0") + b"ustar".ljust(255, b"\0")),
        "the file is an archive: unpack it",
    ),
    "zip in gzip": (gzip.compress(b"PK\3\4"), "the file is an archive: unpack it"),
    "Zstandard": (b"\x28\xb5\x2f\xfd\0", "the file is an archive: unpack it"),
    "CSV of masks": (b"image,class,mask\n1.jpg,dog,1.png\n", "dataset.format: masks reads"),
    "CSV of Open Images": (b"MaskPath,ImageID,LabelName\n", "dataset.format: openimages reads"),
    "image": (b"\xff\xd8\xff\xe0\0\x10JFIF", "the file is an image: give the annotations"),
    "pickle": (b"\x80\x04\x95\x01\0", "the file is an array or a table"),
    "cut short": (b'{"images": [{"id": 1', "correct it, or fetch the file again"),
}


@pytest.mark.parametrize(("content", "kind"), TEXTS.values(), ids=TEXTS.keys())
def test_a_file_that_is_no_json_is_named(tmp_path, content, kind):
    path = tmp_path / "instances.json"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=rf"instances\.json' are not whole JSON .*: {kind}"):
        coco.read(path)
