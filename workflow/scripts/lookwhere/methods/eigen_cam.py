"""Maps of first principal components: of the features, and of these times their gradients.

A is the matrix (h w, K) of an image, its rows the places and its columns the feature maps. With
A = U S V^T its singular value decomposition, the map is A v_1, of the first right singular vector.
"""

from math import nan
from typing import TYPE_CHECKING

import scipy.linalg

from lookwhere.methods.cam import signals
from lookwhere.methods.registry import FEATURES, GRADIENT, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "eigen_cam",
    "Eigen-CAM",
    family="class_free",
    needs=[],
    cite="muhammad2020eigencam",
)
def eigen_cam(run: "Run") -> "Tensor":
    """A v_1 of the features A, resized (N, 1, H, W) (Muhammad and Yeasin 2020).

    As in the paper, A is not centred (pytorch-grad-cam subtracts the mean of each feature map).
    Features after a ReLU then have a map without negative values.
    """
    return run.upsample(first_component(run.features.float()))


@method(
    "eigen_grad_cam",
    "Eigen-Grad-CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="gildenblat2021pytorch",
)
def eigen_grad_cam(run: "Run") -> "Tensor":
    """ReLU(A v_1) of A = g f, resized (N, 1, H, W) (EigenGradCAM of pytorch-grad-cam).

    As there, the columns of A are centred: the map is positive where it exceeds its mean. Its sign,
    arbitrary there, is that of its covariance with the evidence for the class, sum_k g_k f_k.
    """
    features, gradients = signals(run)
    products = gradients * features
    centred = products - products.mean(dim=(2, 3), keepdim=True)
    return run.upsample(first_component(centred).relu())


def first_component(maps: "Tensor") -> "Tensor":
    """A v_1 (N, 1, h, w) of the ``maps`` (N, K, h, w) of each image, A^T being (K, h w).

    A singular vector has no sign. Here A v_1 has no negative inner product with the sum over the
    columns of A.
    """
    columns = maps.flatten(2)  # (N, K, h w)
    components = columns.new_empty(len(columns), 1, columns.shape[2])
    for transposed, component in zip(columns, components, strict=True):
        places, total = transposed.T, transposed.sum(0)
        if transposed.shape[0] < transposed.shape[1]:
            component[0] = places @ _largest(transposed @ places)
        else:
            left = _largest(places @ transposed)  # u_1, of which A v_1 = s_1 u_1 = A A^T u_1 / s_1
            component[0] = left * (left @ places).norm()
        if component[0] @ total < 0:
            component.neg_()
    return components.unflatten(2, maps.shape[2:])


def _largest(gram: "Tensor") -> "Tensor":
    """The eigenvector (n,) of the largest eigenvalue of a symmetric matrix (n, n)."""
    if not gram.isfinite().all():
        return gram.new_full((len(gram),), nan)
    last = len(gram) - 1
    _, vectors = scipy.linalg.eigh(gram.cpu().numpy(), subset_by_index=[last, last])
    return gram.new_tensor(vectors[:, 0])
