"""Scaling of vectors."""

from __future__ import annotations

import math

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def scale_to_unit_rms(vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
    """Scales each vector to a mean square of 1; a zero vector stays zero.

    A decoder that reads vectors of this scale does not depend on the scale of the encoder's output.

    >>> import torch
    >>> scale_to_unit_rms(torch.tensor([[3.0, 3.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 0.]])
    """
    return F.normalize(vectors, dim=1) * math.sqrt(vectors.shape[1])
