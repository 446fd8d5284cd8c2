"""Tensors of any dtype and layout, as dense float32."""

import torch
from torch import Tensor

from lookwhere.errors import StudyError

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def as_float32(name: str, tensor: Tensor) -> tuple[Tensor, str]:
    """The tensor as dense float32, and what was changed: empty for the usual dtypes.

    Raises StudyError for values that are missing, complex, whole numbers or not finite; its message
    continues ``weights 'file'``.
    """
    if tensor.is_meta:
        raise StudyError(
            f"hold no values of {name!r}, which is on the device 'meta': load the weights into the "
            "net before you save it"
        )
    if tensor.is_complex() or not (tensor.is_floating_point() or tensor.is_quantized):
        kind = "complex numbers" if tensor.is_complex() else "whole numbers"
        raise StudyError(
            f"hold {kind} in {name!r} ({_name(tensor.dtype)}), not floats: convert it with "
            "tensor.float() if these are its weights, and save it again"
        )
    changes = []
    try:
        if tensor.is_quantized:
            tensor = tensor.dequantize()
            changes.append("quantised")
        if tensor.layout != torch.strided:
            tensor = tensor.to_dense()
            changes.append("sparse")
        if tensor.dtype not in FLOATS:
            changes.append(_name(tensor.dtype))
        values = tensor.detach().float()
        finite = bool(torch.isfinite(values).all())
    except (RuntimeError, TypeError):
        kind = f"{tensor.layout}, {tensor.dtype}, on {tensor.device}"
        raise StudyError(
            f"hold {name!r} as a tensor of another kind ({kind}): save dense tensors of floats"
        ) from None
    if not finite:
        raise StudyError(f"hold values that are not finite in {name!r}")
    return values, " ".join(changes)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
