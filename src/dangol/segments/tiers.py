"""``tiers``: segments ranked on named axes, and named by rule, so that a name means the same wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice
from dangol.core.label_values import NOUNS
from dangol.core.labels import EXTREME, NOISE

from .profile_tests import ranks
from .segments import Segments

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Degrees by the number of tiers; more than these are numbered.
DEGREES: Final = (
    (),
    ("only",),
    ("highest", "lowest"),
    ("highest", "middle", "lowest"),
    ("highest", "high", "low", "lowest"),
    ("highest", "high", "middle", "low", "lowest"),
    ("highest", "very high", "high", "low", "very low", "lowest"),
    ("highest", "very high", "high", "middle", "low", "very low", "lowest"),
)


def tiers(
    segments: Segments,
    rule: str | Sequence[str],
    *,
    names: Sequence[str] | None = None,
    noun: str | None = None,
    confounders: str | Sequence[str] = (),
) -> Segments:
    """Rank segments on named axes and name them by their place.

    The percentile rank of a unit on an axis is the share of the other units that are below it, equal ones counted half.
    A segment's score is the mean over the axes of the mean percentile rank of its units; the highest comes first::

        percentile rank = (mean rank - 1) / (units - 1)        from 0 to 1; all units together have a mean of 0.5

    Args:
        segments: the segments to rank.
        rule: the axes, numeric columns of the units' table; "-price" where less is better.
        names: own names, the first tier's first; None names by rule: highest, …, lowest.
        noun: of what: activity, benefit, engagement, loyalty or value ("highest benefit"); None leaves it out.
        confounders: numeric columns to show beside the tiers, for what may stand behind them, such as follower.

    Returns:
        Segments under the names of tiers, in order. Their ``result`` has a table ``tiers``, one row for each:

        - ``segment`` (str): the tier; ``cluster`` (str): the segment's name before; ``rank`` (int, from 1);
        - ``score`` (float, 0 to 1); ``units`` (int); ``share`` (float, of all units);
        - ``above_next`` (float, 0 to 1): the share of pairs of a unit of this tier and one of the next in which the
          first has the higher mean percentile rank, equal ones counted half; 0.5 is no separation;
        - ``mean_ER``, ``median_ER`` (float): of each axis; ``median_follower`` of each confounder.

    Conventions:
        Segments of equal score follow their size, largest first, then their order. Segments of extremes are ranked as
        all others are; noise is none, is not ranked and keeps its name. Units without a value are left out of its axis.

    Raises:
        InputError: for no axis, columns that are missing, constant or no numbers, a segment of which an axis is not
            known, and names that do not fit.

    References:
        Spearman 1904, doi:10.2307/1412159 (correlation of confounders); McGraw, Wong 1992,
        doi:10.1037/0033-2909.111.2.361 (share of pairs).

    Example:
        >>> import pandas as pd
        >>> from dangol.segments.cluster import cluster
        >>> shops = pd.DataFrame({"shop": list("abcdef"), "visits": [1, 2, 3, 21, 22, 23], "spent": [1, 2, 1, 9, 8, 9]})
        >>> ranked = tiers(cluster(shops, "visits, spent", k=2, resamples=0), ["visits", "spent"], noun="value")
        >>> ranked.sizes
        {'highest value': 3, 'lowest value': 3}
    """
    axes, signs = _rule(rule)
    percentiles = np.column_stack([_percentiles(segments, name, sign) for name, sign in zip(axes, signs, strict=True)])
    ranked = np.array([place for place, name in enumerate(segments.names) if name != NOISE], np.int64)
    means = _means(segments, percentiles, ranked, axes)
    scores = means.mean(axis=1)
    sizes = np.array([segments.sizes[segments.names[place]] for place in ranked], np.int64)
    order = np.lexsort((np.arange(len(ranked)), -sizes, -np.round(scores, 12)))
    given = _names(len(ranked), names, noun)
    shown = (*given, *[NOISE] * (len(segments.names) - len(ranked)))
    place_of = np.full(len(segments.names), len(ranked), np.int64)
    place_of[ranked[order]] = np.arange(len(ranked))
    made = segments.renamed(shown, place_of[segments.codes])
    beside = _confounders(segments, confounders, axes)
    told = {
        "rule": [name if sign > 0 else f"-{name}" for name, sign in zip(axes, signs, strict=True)],
        "noun": noun,
        "rows": _rows(made, [segments.names[place] for place in ranked[order]], scores[order], percentiles),
        "axes": {name: _middles(made, segments.units.number(name)) for name in axes},
        "confounders": {
            name: _beside(made, values, scores[order], percentiles.mean(axis=1)) for name, values in beside.items()
        },
        "agree": _agree(means[order]),
    }
    return made.renamed(shown, made.codes, tiers=told)


def table(told: Mapping[str, Any]) -> pd.DataFrame:
    """Return what ``tiers`` told as a table, a row for each tier."""
    import pandas as pd

    made = pd.DataFrame(told["rows"]).astype({"segment": "str", "cluster": "str", "above_next": "float64"})
    for name, middles in told["axes"].items():
        for word in ("mean", "median"):
            made[f"{word}_{name}"] = middles[word]
    for name, middles in told["confounders"].items():
        made[f"median_{name}"] = np.array(middles["median"], np.float64)
    return made


# ---- reading the options ----------------------------------------------------------------------------------------


def _listed(names: str | Sequence[str]) -> list[Any]:
    given: Any = names  # whatever the annotation says
    if not isinstance(given, Iterable):
        return [given]
    return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else list(given)


def _rule(rule: str | Sequence[str]) -> tuple[list[str], list[int]]:
    words = _listed(rule)
    if not words or not all(isinstance(word, str) and word.removeprefix("-") for word in words):
        raise InputError(
            f"rule={rule!r} must name the axes to rank on, such as ['ER', '-price'] (a minus: less is better)"
        )
    axes = [word.removeprefix("-") for word in words]
    twice = next((name for name in axes if axes.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"rule names {twice!r} twice; each axis counts once")
    return axes, [-1 if word.startswith("-") else 1 for word in words]


def _names(size: int, names: Sequence[str] | None, noun: str | None) -> tuple[str, ...]:
    if names is not None:
        given: Any = names  # whatever the annotation says; a set has no order
        own: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str | Set) else [given]
        if noun is not None:
            raise InputError(f"names= and noun={noun!r} both say what tiers are called; give one of them")
        if len(own) != size:
            raise InputError(
                f"names has {len(own)} names for {size} segments to rank; give one each, the first tier's first"
            )
        if not all(isinstance(name, str) and name.strip() for name in own) or len(set(own)) < size or NOISE in own:
            raise InputError(f"names={own!r} must be different texts, none of them empty or {NOISE!r}")
        aside = next((name for name in own if name.startswith(EXTREME)), None)
        if aside is not None:
            raise InputError(f"names: {aside!r} begins as segments of extremes do ({EXTREME!r}); choose another name")
        return tuple(own)
    if noun is not None:
        choice("noun", noun, NOUNS)
    if size < len(DEGREES):
        return tuple(degree if noun is None or size == 1 else f"{degree} {noun}" for degree in DEGREES[size])
    return tuple(f"tier {place + 1}" if noun is None else f"{noun} tier {place + 1}" for place in range(size))


def _confounders(segments: Segments, names: str | Sequence[str], axes: Sequence[str]) -> dict[str, Floats]:
    found = {}
    listed = _listed(names)
    if not all(isinstance(name, str) for name in listed):
        raise InputError(f"confounders={names!r} must name numeric columns, such as ['follower']")
    for name in dict.fromkeys(listed):
        if name in axes:
            raise InputError(f"confounder {name!r} is an axis of the rule; a confounder is something else")
        found[name] = segments.units.number(name)
    return found


# ---- ranking ----------------------------------------------------------------------------------------------------


def _percentiles(segments: Segments, name: str, sign: int) -> Floats:
    """Return every unit's percentile rank on an axis; NaN without a value."""
    values = segments.units.number(name)
    known = np.isfinite(values)
    if known.sum() < 2 or values[known].min() == values[known].max():
        raise InputError(f"axis {name!r} is the same for all units, so it ranks none; choose another")
    found = np.full(len(values), np.nan)
    found[known] = (ranks(sign * values[known]) - 1) / (known.sum() - 1)
    return found


