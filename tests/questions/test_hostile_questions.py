"""Hostile logs and options for the questions about money, rhythm and causes: a sane answer, or one clear sentence."""

from __future__ import annotations

import re
import warnings
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dangol.core.errors import DangolError, InputError
from dangol.core.words import LANGUAGES
from dangol.log.eventlog import EventLog
from dangol.log.ingest import ingest
from dangol.questions.drivers import drivers
from dangol.questions.lifecycle import lifecycle
from dangol.questions.overview import overview
from dangol.questions.repurchase import repurchase
from dangol.questions.retention import retention
from dangol.questions.rfm import rfm
from dangol.questions.rhythm import rhythm
from dangol.questions.sales import sales

ALL = [lifecycle, rhythm, rfm, repurchase, sales, drivers]
NAMES = ["<b>", "{0}", "{", "%s %", "'", '"', "a\nb", " ", "\u200b", "한국어", "🎉", "\u202eabc", "x" * 3000, "(none)",
         "[bold]", "[/bold]", "nan", "None", "other", "007"]  # fmt: skip
NO_NUMBER = re.compile(r"(?<![\w‘'])(nan|inf|NaT|None)(?![\w’'])")


def log_of(rows: list[tuple[str, str, str]], amounts: Any = None, zone: str = "Asia/Seoul") -> EventLog:
    who, what, when = zip(*rows, strict=True)
    table = {"u": list(who), "e": list(what), "t": list(when)}
    if amounts is not None:
        table["a"] = amounts
    more = {} if amounts is None else {"amount": "a"}
    return ingest(pa.table(table), user="u", event="e", time="t", zone=zone, **more)


def many(events: list[str] | None = None) -> list[tuple[str, str, str]]:
    names = events or ["view", "cart", "order", "pay"]
    return [
        (
            f"{user:03}",
            names[(user + visit) % len(names)],
            str(date.fromordinal(738_886 + (user * 7 + visit * 11) % 120)),
        )
        for user in range(40)
        for visit in range(1 + user % 6)
    ]


@pytest.fixture(scope="module")
def log() -> EventLog:
    rows = many()
    return log_of(rows, [float(at % 50 - 5) for at in range(len(rows))])


