"""Maps of attention against the weights that torchvision and timm return themselves."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import VisionTransformer, get_model

from lookwhere.methods.attention import NO_ATTENTION, recorded_attention
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import NotDefinedError, load
from lookwhere.methods.run import Run, saliency_maps

NAMES = ["attention_rollout", "attention_relevance"]
TARGETS = torch.tensor([3, 0])


def torchvision_s():
    torch.manual_seed(0)
    net = VisionTransformer(24, 4, 3, 2, 16, 32, num_classes=5)
    nn.init.normal_(net.heads.head.weight)
    return net.eval()


def timm_s(pool="token", **options):
    timm = pytest.importorskip("timm", reason="needs timm: pip install timm")
    torch.manual_seed(0)
    options |= {"img_size": (24, 16), "patch_size": 4, "embed_dim": 32, "depth": 3}
    return timm.models.VisionTransformer(
        num_heads=2, num_classes=5, global_pool=pool, **options
    ).eval()


def weights_of_torchvision(net, images):
    """The weights (N, heads, T, T) of each layer with the logits, by need_weights."""
    tokens = net.encoder.pos_embedding + torch.cat(
        [net.class_token.expand(len(images), -1, -1), net._process_input(images)], dim=1
    )
    weights = []
    for block in net.encoder.layers:
        attention, x = block.self_attention, block.ln_1(tokens)
        query, key, value = functional.linear(
            x, attention.in_proj_weight, attention.in_proj_bias
        ).chunk(3, -1)
        heads = [t.unflatten(2, (2, -1)).transpose(1, 2) for t in (query, key, value)]
        _, expected = attention(x, x, x, average_attn_weights=False)
        weights.append((heads[0] @ heads[1].mT / 8**0.5).softmax(-1))
        torch.testing.assert_close(weights[-1], expected)
        tokens = tokens + attention.out_proj((weights[-1] @ heads[2]).transpose(1, 2).flatten(2))
        tokens = tokens + block.mlp(block.ln_2(tokens))
    return weights, net.heads(net.encoder.ln(tokens)[:, 0])


def weights_of_timm(net, images):
    """The same, of timm's own attention that is not fused."""
    weights, handles = [], []
    for block in net.blocks:
        block.attn.fused_attn = False
        hook = lambda module, inputs, output: weights.append(inputs[0])  # noqa: E731
        handles.append(block.attn.attn_drop.register_forward_hook(hook))
    logits = net(images)
    for handle, block in zip(handles, net.blocks, strict=True):
        handle.remove()
        block.attn.fused_attn = True
    return weights, logits


def by_loops(weights, logits, rows, prefix, grid):
    """Both maps (h, w) of each image, a product at a time."""
    score = logits.gather(1, TARGETS[:, None]).sum()
    gradients = torch.autograd.grad(score, weights)
    rollouts, relevances = [], []
    for place in range(len(TARGETS)):
        size = weights[0].shape[-1]
        rollout, relevance = torch.eye(size), torch.eye(size)
        for layer, gradient in zip(weights, gradients, strict=True):
            of_image = layer[place].detach()
            joint = of_image.mean(0) + torch.eye(size)
            rollout = (joint / joint.sum(1, keepdim=True)) @ rollout
            relevance = relevance + (of_image * gradient[place]).clamp(min=0).mean(0) @ relevance
        for maps, product in ((rollouts, rollout), (relevances, relevance - torch.eye(size))):
            maps.append(product[rows].mean(0)[prefix:].reshape(grid))
    return {"attention_rollout": rollouts, "attention_relevance": relevances}


@pytest.mark.parametrize(
    ("build", "weights_of", "size", "rows", "prefix"),
    [
        (torchvision_s, weights_of_torchvision, (24, 24), [0], 1),
        (timm_s, weights_of_timm, (24, 16), [0], 1),
        (lambda: timm_s(reg_tokens=2), weights_of_timm, (24, 16), [0], 3),
        (lambda: timm_s("avg", class_token=False), weights_of_timm, (24, 16), slice(None), 0),
        (lambda: timm_s("avg"), weights_of_timm, (24, 16), slice(1, None), 1),
    ],
    ids=["torchvision", "timm", "registers", "mean of patches", "mean beside a class token"],
)
def test_maps_of_attention_are_those_of_the_weights_of_the_net(
    build, weights_of, size, rows, prefix
):
    net = build()
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(2))
    maps = saliency_maps(forward(net, None, images), TARGETS, NAMES)
    grid = [side // 4 for side in size]
    expected = by_loops(*weights_of(net, images.clone().requires_grad_()), rows, prefix, grid)
    for name, of_images in expected.items():
        resized = functional.interpolate(torch.stack(of_images)[:, None], size, mode="bilinear")
        assert maps[name].shape == (2, 1, *size)
        assert resized.std() > 0
        torch.testing.assert_close(maps[name], resized, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    "build",
    [lambda: get_model("alexnet"), lambda: get_model("swin_t"), lambda: Masked()],
    ids=["no attention", "windows", "mask"],
)
def test_maps_of_attention_are_not_defined_for_other_nets(build):
    passed = forward(build().eval(), None, torch.randn(1, 3, 64, 64))
    with pytest.raises(NotDefinedError, match=NO_ATTENTION[:40]):
        saliency_maps(passed, torch.tensor([0]), NAMES[:1])


class Masked(nn.Module):
    """Attention of each patch to those before it."""

    def __init__(self):
        super().__init__()
        self.patches, self.head = nn.Conv2d(3, 8, 16, 16), nn.Linear(8, 4)

    def forward(self, x):
        x = self.patches(x).flatten(2).mT[:, None]
        x = functional.scaled_dot_product_attention(x, x, x, is_causal=True)
        return self.head(x.mean((1, 2)))


def test_attention_is_that_of_torch_while_it_is_recorded():
    query, key, value = torch.randn(3, 2, 4, 7, 8).unbind()
    fused = functional.scaled_dot_product_attention
    mask = torch.rand(7, 7) > 0.3
    with recorded_attention() as weights:
        split = functional.scaled_dot_product_attention
        for options in ({}, {"scale": 0.2}, {"attn_mask": mask}, {"is_causal": True}):
            expected = fused(query, key, value, **options)
            torch.testing.assert_close(split(query, key, value, **options), expected)
    assert functional.scaled_dot_product_attention is fused
    assert [w.numel() > 0 for w in weights] == [True, True, False, False]


def test_passes_of_attention_are_counted():
    draw = load(METHODS["attention_rollout"]).draw
    run = Run(forward(torchvision_s(), None, torch.randn(2, 3, 24, 24)), TARGETS)
    run.map_of(draw)
    cost = run.cost_of(draw)
    assert (cost.forward_passes, cost.backward_passes) == (1, 1)