def _means(segments: Segments, percentiles: Floats, ranked: Ints, axes: Sequence[str]) -> Floats:
    """Return the mean percentile rank of each ranked segment (rows) on each axis."""
    size, columns = len(segments.names), []
    for name, column in zip(axes, percentiles.T, strict=True):
        known = np.isfinite(column)
        n = np.bincount(segments.codes[known], minlength=size)[ranked]
        lacking = [segments.names[place] for place in ranked[n == 0]]
        if lacking:
            raise InputError(f"axis {name!r} is not known of any unit of segment {lacking[0]!r}; choose another axis")
        columns.append(np.bincount(segments.codes[known], column[known], size)[ranked] / n)
    return np.column_stack(columns)


def _rows(made: Segments, before: Sequence[str], scores: Floats, percentiles: Floats) -> list[dict[str, Any]]:
    total, own = len(made.units), percentiles.mean(axis=1)
    rows = []
    for place, (cluster, score) in enumerate(zip(before, scores.tolist(), strict=True)):
        units = made.sizes[made.names[place]]
        row: dict[str, Any] = {"segment": made.names[place], "cluster": cluster, "rank": place + 1, "score": score}
        row |= {"units": units, "share": units / total}
        last = place + 1 == len(scores)
        row["above_next"] = None if last else _above(own[made.codes == place], own[made.codes == place + 1])
        rows.append(row)
    return rows


