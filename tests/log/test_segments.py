"""``with_segments``: labels as a column for filters and breakdowns, never used against the direction of time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dangol.core.errors import InputError
from dangol.log.eventlog import EventLog
from dangol.log.ingest import append, ingest
from dangol.log.segments import read_table
from dangol.questions.flows import flows
from dangol.questions.funnel import funnel
from dangol.questions.overview import overview
from dangol.questions.retention import retention
from dangol.questions.sessions import sessions
from tests.logs import make_log

ROWS = [
    ("a", "view", "2024-01-01"),
    ("a", "order", "2024-01-03"),
    ("a", "view", "2024-01-05"),
    ("b", "view", "2024-01-03"),
    ("b", "view", "2024-01-04"),
    ("c", "order", "2024-01-04"),
    ("d", "view", "2024-01-06"),
]
GROUPS = ["x", "x", "y", "x", None, "y", "z"]
TIERS = pd.DataFrame({"user": ["a", "b", "c", "nobody"], "segment": ["gold", "gold", None, "gold"]})


def small(**options: Any) -> EventLog:
    return make_log(
        ROWS, properties={"group": GROUPS}, attributes={"school": {"a": "s1", "b": "s2", "c": "s1"}}, **options
    )


def later(log: EventLog) -> EventLog:
    return log.between("2024-01-03", None)


def users_by_segment(log: EventLog, by: str) -> dict[str, int]:
    table = overview(log, every="1y", by=by).table
    return dict(zip(table["segment"], table["users"], strict=True))


def test_labels_become_a_breakdown_and_a_filter() -> None:
    log = later(small().with_segments(TIERS, as_of="2024-01-03"))
    assert users_by_segment(log, "segment") == {"(none)": 2, "gold": 2}
    assert log.where("segment", "==", "gold").n_users == 2
    assert log.where("segment", "==", None).n_users == 2
    assert log.where(pc.field("segment") == "gold").n_users == 2
    assert set(overview(log, by="segment").units(segment="gold")) == {"a", "b"}


def test_every_question_takes_them() -> None:
    log = later(small().with_segments(TIERS, as_of="2024-01-03", name="tier"))
    for result in (
        overview(log, by="tier"),
        sessions(log, by="tier"),
        funnel(log, ["view", "view"], within="7d", by="tier"),
        retention(log, every="1d", by="tier"),
        flows(log, by="tier"),
    ):
        segments = {name for table in result.tables.values() if "segment" in table for name in table["segment"]}
        assert "gold" in segments, result.name


@pytest.mark.parametrize("block_events", [1, 2, 3, 100])
def test_blocks_change_nothing(block_events: int) -> None:
    log = later(small(block_events=block_events).with_segments(TIERS, as_of="2024-01-03"))
    assert users_by_segment(log, "segment") == {"(none)": 2, "gold": 2}
    grouped = small(block_events=block_events).with_segments(
        {"x": "big", "y": "small"}, unit="group", name="size", as_of="2024-01-01"
    )
    assert users_by_segment(grouped, "size") == {"(none)": 2, "big": 2, "small": 2}


def test_a_group_is_a_unit_event_by_event_and_user_by_user() -> None:
    by_event = small().with_segments({"x": "big", "y": "small"}, unit="group", name="size", as_of="2024-01-01")
    assert by_event.column("size").level == "event"
    assert by_event.where("size", "==", "big").n_events == GROUPS.count("x")
    by_user = small().with_segments({"s1": "north"}, unit="school", name="region", as_of="2024-01-01")
    assert by_user.column("region").level == "user"
    assert by_user.where("region", "==", "north").n_events == 4


def test_segments_made_later_than_the_data_are_refused() -> None:
    log = small().with_segments(TIERS, as_of="2024-01-03")
    for ask in (
        lambda: overview(log, by="segment"),
        lambda: retention(log, every="1d", by="segment"),
        lambda: overview(log.where("segment", "==", "gold")),
        lambda: log.where("segment", "==", "gold").n_users,
    ):
        with pytest.raises(
            InputError, match=r"made of data up to 2024-01-03 00:00.*between\('2024-01-03 00:00', None\)"
        ):
            ask()
    assert overview(log).table["users"].sum() == len(ROWS)  # what does not use them is not refused
    assert users_by_segment(log.between("2024-01-03", None), "segment") == {"(none)": 2, "gold": 2}


def test_hindsight_is_allowed_when_asked_for_and_told_in_the_recipe() -> None:
    log = small().with_segments(TIERS, as_of="2024-01-03", hindsight=True)
    result = overview(log, every="1y", by="segment")
    assert result.recipe["log"]["view"] == ["segment: n=1, as_of=2024-01-03 00:00, hindsight=True, unmatched=1"]


def test_as_of_may_stand_in_the_table() -> None:
    stated = TIERS.assign(as_of="2024-01-03")
    assert (
        small().with_segments(stated).column("segment").known_from
        == small().with_segments(TIERS, as_of="2024-01-03").column("segment").known_from
    )
    moment = TIERS.assign(as_of=pd.Timestamp("2024-01-03", tz="UTC"))
    assert later(small().with_segments(moment)).where("segment", "==", "gold").n_users == 2


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (TIERS, {}, "need as_of"),
        (3, {"as_of": "2024-01-01"}, "must be a table with the columns 'user' and 'segment'"),
        (TIERS.rename(columns={"user": "usr"}), {"as_of": "2024-01-01"}, "did you mean 'usr'"),
        (TIERS, {"as_of": "soon"}, "is not a date"),
        (TIERS, {"as_of": "2024-01-01", "name": "event"}, "has a column 'event' already"),
        (TIERS, {"as_of": "2024-01-01", "unit": "time", "label": "segment"}, "column 'time' is not in the table"),
        (TIERS.assign(user=["q", "r", "s", "t"]), {"as_of": "2024-01-01"}, "none of the 4 users"),
        (pd.concat([TIERS, TIERS.assign(segment="bad")]), {"as_of": "2024-01-01"}, "has two labels, 'gold' and 'bad'"),
        (TIERS.assign(user=[None, "a", "b", "c"]), {"as_of": "2024-01-01"}, "a row without a user"),
        (TIERS.assign(user=[1.5, 2.0, 3.0, 4.0]), {"as_of": "2024-01-01"}, "holds decimal numbers"),
        (TIERS.assign(as_of=list("1234")), {}, "several as_of"),
    ],
)
def test_a_table_that_does_not_fit_is_one_clear_sentence(table: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        small().with_segments(table, **options)


def test_ids_are_joined_as_text_whatever_their_kind() -> None:
    log = make_log([("1", "view", "2024-01-01"), ("2", "view", "2024-01-02")])
    numbered = pa.table({"user": pa.array([1, 3]), "segment": pa.array(["one", "three"]).dictionary_encode()})
    assert log.with_segments(numbered, as_of="2024-01-01").where("segment", "==", "one").n_users == 1


def test_files_keep_ids_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "tiers.csv").write_text("user,segment,as_of\n007,gold,2024-01-01\nNA,gold,2024-01-01\n8,,2024-01-01\n")
    table = read_table(tmp_path / "tiers.csv")
    assert table.column("user").to_pylist() == ["007", "NA", "8"]
    log = make_log([("007", "view", "2024-01-01"), ("NA", "view", "2024-01-02"), ("8", "view", "2024-01-02")])
    assert log.with_segments(table).where("segment", "==", "gold").n_users == 2
    with pytest.raises(InputError, match="cannot be read as a table of segments"):
        read_table(tmp_path / "none.parquet")


def test_a_log_with_segments_is_not_appended_to(tmp_path: Path) -> None:
    frame = pd.DataFrame({"who": ["a"], "what": ["view"], "when": ["2024-01-01"]})
    log = ingest(frame, user="who", event="what", time="when", out=tmp_path / "a.log", zone="UTC")
    with pytest.raises(InputError, match="not one with segments"):
        append(log.with_segments({"a": "gold"}, as_of="2024-01-01"), frame)
