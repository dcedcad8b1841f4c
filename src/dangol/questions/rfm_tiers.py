"""Scores and named tiers of ``rfm``: cuts of the customers' values, and the rules that put scores into tiers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, unknown

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Tiers = Mapping[str, Mapping[str, Sequence[int]]]

MEASURES: Final = ("recency", "frequency", "amount")
TIERS: Final = (
    "champions",
    "loyal",
    "cannot_lose",
    "at_risk",
    "new_customers",
    "promising",
    "lost",
    "hibernating",
)
OTHER: Final = "other"
NOT_YET: Final = "(not yet)"

_MOST_SCORES: Final = 100
_DIGITS: Final = 12  # sums of money that agree to so many digits of the largest are equal: 0.1 + 0.2 is 0.3


class Values(NamedTuple):
    """What is scored of every customer: days since the last order, distinct orders, net money."""

    recency: Ints
    orders: Ints
    amount: Floats


@dataclass(frozen=True)
class Scheme:
    """How values become scores, and scores tiers.

    ``cuts`` are the distinct cuts of each measure, ascending; ``asked`` how many scores each was meant to have.
    ``own`` are the caller's rules; None: the usual ones.
    """

    cuts: tuple[Floats, Floats, Floats]
    asked: tuple[int, int, int]
    own: Tiers | None

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many scores each measure has."""
        recency, frequency, amount = (len(cuts) + 1 for cuts in self.cuts)
        return recency, frequency, amount

    @property
    def tiers(self) -> tuple[str, ...]:
        """The names of the tiers, in the order of their rules."""
        return TIERS if self.own is None else (*self.own, OTHER)

    def scores(self, values: Values) -> tuple[Ints, Ints, Ints]:
        """Score every customer, 1 the lowest: one more than the cuts that lie below the value; recency in reverse."""
        below = [np.searchsorted(cuts, one) for cuts, one in zip(self.cuts, _comparable(values), strict=True)]
        return self.sizes[0] - below[0], below[1] + 1, below[2] + 1

    def texts(self, scores: Sequence[Ints]) -> list[str]:
        """Write the three scores as one text: 543, or with dashes where a score may have two digits."""
        between = "-" if max(self.sizes) > 9 else ""
        codes, place = np.unique(_flat(scores, self.sizes), return_inverse=True)
        parts = np.stack(np.unravel_index(codes, self.sizes), axis=1) + 1
        names = np.array([between.join(map(str, row)) for row in parts.tolist()], dtype=object)
        return list(names[place]) if len(names) else []

    def holds(self, score: str) -> bool:
        """Whether a text names a cell of the three scores, empty or not."""
        parts = score.split("-") if max(self.sizes) > 9 else list(score)
        if len(parts) != len(self.sizes) or not all(part.isascii() and part.isdigit() for part in parts):
            return False
        return all(1 <= int(part) <= size for part, size in zip(parts, self.sizes, strict=True))

    def place(self, scores: Sequence[Ints], orders: Ints) -> Ints:
        """Return the tier of every customer, as a position in ``tiers``: the first whose rule fits."""
        if self.own is None:
            r, f, m = (_position(one, size) for one, size in zip(scores, self.sizes, strict=True))
            return _usual(r, f, m, orders)
        found = np.full(len(orders), len(self.own), np.int64)
        for code, rule in reversed(list(enumerate(self.own.values()))):
            fits = [np.isin(scores[MEASURES.index(name)], list(allowed)) for name, allowed in rule.items()]
            found[np.logical_and.reduce(fits, axis=0) if fits else slice(None)] = code
        return found


def _flat(scores: Sequence[Ints], sizes: tuple[int, int, int]) -> Ints:
    recency, frequency, amount = (one - 1 for one in scores)
    flat: Ints = (recency * sizes[1] + frequency) * sizes[2] + amount
    return flat


def _position(score: Ints, size: int) -> Floats:
    """Where a score stands between the lowest (0) and the highest (1)."""
    return (score - 1) / (size - 1) if size > 1 else np.full(len(score), 0.5)


def _usual(r: Floats, f: Floats, m: Floats, orders: Ints) -> Ints:
    near = 1e-9  # positions are made of thirds, sevenths, …
    w = (f + m) / 2 + near
    r = r + near
    rules = [
        (r >= 0.75) & (w >= 0.75),
        (r >= 0.5) & (w >= 0.5),
        (r < 0.25) & (w >= 0.75),
        (r < 0.5) & (w >= 0.5),
        (r >= 0.75) & (orders == 1),
        r >= 0.5,
        r < 0.25,
    ]
    return np.select(rules, range(len(rules)), len(rules)).astype(np.int64)


# ---- cuts -------------------------------------------------------------------------------------------------------


