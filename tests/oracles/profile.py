"""``profile``, the slow way: exact sums, every pair of units compared for ranks, false discoveries by definition."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import stats

from . import Event, Row
from .drivers import exact, newcombe

Values = Sequence[Fraction | None]


@dataclass(frozen=True)
class Known:
    """One thing known of the units, in their order."""

    feature: str
    kind: str
    values: Values
    yes_no: bool = False
    made: bool = False
    value: str | None = None

    @property
    def shown(self) -> str:
        return self.feature if self.value is None else f"{self.feature} = {self.value}"


@dataclass(frozen=True)
class Found:
    """One variable in one segment."""

    inside: list[Fraction]
    rest: list[Fraction]
    everybody: list[Fraction]
    difference: float
    lower: float
    upper: float
    low: float  # of the plain difference
    high: float
    p: float
    p_ranks: float


# ---- what is known of units -----------------------------------------------------------------------------------------


def number(name: str, values: Sequence[float | None], *, made: bool = False) -> list[Known]:
    """A column of numbers; nothing, where all are the same."""
    told = [None if value is None or not math.isfinite(value) else Fraction(value) for value in values]
    some = [value for value in told if value is not None]
    if len(some) < 2 or len(set(some)) < 2:
        return []
    return [Known(name, "feature", told, not made and set(some) <= {0, 1}, made)]


def text(name: str, values: Sequence[str | None], most: int = 20) -> list[Known]:
    """A column of text: 1 or 0 for each of its values; of two values the rarer, and of equals the later."""
    return shares(name, values, [{value: Fraction(1)} for value in values], True, most)


def shares(
    name: str,
    order: Sequence[str | None],
    units: Sequence[Mapping[str | None, Fraction]],
    yes_no: bool,
    most: int = 20,
    missing_first: bool = False,
) -> list[Known]:
    """An attribute by the share that each value has of each unit; a unit without anybody has an empty mapping."""
    found = sorted({value for value in order if value is not None})
    if None in order:
        found = [None, *found] if missing_first else [*found, None]
    some = [value for value in found if sum(unit.get(value, Fraction(0)) for unit in units) > 0]
    if not 2 <= len(some) <= most:
        return []
    if len(some) == 2:
        total = [sum(unit.get(value, Fraction(0)) for unit in units) for value in some]
        some = [some[0] if total[0] < total[1] else some[1]]
    return [
        Known(
            name,
            "attribute",
            [unit.get(value, Fraction(0)) if unit else None for unit in units],
            yes_no,
            value="(none)" if value is None else value,
        )
        for value in some
    ]


@dataclass(frozen=True)
class Unit:
    """What the users of one unit did."""

    users: frozenset[str]
    events: Mapping[str, int]
    having: Mapping[str, frozenset[str]]


def units(events: Sequence[Event], ids: Sequence[str], unit_of: Callable[[Event], str | None]) -> list[Unit]:
    found = []
    for one in ids:
        own = [event for event in events if unit_of(event) == one]
        names = {event.name for event in own}
        having = {name: frozenset(event.user for event in own if event.name == name) for name in names}
        found.append(Unit(frozenset(event.user for event in own), Counter(event.name for event in own), having))
    return found


def names(found: Sequence[Unit], most: int = 30) -> list[str]:
    """Event names, the most frequent first, by name where equal."""
    counts = Counter({name: sum(unit.events.get(name, 0) for unit in found) for unit in found for name in unit.events})
    return sorted(counts, key=lambda name: (-counts[name], name))[:most]


def rates(found: Sequence[Unit], wanted: Sequence[str]) -> list[Known]:
    return [
        Known(
            name,
            "event",
            [Fraction(unit.events.get(name, 0), len(unit.users)) if unit.users else None for unit in found],
        )
        for name in wanted
    ]


# ---- comparing ------------------------------------------------------------------------------------------------------


def mean(values: Sequence[Fraction]) -> Fraction:
    return Fraction(sum(values), len(values))


def squares(values: Sequence[Fraction]) -> Fraction:
    middle = mean(values)
    return sum(((value - middle) ** 2 for value in values), Fraction(0))


def median(values: Sequence[Fraction]) -> float:
    ordered, half = sorted(values), len(values) // 2
    if not values:
        return math.nan
    return float(ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def compare(one: Known, codes: Sequence[int], segment: int, least: int, circular: bool) -> Found:
    pairs = [(value, code) for value, code in zip(one.values, codes, strict=True) if value is not None]
    inside, rest = ([value for value, code in pairs if (code == segment) == here] for here in (True, False))
    everybody = [value for value, _ in pairs]
    nothing = Found(inside, rest, everybody, *[math.nan] * 7)
    n, m = len(inside), len(rest)
    if not n or not m or n + m < 3 or squares(inside) + squares(rest) == 0:
        return nothing
    pooled = math.sqrt((squares(inside) + squares(rest)) / (n + m - 2))
    gap = mean(inside) - mean(rest)
    difference = float(gap) / pooled
    if circular or n < least or m < 2:
        return Found(inside, rest, everybody, difference, *[math.nan] * 6)
    if one.yes_no:
        a, b = int(sum(inside)), int(sum(rest))
        table = (a, n - a, b, m - b)
        low, high = newcombe(table)
        return Found(
            inside, rest, everybody, difference, low / pooled, high / pooled, low, high, exact([table]), math.nan
        )
    a, b = float(squares(inside)) / (n - 1) / n, float(squares(rest)) / (m - 1) / m
    df = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    p = 2 * stats.t.sf(abs(float(gap)) / math.sqrt(a + b), df)
    reach = stats.t.ppf(0.975, df)
    half = reach * math.sqrt((a + b) / pooled**2 + difference**2 / (2 * (n + m)))
    low, high = (float(gap) + sign * reach * math.sqrt(a + b) for sign in (-1, 1))
    ranked = by_ranks(inside, rest)
    return Found(inside, rest, everybody, difference, difference - half, difference + half, low, high, p, ranked)


def by_ranks(inside: Sequence[Fraction], rest: Sequence[Fraction]) -> float:
    """Mann and Whitney's p: wins counted pair by pair, equal ones half."""
    n, m = len(inside), len(rest)
    wins = Fraction(sum((a > b) * 2 + (a == b) for a in inside for b in rest), 2)
    ties = sum(count**3 - count for count in Counter([*inside, *rest]).values())
    variance = Fraction(n * m, 12) * (n + m + 1 - Fraction(ties, (n + m) * (n + m - 1)))
    if not variance:
        return math.nan
    z = (float(max(wins, n * m - wins)) - n * m / 2 - 0.5) / math.sqrt(variance)
    return float(min(2 * stats.norm.sf(z), 1))


