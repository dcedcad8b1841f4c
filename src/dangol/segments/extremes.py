"""Extremes: units far from all others, found before clustering and named by what is extreme in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.kernels.distances import space
from dangol.kernels.neighbours import least_within, radii

from .transforms import spread

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

Kind = tuple[tuple[str, bool], ...]  # features, and whether each is high

UNUSUAL: Final = "unusual mix"

_GROUP: Final = 50  # a group of more than one in so many units is none of extremes, however far it is
_FEWEST: Final = 5  # nor is one of more than this many units; of fewer than 50 units, of more than a tenth
_MOST: Final = 0.05  # share of the units that can be extremes
_WHOLE: Final = 5_000  # units up to which neighbours are looked for among all
_SAMPLE: Final = 2_000  # else among this many
_WIDER: Final = 4  # times the neighbours, by which the dimension is measured
_BASE: Final = 2.0  # the limit is _BASE + _PER_DIMENSION / dimension
_PER_DIMENSION: Final = 6.0
_ROUNDING: Final = 1e-9  # equal distances may differ by so much
_FAR: Final = 3.5  # robust z from which on a feature is called high or low
_KINDS: Final = 6  # different names


@dataclass(frozen=True, eq=False)
class Extremes:
    """Which units are extremes.

    Attributes:
        names: "" for a unit of the core, else the name of its segment.
        score: how many times farther the neighbours are than usual, or than those of a neighbour.
        limit: the score above which a unit is an extreme.
        capped: whether more units were far than can be extremes, so that only the farthest are.
    """

    names: npt.NDArray[np.object_]
    score: Floats
    limit: float
    capped: bool


def find_extremes(values: Floats, features: Sequence[str], *, seed: int = 0) -> Extremes:
    """Find the units whose neighbours are much farther away than usual, and name them.

    The radius of a unit is its distance to the m-th nearest other one, m being 2 % of the units (at least 5; of fewer
    than 50 units a tenth). Whatever is far from everything has a large radius, be it alone or in a clump of up to m. ::

        score = radius / max(the least radius of the units within it, the median radius)

    A unit is an extreme if its score is above ``2 + 6 / D``. D is the dimension of the data where units are, between 1
    and the number of features, from how slowly neighbourhoods grow: the median over units of log(4) / log(distance to
    the 4m-th nearest / radius). In few dimensions the edge of a single normal distribution is thin already; 6 / D makes
    up for that. Groups of different density are judged each by their own.

    Args:
        values: a row per unit, a column per feature, finite; as they are clustered.
        features: names of the columns.
        seed: draws the 2,000 units among which neighbours are looked for where there are more than 5,000.

    Returns:
        Extremes. A name says which features are high or low: those with the largest robust z against the core (distance
        to the median in standard deviations, the interquartile range / 1.349), two at most, the second at least half as
        far as the first; "unusual mix" if none is beyond 3.5. Six names at most; the rarest lose their second feature,
        then become "unusual mix".

    Conventions:
        At most 5 % of the units (at least m) are extremes, the farthest; then ``capped`` says so. Units at the
        same place have the same score; a median radius of 0 gives way to the median of those above 0. Fewer than 10
        units have no extremes. Up to 5,000 units the order of the rows changes nothing.

    References:
        Ramaswamy, Rastogi, Shim 2000, doi:10.1145/342009.335437 (distance to the m-th neighbour); Breunig and others
        2000, doi:10.1145/342009.335388 (against that of neighbours).

    Example:
        >>> import numpy as np
        >>> spent = np.append(np.random.default_rng(1).normal(50, 10, 300), [190.0, 200.0, -95.0])
        >>> found = find_extremes(spent[:, None], ["spent"])
        >>> found.names[-4:].tolist()
        ['', 'high spent', 'high spent', 'low spent']
    """
    size, limit = len(values), _BASE + _PER_DIMENSION
    near, most = _group(size), max(_group(size), int(_MOST * size))
    score = np.zeros(size)
    if near and values.shape[1]:
        score, limit = _scored(values, seed)
    capped = int((score > limit).sum()) > most
    if capped:
        limit = float(np.partition(score, size - most - 1)[size - most - 1])
    far = score > limit
    names = np.full(size, "", object)
    if far.any():
        names[far] = _named(values, far, list(features))
    return Extremes(names, score, limit, capped)


def _group(size: int) -> int:
    """Return m: up to so many units can be extremes together."""
    few = min(_FEWEST, size // 10)
    return max(-(-size // _GROUP), few) if few else 0


def _scored(values: Floats, seed: int) -> tuple[Floats, float]:
    """Return every unit's score, and the limit."""
    size = len(values)
    rows = np.arange(size)
    crowd = size
    if size > _WHOLE:
        crowd = _SAMPLE
        rows = np.random.default_rng(seed).permutation(size)
    near = _group(crowd)
    scaled = np.ldexp(values[rows], -np.frexp(np.abs(values).max())[1])  # so that no square is too large or small
    points = space(scaled)
    radius = radii(points, near, crowd)
    inner = radius[:crowd]
    apart = inner > 0
    if not apart.any():
        return np.zeros(size), _BASE + _PER_DIMENSION
    wider = radii(points._replace(values=points.values[:crowd]), _WIDER * near, crowd)
    growth = float(np.median(np.log(wider[apart] / inner[apart]))) / np.log(_WIDER)
    least = least_within(points, radius * (1 + _ROUNDING), inner)
    score = np.empty(size)
    score[rows] = radius / np.maximum(np.minimum(least, radius), np.median(inner[apart]))
    return score, _BASE + _PER_DIMENSION * min(max(growth, 1 / values.shape[1]), 1.0)


