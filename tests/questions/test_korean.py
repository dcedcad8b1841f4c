"""Every question speaks Korean: no English word is left in its sentences, in how it was computed, or in its figure.

A new question joins by adding its cases to ``CASES``. Whatever comes from the log (names of events and columns, values,
the zone) stays as it is; the log below spells them so that no English word is hidden behind them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import numpy as np
import pytest

from dangol.core.durations import DAY, MINUTE
from dangol.core.labels import caption, label, title
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.flows import flows
from dangol.questions.funnel import funnel
from dangol.questions.overview import overview
from dangol.questions.retention import retention
from dangol.questions.sales import sales
from dangol.questions.sessions import sessions
from tests.logs import make_log, micros

# The only Latin words that Korean readers are shown: symbols of statistics, and the name of an option.
ALLOWED: Final = frozenset({"as_of", "n", "p", "q"})
DATA: Final = (
    *("Zview", "Zcart", "Zbuy", "Zhelp"),
    *("Zdevice", "Zphone", "Zdesk"),
    *("Zplan", "Zfree"),
    "(none)",
    "Asia/Seoul",
)
UNIT: Final = re.compile(r"(?<![A-Za-z])\d+(us|ms|s|m|h|d|w|mo|q|y)(?![A-Za-z])")
HANGUL: Final = re.compile("[가-힣]")

# What of a figure is read by people, wherever it stands; the rest is geometry, colours and names of axes.
READ: Final = frozenset(
    {"title", "text", "name", "hovertemplate", "hovertext", "customdata", "label", "labels", "ticktext"}
    | {"ticksuffix", "tickprefix", "x", "y", "z", "tickformatstops", "meta", "parents"}
)
MONTHS: Final = re.compile("%-?[aAbB]")  # names of weekdays and months, which Plotly writes in English


@cache
def log() -> EventLog:
    """Half a year of 80 users; events at round times, amounts of purchases, a user column with missing values."""
    chance = np.random.default_rng(11)
    begin = micros("2024-01-01", "Asia/Seoul")
    rows, device, amount = [], [], []
    for user in range(80):
        at = begin + int(chance.integers(0, 120)) * DAY + 9 * 60 * MINUTE
        for _ in range(int(chance.integers(1, 25))):
            event = str(chance.choice(["Zview", "Zcart", "Zbuy", "Zhelp"], p=[0.5, 0.2, 0.2, 0.1]))
            rows.append((f"{user:03d}", event, at))
            device.append(str(chance.choice(["Zphone", "Zdesk"])))
            amount.append(float(chance.integers(1, 90)) if event == "Zbuy" else None)
            at += int(chance.choice([5 * MINUTE, 2 * DAY, 9 * DAY]))
    plan = {f"{user:03d}": {"Zplan": "Zfree" if user % 3 else "유료"}["Zplan"] for user in range(70)}
    return make_log(
        rows, zone="Asia/Seoul", properties={"Zdevice": device, "amount": amount}, attributes={"Zplan": plan}
    )


def nothing() -> EventLog:
    """A view that holds no event."""
    return log().where("event", "==", "Zview").where("event", "==", "Zbuy")


STEPS: Final = ["Zview", "Zcart", "Zbuy"]
CASES: Final[dict[str, Callable[[], Result]]] = {
    "overview": lambda: overview(log()),
    "overview of weeks": lambda: overview(log(), every="1w", as_of="2024-03-13"),
    "overview by a user column": lambda: overview(log(), every="1mo", by="Zplan"),
    "overview of one day": lambda: overview(log(), every="2y", as_of="2024-01-01 12:00"),
    "overview of nothing": lambda: overview(nothing()),
    "sessions": lambda: sessions(log()),
    "sessions with rules": lambda: sessions(log(), gap="1.5h", cap="2h", midnight=True, separator="Zhelp"),
    "sessions by an event column": lambda: sessions(log(), by="Zdevice"),
    "sessions of nothing": lambda: sessions(nothing()),
    "funnel": lambda: funnel(log(), STEPS, within="30d"),
    "funnel in strict order": lambda: funnel(log(), STEPS, order="strict", unit="session", within="1h", gap="1h"),
    "funnel in any order": lambda: funnel(log(), STEPS, order="any", as_of="2024-05-01"),
    "funnel in any order by sessions": lambda: funnel(log(), STEPS, order="any", unit="session", by="Zplan"),
    "funnel with rules": lambda: funnel(
        log(), STEPS, step_within=("1d", "36h"), exclude=["Zhelp"], same="Zdevice", repeats="end", ties="increase"
    ),
    "funnel with an optional step": lambda: funnel(log(), STEPS, optional=["Zcart"], by="Zplan"),
    "funnel by two segments": lambda: funnel(log(), STEPS, by="Zdevice"),
    "funnel of one step": lambda: funnel(log(), ["Zbuy"]),
    "funnel of one step by segment": lambda: funnel(log(), ["Zbuy"], by="Zplan"),
    "funnel too early": lambda: funnel(log(), STEPS, within="900d"),
    "funnel of nobody": lambda: funnel(nothing(), STEPS, unit="session"),
    "retention": lambda: retention(log()),
    "retention by day": lambda: retention(log(), every="1d", event="Zbuy", as_of="2024-02-01"),
    "retention by segment": lambda: retention(log(), every="2w", by="Zplan"),
    "retention on or after": lambda: retention(log(), every="1mo", counting="on-or-after", cohorts="recurring"),
    "retention rolling": lambda: retention(log(), every="3d", periods="rolling", start="Zview", event="Zbuy"),
    "retention in brackets": lambda: retention(log(), every="1w", brackets=[1, 3, 7]),
    "retention too early": lambda: retention(log(), every="1y"),
    "retention of nobody": lambda: retention(nothing(), start="Zbuy"),
    "flows": lambda: flows(log(), top=2),
    "flows of sessions": lambda: flows(log(), unit="session", gap="2h", anchor="Zcart"),
    "flows backwards": lambda: flows(log(), direction="before", top=2),
    "flows before an anchor": lambda: flows(log(), direction="before", anchor="Zbuy", by="Zplan"),
    "flows of one step": lambda: flows(log(), steps=1),
    "flows back one step": lambda: flows(log(), steps=1, direction="before", unit="session"),
    "flows compared": lambda: flows(log(), by="Zplan", compare=("Zfree", "유료")),
    "flows of a view": lambda: flows(log().between("2024-02-01", "2024-04-01").where("event", "!=", "Zhelp")),
    "flows of nothing": lambda: flows(nothing()),
    "sales": lambda: sales(log()),
    "sales of weeks with rules": lambda: sales(
        log(), every="1w", event="Zbuy", refund="Zhelp", failed="Zcart", order="Zdevice", as_of="2024-03-20"
    ),
    "sales by a user column": lambda: sales(log(), by="Zplan", as_of="2024-03-13"),
    "sales by an event column": lambda: sales(log(), every="2w", by="Zdevice"),
    "sales too early": lambda: sales(log(), every="1y"),
    "sales of nothing": lambda: sales(nothing(), event="Zbuy"),
    "flows without the anchor": lambda: flows(log().where("Zdevice", "==", "Zdesk").users(["000"]), anchor="Zbuy"),
}


def english(text: str) -> list[str]:
    """Return the Latin words of a text that are neither data nor allowed; tags and Plotly's fields are no words."""
    text = re.sub(r"<[^<>]*>|%\{[^{}]*\}|%-?[A-Za-z](?![A-Za-z])", " ", text)
    for word in sorted(DATA, key=len, reverse=True):
        text = text.replace(word, " ")
    return [word for word in re.findall(r"[A-Za-z][A-Za-z_]*", UNIT.sub(" ", text)) if word not in ALLOWED]


