"""A map, as metrics read it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets.masks import Mask
from lookwhere.io import missing, results


@dataclass(frozen=True, eq=False)
class Saliency:
    """A map, with the energy and strength of its pixels, computed once."""

    values: NDArray[np.floating]  # (C, H, W), raw and signed

    def without(self, ignored: Mask | None) -> "Saliency":
        """The map with zeros on the ``ignored`` pixels (H, W); the same map if there are none."""
        if ignored is None:
            return self
        if self.values.shape[1:] != ignored.shape:
            raise ValueError(f"a map of {self.values.shape} does not fit pixels of {ignored.shape}")
        return Saliency(np.where(ignored, self.values.dtype.type(0), self.values))

    @cached_property
    def energy(self) -> NDArray[np.float64]:
        """The energy of every pixel (H, W): |I|^2, summed over the channels."""
        energy = np.square(self.values, dtype=np.float64, order="C").sum(axis=0)
        energy.flags.writeable = False  # the next metric reads it too
        return energy

    @cached_property
    def strength(self) -> NDArray[np.float64]:
        """The strength of every pixel (H, W): |I|, summed over the channels."""
        strength = np.abs(self.values, dtype=np.float64).sum(axis=0)
        strength.flags.writeable = False
        return strength


def read(folder: Path, sample: str) -> Saliency | str:
    """The map of a ``sample``, or the status where the result ``folder`` notes that it is missing.

    Raises StudyError, with the way out, if the map is damaged.
    """
    file = folder / f"{sample}.npy"
    if not file.exists() and (status := missing.status(folder, sample)):
        return status
    return Saliency(results.read_array(file, folder))
