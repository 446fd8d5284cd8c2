"""A map, as metrics read it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Saliency:
    """A map, with the energy and strength of its pixels, computed once."""

    values: NDArray[np.floating]  # (C, H, W), raw and signed

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
