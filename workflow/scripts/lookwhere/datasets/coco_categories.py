"""The categories of a COCO instances file, by name.

Categories that a study does not use may have any fault: one in a giraffe does not end a study of
umbrellas.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from lookwhere.datasets.samples import ImageId, canonical
from lookwhere.errors import StudyError

Category = dict[str, Any]


def names(categories: Sequence[Any]) -> list[str]:
    """The names of the categories that have one."""
    return list(dict.fromkeys(entry["name"] for entry in categories if _is_named(entry)))


def ids(
    categories: Sequence[Any], annotations: Sequence[Any], classes: Collection[str]
) -> dict[str, Hashable]:
    """The id of the category of each class, as the file spells it.

    Of categories that share a name, all but one may lack annotations: exports of Roboflow have
    such a root. Raises StudyError if a category has no valid id, if several with annotations share
    a name, or if others share its id.
    """
    by_name: dict[str, dict[Hashable, Category]] = {}
    for entry in categories:
        if _is_named(entry) and entry["name"] in classes:
            by_name.setdefault(entry["name"], {}).setdefault(_valid_id(entry), entry)
    repeated = [key for entries in by_name.values() if len(entries) > 1 for key in entries]
    annotated = _annotated(annotations, repeated) if repeated else set()
    selected = {name: _only(name, entries, annotated) for name, entries in by_name.items()}
    for name, entry in selected.items():
        _require_own_id(name, entry, categories)
    return {name: entry["id"] for name, entry in selected.items()}


def by_spelling(ids: Mapping[str, Hashable]) -> dict[Hashable, str]:
    """The names of classes by each spelling of their ``ids`` in annotations: 1, 1.0 and "1"."""
    return {
        spelling: name
        for name, key in ids.items()
        for spelling in (key, canonical(key), str(canonical(key)))
    }


def _is_named(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def _valid_id(entry: Category) -> ImageId:
    found = canonical(entry.get("id"))
    if found is None:
        raise StudyError(
            f"category {entry['name']!r} has the id {entry.get('id')!r}: give it a whole number"
        )
    return found


def _annotated(annotations: Sequence[Any], ids: Collection[Hashable]) -> set[Hashable]:
    """Which of the category ``ids`` occur in annotations."""
    found = (canonical(each.get("category_id")) for each in annotations if isinstance(each, dict))
    return {category_id for category_id in found if category_id in ids}


def _only(name: str, entries: Mapping[Hashable, Category], annotated: set[Hashable]) -> Category:
    """The category of a name: the only one, or the only one with annotations."""
    candidates = [entries[key] for key in entries if key in annotated] or list(entries.values())
    if len(candidates) > 1 and annotated & entries.keys():
        ids = " and ".join(repr(entry["id"]) for entry in candidates)
        raise StudyError(
            f"category {name!r} is listed twice, with the ids {ids}, and each has annotations: "
            "merge them, or rename one"
        )
    return candidates[0]


def _require_own_id(name: str, category: Category, categories: Sequence[Any]) -> None:
    for entry in categories:
        if (
            isinstance(entry, dict)
            and entry.get("name") != name
            and canonical(entry.get("id")) == canonical(category["id"])
        ):
            raise StudyError(
                f"categories {name!r} and {entry.get('name')!r} share the id {category['id']!r}: "
                "give each its own"
            )
