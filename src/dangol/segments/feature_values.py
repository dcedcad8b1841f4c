"""The values of unit features, from what was counted: which units stay, and one number for each of their features."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.durations import DAY, MINUTE
from dangol.core.errors import InputError, unknown
from dangol.core.proportions import share
from dangol.questions.rhythm_spread import gathered, variation

from .feature_counts import Counts, count
from .feature_pairs import Edges, Pairs, within
from .feature_rules import ATTRIBUTES, NAMED, Plan
from .feature_spec import PERS, SESSION, USER, Feature

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# What becomes of a unit; the first that fits is taken.
FATES: Final = ("without_unit", "no_active_users", "excluded", "below_least", "kept")
KEPT: Final = FATES.index("kept")
_MOST_NAMES: Final = 20_000  # among which the nearest to a misspelt one is looked for


@dataclass(frozen=True)
class Measured:
    """Every unit with what became of it, and the features of those that stay, in the order of the units."""

    plan: Plan
    counts: Counts
    fate: Ints
    pairs: Pairs | None

    @cached_property
    def rows(self) -> Ints:
        """The places of the units that stay."""
        return np.flatnonzero(self.fate == KEPT)

    @cached_property
    def values(self) -> Mapping[str, Floats]:
        """The value of each feature for each unit that stays; NaN where there is none."""
        return {one.name: _VALUES[one.kind](self, one)[self.rows] for one in self.plan.spec.features}

    @cached_property
    def missing(self) -> Mapping[str, int]:
        """For how many units each feature has no value."""
        return {name: int(np.isnan(column).sum()) for name, column in self.values.items()}

    @cached_property
    def ids(self) -> pa.Array:
        """The id of each unit, null for 'no unit': that of a session is its user's with a slash and its number."""
        return _ids(self.plan, self.counts)


def measure(plan: Plan, edges: Edges | None, exclude: Sequence[str]) -> Measured:
    """Count, sort the units, and find the pairs of each."""
    counts = count(plan)
    named = np.asarray(_ids(plan, counts).is_valid()) if not counts.alone else np.ones(counts.size, np.bool_)
    fate = np.full(counts.size, KEPT)
    fate[counts.users < plan.spec.least] = FATES.index("below_least")
    fate[_excluded(plan, counts, exclude)] = FATES.index("excluded")
    fate[counts.users == 0] = FATES.index("no_active_users")
    fate[~named] = FATES.index("without_unit")
    pairs = None if edges is None else within(edges, counts, plan.log.contents.meta.n_users, fate == KEPT, named)
    return Measured(plan, counts, fate, pairs)


def _ids(plan: Plan, counts: Counts) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not counts.alone:
        return plan.log.contents.dictionary(plan.spec.unit).cast(pa.large_string())
    ids = plan.log.contents.ids().take(pa.array(counts.owner))
    if plan.spec.unit == USER:
        return ids
    first = np.searchsorted(counts.owner, counts.owner)  # runs are sorted by user
    number = pa.array(np.arange(counts.size) - first + 1).cast(pa.large_string())
    return pc.binary_join_element_wise(ids, number, pa.scalar("/", pa.large_string()))


