"""The decomposition of a daily series into trend, seasons and remainder, and how strong each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError

Floats = npt.NDArray[np.float64]

CYCLES: Final = 3  # whole cycles of a season below which it is not told from the trend
_DEFAULT: Final = (7,)
_DRAWS: Final = 200
_UNUSUAL: Final = 3.5
_NOTABLE: Final = 0.1
_TO_SD: Final = 1.4826  # a normal's standard deviation in median absolute deviations
_ROUNDING: Final = 1e-9  # of the largest value: what is smaller is not there


@dataclass(frozen=True)
class Decomposition:
    """A series taken apart: ``value = trend + the seasons + remainder``, day by day.

    ``seasons`` goes by the length of the season in days.
    """

    value: Floats
    trend: Floats
    seasons: Mapping[int, Floats]
    remainder: Floats

    def parts(self) -> dict[str, tuple[Floats, float]]:
        """The trend and the seasons by name, each with the number of cycles that the series holds (trend: NaN)."""
        found = {"trend": (self.trend, float("nan"))}
        return found | {f"season_{days}": (part, len(part) / days) for days, part in self.seasons.items()}

    def unusual(self) -> npt.NDArray[np.bool_]:
        """Flag the days that lie far from trend and seasons, by the spread of the others and by their own size.

        The remainder lies further than 3.5 robust standard deviations from the median, and further than a tenth of what
        trend and seasons make: a short series is followed so closely that the first alone would flag trifles.
        """
        off = np.abs(self.remainder - np.median(self.remainder))
        limit = max(_UNUSUAL * _TO_SD * float(np.median(off)), _ROUNDING * float(np.abs(self.value).max()))
        flags: npt.NDArray[np.bool_] = (off > limit) & (off > _NOTABLE * np.abs(self.value - self.remainder))
        return flags


def seasons(asked: Sequence[int] | None) -> tuple[int, ...]:
    """Read the lengths of the seasons, in days, ascending.

    Raises:
        InputError: for anything but different whole numbers of at least 2 days.
    """
    if asked is None:
        return _DEFAULT
    listed: list[Any] = list(asked) if isinstance(asked, list | tuple | np.ndarray) else [asked]
    whole = all(isinstance(one, int | np.integer) and not isinstance(one, bool) and one >= 2 for one in listed)
    if not listed or not whole or len(set(listed)) < len(listed):
        raise InputError(
            f"season={asked!r} must be different whole numbers of days, at least 2, such as [7] or [7, 30]"
        )
    return tuple(sorted(int(one) for one in listed))


def enough(days: int, lengths: Sequence[int]) -> bool:
    """Whether some complete days hold three whole cycles of every season."""
    return days >= CYCLES * max(lengths)


def decompose(value: Floats, lengths: Sequence[int]) -> Decomposition:
    """Take a daily series apart: STL for one season, MSTL for several, both robust and with default windows."""
    from statsmodels.tsa.seasonal import MSTL, STL

    if len(lengths) == 1:
        fitted = STL(value, period=lengths[0], robust=True).fit()
        found = np.asarray(fitted.seasonal, np.float64)[:, None]
    else:
        fitted = MSTL(value, periods=tuple(lengths), stl_kwargs={"robust": True}).fit()
        found = np.asarray(fitted.seasonal, np.float64)
    by_length = {days: found[:, place].copy() for place, days in enumerate(lengths)}
    trend, remainder = np.asarray(fitted.trend, np.float64), np.asarray(fitted.resid, np.float64)
    return Decomposition(np.asarray(value, np.float64), trend, by_length, remainder)


def strengths(found: Decomposition, seed: int) -> dict[str, dict[str, Any]]:
    """Return strength, interval and cycles of each component.

    The interval is the moving-block bootstrap's: days are drawn anew in blocks of the longest season, each with its
    remainder and its part in the component as found, so that the two stay as correlated as they are.
    """
    days = _redrawn(len(found.value), max(found.seasons), seed)
    scale = float(np.abs(found.value).max())
    strong: dict[str, dict[str, Any]] = {}
    for name, (part, cycles) in found.parts().items():
        draws = _strength(found.remainder[days], part[days], scale)
        known = bool(np.isfinite(draws).all())
        lower, upper = np.quantile(draws, [0.025, 0.975]).tolist() if known else (float("nan"),) * 2
        point = float(_strength(found.remainder[None], part[None], scale)[0])
        strong[name] = {"strength": point, "lower": lower, "upper": upper, "cycles": cycles}
    return strong


def _strength(remainder: Floats, part: Floats, scale: float) -> Floats:
    """Return ``max(0, 1 - Var(R) / Var(R + part))`` for each row; NaN where nothing varies."""
    whole = (remainder + part).var(axis=1)
    found: Floats = np.full(len(remainder), np.nan)
    np.divide(remainder.var(axis=1), whole, out=found, where=whole > (_ROUNDING * scale) ** 2)
    return np.maximum(1 - found, 0)


def _redrawn(days: int, block: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw days anew, in blocks of consecutive ones that may begin anywhere, cut to as many as there are."""
    random = np.random.default_rng(seed)
    begin = random.integers(0, days - block + 1, (_DRAWS, -(-days // block)))
    return (begin[:, :, None] + np.arange(block)).reshape(_DRAWS, -1)[:, :days]
