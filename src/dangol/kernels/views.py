"""Compaction: the rows of a view, moved together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .compile import kernel


@kernel
def kept_offsets(offsets: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the offsets that remain when only flagged rows stay."""
    result = np.zeros(len(offsets), np.int64)
    total = 0
    for unit in range(len(offsets) - 1):
        for row in range(offsets[unit], offsets[unit + 1]):
            total += mask[row]
        result[unit + 1] = total
    return result


@kernel
def compact(values: npt.NDArray[Any], mask: npt.NDArray[np.bool_], size: int) -> npt.NDArray[Any]:
    """Copy the flagged values into an array of ``size``."""
    result = np.empty(size, values.dtype)
    position = 0
    for row in range(len(values)):
        if mask[row]:
            result[position] = values[row]
            position += 1
    return result
