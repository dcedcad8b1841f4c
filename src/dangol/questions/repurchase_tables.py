"""The tables of ``repurchase``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.proportions import share, wilson
from dangol.core.result import Tables
from dangol.kernels import repurchase as kernels

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STATES: Final = ("active", "churned", "lapsed", "returned")
PERCENTILES: Final = (10, 25, 50, 75, 80, 90, 95, 99)


@dataclass(frozen=True)
class Waits:
    """The gaps of some purchases; arrays by days, and by candidate where it is said (see ``kernels.Tally``)."""

    followed: Ints
    known: Ints
    waiting: Ints
    sums: Ints
    purchases: int
    buyers: int
    candidates: tuple[int, ...]

    @cached_property
    def hazard(self) -> Floats:
        """Of the purchases that have waited up to each number of days on full days, the share followed on that day."""
        ended = self.known + self.waiting
        there = ended[::-1].cumsum()[::-1]
        return np.nan_to_num(share(self.known, there))

    @cached_property
    def returned(self) -> Floats:
        """Kaplan and Meier's share of purchases that another has followed within each number of days."""
        left: Floats = np.cumprod(1 - self.hazard, dtype=np.float64)
        return 1 - left

    @cached_property
    def ever(self) -> Floats:
        """By candidate, the same from that number of days on, within the time observed; NaN if nobody is labelled."""
        left = np.append(np.cumprod((1 - self.hazard)[::-1])[::-1], 1.0)  # from this day on
        start = np.minimum(np.array(self.candidates) + 1, len(self.hazard))
        return np.where(self.sums[:, kernels.X] > 0, 1 - left[start], np.nan)

    @property
    def longest(self) -> int:
        """The most days that any purchase has waited, or did wait, on full days."""
        return int(np.flatnonzero(self.known + self.waiting)[-1])

    def reached(self, level: float) -> float:
        """The first number of days by which that share is followed; NaN where it is never reached."""
        enough = np.flatnonzero(self.returned >= level - 1e-12)
        return float(enough[0]) if len(enough) else float("nan")

    def quantile(self, percent: int) -> float:
        """The linear quantile of the observed gaps."""
        total = self.followed.cumsum()
        if not total[-1]:
            return float("nan")
        place, rest = divmod(percent * (int(total[-1]) - 1), 100)
        low, high = np.searchsorted(total, np.array([place, min(place + 1, int(total[-1]) - 1)]), side="right")
        return float(low + (high - low) * rest / 100)

    def interval(self, count: int, n: int, groups: int, squares: tuple[int, int, int]) -> tuple[Floats, Floats]:
        """Return the 95 % interval of the ratio of two columns of ``sums``, with buyers as clusters."""
        total, p = self.sums[:, n].astype(np.float64), share(self.sums[:, count], self.sums[:, n])
        own, both, base = (self.sums[:, place].astype(np.float64) for place in squares)
        clusters = self.sums[:, groups].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.maximum(own - 2 * p * both + p * p * base, 0) * clusters / (clusters - 1)
            half = np.where(clusters > 1, 1.96 * np.sqrt(spread) / total, np.nan)
        return np.clip(p - half, 0, 1), np.clip(p + half, 0, 1)

    def rates(self) -> tuple[Floats, Floats, Floats]:
        """The share labelled, by candidate, and its interval."""
        squares = (kernels.XX, kernels.NX, kernels.NN)
        lower, upper = self.interval(kernels.X, kernels.N, kernels.BUYERS, squares)
        return share(self.sums[:, kernels.X], self.sums[:, kernels.N]), lower, upper

    def return_rates(self) -> tuple[Floats, Floats, Floats]:
        """The share of the labelled that has returned, by candidate, and its interval."""
        squares = (kernels.RR, kernels.RX, kernels.XX)
        lower, upper = self.interval(kernels.R, kernels.X, kernels.LAPSED, squares)
        return share(self.sums[:, kernels.R], self.sums[:, kernels.X]), lower, upper


@dataclass(frozen=True)
class Counted:
    """Everything counted. ``days`` are the candidates of the table, ``candidates`` with ``churn_days`` among them.

    ``chosen`` says whether ``churn_days`` was chosen from them, ``separates`` whether few ever return after so many
    days; ``full`` names the last full day (nothing before the first is over).
    """

    parts: kernels.Tally
    days: tuple[int, ...]
    candidates: tuple[int, ...]
    churn_days: int
    chosen: bool
    separates: bool
    labels: tuple[str, ...] | None
    by: str | None
    zone: str
    as_of: int
    full: list[str]

    @cached_property
    def pooled(self) -> Waits:
        """All segments together."""
        followed, known, waiting, sums, purchases, buyers = (np.asarray(one).sum(axis=0) for one in self.parts)
        return Waits(followed, known, waiting, sums, int(purchases), int(buyers), self.candidates)

    @property
    def segments(self) -> list[tuple[str, Waits]]:
        """The segments with buyers, each alone."""
        labels, parts = self.labels or (), self.parts
        return [
            (
                labels[code],
                Waits(
                    parts.followed[code],
                    parts.known[code],
                    parts.waiting[code],
                    parts.sums[code],
                    int(parts.purchases[code]),
                    int(parts.buyers[code]),
                    self.candidates,
                ),
            )
            for code in np.flatnonzero(parts.buyers).tolist()
        ]

    @property
    def place(self) -> int:
        """Where ``churn_days`` stands among the candidates."""
        return self.candidates.index(self.churn_days)


