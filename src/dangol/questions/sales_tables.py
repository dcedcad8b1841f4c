"""What ``sales`` has counted, and its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.changes import difference, parts, relatives
from dangol.core.durations import Period
from dangol.core.proportions import share
from dangol.core.result import Tables
from dangol.kernels import sales as kernels

from .sales_evidence import Evidence, Squares, compare
from .sales_split import Factors, Mix, factors, mix, shapley

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KINDS: Final = ("new", "returning")  # in the order of their codes
_EVIDENCE: Final = ("against_rest", "lower", "upper", "p", "q")
_FACTORS: Final = ("from_buyers", "from_orders_per_buyer", "from_amount_per_order")


class Seen(NamedTuple):
    """What was noticed on the way.

    How many orders repeat the row before, how many have several rows, and how many of these the same amount in each;
    and how many rows of orders and refunds have no amount.
    """

    repeats: int
    several: int
    alike: int
    unpriced: int


@dataclass(frozen=True)
class Sums:
    """The sums of some groups (rows) in each period (columns)."""

    buyers: Ints
    orders: Ints
    failed: Ints
    new_buyers: Ints
    returns: Ints
    gross: Floats
    refunds: Floats
    failed_amount: Floats

    @staticmethod
    def of(cells: Floats, groups: int) -> Sums:
        """Read the kernel's sums."""

        def count(place: int) -> Ints:
            return money(place).astype(np.int64)

        def money(place: int) -> Floats:
            return cells[:, place].reshape(groups, -1)

        return Sums(
            buyers=count(kernels.BUYERS),
            orders=count(kernels.ORDERS),
            failed=count(kernels.FAILURES),
            new_buyers=count(kernels.NEW_BUYERS),
            returns=count(kernels.RETURNS),
            gross=money(kernels.GROSS),
            refunds=money(kernels.REFUNDS),
            failed_amount=money(kernels.FAILED_AMOUNT),
        )

    @cached_property
    def amount(self) -> Floats:
        """Net sales."""
        return difference(self.refunds, self.gross)

    @property
    def rows(self) -> Ints:
        """How many purchases of any role there are."""
        found: Ints = self.orders + self.returns + self.failed
        return found

    def take(self, groups: Ints) -> Sums:
        """Return some of the groups."""
        return Sums(**{one.name: getattr(self, one.name)[groups] for one in fields(self)})

    def together(self) -> Sums:
        """Add up the groups."""
        return Sums(**{one.name: getattr(self, one.name).sum(axis=0, keepdims=True) for one in fields(self)})

    def factors(self) -> Factors:
        """Take the amounts apart."""
        return factors(self.buyers, self.orders, self.amount)


