"""Stability: whether the same segments come back when some units are left out and everything is fitted anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.core.labels import NOISE
from dangol.core.result import Result, Tables

from .again import at_once, ladder_of
from .methods import Plan, read_seed
from .prepare import points, prepare
from .units import Units

if TYPE_CHECKING:
    import pandas as pd

    from .segments import Segments

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_RESAMPLES: Final = 10_000  # what is drawn is held in memory
DRAWN: Final = 0.9  # of the units in each resample
MOST: Final = 1_500  # units in a resample, so that methods that compare all pairs stay quick


def agreement(
    core: Units, labels: Ints, plan: Plan, *, resamples: int, seed: int, covariances: str | None = None
) -> dict[str, Any]:
    """Cluster parts of the core anew, and compare each with what its units were in the whole.

    The adjusted Rand index is 1 where both say the same and 0 where they agree as often as by chance; noise counts as a
    segment. A part in which fewer units differ than there are segments scores 0. Mixtures keep the shape of
    ``covariances``, if it is told.

    Returns:
        ``mean`` and ``sd`` (of resamples; both None without any), ``resamples``, ``units_drawn``, and ``scores``.
    """
    drawn = draws(len(core), resamples, seed)
    scores = at_once(lambda rows: adjusted_rand(labels[rows], _anew(core, plan, rows, covariances)), drawn)
    return told(scores, len(drawn[0]) if drawn else 0)


class Recovery(NamedTuple):
    """How the segments of the core came back.

    ``names`` are the segments, ``sizes`` their units in the core, ``best`` has a row per resample and a column per
    segment: how much of it came back, NaN where none of its units was drawn; ``agreement`` is as of ``told``.
    """

    names: tuple[str, ...]
    sizes: Ints
    best: Floats
    agreement: dict[str, Any]


def stability(segments: Segments, resamples: int = 50, *, seed: int = 0) -> Result:
    """Tell whether each segment comes back when some of the units are left out.

    Resamples of 90 % of the core (1,500 units at most) are clustered anew, from the transforms on. Of a segment that is
    cut down to the units drawn, what came back is its overlap with the most similar new segment::

        recovered = units in both / units in either        from 0 to 1, the mean over resamples

    From 0.75 on a segment may be called stable, below 0.6 it should not be relied on (Hennig).

    Args:
        segments: the segments; what was set aside as extreme, and noise, is not tried.
        resamples: how many resamples.
        seed: draws them.

    Returns:
        A Result named ``stability``. ``stability``: segment, units, recovered, lower, upper (the quantiles 2.5 % and
        97.5 % over resamples). ``scores``: resample, agreement (adjusted Rand index, noise counted as a segment).
        ``units(segment=)`` lists the units of a segment.

    Conventions:
        A resample in which fewer units differ than there are segments recovers nothing. A resample without any unit of
        a segment says nothing of it. Segments made with a cut are cut at the same height.

    Raises:
        InputError: if resamples is no whole number of at least 1.

    References:
        Hennig 2007, doi:10.1016/j.csda.2006.11.025; Hubert, Arabie 1985, doi:10.1007/BF01908075 (adjusted Rand).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> users = pd.DataFrame({"user": list("abcdef"), "visits": [1, 2, 3, 21, 22, 23], "spent": [9, 8, 9, 1, 2, 1]})
        >>> segments = dg.cluster(users, ["visits", "spent"], k=2, resamples=0)
        >>> stability(segments, 10).table["recovered"].tolist()
        [1.0, 1.0]
    """
    from .stability_words import explain, sentences  # they tell of this module

    _counted(resamples)
    if not resamples:
        raise InputError("resamples=0 tries nothing; stability needs at least 1")
    found = _recovery(segments, resamples, seed)
    return Result(
        name="stability",
        sentences=sentences(found),
        how=explain(segments, found),
        recipe={
            "question": "stability",
            "parameters": {"resamples": resamples, "seed": seed},
            "table": segments.units.described,
        },
        tables=Tables({"stability": partial(_recovered, found), "scores": partial(_agreements, found)}),
        shown=("stability",),
        find=partial(_find, segments),
        unit=segments.unit,
    )


def _recovery(segments: Segments, resamples: int, seed: int) -> Recovery:
    """Cluster parts of the core anew, and find for each segment how much of it the most similar new one holds."""
    core, plan = prepare(segments.units, segments.plan), segments.plan
    codes = segments.codes[core.rows]
    counts = np.bincount(codes, minlength=len(segments.names))
    tried = np.array([name != NOISE for name in segments.names], np.bool_) & (counts > 0)
    drawn = draws(len(codes), resamples, seed)
    shape = segments.told["chosen"].get("covariances")
    again = at_once(lambda rows: _anew(core.core, plan, rows, shape), drawn)
    scores = [adjusted_rand(codes[rows], labels) for rows, labels in zip(drawn, again, strict=True)]
    best = [_overlaps(codes[rows], labels, len(counts)) for rows, labels in zip(drawn, again, strict=True)]
    names = tuple(name for name, one in zip(segments.names, tried, strict=True) if one)
    return Recovery(names, counts[tried], np.array(best)[:, tried], told(scores, len(drawn[0])))


def _overlaps(codes: Ints, labels: Ints | None, segments: int) -> Floats:
    """Return for each segment the largest overlap with a new one; NaN where it has no unit here."""
    sizes = np.bincount(codes, minlength=segments)
    if labels is None or not (labels >= 0).any():
        return np.where(sizes > 0, 0.0, np.nan)
    width, kept = int(labels.max()) + 1, labels >= 0
    both = np.bincount(codes[kept] * width + labels[kept], minlength=segments * width).reshape(segments, width)
    either = sizes[:, None] + np.bincount(labels[kept], minlength=width) - both
    return np.where(sizes > 0, (both / np.maximum(either, 1)).max(axis=1), np.nan)


def _recovered(found: Recovery) -> pd.DataFrame:
    import pandas as pd

    columns = [one[~np.isnan(one)] for one in found.best.T]
    spans = [np.quantile(one, (0.025, 0.975)) if len(one) else np.full(2, np.nan) for one in columns]
    return pd.DataFrame(
        {
            "segment": pd.Series(found.names, dtype="str"),
            "units": found.sizes,
            "recovered": [one.mean() if len(one) else np.nan for one in columns],
            "lower": [one[0] for one in spans],
            "upper": [one[1] for one in spans],
        }
    )


def _agreements(found: Recovery) -> pd.DataFrame:
    import pandas as pd

    scores = np.array(found.agreement["scores"], np.float64)
    return pd.DataFrame({"resample": np.arange(1, len(scores) + 1), "agreement": scores})


def _find(segments: Segments, *, segment: str | None = None) -> pd.Series[str]:
    return segments.result.units() if segment is None else segments.result.units(segment=segment)


def told(scores: Sequence[float], units_drawn: int) -> dict[str, Any]:
    """Sum up the scores of resamples, as JSON could hold it."""
    known = len(scores) > 0
    return {
        "mean": float(np.mean(scores)) if known else None,
        "sd": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        "resamples": len(scores),
        "units_drawn": units_drawn,
        "scores": [float(one) for one in scores],
    }


def draws(n: int, resamples: int, seed: int) -> list[Ints]:
    """Draw so many parts of n units, each in the order of the table."""
    _counted(resamples)
    chance = np.random.default_rng(read_seed(seed))
    size = max(2, min(MOST, int(DRAWN * n)))
    return [np.sort(chance.choice(n, size, replace=False)) for _ in range(resamples)]


def _counted(resamples: object) -> None:
    whole = isinstance(resamples, int | np.integer) and not isinstance(resamples, bool)
    if not whole or not 0 <= resamples <= MOST_RESAMPLES:  # type: ignore[operator]
        raise InputError(f"resamples={resamples!r} must be a whole number, 0 for none and {MOST_RESAMPLES:,} at most")


def part_plan(plan: Plan, drawn: int, n: int) -> Plan:
    """Return the plan for a part: a smallest size is a share of the units, and shrinks with them."""
    if plan.min_size is None:
        return plan
    return replace(plan, min_size=max(2, round(plan.min_size * drawn / n)))


def _anew(core: Units, plan: Plan, rows: Ints, shape: str | None = None) -> Ints | None:
    try:
        part = points(core.taken(rows), plan)
    except InputError:
        return None
    found = ladder_of(part, part_plan(plan, len(rows), len(core)), [plan.k or 0], [shape])[0]
    return None if found is None else found.labels


def adjusted_rand(first: Ints, second: Ints | None) -> float:
    """Return the adjusted Rand index of two partitions of the same units.

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    if second is None:
        return 0.0
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    width = int(columns.max()) + 1
    table = np.bincount(rows * width + columns, minlength=(int(rows.max()) + 1) * width).reshape(-1, width)
    both, one, other = (_pairs(counts) for counts in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = one * other / math.comb(len(first), 2)
    most = (one + other) / 2
    return 1.0 if most == expected else float((both - expected) / (most - expected))


def _pairs(counts: npt.NDArray[Any]) -> float:
    return float((counts * (counts - 1.0) / 2).sum())