def _named(values: Floats, far: Flags, features: list[str]) -> npt.NDArray[np.object_]:
    """Name each extreme by the features that are farthest from the core."""
    core, extremes = values[~far], values[far]
    z = np.zeros(extremes.shape)
    for place in range(len(features)):
        found, apart = spread(core[:, place]), extremes[:, place] - np.median(core[:, place])
        z[:, place] = apart / found.size if found.size else np.where(apart == 0, 0.0, np.copysign(np.inf, apart))
    distance = np.abs(z)
    order = np.argsort(-distance, axis=1, kind="stable")[:, :2]
    first, last = np.take_along_axis(distance, order, axis=1)[:, [0, -1]].T
    chosen = np.zeros(z.shape, np.int64)  # 1 a high feature, -1 a low one
    np.put_along_axis(chosen, order[:, -1:], (last >= first / 2)[:, None], axis=1)
    np.put_along_axis(chosen, order[:, :1], 1, axis=1)
    chosen[first <= _FAR] = 0
    kinds, codes = np.unique(chosen * np.where(z < 0, -1, 1), axis=0, return_inverse=True)
    read = [tuple((features[at], bool(kind[at] > 0)) for at in np.flatnonzero(kind)) for kind in kinds]
    return np.array([_name(kind) for kind in _folded(read, np.bincount(codes))], object)[codes]


def _folded(kinds: list[Kind], counts: npt.NDArray[np.int64]) -> list[Kind]:
    """Make the rarest kinds plainer until there are few."""
    now, units = list(kinds), Counter(dict(zip(kinds, counts.tolist(), strict=True)))
    while len(units) > _KINDS:
        two = [kind for kind in units if len(kind) > 1]
        rarest = min(two or [kind for kind in units if kind], key=lambda kind: (units[kind], _name(kind)))
        plainer = rarest[:1] if two else ()
        units[plainer] += units.pop(rarest)
        now = [plainer if kind == rarest else kind for kind in now]
    return now


def _name(kind: Kind) -> str:
    """Write features, each high or low, as a name: "high ER and posts", "high ER, low posts"."""
    sides = [[name for name, high in kind if high is side] for side in (True, False)]
    words = [f"{word} {' and '.join(names)}" for word, names in zip(("high", "low"), sides, strict=True) if names]
    return ", ".join(words) or UNUSUAL


def said(name: str, lang: str = "en") -> str:
    """Write the name of a segment of extremes in English or Korean.

    >>> said("high ER and active_rate", "ko"), said("high ER, low post", "ko"), said("unusual mix", "ko")
    ('ER·active_rate 높음', 'ER 높음, post 낮음', '특이한 조합')
    """
    if lang != "ko":
        return name
    if name == UNUSUAL:
        return "특이한 조합"
    parts = name.split(", low ")
    if name.startswith("low "):
        parts = ["", name.removeprefix("low ")]
    words = [(parts[0].removeprefix("high "), "높음"), *((part, "낮음") for part in parts[1:])]
    return ", ".join(f"{names.replace(' and ', '·')} {word}" for names, word in words if names)