@dataclass(frozen=True)
class Churn:
    """Users at risk, churned and returned by period, after ``days`` days without a purchase."""

    names: tuple[str, ...]
    start: Ints
    users: Ints
    churned: Ints
    returned: Ints
    complete: npt.NDArray[np.bool_]
    days: int


def coded(bits: kernels.Bits) -> Ints:
    """Return the state of each, as a place in ``STATES``."""
    found = np.where(bits & kernels.AT_RISK, 0, 2)
    found = np.where(bits & kernels.RETURNED, 3, found)
    return np.where(bits & kernels.CHURNED, 1, found).astype(np.int64)


Flags = Callable[[], tuple[Any, Ints, Ints]]


def tables(counted: Counted, churn: Churn, flags: Flags) -> Tables:
    """Return the tables, to be made when they are looked at."""
    return Tables(
        {
            "candidates": lambda: _candidates(counted),
            "gaps": lambda: _gaps(counted.pooled),
            "percentiles": lambda: _percentiles(counted.pooled),
            "periods": lambda: _periods(counted, churn),
            "flags": lambda: _flags(churn, flags),
        }
    )


def _candidates(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    if counted.labels is None:
        return _candidate_rows(counted, counted.pooled).head(len(counted.days) if counted.pooled.buyers else 0)
    parts = []
    for name, waits in counted.segments:
        rows = _candidate_rows(counted, waits)
        rows.insert(0, "segment", _series([name] * len(rows)))
        parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else _candidate_rows(counted, counted.pooled).head(0)


def _candidate_rows(counted: Counted, waits: Waits) -> pd.DataFrame:
    keep = np.isin(counted.candidates, counted.days)
    sums = waits.sums
    rate, lower, upper = waits.rates()
    back, back_lower, back_upper = waits.return_rates()
    columns = {
        "days": np.array(counted.candidates),
        "n": sums[:, kernels.N],
        "censored": waits.purchases - sums[:, kernels.N],
        "labelled": sums[:, kernels.X],
        "rate": rate,
        "lower": lower,
        "upper": upper,
        "returned": sums[:, kernels.R],
        "return_rate": back,
        "return_lower": back_lower,
        "return_upper": back_upper,
        "return_rate_ever": waits.ever,
        "users": sums[:, kernels.BUYERS],
    }
    return _frame({name: values[keep] for name, values in columns.items()})


def _gaps(waits: Waits) -> pd.DataFrame:
    days = np.flatnonzero(waits.followed)
    count = waits.followed[days]
    columns = {"days": days, "count": count, "share": share(count, count.sum())}
    return _frame(columns | {"cumulative": share(count.cumsum(), count.sum()), "returned": waits.returned[days]})


def _percentiles(waits: Waits) -> pd.DataFrame:
    columns = {
        "percentile": np.array(PERCENTILES),
        "days_observed": [waits.quantile(one) for one in PERCENTILES],
        "days": [waits.reached(one / 100) for one in PERCENTILES],
    }
    return _frame(columns).head(len(PERCENTILES) if waits.buyers else 0)


def _periods(counted: Counted, churn: Churn) -> pd.DataFrame:
    import pandas as pd

    lower, upper = wilson(churn.churned, churn.users)
    columns = {
        "period": _series(churn.names),
        "start": pd.DatetimeIndex(churn.start.view("datetime64[us]")).tz_localize("UTC").tz_convert(counted.zone),
        "users": churn.users,
        "churned": churn.churned,
        "rate": share(churn.churned, churn.users),
        "lower": lower,
        "upper": upper,
        "returned": churn.returned,
        "complete": churn.complete,
    }
    return _frame(columns).head(len(churn.names) if counted.pooled.buyers else 0)


def _flags(churn: Churn, flags: Flags) -> pd.DataFrame:
    users, period, state = flags()
    columns = {"user": users.reset_index(drop=True).astype("str"), "period": _texts(churn.names, period)}
    return _frame(columns | {"state": _texts(STATES, state)})


def _texts(names: tuple[str, ...], code: Ints) -> Any:
    return _series(np.array(names, dtype=object)[code])


def _series(values: Any) -> Any:
    import pandas as pd

    return pd.Series(list(values) if isinstance(values, tuple) else values, dtype="str")


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))
