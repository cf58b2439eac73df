"""Settings of flows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least


@dataclass(frozen=True)
class FlowConfig:
    """A normalising flow over the vectors of an encoder (Li et al. 2020): an invertible map to a standard
    normal variable.

    Example:
        >>> FlowConfig(blocks=4).blocks
        4
    """

    coupling: Literal["affine", "additive"] = "affine"
    """'affine': couplings scale and shift (Real NVP). 'additive': they only shift (NICE)."""
    blocks: int = 4
    """Blocks of actnorm, a linear map and a coupling."""
    coupling_width: int = 64
    """Width of the networks of the couplings."""
    vector_noise: float = 0.01
    """Standard deviation of the noise on vectors while training, as a share of the root mean square of a
    component in vectors of length 1."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "blocks", "coupling_width")
        check_at_least(self, 0, "vector_noise")
