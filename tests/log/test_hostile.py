"""Odd names and odd types: nothing is confused, shadowed or rounded. Expected values by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dangol.core.errors import InputError
from dangol.log import EventLog, ingest

BASE: dict[str, Any] = {"u": ["a", "b"], "e": ["x", "y"], "t": ["2024-01-01", "2024-01-02"]}
ROLES = {"user": "u", "event": "e", "time": "t", "zone": "UTC"}


def load(columns: dict[str, Any], **more: Any) -> EventLog:
    return ingest(pa.table({**BASE, **columns}), **{**ROLES, **more})


def held(log: EventLog, name: str) -> list[Any]:
    """The values of a column, text as text."""
    values = log.contents.array(name).tolist()
    return [log.names(name)[code] for code in values] if log.column(name).kind == "text" else values


@pytest.mark.parametrize(
    "name",
    ["_file", "_row", "_user", "code", "n", "nth", "role", "value", "checked", "raw", "every", 'a"b', "a'b", "e.x",
     "한글", "group", "amount", "filename", "_written x", "select", "users", "events"],
)  # fmt: skip
def test_a_column_may_have_any_name(name: str) -> None:
    assert held(load({name: ["p", "q"]}), name) == ["p", "q"]


@pytest.mark.parametrize("name", ["time", "event", "user", "first_row", "Time"])
def test_a_property_gives_way_to_a_role(name: str) -> None:
    log = load({name: ["p", "q"]})
    assert held(log, f"{name}_") == ["p", "q"]
    assert log.report.renamed == {name: f"{name}_"}


def test_names_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(InputError, match="'ID' and 'id' of Arrow table differ only in case"):
        load({"ID": [1, 2], "id": [3, 4]})


def test_an_attribute_does_not_shadow_a_property() -> None:
    people = pa.table({"u": ["a", "b"], "country": ["x", "y"], "time": ["1", "2"]})
    log = load({"country": ["KR", "US"]}, attributes=people, on="u")
    assert held(log, "country") == ["KR", "US"]
    assert held(log, "user_country") == ["x", "y"]
    assert held(log, "user_time") == ["1", "2"]


def test_every_type_is_kept_or_written_out() -> None:
    log = load(
        {
            "decimal": pa.array([Decimal("1.5"), Decimal("2.5")]),
            "flag": [True, None],
            "day": pa.array([dt.date(2024, 1, 31), None]),
            "list": [[1, 2], None],
            "code": pa.array(["k", None]).dictionary_encode(),
            "huge": pa.array([2**64 - 1, 1], pa.uint64()),
            "long": pa.array([2**53 + 1, 1], pa.int64()),
        }
    )
    assert held(log, "decimal") == [1.5, 2.5]
    assert held(log, "flag") == ["true", None]
    assert held(log, "day") == ["2024-01-31", None]
    assert held(log, "list") == ["[1, 2]", None]
    assert held(log, "code") == ["k", None]
    assert held(log, "huge") == ["18446744073709551615", "1"]
    assert held(log, "long") == [2**53 + 1, 1]


def test_text_is_not_trimmed_nor_taken_for_missing(tmp_path: Path) -> None:
    text = 'u,e,t,v\n NA,"x, ""y""\nz",2024-01-01, 1\nnull,\ty ,2024-01-01,nan\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    log = ingest(tmp_path / "a.csv", **ROLES)
    assert log.ids().tolist() == [" NA", "null"]
    assert held(log, "event") == ['x, "y"\nz', "\ty "]
    assert held(log, "v") == [" 1", "nan"]


def test_rows_without_an_event_id_are_never_repeats(tmp_path: Path) -> None:
    log = load({"id": [None, None]}, event_id="id", out=tmp_path / "a.log")
    assert log.report.duplicate == 0
    more = pa.table({"u": ["c"], "e": ["z"], "t": ["2024-01-03"], "id": pa.array([None], pa.string())})
    assert log.append(more).n_events == 3


def test_lines_without_a_key_are_told_apart_from_those_with_one() -> None:
    columns = {"u": ["a", "a", "a", "b"], "e": ["x"] * 4, "t": ["2024-01-01"] * 4, "inv": ["1", None, None, "1"]}
    log = ingest(pa.table({**columns, "amt": [1.0, None, 2.0, 4.0]}), **ROLES, collapse=["inv"], amount="amt")
    assert sorted(held(log, "amount")) == [1.0, 2.0, 4.0]


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "한글 \"q'.log"
    assert load({}, out=f"{folder}/").path == str(folder)
