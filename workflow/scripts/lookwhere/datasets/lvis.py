"""LVIS: a COCO instances file whose images list classes of which not every object is annotated."""

from pathlib import Path

from lookwhere.datasets.base import dataset
from lookwhere.datasets.coco import Coco
from lookwhere.errors import StudyError

NOT_EXHAUSTIVE = "not_exhaustive_category_ids"


@dataset("lvis", "LVIS", annotations="file")
class Lvis(Coco):
    """An LVIS file of version 1 (Gupta et al. 2019), or of version 0.5.

    Images are those of COCO, in the folder that ``coco_url`` names (``train2017``, ``val2017``) or
    all in one folder. An image is left out for a class of which it has further objects that are not
    annotated, because they would count as background.
    """

    def __init__(self, annotations: Path, images: Path) -> None:
        super().__init__(annotations, images)
        entries = self._instances["images"]
        if not any(isinstance(entry, dict) and NOT_EXHAUSTIVE in entry for entry in entries):
            raise StudyError(
                f"no image in {str(annotations)!r} has {NOT_EXHAUSTIVE}, which LVIS' files have: "
                "use dataset.format: coco, or give a file such as lvis_v1_val.json"
            )
