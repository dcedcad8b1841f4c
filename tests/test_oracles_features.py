"""``group_features`` against its oracle and its own identities, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.rhythm import rhythm
from dangol.segments.features import group_features
from tests.oracles import check, check_words, plain, rows_of
from tests.oracles import features as oracle
from tests.oracles.features import Asked, Known, known
from tests.oracles.properties import alike, blocks_change_nothing, moments, order_of_rows_changes_nothing
from tests.oracles.rhythm import begin_of, exposure
from tests.oracles.strategies import DAY, HOUR, SHORT_GAPS, Small, blocks, busy, effort, logs, turns, views

GAPS = (*SHORT_GAPS, DAY - 1, DAY, 7 * DAY)
PER = ("active_user", "total", "active_day")
UNITS = st.sampled_from(("user", "session", "country", "country", "item"))
ALONE = ("user", "session")


@dataclass(frozen=True)
class Question:
    """A log, and what to ask of it."""

    small: Small
    unit: str
    features: dict[str, dict[str, Any]]
    gap: str
    least: int
    exclude: tuple[str, ...]
    edges: tuple[tuple[str | None, str | None, int | None], ...] | None

    def ask(self, log: EventLog, as_of: int | None = None) -> Result:
        """Ask it."""
        spec = {"unit": self.unit, "gap": self.gap, "features": self.features}
        asked: dict[str, Any] = {"exclude": list(self.exclude), "edges": table(self.edges)}
        asked |= {} if self.unit in ALONE else {"least": self.least}
        return group_features(log, spec, as_of=None if as_of is None else self.small.local(as_of), **asked)

    def expected(self, log: EventLog, small: Small | None = None, as_of: int | None = None) -> Known:
        """What the oracle knows of a log, or of the view that holds the rows of ``small``."""
        small = small or self.small
        later = log.span[0] if log.span and log.span[0] > log.contents.meta.first else None
        begin = begin_of(log.start, later, small.zone)
        until = log.as_of if as_of is None else as_of
        asked = Asked(self.unit, self.features, small.zone, until, exposure(begin, until, small.zone), self.gap)
        least = 1 if self.unit in ALONE else self.least
        asked = replace(asked, least=least, exclude=self.exclude, edges=self.edges or ())
        return known(small.events, asked)


def table(edges: Any) -> pa.Table | None:
    if edges is None:
        return None
    source, target, time = zip(*edges, strict=True) if edges else ((), (), ())
    times = pa.array(time, pa.int64()).cast(pa.timestamp("us", "UTC"))
    return pa.table({"source": pa.array(source, pa.string()), "target": pa.array(target, pa.string()), "time": times})


def kinds(small: Small, unit: str) -> st.SearchStrategy[dict[str, Any]]:
    """One feature that a log can answer, of any kind that makes sense for the unit."""
    names = sorted({event.name for event in small.events})
    some = st.sampled_from(names) | st.lists(st.sampled_from(names), min_size=1, unique=True)
    per = st.fixed_dictionaries({}, optional={"per": st.sampled_from(PER)})
    hours = st.tuples(st.integers(0, 24), st.integers(0, 24)).filter(lambda two: (two[0] - two[1]) % 24).map(list)
    options = {"at_least": st.integers(1, 3)}
    if unit != "session":
        options["within"] = st.sampled_from(("1s", "30m", "1d", "7d"))
    found = [
        st.tuples(st.fixed_dictionaries({"events": some}), per).map(lambda two: two[0] | two[1]),
        st.fixed_dictionaries({"share_of_events": some}),
        st.fixed_dictionaries({"share_of_users": some}, optional=options),
        st.fixed_dictionaries({"session_minutes": st.sampled_from(("median", "mean"))}),
        st.fixed_dictionaries({"hours": hours}),
        st.fixed_dictionaries(
            {"weekdays": st.lists(st.sampled_from(oracle.WEEKDAYS), min_size=1, max_size=6, unique=True)}
        ),
        st.just({"recency": True}),
    ]
    if any(event.values["amount"] is not None for event in small.events):
        found += [per.map(lambda one, what=what: {**what, **one}) for what in
                  ({"drops": "amount"}, {"rises": "amount"}, {"amount": True})]  # fmt: skip
    values = {column: {event.values[column] for event in small.events} - {None} for column in ("country", "age")}
    attributes = ["attribute_share", *(() if unit in ALONE else ("balance", "single_valued"))]
    for column, known_values in values.items():
        for value in sorted(known_values):
            found += [st.just({kind: column, "value": value} if kind != "single_valued" else {kind: column})
                      for kind in attributes]  # fmt: skip
    if unit != "session":
        found += [
            st.just({"active_days": True}),
            st.just({"span": True}),
            per.map(lambda one: {"sessions": True, **one}),
        ]
        found += [st.fixed_dictionaries({"variation": st.sampled_from(("hour", "weekday"))})]
    if unit not in ALONE:
        found += [st.just({"density": True}), st.just({"users": True})]
    return st.one_of(found)


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> Question:
    """Draw a log and what to ask of it."""
    small = draw(logs(GAPS, most=7, distinct=distinct))
    if draw(st.booleans()):
        small = small.starting(draw(st.sampled_from(turns(small.zone))))
    unit = draw(UNITS)
    told = draw(st.lists(kinds(small, unit), min_size=1, max_size=6))
    features = {f"f{place}": one for place, one in enumerate(told)}
    users = sorted({event.user for event in small.events})
    names = users if unit == "user" else sorted({event.values.get(unit) for event in small.events} - {None}, key=str)
    exclude = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names and unit != "session" else []
    edges = None
    if any("density" in one for one in told):
        who = st.sampled_from([*users, *users, "nobody", None])
        when = st.sampled_from([*(event.time for event in small.events), None])
        edges = tuple(draw(st.lists(st.tuples(who, who, when), max_size=8)))
        if not any(one in users for row in edges for one in row[:2]):
            edges = ()  # edges of strangers alone are refused
    gap = draw(st.sampled_from(("30m", "1h", "10m")))
    return Question(small, unit, features, gap, draw(st.integers(1, 3)), tuple(exclude), edges)


def compare(found: Result, expected: Known) -> None:
    """Every table, the users behind the units, and words that people can read."""
    check(found.table, oracle.features(expected))
    check(found.tables["account"], oracle.account(expected))
    if "pairs" in found.tables:
        check(found.tables["pairs"], oracle.fates(expected))
    told = found.tables["told"]
    assert told["feature"].tolist() == list(expected.asked.features)
    for row in rows_of(told):
        values = [plain(one[row["feature"]]) for one in rows_of(found.table)]
        assert row["missing"] == values.count(None)
    for name, own in expected.kept.items():
        assert found.units(unit=name).tolist() == sorted(member[0].user for member in own)
    everyone = {member[0].user for own in expected.kept.values() for member in own}
    assert found.units().tolist() == sorted(everyone)
    check_words(found)


@effort(150)
@given(questions(), blocks(), st.data())
def test_features_equal_the_oracle(question: Question, size: int, data: st.DataObject) -> None:
    log = question.small.log(size)
    marks = [log.start + 1, log.start + 3 * DAY, log.as_of + HOUR + 1, log.as_of + 10 * DAY]
    as_of = data.draw(moments(question.small, log, marks), "as_of")
    compare(question.ask(log, as_of), question.expected(log, as_of=as_of))


SOME = {
    "views": {"events": "view"},
    "money": {"events": ["order", "refund"], "per": "active_day"},
    "share": {"share_of_events": "order"},
    "early": {"share_of_users": "order", "at_least": 2, "within": "3d"},
    "minutes": {"session_minutes": "median"},
    "mean_minutes": {"session_minutes": "mean"},
    "sessions": {"sessions": True},
    "drops": {"drops": "amount"},
    "rises": {"rises": "amount", "per": "total"},
    "amount": {"amount": True},
    "days": {"active_days": True},
    "kr": {"attribute_share": "country", "value": "KR"},
    "young": {"attribute_share": "age", "value": 20},
    "night": {"hours": [22, 6]},
    "weekend": {"weekdays": ["sat", "sun"]},
    "by_hour": {"variation": "hour"},
    "by_day": {"variation": "weekday"},
    "recency": {"recency": True},
    "span": {"span": True},
}
OF_GROUPS = {
    "mixed": {"balance": "age", "value": 20},
    "single": {"single_valued": "age"},
    "density": {"density": True},
    "users": {"users": True},
}


@effort(6)
@given(st.integers(0, 10_000), st.sampled_from(("user", "country", "item")))
def test_a_crowd(seed: int, unit: str) -> None:
    small, chance = busy(seed, 50, 10), random.Random(seed)
    users = sorted({event.user for event in small.events})
    edges = tuple((chance.choice(users), chance.choice(users), chance.choice(small.events).time) for _ in range(300))
    told = SOME if unit == "user" else {**SOME, **OF_GROUPS}
    question = Question(small, unit, told, "30m", 2, (), None if unit == "user" else edges)
    log = small.log(100)
    compare(question.ask(log), question.expected(log))


@effort(40)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: Question) -> None:
    blocks_change_nothing(question.ask, question.small)


@effort(20)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(question: Question, chance: random.Random) -> None:
    order_of_rows_changes_nothing(question.ask, question.small, chance)


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: Question, size: int, data: st.DataObject) -> None:
    view, kept = data.draw(views(question.small, question.small.log(size)))
    expected, whole = question.expected(view, kept), question.expected(view)
    if question.unit not in ALONE:  # a unit without an event in the view is still one of the log
        units = {name: expected.units.get(name, []) for name in whole.units}
        expected = replace(expected, units=units)
    compare(question.ask(view), replace(expected, everybody=whole.everybody))


@effort(40)
@given(questions().filter(lambda one: one.unit not in ALONE), st.data())
def test_a_unit_is_answered_as_if_it_were_alone(question: Question, data: st.DataObject) -> None:
    """Of a column of events as well: the log of the unit's own events gives the same numbers."""
    log, question = question.small.log(2), replace(question, least=1, exclude=())
    whole = question.ask(log).table
    assume(len(whole))
    name = data.draw(st.sampled_from(whole[question.unit].tolist()))
    alone = question.ask(log.where(question.unit, "==", name)).table
    check(alone, rows_of(whole[whole[question.unit] == name]))


