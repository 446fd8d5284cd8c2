"""COCO instances files."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path

from lookwhere.datasets import coco_annotations, coco_boxes, coco_categories, coco_images
from lookwhere.datasets.base import Dataset, dataset
from lookwhere.datasets.coco_annotations import Annotation, Groups
from lookwhere.datasets.coco_boxes import Comparison
from lookwhere.datasets.coco_files import Instances, read, uncollected
from lookwhere.datasets.coco_images import Images
from lookwhere.datasets.pools import Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample, canonical, sample_id


@dataset("coco", "COCO instances", annotations="file")
class Coco(Dataset):
    """A COCO instances file, or one of LVIS.

    The entries that a study uses are checked first; errors in others are ignored.
    """

    def __init__(self, annotations: Path, images: Path) -> None:
        self._use(read(annotations), images)

    def _use(self, instances: Instances, folder: Path) -> None:
        """Use these instances, of the images below ``folder``."""
        self._instances = instances
        self._folder = folder
        self._licences = coco_images.licences(self._instances.get("licenses"))
        self._images = Images.of(self._instances["images"])
        self._category_ids: dict[str, Hashable] = {}
        self._groups: Groups = {}

    def classes(self) -> Collection[str]:
        """The names of the categories."""
        return coco_categories.names(self._instances["categories"])

    def images(self, classes: Sequence[str]) -> Mapping[str, Pool]:
        """The images in which every instance of the class can be used."""
        annotations = self._instances["annotations"]
        with uncollected():
            ids = coco_categories.ids(self._instances["categories"], annotations, classes)
            groups = coco_annotations.group(annotations, coco_categories.by_spelling(ids))
            self._category_ids |= ids
            self._groups |= groups
            return {name: self._pool(name) for name in groups}

    def number(self, class_name: str) -> int:
        """The id of the category, if it is a whole number."""
        category_id = canonical(self._category_ids[class_name])
        return category_id if isinstance(category_id, int) else super().number(class_name)

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples of images that ``images`` returned."""
        comparisons: list[Comparison] = []
        for name, of_class in image_ids.items():
            for image_id in of_class:
                sample, of_sample = self._sample(name, image_id)
                comparisons += of_sample
                yield sample
        coco_boxes.warn(comparisons)

    def _pool(self, class_name: str) -> Pool:
        by_image = self._groups[class_name]
        self._images.require_unique(by_image)
        return Pool.of(
            {
                image_id: [coco_annotations.kind(each, self.choices) for each in annotations]
                for image_id, annotations in by_image.items()
            },
            self.choices,
            self._images.left_out(by_image, canonical(self._category_ids[class_name])),
        )

    def _sample(self, class_name: str, image_id: ImageId) -> tuple[Sample, list[Comparison]]:
        """The sample of an image, and its regions compared with the boxes of annotations."""
        image, annotations = self._images.entries[image_id], self._groups[class_name][image_id]
        file = self._images.file(image_id, self._folder)
        path = self._folder / file
        width, height, is_sized = coco_images.size(image, annotations, path, self.choices.exif)
        instances, comparisons, boxes = [], [], 0
        for annotation in annotations:
            kind = coco_annotations.kind(annotation, self.choices)
            if not self.choices.takes(kind):
                continue
            runs = self._runs(annotation, kind, image_id, height, width)
            instances.append(runs)
            comparisons.append(coco_boxes.compare(annotation, image_id, runs, height, width))
            boxes += kind is Kind.BOX
        address = image.get("coco_url")
        sample = Sample(
            id=sample_id(image_id, class_name),
            image_id=image_id,
            class_name=class_name,
            file=file,
            width=width,
            height=height,
            licence=self._licences.get(str(image.get("license")), "unknown"),
            address=address if isinstance(address, str) else None,
            instances=tuple(instances),
            boxes=boxes,
            crowds=sum(map(coco_annotations.is_crowd, annotations)),
            is_sized=is_sized,
            bbox_iou=coco_boxes.least(comparisons),
        )
        return sample, comparisons

    def _runs(
        self, annotation: Annotation, kind: Kind, image_id: ImageId, height: int, width: int
    ) -> str:
        """The region of an annotation, as run lengths."""
        return coco_annotations.runs(annotation, kind, image_id, height, width)