def false_rates(p: Sequence[float]) -> list[float]:
    """q: the least of m·p / k over all tests whose p is not smaller, k being how many are not larger than these."""
    known = [value for value in p if not math.isnan(value)]
    steps = {limit: len(known) * limit / sum(value <= limit for value in known) for limit in known}
    return [math.nan if math.isnan(one) else min(steps[limit] for limit in known if limit >= one) for one in p]


def related(one: Known, made: Sequence[Known]) -> str | None:
    """The feature that a variable follows, or those it sums up."""
    if one.made or not made:
        return None
    places = [place for place, value in enumerate(one.values) if value is not None]
    values = [float(one.values[place] or 0) for place in places]
    if len(values) < 3 or len(set(values)) < 2:
        return None
    columns = {feature.feature: [float(feature.values[place] or 0) for place in places] for feature in made}
    close = {
        name: max(abs(pearson(values, other)), abs(pearson(ranks(values), ranks(other))))
        for name, other in columns.items()
    }
    if max(close.values()) > 0.9:
        return max(close, key=lambda name: round(close[name], 9))
    free = len(values) - len(made) - 1
    design = np.column_stack([standard(column) for column in columns.values()])
    target = np.array(standard(values))
    weights = np.linalg.lstsq(design, target, rcond=1e-8)[0]
    left = float(((target - design @ weights) ** 2).sum() / (target**2).sum())
    if free <= 0 or 1 - left * (len(values) - 1) / free <= 0.81:
        return None
    order = sorted(zip(columns, weights, strict=True), key=lambda pair: -round(abs(pair[1]), 9))
    return " + ".join(name for name, weight in order if abs(weight) >= 0.2)