def _excluded(plan: Plan, counts: Counts, exclude: Sequence[str]) -> Ints:
    """Return the places of the units that were excluded by name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told: Any = exclude
    if not isinstance(told, Collection) or isinstance(told, str) or not all(isinstance(one, str) for one in told):
        raise InputError(f"exclude={exclude!r} must be a list of ids of units, such as exclude=['test_school']")
    wanted = [in_unicode(one) for one in told]
    if not wanted:
        return np.empty(0, np.int64)
    if plan.spec.unit == SESSION:
        raise InputError("exclude goes with users and groups; leave out sessions by a view of the log")
    ids = plan.log.contents.ids() if plan.spec.unit == USER else _ids(plan, counts)
    places = pc.index_in(pa.array(wanted, ids.type), ids)
    if places.null_count:
        first = wanted[int(np.argmax(np.asarray(places.is_null())))]
        raise unknown(plan.spec.unit, first, ids.drop_null().slice(0, _MOST_NAMES).to_pylist())
    found = places.to_numpy().astype(np.int64)
    return np.flatnonzero(np.isin(counts.owner, found)) if plan.spec.unit == USER else found


def in_unicode(text: str) -> str:
    """Return a text that Arrow can take: half a character, which is in no log, becomes a question mark."""
    return text.encode(errors="replace").decode()


# ---- values -----------------------------------------------------------------------------------------------------


def _per(found: Measured, feature: Feature, total: Floats) -> Floats:
    """Divide a sum by the active users of each unit, or by their active days, or by nothing."""
    counts = found.counts
    if feature.per == PERS[1]:
        return total
    return share(total, counts.users if feature.per == PERS[0] else counts.total(counts.measures["days"]))


def _events(found: Measured, feature: Feature) -> Floats:
    kinds = found.plan.rules.names.of[found.plan.place(feature, NAMED)]
    total = found.counts.totals["names"][:, kinds].sum(axis=1, dtype=np.float64)
    return share(total, found.counts.events) if feature.kind == "share_of_events" else _per(found, feature, total)


def _share_of_users(found: Measured, feature: Feature) -> Floats:
    """Users whose first days are not over yet count neither above nor below the line."""
    counts = found.counts
    times = counts.measures[f"early {found.plan.place(feature, ('share_of_users',))}"]
    over = counts.measures["first"] + (feature.within or 0) <= found.plan.as_of
    return share(counts.total(over & (times >= feature.at_least)), counts.total(over))


def _session_minutes(found: Measured, feature: Feature) -> Floats:
    counts = found.counts
    minutes = share(counts.measures["length"], counts.measures["sessions"]) / MINUTE
    if counts.alone:
        return minutes
    return _medians(counts, minutes) if feature.subject == "median" else share(counts.total(minutes), counts.users)


def _medians(counts: Counts, values: Floats) -> Floats:
    """Return the median over the runs of each unit; the mean of the two in the middle."""
    ordered = values[np.lexsort((values, counts.unit))]
    some = np.flatnonzero(counts.users)
    first = np.cumsum(counts.users)[some] - counts.users[some]
    found: Floats = np.full(counts.size, np.nan)
    low, high = (counts.users[some] - 1) // 2, counts.users[some] // 2
    found[some] = (ordered[first + low] + ordered[first + high]) / 2
    return found


def _sessions(found: Measured, feature: Feature) -> Floats:
    return _per(found, feature, found.counts.total(found.counts.measures["sessions"]))


def _moves(found: Measured, feature: Feature) -> Floats:
    measures, total = found.counts.measures, found.counts.total
    moved = _per(found, feature, total(measures[f"{feature.kind} {feature.subject}"]))
    return np.where(total(measures[f"pairs {feature.subject}"]) > 0, moved, np.nan)


def _amount(found: Measured, feature: Feature) -> Floats:
    return _per(found, feature, found.counts.total(found.counts.measures["amount"]))


def _active_days(found: Measured, _: Feature) -> Floats:
    return share(found.counts.total(found.counts.measures["days"]), found.counts.users)


def _attribute(found: Measured, feature: Feature) -> Floats:
    """The share of a value, the balance made of it, or whether there is a single value: of users with a value."""
    counts, values = found.counts, found.counts.measures[f"of {feature.subject}"]
    log = found.plan.log
    wanted: Any = feature.value
    if log.column(feature.subject).kind == "text":
        known = np.asarray(log.contents.dictionary(feature.subject).is_valid())[values]
        wanted = log.code(feature.subject, wanted) if wanted is not None else None
    else:
        known = ~np.isnan(values)
    if feature.kind == "single_valued":
        return _single(counts, values[known], counts.unit[known])
    p = share(counts.total(known & (values == wanted)), counts.total(known))
    return p if feature.kind == "attribute_share" else 1 - np.abs(2 * p - 1)


def _single(counts: Counts, values: npt.NDArray[Any], unit: Ints) -> Floats:
    """Return 1 where the smallest value is the largest, 0 where not, NaN where there is none."""
    low, high = np.full(counts.size, np.inf), np.full(counts.size, -np.inf)
    np.minimum.at(low, unit, values)
    np.maximum.at(high, unit, values)
    return np.where(high >= low, (low == high).astype(np.float64), np.nan)


def _density(found: Measured, _: Feature) -> Floats:
    users = found.counts.users.astype(np.float64)
    return share(found.pairs.count if found.pairs else np.zeros_like(users), users * (users - 1) / 2)


def _clock(found: Measured, feature: Feature) -> Floats:
    kinds = getattr(found.plan.rules, feature.kind).of[found.plan.place(feature, (feature.kind,))]
    return share(found.counts.totals[feature.kind][:, kinds].sum(axis=1), found.counts.events)


def _variation(found: Measured, feature: Feature) -> Floats:
    exposure = gathered(found.plan.exposure, feature.subject)
    if (exposure > 0).sum() < 2:
        return np.full(found.counts.size, np.nan)
    return variation(found.counts.totals[f"{feature.subject}s"], exposure)


def _last(found: Measured) -> Ints:
    last = np.full(found.counts.size, np.iinfo(np.int64).min)
    np.maximum.at(last, found.counts.unit, found.counts.measures["last"])
    return last


def _recency(found: Measured, _: Feature) -> Floats:
    days: Floats = (found.plan.as_of - _last(found)[found.rows]) / DAY
    return _spread(found, days)


def _span(found: Measured, _: Feature) -> Floats:
    first = np.full(found.counts.size, np.iinfo(np.int64).max)
    np.minimum.at(first, found.counts.unit, found.counts.measures["first"])
    days: Floats = (_last(found)[found.rows] - first[found.rows]) / DAY
    return _spread(found, days)


def _spread(found: Measured, kept: Floats) -> Floats:
    """Put values of the units that stay into an array of all units."""
    every: Floats = np.full(found.counts.size, np.nan)
    every[found.rows] = kept
    return every


def _users(found: Measured, _: Feature) -> Floats:
    return found.counts.users.astype(np.float64)


_VALUES: Final[Mapping[str, Callable[[Measured, Feature], Floats]]] = {
    "events": _events,
    "share_of_events": _events,
    "share_of_users": _share_of_users,
    "session_minutes": _session_minutes,
    "sessions": _sessions,
    "drops": _moves,
    "rises": _moves,
    "amount": _amount,
    "active_days": _active_days,
    **dict.fromkeys(ATTRIBUTES, _attribute),
    "density": _density,
    "hours": _clock,
    "weekdays": _clock,
    "variation": _variation,
    "recency": _recency,
    "span": _span,
    "users": _users,
}
