"""Selections of a study that grows and shrinks: together they hold each sample once."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from lookwhere.datasets import selections
from lookwhere.datasets.selections import Selection, Span, plan, read, write

STUDIES = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 300), min_size=1), min_size=1
)


def samples(planned):
    return [
        (span.class_name, place)
        for selection in planned
        for span in selection.spans
        for place in range(span.first, span.last)
    ]


def test_examples_are_right():
    assert doctest.testmod(selections).failed == 0


@given(STUDIES)
def test_every_sample_of_the_study_is_in_one_selection(studies):
    planned = []
    for study in studies:
        before, planned = planned, plan(planned, study)
        selected = samples(planned)
        assert sorted(selected) == sorted((name, k) for name, n in study.items() for k in range(n))
        assert plan(planned, study) == planned  # the jobs plan it again
        kept = [s for s in before if s in planned]
        lost = [s for s in before if s not in planned]
        assert all(not set(samples([s])) <= set(selected) for s in lost)
        assert len(planned) - len(kept) <= 1


@given(STUDIES)
def test_numbers_are_never_shared(studies):
    planned = []
    for study in studies:
        planned = plan(planned, study)
    numbers = [selection.number for selection in planned]
    assert numbers == sorted(set(numbers))


def test_added_classes_or_images_do_not_change_the_first_selection():
    first = plan([], {"cat": 100, "dog": 100})
    assert first == [Selection(1, (Span("cat", 0, 100), Span("dog", 0, 100)))]
    assert list(first[0].shards()) == [1, 2, 3]
    more = plan(first, {"owl": 5, "dog": 101, "cat": 100})
    assert more == [*first, Selection(2, (Span("owl", 0, 5), Span("dog", 100, 101)))]
    assert more[1].classes == ["owl", "dog"]
    assert plan(more, {"dog": 100, "cat": 100}) == first
    assert plan(more, {"dog": 101})[0].number == 1


def test_shards_are_bounded():
    assert len(plan([], {"cat": 10**6})[0].shards()) == selections.MAX_SHARDS
    few = plan([], {"cat": 4})[0]
    assert [len(few.shards(asked)) for asked in (None, 2, 9)] == [1, 2, 4]


def test_reading_returns_the_recorded_selections(tmp_path):
    planned = plan(plan([], {"traffic light": 3}), {"traffic light": 3, "犬": 4})
    write(planned, tmp_path / "selections.json")
    assert read(tmp_path / "selections.json") == planned
    for text in ("", "[]", "{", '{"a": 1}', '{"1": [["dog", 0]]}', '{"1": [["dog", 3, 2]]}'):
        (tmp_path / "selections.json").write_text(text)
        assert plan(read(tmp_path / "selections.json"), {"dog": 5}) == plan([], {"dog": 5})
    assert read(tmp_path / "none.json") == []