def standard(values: Sequence[float]) -> list[float]:
    middle = sum(values) / len(values)
    size = math.sqrt(sum((value - middle) ** 2 for value in values) / len(values))
    return [(value - middle) / size if size else 0.0 for value in values]


def pearson(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(standard(a), standard(b), strict=True)) / len(a)


def ranks(values: Sequence[float]) -> list[float]:
    return [sum(other < one for other in values) + (sum(other == one for other in values) + 1) / 2 for one in values]


# ---- tables ---------------------------------------------------------------------------------------------------------


def profile(known: Sequence[Known], codes: Sequence[int], segments: Sequence[str], least: Sequence[int]) -> list[Row]:
    """The main table."""
    made = [one for one in known if one.made and not one.yes_no]
    follows = {one.shown + one.kind: related(one, made) for one in known}
    cells = [
        (segment, one, compare(one, codes, place, least[place], one.made or follows[one.shown + one.kind] is not None))
        for place, segment in enumerate(segments)
        for one in known
    ]
    q = false_rates([found.p if math.isnan(found.p_ranks) else max(found.p, found.p_ranks) for *_, found in cells])
    return [
        _row(segment, one, found, rate, follows[one.shown + one.kind])
        for (segment, one, found), rate in zip(cells, q, strict=True)
    ]


def _row(segment: str, one: Known, found: Found, q: float, follows: str | None) -> Row:
    here, rest, whole = (
        float(mean(values)) if values else math.nan for values in (found.inside, found.rest, found.everybody)
    )
    evidence = "made" if one.made else "related" if follows else "few" if math.isnan(found.p) else "none"
    if evidence == "none" and q <= 0.05:
        evidence = "holds" if abs(found.difference) >= 0.2 else "small"
    return {
        "segment": segment,
        "feature": one.shown,
        "kind": one.kind,
        "n": len(found.inside),
        "median": math.nan if one.yes_no else median(found.inside),
        "median_rest": math.nan if one.yes_no else median(found.rest),
        "mean": here,
        "mean_rest": rest,
        "index": 100 * here / whole if whole > 0 and min(found.everybody) >= 0 else math.nan,
        "difference": found.difference,
        "lower": found.lower,
        "upper": found.upper,
        "p": found.p,
        "q": q,
        "p_ranks": found.p_ranks,
        "made_clusters": one.made,
        "related_to": follows,
        "evidence": evidence,
    }


def events_table(
    found: Sequence[Unit], rows: Sequence[Row], codes: Sequence[int], segments: Sequence[str]
) -> list[Row]:
    """Every event in every segment."""
    table = []
    for row in rows:
        if row["kind"] != "event":
            continue
        place = segments.index(row["segment"])
        inside, rest = (
            [unit for unit, code in zip(found, codes, strict=True) if (code == place) == here] for here in (True, False)
        )
        told = {name: row[name] for name in ("n", "mean", "mean_rest", "index")}
        table.append(
            {
                "segment": row["segment"],
                "event": row["feature"],
                "n": told["n"],
                "users": sum(len(unit.users) for unit in inside),
                "mean": told["mean"],
                "mean_rest": told["mean_rest"],
                "index": told["index"],
                "share": _share(inside, row["feature"]),
                "share_rest": _share(rest, row["feature"]),
            }
        )
    return table


def _share(units: Sequence[Unit], name: str) -> float:
    users = sum(len(unit.users) for unit in units)
    return sum(len(unit.having.get(name, ())) for unit in units) / users if users else math.nan