@dataclass(frozen=True)
class Counted:
    """Everything counted: by kind of buyer, and with ``by`` by segment.

    ``squares`` compare the last complete period with the one before. ``per_row`` says that rows have segments, not
    users. ``start`` is the log's or view's beginning, which may lie within the first period.
    """

    kinds: Sums
    segments: Sums | None
    squares: Squares | None
    seen: Seen
    edges: Ints
    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    by: str | None
    per_row: bool
    every: Period
    zone: str
    as_of: int
    start: int

    @cached_property
    def total(self) -> Sums:
        """The sums of all buyers."""
        return self.kinds.together()

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which periods are over."""
        return self.edges[1:] <= self.as_of

    @property
    def done(self) -> int:
        """How many periods are over."""
        return int(self.complete.sum())

    @property
    def empty(self) -> bool:
        """Whether there is no purchase at all."""
        return not self.total.rows.any()

    @cached_property
    def some(self) -> Ints:
        """The segments with any purchase, in the order of the breakdown."""
        return np.flatnonzero(self.segments.rows.any(axis=1)) if self.segments else np.empty(0, np.int64)

    @cached_property
    def parted(self) -> Sums | None:
        """The sums of these segments; None without a breakdown."""
        return self.segments.take(self.some) if self.segments else None

    @cached_property
    def evidence(self) -> Evidence | None:
        """How these segments developed against the rest; None without a breakdown or two complete periods."""
        if self.parted is None or self.squares is None or self.done < 2:
            return None
        both = np.s_[:, self.done - 2 : self.done]
        squares = Squares(self.squares.cells[self.some], self.squares.whole)
        return compare(self.parted.amount[both], self.parted.buyers[both], self.total.buyers[0][both[1]], squares)

    def segment_names(self, places: Ints | None = None) -> list[str]:
        """Name the segments with any purchase, or some of them."""
        known = [(self.labels or ())[code] for code in self.some]
        return known if places is None else [known[place] for place in places]

    def since(self, values: Floats) -> Floats:
        """Keep what compares two finished periods: values of the second; NaN elsewhere."""
        found = np.full((len(values), len(self.names)), np.nan)
        found[:, 1 : self.done] = values[:, : max(self.done - 1, 0)]
        return found

    def changes(self, sums: Sums) -> dict[str, Floats]:
        """Compare each period with the one before: the change, relative to before, and by factor."""
        amount = sums.amount
        both = [Factors(*(one[:, at] for one in sums.factors())) for at in (np.s_[:-1], np.s_[1:])]
        found = {"change": difference(amount[:, :-1], amount[:, 1:])}
        found["change_rate"] = relatives(amount[:, :-1], amount[:, 1:])
        found |= dict(zip(_FACTORS, shapley(*both), strict=True))
        return {name: self.since(values) for name, values in found.items()}

    def mixed(self, sums: Sums) -> Mix:
        """Split the change of the amount per buyer between each period and the one before."""
        buyers = sums.buyers.astype(np.float64)
        found = mix((buyers[:, :-1], buyers[:, 1:]), (sums.amount[:, :-1], sums.amount[:, 1:]))
        return Mix(*(self.since(values) for values in found))


# ---- tables -----------------------------------------------------------------------------------------------------


def tables(counted: Counted) -> Tables:
    """Return the tables, to be made when they are looked at."""
    makers = {"periods": lambda: _periods(counted), "kinds": lambda: _kinds(counted)}
    if counted.parted is not None:
        parted = counted.parted
        makers |= {"mix": lambda: _mix(counted, parted), "contributions": lambda: contributions(counted, parted)}
    return Tables(makers)


def _periods(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    sums = counted.total if counted.parted is None else counted.parted
    if counted.empty:
        sums = sums.take(np.empty(0, np.int64))
    groups, width = len(sums.buyers), len(counted.names)
    start = pd.DatetimeIndex(counted.edges[:-1].view("datetime64[us]")).tz_localize("UTC").tz_convert(counted.zone)
    columns: dict[str, Any] = {}
    if counted.parted is not None:
        columns["segment"] = _texts(np.repeat(np.array(counted.segment_names(), dtype=object), width))
    columns["period"] = _texts(list(counted.names) * groups)
    columns["start"] = start.take(np.tile(np.arange(width), groups))
    _, orders_per_buyer, amount_per_order = sums.factors()
    values: dict[str, Any] = {
        "amount": sums.amount,
        "gross": sums.gross,
        "refunds": sums.refunds,
        "buyers": sums.buyers,
        "orders": sums.orders,
        "orders_per_buyer": orders_per_buyer,
        "amount_per_order": amount_per_order,
        "failed": sums.failed,
        "failed_amount": sums.failed_amount,
        "new_buyers": sums.new_buyers,
        **counted.changes(sums),
    }
    columns |= {name: found.ravel() for name, found in values.items()}
    return _frame(columns | {"complete": np.tile(counted.complete, groups)})


def _kinds(counted: Counted) -> pd.DataFrame:
    """One row per period and kind, so the arrays (kind × period) are read period by period."""
    sums = counted.kinds.take(np.empty(0, np.int64)) if counted.empty else counted.kinds
    change = counted.changes(sums)["change"]
    values: dict[str, Any] = {
        "buyers": sums.buyers,
        "orders": sums.orders,
        "amount": sums.amount,
        "share": share(sums.amount, counted.total.amount),
        "change": change,
        "share_of_change": parts(change, counted.changes(counted.total)["change"]),
    }
    columns: dict[str, Any] = {
        "period": _texts(np.repeat(np.array(counted.names, dtype=object), len(sums.buyers))),
        "kind": _texts(list(KINDS[: len(sums.buyers)]) * len(counted.names)),
    }
    return _frame(columns | {name: found.T.ravel() for name, found in values.items()})


def _mix(counted: Counted, sums: Sums) -> pd.DataFrame:
    split = counted.mixed(sums)
    values: dict[str, Any] = {
        "buyers": sums.buyers,
        "share_of_buyers": share(sums.buyers, sums.buyers.sum(axis=0)),
        "amount": sums.amount,
        "amount_per_buyer": share(sums.amount, sums.buyers),
        "change": split.change,
        "mix": split.mix,
        "within": split.within,
    }
    columns: dict[str, Any] = {
        "period": _texts(np.repeat(np.array(counted.names, dtype=object), len(sums.buyers))),
        "segment": _texts(counted.segment_names() * len(counted.names)),
    }
    return _frame(columns | {name: found.T.ravel() for name, found in values.items()})


def contributions(counted: Counted, sums: Sums) -> pd.DataFrame:
    """Compare the segments in the last complete period with the one before; without two such periods, no rows."""
    before, last = (counted.done - 2, counted.done - 1) if counted.done > 1 else (0, 0)
    traded = (sums.orders + sums.returns)[:, [before, last]].any(axis=1) & (counted.done > 1)
    places = np.flatnonzero(traded)
    change = counted.changes(sums)["change"][places, last]
    places = places[np.argsort(change, kind="stable")]
    chosen = sums.take(places)
    changes = {name: values[:, last] for name, values in counted.changes(chosen).items()}
    columns: dict[str, Any] = {
        "segment": _texts(counted.segment_names(places)),
        "amount_before": chosen.amount[:, before],
        "amount_after": chosen.amount[:, last],
        "change": changes["change"],
        "change_rate": changes["change_rate"],
        "share_of_change": parts(changes["change"], counted.changes(counted.total)["change"][0, last]),
    }
    for name in _EVIDENCE:
        columns[name] = getattr(counted.evidence, name)[places] if counted.evidence else np.empty(0)
    return _frame(columns | {name: changes[name] for name in _FACTORS})


def _texts(texts: Any) -> Any:
    import pandas as pd

    return pd.Series(texts, dtype="str")


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))
