"""Which points no other point beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def front(points: Sequence[tuple[float, float]], higher: tuple[bool, bool]) -> list[int]:
    """Indices of the points that no other point beats in one number without being worse in the other, along the first.

    Of points with the same two numbers all are on the front.

    Args:
        points: two finite numbers each.
        higher: for each number, whether more is better.

    Source: Kung, Luccio, Preparata, J. ACM 22, 469 (1975), the case of two dimensions: sort, then sweep.
    """
    if not points:
        return []
    better = np.asarray(points, dtype=np.float64) * np.where(higher, 1.0, -1.0)
    order = np.lexsort((-better[:, 1], -better[:, 0]))
    kept: list[int] = []
    best = -np.inf
    last: tuple[float, float] | None = None
    for index in order.tolist():
        here = (float(better[index, 0]), float(better[index, 1]))
        if here[1] > best or here == last:
            kept.append(index)
            best, last = here[1], here
    return kept
