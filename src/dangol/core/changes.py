"""Changes: the one place where percentages of change and percentage points are made and written.

A change of an amount is told in percent of what it was; a change of a share is told in percentage points. The two never
add up, and neither is ever made by adding others.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from .words import money

Floats = npt.NDArray[np.float64]

_SAME: Final = 1e-11  # a cent in a billion; what adding in another order moves is far less


def difference(before: npt.ArrayLike, after: npt.ArrayLike) -> Floats:
    """Subtract amounts; what differs by less than adding in another order does is the same.

    >>> difference([200, 0.1 + 0.2, 1], [150, 0.3, float("nan")]).tolist()
    [-50.0, 0.0, nan]
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    found = second - first
    settled: Floats = np.where(np.abs(found) <= _SAME * np.maximum(np.abs(first), np.abs(second)), 0.0, found)
    return settled


def relatives(before: npt.ArrayLike, after: npt.ArrayLike) -> Floats:
    """Return ``relative`` of many amounts at once.

    >>> relatives([200, 0, -5], [150, 5, 5]).tolist()
    [-0.25, nan, nan]
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    found: Floats = np.full(np.broadcast(first, second).shape, np.nan)
    np.divide(difference(first, second), first, out=found, where=first > 0)
    return found


def parts(pieces: npt.ArrayLike, change: npt.ArrayLike) -> Floats:
    """Return which share of a change each piece is; NaN where there was no change.

    Shares of all pieces sum to 1; where pieces oppose each other, some are negative and others above 1.

    >>> parts([30, -40], -10).tolist(), parts([30, -30], 0).tolist()
    ([-3.0, 4.0], [nan, nan])
    """
    some, whole = np.asarray(pieces, np.float64), np.asarray(change, np.float64)
    found: Floats = np.full(np.broadcast(some, whole).shape, np.nan)
    np.divide(some, whole, out=found, where=whole != 0)
    return found


def relative(before: float, after: float) -> float:
    """Return the change as a share of what was before; NaN where there was nothing, or less than nothing.

    >>> relative(200, 150), relative(0, 5)
    (-0.25, nan)
    """
    return (after - before) / before if before > 0 else math.nan


def in_percent(before: float, after: float) -> str:
    """Write the change of an amount, in percent of what it was.

    >>> in_percent(200, 151), in_percent(100, 100), in_percent(0, 5)
    ('−24.5 %', '±0.0 %', '–')
    """
    return _signed(100 * relative(before, after), 1, " %")


def in_points(before: float, after: float, lang: str = "en") -> str:
    """Write the change of a share, in percentage points.

    >>> in_points(0.10, 0.152), in_points(0.10, 0.152, "ko")
    ('+5.2 points', '+5.2 %p')
    """
    return _signed(100 * (after - before), 1, " %p" if lang == "ko" else " points")


def signed(value: float, digits: int = 0) -> str:
    """Write a difference of amounts with its sign.

    >>> signed(1234.5), signed(-1234.5, 1), signed(0)
    ('+1,234', '−1,234.5', '±0')
    """
    return _signed(value, digits, "")


def signed_money(value: float) -> str:
    """Write a difference of money with its sign, in as many digits as ``money`` has.

    >>> signed_money(1234.5), signed_money(-12.25), signed_money(0)
    ('+1,234', '−12.25', '±0')
    """
    if not math.isfinite(value):
        return "–"
    text = money(abs(value))
    if not any(letter in "123456789" for letter in text):
        return f"±{text}"
    return f"{'+' if value > 0 else '−'}{text}"


def _signed(value: float, digits: int, unit: str) -> str:
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{digits}f}"
    if not any(letter in "123456789" for letter in text):
        return f"±{text}{unit}"
    return f"{'+' if value > 0 else '−'}{text}{unit}"
