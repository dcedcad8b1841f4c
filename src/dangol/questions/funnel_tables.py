"""The tables of ``funnel``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.durations import SECOND
from dangol.core.proportions import benjamini_hochberg, difference_p, newcombe, share, wilson
from dangol.core.result import Tables

from .funnel_plan import Plan

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]

_MOST_COMPARED: Final = 20
_QUANTILES: Final = {"p10_s": 0.1, "p25_s": 0.25, "median_s": 0.5, "p75_s": 0.75, "p90_s": 0.9}


class Lengths(NamedTuple):
    """How long the steps took, in microseconds: one element per step reached, step 1 left out."""

    segment: Ints
    step: Ints  # its place in the list
    since_start: Ints
    since_previous: Ints


@dataclass(frozen=True)
class Counted:
    """Everything that one look over the log counts.

    ``level``: units by segment, late or not, and exact level (from 1). ``aside``: those of the eligible who did each
    optional step, by segment. ``whole``: how long the eligible who finished took, in microseconds.
    """

    plan: Plan
    level: Ints
    aside: Ints
    whole: Ints
    segments: tuple[str, ...] | None

    @cached_property
    def shown(self) -> Ints:
        """The segments with eligible units, largest first."""
        n = self.level[:, 0].sum(axis=1)
        order = np.argsort(-n, kind="stable")
        return order[n[order] > 0] if self.segments else np.zeros(1, np.int64)

    @cached_property
    def reached(self) -> Ints:
        """Eligible units by segment that reached each required step or one beyond."""
        return self.level[:, 0, ::-1].cumsum(axis=1)[:, ::-1]

    @cached_property
    def together(self) -> Ints:
        """``reached`` with the segments together."""
        return np.asarray(self.reached.sum(axis=0), np.int64)

    @property
    def late(self) -> int:
        """Units that entered too late."""
        return int(self.level[:, 1].sum())

    @property
    def eligible(self) -> int:
        """Units that entered early enough."""
        return int(self.together[0])

    @property
    def unit(self) -> str:
        """What is counted, as the name of a column."""
        return "sessions" if self.plan.gap else "users"

    def label(self, place: int) -> str:
        """Name a listed step."""
        if self.plan.order == "any":
            return f"any {place + 1} of {len(self.plan.labels)}"
        return self.plan.labels[place]


# ---- tables -----------------------------------------------------------------------------------------------------


def tables(counted: Counted, measure: Callable[[], Lengths]) -> Tables:
    """Return the tables, to be made when they are looked at; ``measure`` looks over the log once more."""
    lengths = cache(measure)
    makers = {
        "steps": lambda: _steps(counted, lengths()),
        "times": lambda: _times(counted, lengths()),
        "late": lambda: _late(counted),
    }
    if counted.segments is not None:
        makers["differences"] = lambda: _differences(counted)
    return Tables(makers)


def _steps(counted: Counted, lengths: Lengths) -> pd.DataFrame:
    import pandas as pd

    plan, shown = counted.plan, counted.shown
    places = np.arange(len(plan.labels))
    done = np.zeros((len(shown), len(places)), np.int64)
    done[:, list(plan.required)] = counted.reached[shown]
    done[:, list(plan.optional)] = counted.aside[shown]
    before = np.maximum(np.searchsorted(plan.required, places) - 1, 0)  # the required step before each
    previous = counted.reached[shown][:, before]
    start = np.repeat(counted.reached[shown][:, :1], len(places), axis=1)
    segment, step = (one.ravel() for one in np.meshgrid(shown, places, indexing="ij"))
    first = step == 0
    users, start, previous = done.ravel(), start.ravel(), np.where(first, 0, previous.ravel())
    lower, upper = wilson(users, start)
    low, high = wilson(users, previous)
    columns = _named(counted, segment, step)
    if plan.optional:
        columns["optional"] = np.isin(step, plan.optional)
    columns |= {counted.unit: users, "rate": share(users, start), "rate_from_previous": share(users, previous)}
    columns |= {"lower": lower, "upper": upper, "lower_from_previous": low, "upper_from_previous": high}
    columns["lost"] = np.where(first, 0, previous - users)
    group = lengths.segment * len(places) + lengths.step
    median = _quantiles(lengths.since_previous, group, segment * len(places) + step, np.array([0.5]))
    columns["median_s"] = median[:, 0] / SECOND
    return pd.DataFrame(columns)


def _times(counted: Counted, lengths: Lengths) -> pd.DataFrame:
    import pandas as pd

    places = len(counted.plan.labels)
    segment, step = (one.ravel() for one in np.meshgrid(counted.shown, np.arange(1, places), indexing="ij"))
    group, asked = lengths.segment * places + lengths.step, segment * places + step
    number = np.bincount(group, minlength=int(asked.max(initial=0)) + 1)[asked]
    parts = []
    for since, values in (("start", lengths.since_start), ("previous", lengths.since_previous)):
        found = _quantiles(values, group, asked, np.array(list(_QUANTILES.values()))) / SECOND
        columns = _named(counted, segment, step) | {"since": since, counted.unit: number}
        parts.append(pd.DataFrame(columns | dict(zip(_QUANTILES, found.T, strict=True))))
    table = pd.concat(parts)
    table["since"] = table["since"].astype("str")
    return table.sort_index(kind="stable").reset_index(drop=True)


def _late(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    late = counted.level[:, 1]
    segment, level = np.nonzero(late) if counted.segments is not None else np.nonzero(np.ones_like(late))
    columns = _named(counted, segment, np.array(counted.plan.required, np.int64)[level])
    return pd.DataFrame(columns | {counted.unit: late[segment, level]})


def _differences(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    pairs = np.array(list(combinations(counted.shown[:_MOST_COMPARED], 2)), np.int64).reshape(-1, 2)
    names = np.array(counted.segments, dtype=object)
    n, done = counted.reached[pairs, 0].T, counted.reached[pairs, -1].T
    columns: dict[str, Any] = {}
    for one, side in enumerate("ab"):
        columns[f"segment_{side}"] = pd.Series(names[pairs[:, one]], dtype="str")
        columns |= {f"n_{side}": n[one], f"rate_{side}": share(done[one], n[one])}
    lower, upper = newcombe(done[0], n[0], done[1], n[1])
    p = difference_p(done[0], n[0], done[1], n[1]) if len(pairs) else np.empty(0)
    columns |= {"difference": columns["rate_a"] - columns["rate_b"], "lower": lower, "upper": upper, "p": p}
    columns |= {"q": benjamini_hochberg(p), "family": np.full(len(pairs), np.isfinite(p).sum())}
    return pd.DataFrame(columns)


def _named(counted: Counted, segment: Ints, step: Ints) -> dict[str, Any]:
    """Return the columns that say which row it is."""
    import pandas as pd

    events = np.array([counted.label(place) for place in range(len(counted.plan.labels))], dtype=object)
    columns: dict[str, Any] = {}
    if counted.segments is not None:
        columns["segment"] = pd.Series(np.array(counted.segments, dtype=object)[segment], dtype="str")
    return columns | {"step": step + 1, "event": pd.Series(events[step], dtype="str")}


def _quantiles(values: Ints, group: Ints, asked: Ints, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return quantiles (one column each) of the values in each group asked for, between two values in proportion."""
    order = np.lexsort((values, group))
    values, group = values[order], group[order]
    first, after = (np.searchsorted(group, asked, side=side) for side in ("left", "right"))
    found = np.full((len(asked), len(shares)), np.nan)
    some = after > first
    position = first[some, None] + (after - first - 1)[some, None] * shares
    low = np.floor(position).astype(np.int64)
    high = np.ceil(position).astype(np.int64)
    found[some] = values[low] + (values[high] - values[low]) * (position - low)
    return found
