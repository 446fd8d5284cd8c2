"""What the machine gives: the device that computes, the size of a batch, and memory that is kept.

None of it is part of a study: the same maps come out, up to the rounding of float32.
"""

import ctypes

import torch

# Pixels of a batch, which bound its memory; a single image may be larger. On a CPU more pixels help
# some nets and harm others (docs/performance.md); a GPU is idle with less, and too much is halved.
PIXELS_PER_BATCH = {"cpu": 4 * 224 * 224, "mps": 16 * 224 * 224, "cuda": 64 * 224 * 224}

# The names that glibc's malloc.h gives to mallopt's parameters.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def choose_device() -> torch.device:
    """The GPU (CUDA, else Apple's MPS) where there is one, else the CPU; float32 stays float32."""
    torch.backends.cudnn.allow_tf32 = False  # torch's default: 10 bits of mantissa in convolutions
    for kind, backend in (("cuda", torch.cuda), ("mps", torch.backends.mps)):
        if backend.is_available():
            return torch.device(kind)
    return torch.device("cpu")


def keep_freed_memory() -> None:
    """Let freed memory stay with this process: feature maps are large, and soon wanted again.

    By default glibc hands every large block back to the kernel, which clears each of its pages when
    it is asked for the next one. Elsewhere than on glibc nothing changes. ``give_back_memory`` ends
    what would grow: blocks of one size seldom fit those of another.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)


def give_back_memory() -> None:
    """Hand the memory that is free to the kernel, once."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
