"""Write the schema of study files, and the tables of keys and of methods: make schema."""

from collections.abc import Collection

from lookwhere.study import documents, registries
from lookwhere.study.entries import KINDS


def known() -> dict[str, Collection[str]]:
    """The names that the library declares, by the key that lists them."""
    declared = registries.declared()
    return {kind: declared[kind] for kind in KINDS}


if __name__ == "__main__":
    documents.main(documents.ROOT, known())
