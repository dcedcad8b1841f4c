"""Odd names and odd types: nothing is confused, shadowed or rounded. Expected values by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from dangol.core.errors import InputError, StoreError
from dangol.log import EventLog, ingest, open_log

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
    assert str(held(log, "amount")) == "[1.0, nan, 2.0, 4.0]"  # a line without a key is an event of its own


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "한글 \"q'.log"
    assert load({}, out=f"{folder}/").path == str(folder)


def csv(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def account(log: EventLog) -> tuple[int, int, int, int, int]:
    report = log.report
    assert report.rows_in == report.accepted + report.rejected + report.duplicate
    return report.rows_in, report.accepted, report.rejected, report.duplicate, log.n_events


# ---- several sources --------------------------------------------------------------------------------------------


def test_a_later_table_is_not_rounded_to_the_types_of_the_first() -> None:
    tables = [pa.table({**BASE, "n": [1, 2]}), pa.table({**BASE, "n": [1.5, None]})]
    for sources in (tables, tables[::-1]):
        log = ingest(sources, **ROLES)
        assert sorted(value for value in held(log, "n") if value == value) == [1.0, 1.5, 2.0]


def test_types_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    whole = pa.table({**BASE, "n": [1, 2]})
    with pytest.raises(InputError, match="column 'n' is int64 in Arrow table but string in Arrow table"):
        ingest([whole, pa.table({**BASE, "n": ["12.7", "z"]})], **ROLES)
    text = csv(tmp_path / "a.csv", "u,e,t,n\n007,x,2024-01-01,12.7\n")
    with pytest.raises(InputError, match="ingest one and append the other"):
        ingest([whole, text], **ROLES)


@pytest.mark.parametrize("name", ["a.parquet", "a[1].parquet", "a*.parquet", "year=2024/it's {1,2} 한글.parquet"])
def test_parquet_of_any_name_and_given_twice(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({**BASE, "filename": ["p", "q"], "file_row_number": [7, 8]}), path)
    log = ingest([path, path], **ROLES)
    assert account(log) == (4, 2, 0, 2, 2)
    assert held(log, "file_row_number") == [7, 8]
    assert "year" not in {column.name for column in log.columns}


def test_rows_that_differ_in_a_column_left_out_are_no_repeats(tmp_path: Path) -> None:
    head = "u,e,t,page\na,x,2024-01-01,"
    files = [csv(tmp_path / name, f"{head}{page}\n") for name, page in (("a.csv", 1), ("b.csv", 2), ("c.csv", 2))]
    assert account(ingest(files, **ROLES, properties=[])) == (3, 2, 0, 1, 2)


# ---- roles and expressions --------------------------------------------------------------------------------------


def test_whole_numbers_keep_their_look_in_expressions(tmp_path: Path) -> None:
    source = csv(tmp_path / "a.csv", "u,e,t,Q,P\n17850,x,2024-01-01,2,1.5\n15,x,2024-01-01,3,2\n")
    log = ingest(source, user="u || '-' || Q", event="e", time="t", amount="q * p", properties=[])
    assert log.ids().tolist() == ["15-3", "17850-2"]
    assert held(log, "amount") == [6.0, 3.0]


@pytest.mark.parametrize("value", ["U", "_row", "max(u)", "u), (e", "COLUMNS(*)", "unnest([u, e])", "", "   "])
def test_what_is_not_one_value_a_row_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"user|several values"):
        ingest(pa.table(BASE), user=value, event="e", time="t")


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.time64("us"), pa.bool_(), pa.duration("us"), pa.null()])
def test_what_holds_no_times_is_refused(kind: pa.DataType) -> None:
    with pytest.raises(InputError, match="time='t'"):
        load({"t": pa.nulls(2, kind)})


def test_instants_in_nanoseconds_are_instants() -> None:
    noon = 1_704_067_200_000_001_000
    log = load({"t": pa.array([noon, noon], pa.timestamp("ns", "Asia/Seoul"))}, zone="America/New_York")
    assert log.start == noon // 1000
    assert log.report.local_times == 0


def test_a_float_that_is_no_number_is_no_user_and_no_time() -> None:
    table = pl.DataFrame({"u": [7.0, float("nan"), 8.0], "e": ["x"] * 3, "t": [1.7e9, 1.7e9, float("nan")]})
    log = ingest(table, **ROLES)
    assert log.ids().tolist() == ["7"]
    assert log.report.reasons == {"no user": 1, "the time cannot be read as epoch seconds": 1}


def test_an_unknown_time_format_is_not_ignored() -> None:
    with pytest.raises(InputError, match="time_format='banana' is not known"):
        load({}, time_format="banana")


# ---- collapse and append ----------------------------------------------------------------------------------------


def test_keys_are_compared_as_written(tmp_path: Path) -> None:
    source = csv(tmp_path / "a.csv", "u,e,t,k,m\na,x,2024-01-01,1.50,1\na,x,2024-01-02,1.5,2\n")
    assert held(ingest(source, **ROLES, amount="m", collapse=["k"]), "amount") == [1.0, 2.0]


def test_part_of_a_collapsed_log_is_known_again(tmp_path: Path) -> None:
    head, last = "u,e,t,k,item,m\n", "a,x,2024-01-01,k2,q,0.3\n"
    text = head + "a,x,2024-01-01,k1,p,0.1\na,x,2024-01-01,k1,q,0.2\n" + last
    log = ingest(csv(tmp_path / "a.csv", text), **ROLES, amount="m", collapse=["k"], out=tmp_path / "a.log")
    assert log.report.dropped_properties == ("item",)
    assert account(log.append(csv(tmp_path / "b.csv", head + last))) == (1, 0, 0, 1, 2)


def test_event_ids_that_are_missing_fall_back_on_the_content(tmp_path: Path) -> None:
    source = csv(tmp_path / "a.csv", "u,e,t,i\na,x,2024-01-01,1\na,x,2024-01-02,1\na,y,2024-01-03,\na,z,2024-01-04,\n")
    assert account(ingest([source, source], **ROLES, event_id="i")) == (8, 3, 0, 5, 3)
    log = ingest(source, **ROLES, event_id="i", out=tmp_path / "a.log")
    assert account(log.append(source)) == (4, 0, 0, 4, 3)


def test_appending_to_a_version_that_is_not_the_last_loses_nothing(tmp_path: Path) -> None:
    log = load({}, out=tmp_path / "a.log")
    (tmp_path / "a.log" / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "a.log" / "events-old.arrow").mkdir()
    log.append(pa.table({"u": ["c"], "e": ["x"], "t": ["2024-02-01"]}))
    with pytest.raises(InputError, match="is at version 2, but this log was opened at version 1"):
        log.append(pa.table({"u": ["d"], "e": ["x"], "t": ["2024-02-01"]}))
    assert open_log(tmp_path / "a.log").ids().tolist() == ["a", "b", "c"]
    assert {"notes.txt", "events-old.arrow"} <= {one.name for one in (tmp_path / "a.log").iterdir()}


def test_columns_that_come_and_go(tmp_path: Path) -> None:
    log = load({"n": [1, 2], "Country": ["KR", "US"]}, out=tmp_path / "a.log")
    new = {"u": ["c"], "e": ["x"], "t": ["2024-02-01"]}
    log = log.append(pa.table({**new, "country": ["FR"], "z": [2**40]}))
    assert str(held(log, "n")) == "[1.0, 2.0, nan]"
    assert held(log, "Country") == ["KR", "US", "FR"]
    assert [column.name for column in log.columns] == ["time", "event", "n", "Country", "z", "user"]
    assert log.append(pa.table({**new, "e": ["y"], "n": pa.nulls(1)})).n_events == 4
    with pytest.raises(InputError, match=r"'z' holds integers up to .* cannot stay exact"):
        open_log(tmp_path / "a.log").append(pa.table({**new, "e": ["w"], "z": [2**60 + 1]}))


def test_attributes_keep_their_kind_and_every_row_is_told(tmp_path: Path) -> None:
    people = csv(tmp_path / "p.csv", "id,zip\na,A1\nb,B2\n,C3\nc,1,2\n")
    log = load({}, attributes=people, on="id", out=tmp_path / "a.log")
    assert log.report.attributes == {"rows": 4, "lone": 0, "missing": 0, "unusable": 2}
    new = pa.table({"u": ["a"], "e": ["x"], "t": ["2024-02-01"]})
    log = log.append(new, attributes=csv(tmp_path / "q.csv", "id,zip\na,99999\n"))
    assert held(log, "zip") == ["99999", "B2"]
    big = load({}, attributes=pa.table({"u": ["a", "b"], "big": [2**53 + 1, 3]}), on="u")
    assert held(big, "big") == [str(2**53 + 1), "3"]


# ---- folders and views ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "a?b/c.log"])
def test_a_folder_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises((InputError, StoreError), match=r"another name|cannot be written"):
        load({}, out=f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


def test_folders_made_on_the_way_vanish_with_a_failed_load(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no user"):
        load({"u": pa.nulls(2, pa.string())}, out=tmp_path / "p" / "q" / "r.log")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["[]", '{"checksum": "x", "format": "9"}'])
def test_a_head_of_another_shape_is_damage(text: str, tmp_path: Path) -> None:
    csv(tmp_path / "log.json", text)
    with pytest.raises(StoreError, match="not as it was written"):
        open_log(tmp_path)


def test_conditions_that_cannot_be_asked() -> None:
    log = load({"a": [1, 2], "id": ["p", "q"]}, event_id="id", amount="a + 9")
    assert log.where(pc.field("amount") > 10).n_events == 1  # ``a`` stands in its name
    assert log.where("time", "in", ["2024-01-01", "2024-01-05"]).n_events == 1
    for condition in (None, 5, pc.field(0) > 1, pc.field("event_id") == "p", pc.field("user") == "a"):
        with pytest.raises(InputError):
            log.where(condition)  # type: ignore[arg-type]
    for column, op, value in (("a", "==", [1, 2]), ("a", "in", [None]), ("event", "<", None), ("event", "in", [["x"]])):
        with pytest.raises(InputError):
            log.where(column, op, value)
    for ids in ("a", None, ["\ud800"]):
        with pytest.raises(InputError):
            log.users(ids)  # type: ignore[arg-type]
