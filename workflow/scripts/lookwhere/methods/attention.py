"""Maps from the attention of vision transformers, multiplied layer by layer.

With A_l the attention weights of layer l (N, heads, T, T), a row a token that reads, a product of
layers tells how much a token of the last layer reads of each token of the first. The rows of tokens
that the logits read, mostly of the class token, are averaged; their columns without the prefix are
the map.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lookwhere.methods.registry import NotDefinedError, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

NO_ATTENTION = (
    "it has no self-attention of all tokens of the image in every layer, computed by torch's "
    "scaled_dot_product_attention without a mask"
)


@method(
    "attention_rollout",
    "Attention rollout",
    family="class_free",
    needs=[],
    cite="abnar2020quantifying",
    group="attention",
)
def attention_rollout(run: "Run") -> "Tensor":
    """prod_l (mean_heads A_l + I) / 2 (N, 1, H, W) (Abnar and Zuidema 2020, eq. 1)."""

    def of_layer(weights: "Tensor", gradient: "Tensor", identity: "Tensor") -> "Tensor":
        return (weights.mean(dim=1) + identity) / 2

    return _map_of(run, of_layer)


@method(
    "attention_relevance",
    "Attention relevance",
    family="attention",
    needs=[],
    cite="chefer2021generic",
    group="attention",
)
def attention_relevance(run: "Run") -> "Tensor":
    """prod_l (I + mean_heads ReLU(A_l * dy_c/dA_l)) (N, 1, H, W) (Chefer et al. 2021, eq. 5, 6).

    Of the product the identity is subtracted, as the relevance of a token for itself.
    """

    def of_layer(weights: "Tensor", gradient: "Tensor", identity: "Tensor") -> "Tensor":
        return identity + (weights * gradient).relu().mean(dim=1)

    return _map_of(run, of_layer, is_less_identity=True)


def _map_of(
    run: "Run",
    of_layer: "Callable[[Tensor, Tensor, Tensor], Tensor]",
    is_less_identity: bool = False,
) -> "Tensor":
    """The map of a product over layers of what ``of_layer`` makes of weights and gradient."""
    import torch

    from lookwhere.nets.layers import LayerError, as_feature_maps

    with recorded_attention() as weights:
        other = run.at(run.images)
    count, tokens = len(run.images), weights[0].shape[-1] if weights else 0
    if any(w.shape[0] != count or w.shape[2:] != (tokens, tokens) for w in weights) or not weights:
        raise NotDefinedError(NO_ATTENTION)
    gradients = other.gradients_at(weights)
    identity = torch.eye(tokens, device=run.images.device)
    product = identity.expand(count, -1, -1)
    for layer, gradient in zip(weights, gradients, strict=True):
        product = of_layer(layer.detach().float(), gradient.float(), identity) @ product
    if is_less_identity:
        product = product - identity
    is_read = gradients[-1].abs().sum(dim=(1, 3)) > 0  # (N, T): tokens that the logits read
    rows = (product * is_read[:, :, None]).sum(dim=1) / is_read.sum(dim=1)[:, None].clamp(min=1)
    try:
        return run.upsample(as_feature_maps(rows[:, :, None], *run.images.shape[2:]))
    except LayerError:
        raise NotDefinedError(NO_ATTENTION) from None


@contextmanager
def recorded_attention() -> "Iterator[list[Tensor]]":
    """Record the weights (N, heads, T, S) of each attention in the block, with their graph.

    torch fuses them in one step, which is split here. Attention with a mask has none.
    """
    import torch
    from torch.nn import functional

    weights: list[Tensor] = []
    fused = functional.scaled_dot_product_attention

    def split(
        query: "Tensor",
        key: "Tensor",
        value: "Tensor",
        attn_mask: "Tensor | None" = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> "Tensor":
        if attn_mask is not None or dropout_p or is_causal or enable_gqa:
            weights.append(torch.empty(0))
            others = (attn_mask, dropout_p, is_causal)
            return fused(query, key, value, *others, scale=scale, enable_gqa=enable_gqa)
        scale = query.shape[-1] ** -0.5 if scale is None else scale
        weights.append((query @ key.transpose(-2, -1) * scale).softmax(dim=-1))
        return weights[-1] @ value

    functional.scaled_dot_product_attention = split
    try:
        yield weights
    finally:
        functional.scaled_dot_product_attention = fused