@effort(40)
@given(questions())
def test_the_future_changes_nothing(question: Question) -> None:
    """All that happened happens once more, later: before ``as_of`` nothing is different."""
    times = [event.time for event in question.small.events]
    as_of = max(times) + 1
    again = question.small.moved(as_of - min(times)).events
    future = replace(question.small, events=question.small.events + again).log()
    past = replace(question.small, as_of=as_of).log()
    alike(question.ask(future, as_of), question.ask(past))


@effort(20)
@given(st.integers(0, 10_000), st.sampled_from(("country", "item")))
def test_variation_is_that_of_rhythm(seed: int, column: str) -> None:
    log = busy(seed, 30, 12).log(50)
    told = {"hour": {"variation": "hour"}, "weekday": {"variation": "weekday"}}
    for row in rows_of(group_features(log, {"features": told}, unit=column, least=1).table):
        spread = rhythm(log.where(column, "==", row[column])).tables["variation"].set_index("level")
        assert row["hour"] == pytest.approx(spread.loc["hour", "cv"])
        assert row["weekday"] == pytest.approx(spread.loc["weekday", "cv"])


@effort(25)
@given(st.integers(0, 10_000), st.sampled_from(("user", "country", "item")))
def test_what_must_add_up(seed: int, unit: str) -> None:
    """Events per user are events per active day times active days; totals are users times the mean; shares of names
    add up to one."""
    small = busy(seed, 20, 10)
    names = sorted({event.name for event in small.events})
    told: dict[str, Any] = {f"{per} {name}": {"events": name, "per": per} for per in PER for name in names}
    told |= {f"share {name}": {"share_of_events": name} for name in names}
    told |= {"days": {"active_days": True}, "night": {"hours": [20, 4]}, "day": {"hours": [4, 20]}}
    found: pd.DataFrame = group_features(
        small.log(30), {"features": told}, unit=unit, least=1 if unit != "user" else None
    ).table
    users = found["users"] if unit != "user" else 1
    for name in names:
        assert (found[f"active_user {name}"] * users - found[f"total {name}"]).abs().max() < 1e-9
        assert (found[f"active_day {name}"] * found["days"] - found[f"active_user {name}"]).abs().max() < 1e-9
    assert (found[[f"share {name}" for name in names]].sum(axis=1) - 1).abs().max() < 1e-9
    assert (found["night"] + found["day"] - 1).abs().max() < 1e-9
