"""Device and allocator settings.

They are not part of a study: the maps are the same, up to the rounding of float32.
"""

import ctypes
from collections.abc import Callable

import torch

# Parameters of mallopt, as in glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def choose_device() -> torch.device:
    """The GPU (CUDA, else Apple's MPS) where there is one, else the CPU; float32 stays float32."""
    torch.backends.cudnn.allow_tf32 = False  # torch's default: 10 bits of mantissa in convolutions
    for kind, backend in (("cuda", torch.cuda), ("mps", torch.backends.mps)):
        if backend.is_available():
            return torch.device(kind)
    return torch.device("cpu")


def waiting_for(device: torch.device) -> Callable[[], None]:
    """A function that waits for a ``device``: a GPU computes in the background."""
    waits = {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize}
    return waits.get(device.type, lambda: None)


def retain_heap() -> None:
    """Keep freed memory in the heap of this process, for the feature maps to come.

    By default glibc returns every large block to the kernel, which zeroes its pages at the next
    allocation. Without glibc this does nothing. ``trim_heap`` bounds the heap where shapes change:
    freed blocks of one size seldom fit another.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)


def trim_heap() -> None:
    """Return the free memory of the heap to the kernel, once."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
