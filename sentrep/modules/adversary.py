"""A classifier of vectors, and how uncertain it is: the adversary of what a vector shall not represent.

Reference:
    "Disentangled representation learning for non-parallel text style transfer", John et al., ACL 2019,
    section 3.2.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class VectorClassifier(nn.Module):
    """Two hidden layers and the logits of the classes.

    Args:
        width: of the vectors.
        hidden: width of the hidden layers.
        classes: number of classes.

    >>> VectorClassifier(width=4, hidden=8, classes=3)(torch.randn(2, 4)).shape
    torch.Size([2, 3])
    """

    def __init__(self, width: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, vectors: Float[Tensor, "row width"]) -> Float[Tensor, "row class"]:
        """Returns the logits of the classes."""
        return self.layers(vectors).float()  # type: ignore[no-any-return]


def standardised(vectors: Float[Tensor, "row width"]) -> Float[Tensor, "row width"]:
    """Returns vectors with mean 0 and deviation 1 in each dimension over the rows, with gradient.

    An adversary that reads them cannot be avoided by vectors that hardly differ, from which a newly trained
    classifier could still predict the class.

    >>> standardised(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    tensor([[-1.,  0.],
            [ 1.,  0.]])
    """
    centred = vectors - vectors.mean(0)
    return centred / (centred.square().mean(0) + SMALLEST).sqrt()


SMALLEST = 1e-9
"""Added to a variance before its square root is taken."""


def entropy(logits: Float[Tensor, "row class"]) -> Float[Tensor, " row"]:
    """Returns the entropy of the softmax of each row in nats.

    >>> round(float(entropy(torch.zeros(1, 4))), 3)  # log 4
    1.386
    """
    log_prob = logits.log_softmax(1)
    return -(log_prob.exp() * log_prob).sum(1)


@torch.no_grad()
def document_separation(
    vectors: Float[Tensor, "row width"], document: Int[Tensor, " row"]
) -> Float[Tensor, ""] | None:
    """Returns how often a vector is nearer to the mean of its own document than to that of another one.

    A vector's own document is represented by the mean of its other vectors. Nearness is the cosine of
    vectors whose common mean is removed; ties count one half. 0.5 is chance, 1 is complete separation. The
    result is None without two documents of two sentences.

    >>> vectors = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> document_separation(vectors, torch.tensor([7, 7, 9, 9]))
    tensor(1.)
    >>> document_separation(vectors, torch.tensor([7, 7, 7, 7]))  # None
    """
    names, number = document.unique(return_inverse=True)
    sizes = number.bincount(minlength=len(names))
    several = sizes >= 2
    if int(several.sum()) < 2:
        return None
    unit = torch.nn.functional.normalize(vectors.float() - vectors.float().mean(0), dim=1)
    sums = unit.new_zeros(len(names), unit.shape[1]).index_add(0, number, unit)
    cosines = unit @ torch.nn.functional.normalize(sums[several], dim=1).T
    own = torch.cosine_similarity(unit, sums[number] - unit, dim=1).unsqueeze(1)
    other = number.unsqueeze(1) != several.nonzero().squeeze(1)
    counted = other & several[number].unsqueeze(1)
    nearer = (own > cosines).float() + 0.5 * (own == cosines).float()
    separation: Tensor = (nearer * counted).sum() / counted.sum()
    return separation
