"""Samples: image ids of any kind, and their names in files."""

import pytest

from lookwhere.datasets.samples import canonical, one_of_each_image, rank, sample_id

from .studies import sample_of


@pytest.mark.parametrize(
    ("value", "image_id"),
    [
        (36, 36),
        (36.0, 36),
        ("36", 36),
        ("0", 0),
        ("036", "036"),
        ("2007_000032", "2007_000032"),  # int() would take it
        ("\uff13\uff16", "\uff13\uff16"),  # digits of another script
        (-36, "-36"),
        (2**100, str(2**100)),
        ("b1f6a3e0-93aa-4a0f-8f3c-6c2f0d2f6d5e", "b1f6a3e0-93aa-4a0f-8f3c-6c2f0d2f6d5e"),
        (36.5, None),
        (True, None),
        (None, None),
        ("", None),
        ("a\nb", None),
        ([36], None),
        (float("nan"), None),
    ],
)
def test_image_ids_are_whole_numbers_or_text(value, image_id):
    assert canonical(value) == image_id
    assert type(canonical(value)) is type(image_id)


def test_ids_with_the_same_letters_have_different_names():
    names = [sample_id(image_id, "dog") for image_id in ("a/b", "a_b", "a b", "A" * 300, "A" * 301)]
    assert len(set(names)) == len(names)
    assert all("/" not in name and len(name) < 128 for name in names)


def test_a_long_id_of_any_script_is_a_name_of_a_file():
    """File systems allow 255 bytes."""
    names = [sample_id("図" * count, "犬" * 20) for count in (33, 34, 35, 300)]
    assert len(set(names)) == len(names)
    assert all(len(name.encode()) < 200 for name in names)
    assert names[0].startswith("図" * 33 + "-")


def test_a_long_class_of_any_script_is_a_name_of_a_file():
    """A class of 64 characters, the most, with a long id, and 20 bytes for suffixes and drafts."""
    classes = ["犬" * 33, "犬" * 34, "犬" * 64, "犬" * 63 + "猫", "🦮" * 64]
    names = [sample_id("図" * 300, name) for name in classes]
    assert len(set(names)) == len(names)
    assert all(len(name.encode()) + 20 <= 255 for name in names)
    assert names[0].endswith("-" + "犬" * 33)
    assert sample_id(1, "d" * 64) == "000000000001-" + "d" * 64


def test_numbers_come_before_text():
    assert sorted(["b", 10, "a", 9], key=rank) == [9, 10, "a", "b"]
    samples = [sample_of(image_id) for image_id in ("b", 10, 9, 10)]
    assert [each.image_id for each in one_of_each_image(samples)] == [9, 10, "b"]
