"""A small plain net: convolutions with batch norm, pooling, and one linear layer."""

from torch import nn


def build(outputs: int = 6) -> nn.Sequential:
    """Five convolutions, with feature maps at a sixteenth of the input's size.

    Every convolution has a ReLU of its own, as ReLU rules need it. The mean over the last feature
    maps and one linear layer follow: Grad-CAM and HiResCAM are one map.
    """
    return nn.Sequential(
        *_convolution(3, 32, kernel=5, stride=2),
        nn.MaxPool2d(2),
        *_convolution(32, 48),
        nn.MaxPool2d(2),
        *_convolution(48, 96),
        nn.MaxPool2d(2),
        *_convolution(96, 112),
        *_convolution(112, 144),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(144, outputs),
    )


def _convolution(below: int, width: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution, its batch norm and its ReLU."""
    return [
        nn.Conv2d(below, width, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
