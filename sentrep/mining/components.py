"""Connected components of pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]


def merge_pairs(label: Longs, blocks: Iterator[tuple[Longs, Longs]]) -> Longs:
    """Join the components of the items of each pair.

    Args:
        label: (item,) number of the component of each item.
        blocks: pairs of items, as two arrays at a time.

    >>> merge_pairs(np.arange(4), iter([(np.array([0]), np.array([2]))])).tolist()
    [0, 1, 0, 2]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    for one, other in blocks:
        left, right = label[one], label[other]
        apart = left != right
        if apart.any():
            shape = (len(label), len(label))
            edges = coo_matrix((np.ones(int(apart.sum()), np.int8), (left[apart], right[apart])), shape)
            _, joined = connected_components(edges, directed=False)
            label = joined[label].astype(np.int64)
    return label