def _above(first: Floats, second: Floats) -> float | None:
    """Return the share of pairs in which a value of the first is the larger, equal ones counted half."""
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    n, m = len(first), len(second)
    if not n or not m:
        return None
    placed = ranks(np.round(np.concatenate([first, second]), 12))[:n].sum()  # what differs by rounding is equal
    return float((placed - n * (n + 1) / 2) / (n * m))


def _middles(made: Segments, values: Floats) -> dict[str, list[float]]:
    inside = [values[(made.codes == place) & np.isfinite(values)] for place in range(len(_ranked(made)))]
    return {"mean": [float(one.mean()) for one in inside], "median": [float(np.median(one)) for one in inside]}


def _ranked(made: Segments) -> tuple[str, ...]:
    return tuple(name for name in made.names if name != NOISE)


def _beside(made: Segments, values: Floats, scores: Floats, own: Floats) -> dict[str, Any]:
    """Return the median of a confounder in each tier, and its correlations by ranks over units.

    ``rho`` is that with the score of a unit's tier, ``rho_units`` that with a unit's own mean percentile rank: where
    nearly all units share a tier, the first cannot tell what the second does.
    """
    known = np.isfinite(values)
    inside = [values[(made.codes == place) & known] for place in range(len(scores))]
    medians = [float(np.median(one)) if len(one) else None for one in inside]
    of = np.append(scores, np.nan)[np.minimum(made.codes, len(scores))]
    return {"median": medians, "rho": _correlation(values, of), "rho_units": _correlation(values, own)}


def _correlation(a: Floats, b: Floats) -> float | None:
    """Return Spearman's rho of what is known of both; None where one of them does not vary."""
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < 2 or a.min() == a.max() or b.min() == b.max():
        return None
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def _agree(means: Floats) -> bool:
    """Whether every axis on its own ranks the segments as all do together."""
    return bool((np.diff(means, axis=0) <= 0).all())