def texts(part: Any, *, read: bool = False) -> Iterator[str]:
    """Yield every text of a figure (as plain data) that people read."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key != "template":
                yield from texts(value, read=key in READ or (read and key == "value"))
    elif isinstance(part, str):
        if read:
            yield part
    elif isinstance(part, list | tuple | np.ndarray):
        for value in part:
            yield from texts(value, read=read)


def dates_in_english(figure: dict[str, Any]) -> Iterator[str]:
    """Yield the axes of time, and the hovers over them, that would name months in English."""
    for trace in figure["data"]:
        x = np.asarray(trace.get("x", []))
        if x.dtype.kind != "M":
            continue
        axis = figure["layout"]["xaxis" + trace.get("xaxis", "x")[1:]]
        formats = [axis.get("tickformat", ""), *(one["value"] for one in axis.get("tickformatstops", []))]
        if not ("ticktext" in axis or any(formats)) or any(MONTHS.search(one) for one in formats):
            yield f"the axis of {trace.get('name')}"
        if trace.get("hoverinfo") != "skip" and re.search(r"^$|%\{x\}", trace.get("hovertemplate", "")):
            yield f"the hover of {trace.get('name')}"


def check_korean(result: Result) -> None:
    """Assert that an answer is Korean throughout: sentences, how it was computed, figure and table headings."""
    for said in (result.summary("ko"), *result.explain("ko").values()):
        assert not english(said), said
    for aspect, said in result.explain("ko").items():
        assert HANGUL.search(said) or aspect == "zone", (aspect, said)
        assert HANGUL.search(label(aspect, "ko")) or aspect == "n", aspect
    figure = result.figure("ko").to_plotly_json()
    for text in texts(figure):
        assert not english(text), text
    assert not list(dates_in_english(figure))
    assert not [text for text in texts(result.figure("en").to_plotly_json()) if HANGUL.search(text.replace("유료", ""))]
    assert HANGUL.search(title(result.name, "ko")) or title(result.name, "ko") == "RFM"
    for name in result.tables:
        assert HANGUL.search(caption(name, "ko")), name
        for column in map(str, result.tables[name].columns):
            word = label(column, "ko")
            assert HANGUL.search(word) or word in ALLOWED or re.fullmatch(r"\d+(-\d+)?", word), (name, column)
        if "measure" in result.tables[name]:
            assert all(HANGUL.search(label(word, "ko")) for word in result.tables[name]["measure"]), name


@pytest.mark.parametrize("case", CASES)
def test_korean(case: str) -> None:
    check_korean(CASES[case]())


def test_the_walk_finds_what_is_english() -> None:
    assert english("Zview → <b>사용자</b> 12.3 % (n = 5, q ≤ 5 %), 30m, %{y:.1f} %<extra></extra>") == []
    assert english("Zview: the 3 users of Asia/Seoul") == ["the", "users", "of"]
    figure = {"data": [{"x": np.array(["2024-01"], "M8[ms]"), "name": "new", "line": {"color": "red"}}]}
    figure |= {"layout": {"xaxis": {"title": {"text": "day"}}, "annotations": [{"text": "gap", "xanchor": "left"}]}}
    assert list(texts(figure)) == ["new", "day", "gap"]
    assert list(dates_in_english(figure)) == ["the axis of new", "the hover of new"]