def scheme(values: Values, bins: Sequence[int], own_cuts: Sequence[Floats | None], own: Tiers | None) -> Scheme:
    """Make the cuts: quantiles of the customers' values, or the caller's own."""
    cuts, asked = [], []
    for one, size, given in zip(_comparable(values), bins, own_cuts, strict=True):
        cuts.append(np.unique(quantiles(one, size)) if given is None else given)
        asked.append(size if given is None else len(given) + 1)
    return Scheme((cuts[0], cuts[1], cuts[2]), (asked[0], asked[1], asked[2]), own)


def quantiles(values: npt.NDArray[Any], bins: int) -> Floats:
    """Return the quantiles at 1/bins, 2/bins, …, interpolated linearly (numpy's default, R's type 7).

    The places are whole numbers and fractions of whole numbers, so that a quantile that is a value is that value.

    >>> quantiles(np.arange(1, 12), 5).tolist()
    [3.0, 5.0, 7.0, 9.0]
    """
    if not len(values):
        return np.empty(0)
    ordered = np.sort(values).astype(np.float64)
    place, rest = np.divmod(np.arange(1, bins) * (len(ordered) - 1), bins)
    low, high = ordered[place], ordered[np.minimum(place + 1, len(ordered) - 1)]
    found: Floats = low + (high - low) * (rest / bins)
    return found


def _comparable(values: Values) -> tuple[npt.NDArray[Any], ...]:
    """Round off what adding in floating point puts behind the last digit of money, so that equal sums are equal."""
    most = float(np.abs(values.amount).max(initial=0.0))
    digits = _DIGITS - math.floor(math.log10(most)) if most > 0 else _DIGITS
    return values.recency, values.orders, np.round(values.amount, min(digits, 2 * _DIGITS))


# ---- reading the options ----------------------------------------------------------------------------------------


def read_bins(bins: object) -> tuple[int, int, int]:
    """Read how many scores each measure shall have."""
    asked = list(bins) if isinstance(bins, list | tuple | np.ndarray) else []
    whole = [int(one) for one in asked if _is_whole(one) and 1 <= int(one) <= _MOST_SCORES]
    if len(asked) != 3 or len(whole) != 3:
        raise InputError(
            f"bins={bins!r} must be three whole numbers from 1 to {_MOST_SCORES}: scores of recency, frequency and "
            f"amount, such as (5, 5, 5)"
        )
    return whole[0], whole[1], whole[2]


def read_cuts(name: str, cuts: object) -> Floats | None:
    """Read own cuts: ascending numbers."""
    if cuts is None:
        return None
    given = list(cuts) if isinstance(cuts, list | tuple | np.ndarray) else []
    numbers = [float(one) for one in given if isinstance(one, int | float | np.number) and not isinstance(one, bool)]
    found = np.array(numbers, np.float64)
    good = len(found) == len(given) and 1 <= len(given) < _MOST_SCORES and np.isfinite(found).all()
    if not good or (np.diff(found) <= 0).any():
        raise InputError(f"{name}={cuts!r} must be ascending numbers, such as [1, 3, 10]")
    return found


def read_tiers(tiers: object, asked: Sequence[int]) -> dict[str, dict[str, list[int]]] | None:
    """Read own rules: tier -> measure -> the scores that it takes."""
    if tiers is None:
        return None
    if not isinstance(tiers, Mapping) or not tiers:
        raise InputError(f"tiers={tiers!r} must name tiers and their scores, such as {_EXAMPLE}")
    return {_tier_name(name): _rule(name, rule, asked) for name, rule in tiers.items()}


_EXAMPLE: Final = "{'best': {'recency': [4, 5], 'amount': [5]}}"


def _tier_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"tiers: {name!r} is no name for a tier; write for example {_EXAMPLE}")
    if name in (OTHER, NOT_YET):
        raise InputError(f"tiers: {name!r} is the name of what no rule takes; call the tier something else")
    return name


def _rule(name: object, rule: object, asked: Sequence[int]) -> dict[str, list[int]]:
    if not isinstance(rule, Mapping) or not rule:
        raise InputError(f"tiers: {name!r} needs the scores that it takes, such as {_EXAMPLE}")
    found = {}
    for measure, scores in rule.items():
        if measure not in MEASURES:
            raise unknown("measure", measure, MEASURES, f"tier {name!r}")
        most = asked[MEASURES.index(measure)]
        listed = list(scores) if isinstance(scores, list | tuple | range | np.ndarray) else []
        if not listed or not all(_is_whole(one) and 1 <= int(one) <= most for one in listed):
            raise InputError(
                f"tiers: {name!r} has {measure}={scores!r}; list scores of {measure}, whole numbers from 1 to {most}"
            )
        found[str(measure)] = [int(one) for one in listed]
    return found


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