def whole(ask: Any, given: EventLog, *, names: bool = False, **options: Any) -> None:
    """Ask, and use every part of the answer; an error must be a sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused = ""
        try:
            answer = ask(given, **options)
        except DangolError as problem:
            refused = str(problem)
        if refused:
            assert names or "\n" not in refused
            return
        for name in answer.tables:
            numbers = answer.tables[name].select_dtypes("number").to_numpy(np.float64)
            assert not np.isinf(numbers).any()
        for lang in LANGUAGES:
            said = [answer.summary(lang), *answer.explain(lang).values()]
            assert all(said)
            assert names or not NO_NUMBER.search(" ".join(said))
            answer.figure(lang).to_json()
            answer.to_markdown(lang)


LOGS: dict[str, tuple[list[tuple[str, str, str]], Any]] = {
    "one event": ([("a", "x", "2024-01-01 10:00")], [5.0]),
    "one event of nothing": ([("a", "x", "2024-01-01 10:00")], [0.0]),
    "one refund": ([("a", "x", "2024-01-01 10:00")], [-5.0]),
    "no amount": ([("a", "x", "2024-01-01 10:00")], pa.array([None], pa.float64())),
    "no column of amounts": ([("a", "x", "2024-01-01 10:00")], None),
    "one instant": ([("a", "x", "2024-01-01 10:00"), ("b", "y", "2024-01-01 10:00")], [5.0, -6.0]),
    "one day": ([(who, what, "2024-03-01") for who, what, _ in many()], [1.0] * len(many())),
    "one user": ([("a", what, when) for _, what, when in many()], [1.0] * len(many())),
    "all zero": (many(), [0.0] * len(many())),
    "all negative": (many(), [-1.0] * len(many())),
    "largest": (many(), [9e29 if at % 2 else -9e29 for at in range(len(many()))]),
    "smallest": (many(), [1e-30] * len(many())),
    "both": (many(), [9e29 if at % 2 else 1e-30 for at in range(len(many()))]),
    "beyond 2**53": (many(), [2**63 - 1 - at for at in range(len(many()))]),
}


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("ask", ALL)
def test_odd_logs(name: str, ask: Any) -> None:
    rows, amounts = LOGS[name]
    given = log_of(rows, amounts)
    whole(ask, given)
    if ask in (rfm, repurchase, sales):
        whole(ask, given, event="order" if "order" in given.events else "x")
    whole(ask, given.users([]))
    if ask is drivers:
        whole(ask, given, least=1, within="1d", horizon="1d")
    if ask is rhythm:
        whole(ask, given, measure="amount")


@pytest.mark.parametrize("amount", [1e30, -1e300, 1e-31, -5e-324])
def test_amounts_that_cannot_be_added_up_are_rejected_and_told(amount: float) -> None:
    rows = [("a", "x", "2024-01-01"), ("b", "x", "2024-01-02"), ("b", "x", "2024-01-03")]
    given = log_of(rows, [amount, 2.0, 0.0])
    assert given.n_events == 2
    assert given.report.reasons == {"the amount is 1e30 or more, or below 1e-30": 1}
    assert "금액의 절댓값이 10³⁰ 이상이거나 10⁻³⁰ 미만임" in given.report.summary("ko")


@pytest.mark.parametrize("ask", ALL)
def test_odd_names(ask: Any) -> None:
    rows = many(NAMES)
    given = log_of(rows, [float(1 + at % 9) for at in range(len(rows))])
    labels = {f"{user:03}": NAMES[user % len(NAMES)] for user in range(40)}
    given = given.with_segments(labels, as_of="2020-01-01")
    cut: dict[str, Any] = {drivers: {"segment": ("segment", NAMES[1]), "least": 1}, rfm: {}}.get(ask, {"by": "segment"})
    whole(ask, given, names=True, **cut)
    for name in NAMES[:6]:
        whole(ask, given, names=True, **{"outcome" if ask is drivers else "event": name})


WRONG = [
    *(5, 1.5, True, b"x", float("nan"), object(), ["x"], [1], [None], [[1]], [], {}, (), np.int64(3), np.array([1, 2])),
    *(Path("x"), date(2024, 2, 1), pd.Timestamp("2024-02-01"), range(3), "", "\0", "{x}", 10**30, len),
]
OPTIONS = {
    lifecycle: ["every", "event", "by", "as_of"],
    rhythm: ["event", "measure", "season", "by", "as_of", "seed"],
    rfm: ["event", "refund", "order", "bins", "recency_cuts", "tiers", "dates", "as_of"],
    repurchase: ["event", "order", "days", "churn_days", "every", "by", "as_of"],
    sales: ["every", "event", "refund", "failed", "order", "by", "as_of"],
    drivers: [
        "outcome",
        "segment",
        "within",
        "horizon",
        "counts",
        "days",
        "behaviours",
        "start",
        "least",
        "rate",
        "as_of",
    ],
}


@pytest.mark.parametrize(("ask", "option"), [(ask, option) for ask, options in OPTIONS.items() for option in options])
def test_wrong_types_are_told(ask: Any, option: str, log: EventLog) -> None:
    said: list[str] = []
    for value in WRONG:
        try:
            ask(log, **{option: value})
        except DangolError as problem:
            said.append(str(problem))
    assert len(said) >= len(WRONG) - 8  # some are right for some options
    assert max(map(len, said)) < 500


@pytest.mark.parametrize("ask", [rfm, repurchase, sales])
@pytest.mark.parametrize("event", [[], (), 5, [5], {"order": 1}])
def test_no_event_is_not_taken_for_some(ask: Any, event: Any, log: EventLog) -> None:
    with pytest.raises(InputError, match="must be the name of an event, or a list of names"):
        ask(log, event=event)


@pytest.mark.parametrize("every", ["36526d", "5300w", "1201mo", "401q", "101y", "99999999999y"])
@pytest.mark.parametrize("ask", [lifecycle, sales, repurchase, overview, retention])
def test_a_period_of_more_than_a_century_is_refused(ask: Any, every: str, log: EventLog) -> None:
    with pytest.raises(InputError, match="is longer than 100 years"):
        ask(log, every=every)


@pytest.mark.parametrize("every", ["876600h", "36525d", "5217w", "1200mo", "400q", "100y"])
def test_a_period_of_a_century_holds_all(every: str, log: EventLog) -> None:
    table = lifecycle(log, every=every).table
    assert table["users"].tolist() == [log.n_users]
    assert not table["complete"].any()


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize(
    "as_of",
    ["0001-01-01", "2023-12-31", "2024-02-30", "9999-12-31", "9999-12-31T23:59:59-12:00", "2300-01-01", "2099-12-31",
     "2024-03-01T00:00:00-12:00", datetime(2024, 3, 1), np.datetime64("NaT"), pd.NaT],
)  # fmt: skip
def test_any_as_of(ask: Any, as_of: Any, log: EventLog) -> None:
    whole(ask, log, as_of=as_of)


def test_the_last_day_of_the_calendar_stands_for_never(log: EventLog) -> None:
    for zone_end in ("9999-12-31", "9999-12-31T23:59:59-12:00"):
        assert log.between("0001-01-01", zone_end).n_events == log.n_events
    with pytest.raises(InputError, match="periods go up to 2200"):
        lifecycle(log, as_of="9999-12-31")


SEGMENTS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "mixed labels": ({"001": 1, "002": "a"}, {}, "cannot be read as a table"),
    "mixed ids": ({1: "a", "002": "b"}, {}, "cannot be read as a table"),
    "half a character": ({"\ud800": "a"}, {}, "cannot be read as a table"),
    "a pandas series": (pd.Series({"001": "a"}), {}, "cannot be read as a table"),
    "lists": ({"001": ["a"]}, {}, "give ids and labels as text"),
    "records": (pa.table({"user": ["001"], "segment": [{"a": 1}]}), {}, "give ids and labels as text"),
    "bytes": ({b"001": "a"}, {}, "give ids and labels as text"),
    "decimals": ({"001": 1.5}, {}, "holds decimal numbers"),
    "zeros lost": ({"1": "a"}, {}, "none of the 1 users"),
    "two labels": (pd.DataFrame({"user": ["001", "001"], "segment": ["a", "b"]}), {}, "has two labels"),
    "two columns": (pa.table([["001"], ["002"], ["a"]], names=["user", "user", "segment"]), {}, "several columns"),
    "no text": ({"001": "a"}, {"label": 5}, "label=5 must be the name of a column"),
    "no name": ({"001": "a"}, {"name": ""}, "name='' must be the name of a column"),
    "no unit": ({"001": "a"}, {"unit": ""}, "unit='' must be the name of a column"),
    "no flag": ({"001": "a"}, {"hindsight": "no"}, "hindsight='no' must be True or False"),
    "taken": ({"001": "a"}, {"name": "amount"}, "has a column 'amount' already"),
    "no time": ({"001": "a"}, {"as_of": None}, "segments need as_of"),
    "nothing": (None, {}, "segments must be a table"),
}


@pytest.mark.parametrize("case", SEGMENTS)
def test_segments_that_are_none(case: str, log: EventLog) -> None:
    table, options, words = SEGMENTS[case]
    with pytest.raises(InputError, match=re.escape(words)):
        log.with_segments(table, **{"as_of": "2020-01-01", **options})


@pytest.mark.parametrize("label", [True, 7, None, date(2024, 1, 1), ""])
def test_segments_of_any_label(label: Any, log: EventLog) -> None:
    given = log.with_segments({f"{user:03}": label for user in range(40)}, as_of="0001-01-01")
    found = lifecycle(given, by="segment").table["segment"].unique().tolist()
    assert found == ["(none)" if label is None else str(label).lower() if label is True else str(label)]


def test_views_of_segments_that_hold_nothing(log: EventLog) -> None:
    given = log.with_segments(
        {f"{user:03}": "AB"[user % 2] for user in range(0, 40, 3)}, as_of="2020-01-01", name="grp"
    )
    views = [
        given.where("amount", ">", 1e9),
        given.where("grp", "==", "A").where("grp", "==", "B"),
        given.where("grp", "==", None).between("2024-02-01", "2024-02-02"),
        given.users(["000", "003"]).where("grp", "==", "A"),
    ]
    for view in views:
        for ask in ALL:
            whole(ask, view)
            if ask not in (rfm, drivers):
                whole(ask, view, by="grp")
