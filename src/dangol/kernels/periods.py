"""Which calendar period an instant falls into."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .compile import kernel


@kernel
def period_of(time: int, edges: npt.NDArray[np.int64]) -> int:
    """Return ``i`` with ``edges[i] <= time < edges[i + 1]``; -1 before the first edge, the last index after the end.

    Periods are nearly even, so a division lands beside the answer and a step or two finish.
    """
    last = len(edges) - 1
    if time < edges[0]:
        return -1
    if time >= edges[last]:
        return last
    guess = int((time - edges[0]) / ((edges[last] - edges[0]) / last))
    guess = min(max(guess, 0), last - 1)
    while time < edges[guess]:
        guess -= 1
    while time >= edges[guess + 1]:
        guess += 1
    return guess
