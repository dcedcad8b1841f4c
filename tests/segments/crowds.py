"""Units with known groups and known extremes, and units with neither."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def corners(groups: int, features: int, apart: float) -> Floats:
    """Centres at least so far apart: along a line, around a circle, or along axes."""
    at = np.zeros((groups, features))
    if features == 1:
        at[:, 0] = apart * np.arange(groups)
    elif features == 2:
        angle = 2 * np.pi * np.arange(groups) / groups
        around = apart / (2 * np.sin(np.pi / groups)) if groups > 1 else 0.0
        at[:, 0], at[:, 1] = around * np.cos(angle), around * np.sin(angle)
    else:
        for group in range(groups):
            at[group, group % features] = apart / np.sqrt(2) * (1 + group // features)
    return at


def mixture(
    draw: np.random.Generator,
    size: int,
    features: int,
    *,
    groups: int = 3,
    apart: float = 8,
    shares: tuple[float, ...] = (),
    spreads: tuple[float, ...] = (),
) -> tuple[Floats, Ints]:
    """Normal groups, equal and of standard deviation 1 unless told otherwise; and who is in which."""
    bounds = np.cumsum(shares or [1 / groups] * groups)[:-1] * size
    label = np.searchsorted(bounds.round(), np.arange(size), side="right")
    sd = np.array(spreads or [1.0] * groups)[label][:, None]
    return corners(groups, features, apart)[label] + sd * draw.normal(size=(size, features)), label


def outside(draw: np.random.Generator, values: Floats, count: int, kind: str, times: float) -> Floats:
    """Extremes, so many times as far from the middle as the outermost unit: in a clump, in two, or scattered."""
    middle, features = values.mean(axis=0), values.shape[1]
    reach = times * np.linalg.norm(values - middle, axis=1).max()
    way = draw.normal(size=(count, features))
    if kind != "scattered":
        way[:] = way[0]
    if kind == "two clumps":
        way[count // 2 :] *= -1
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    length = reach * draw.uniform(0.8, 1.4, (count, 1)) if kind == "scattered" else reach
    return middle + way * length + 0.5 * draw.normal(size=(count, features))
