"""Ingest: every row accounted for, every value as it was written. Expected values by hand unless said otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dangol.core.errors import InputError
from dangol.datasets import online_retail
from dangol.log import EventLog, ingest, open_log

LINES = """uid,what,when,amt,item
007,view,2024-03-10 02:30:00,1.5,x
007,buy,2024-03-10 03:30:00,,y
NA,view,2024-11-03 01:30:00,3,
,view,2024-11-03,1,
b,,2024-11-03,1,
b,v,junk,1,
b,v,2024-01-01,abc,
b,v,2024-01-01,2,
b,v,2024-01-01,2,
"""
ROLES = {"user": "uid", "event": "what", "time": "when"}


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def frame(log: EventLog) -> pd.DataFrame:
    """All rows of a log as a plain table."""
    owner = np.repeat(log.ids().to_numpy(), np.diff(log.contents.offsets))
    return log.contents.events.to_pandas().assign(user=owner)


def balanced(log: EventLog) -> tuple[int, int, int, int]:
    report = log.report
    for one in [report, *report.files]:
        rows = one.rows_in if one is report else one.rows
        assert rows == one.accepted + one.rejected + one.duplicate
    return report.rows_in, report.accepted, report.rejected, report.duplicate


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    log = ingest(
        write(tmp_path / "a.csv", LINES), **ROLES, amount="amt", zone="America/New_York", out=tmp_path / "a.log"
    )
    assert balanced(log) == (9, 5, 4, 0)
    assert log.report.reasons == {
        "no user": 1,
        "no event": 1,
        "the amount is not a number": 1,
        "the time cannot be read as year-month-day (ISO 8601)": 1,
    }
    rejects = pd.read_csv(tmp_path / "a.log" / str(log.report.rejects_file), dtype=str)
    assert rejects["row"].tolist() == ["4", "5", "6", "7"]
    assert rejects["column"].tolist() == ["user", "event", "time", "amount"]
    assert rejects["value"].fillna("").tolist() == ["", "", "junk", "abc"]


def test_the_report_counts_and_gives_reasons_in_both_languages(tmp_path: Path) -> None:
    source = write(tmp_path / "a.csv", "uid,what,when\na,x,2024-01-01\n,x,2024-01-01\na,x,junk\na,x,1950-01-01\na,x\n")
    report = ingest(source, **ROLES, zone="Asia/Seoul").report
    said, told = report.summary("en").splitlines(), report.summary("ko").splitlines()
    assert said[0] == "5 rows in = 1 accepted + 4 rejected + 0 duplicate; the log holds 1 event of 1 user."
    assert "Rejected 1 row: no user." in said
    assert {line for line in told if "거부:" in line} == {
        "1행 거부: 사용자 없음.",
        "1행 거부: 시각을 연-월-일(ISO 8601) 형식으로 읽을 수 없음.",
        "1행 거부: 시각이 1970년보다 이르거나 2100년 이후임.",
        "1행 거부: 필드가 3개여야 하는데 2개임.",
    }


def test_ids_and_names_stay_as_written(tmp_path: Path) -> None:
    log = ingest(write(tmp_path / "a.csv", LINES), **ROLES, amount="amt", zone="America/New_York")
    assert log.ids().tolist() == ["007", "NA", "b"]
    table = frame(log)
    assert table["item"].tolist() == ["x", "y", *[np.nan] * 3]
    assert table["amount"].fillna(-1).tolist() == [1.5, -1, 3, 2, 2]


def test_daylight_saving_follows_the_stated_rule(tmp_path: Path) -> None:
    # New York 2024: 02:30 on 10 March does not exist (read with the offset before: 07:30 UTC);
    # 01:30 on 3 November occurs twice, the first is 05:30 UTC.
    log = ingest(write(tmp_path / "a.csv", LINES), **ROLES, zone="America/New_York")
    times = frame(log)["time"].dt.strftime("%m-%d %H:%M").tolist()
    assert times[:3] == ["03-10 07:30", "03-10 07:30", "11-03 05:30"]
    assert (log.report.skipped_times, log.report.doubled_times) == (1, 1)


def test_a_later_copy_of_a_file_adds_only_what_is_new(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", LINES)
    later = write(tmp_path / "b.csv", LINES + "c,view,2025-01-01 00:00:00,4,zz\nb,v,2024-01-01,2,\n")
    both = ingest([first, later], **ROLES, amount="amt", zone="Asia/Seoul")
    assert balanced(both) == (20, 7, 8, 5)
    log = ingest(first, **ROLES, amount="amt", zone="Asia/Seoul", out=tmp_path / "a.log")
    again = log.append(first)
    assert balanced(again) == (9, 0, 4, 5)
    assert again.n_events == log.n_events
    grown = again.append(later)
    assert balanced(grown) == (11, 2, 4, 5)
    assert grown.contents.meta.version == 3
    pd.testing.assert_frame_equal(frame(grown), frame(both))
    assert log.n_events == 5  # the earlier version, still open, is what it was


def test_repeats_by_event_id_and_inside_a_file() -> None:
    table = pd.DataFrame({"u": list("abb"), "e": ["x", "y", "y"], "t": ["2024-01-01"] * 3, "id": ["1", "2", "2"]})
    roles = {"user": "u", "event": "e", "time": "t"}
    assert ingest(table, **roles, event_id="id").report.duplicate == 1
    assert ingest(table, **roles).report.duplicate == 0
    assert ingest(table, **roles, duplicates="drop").report.duplicate == 1


def test_online_retail_hits_the_published_counts() -> None:
    # Witness: the data's README (counts made with other tools): 25,900 invoices and 4,372 customers in 541,909 rows,
    # 135,080 of them without customer; 9,288 cancelled lines.
    everyone = ingest(
        online_retail(),
        user="coalesce(CustomerID, 'nobody')",
        event="CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancel' ELSE 'order' END",
        time="InvoiceDate",
        amount="Quantity * UnitPrice",
        zone="Europe/London",
    )
    assert balanced(everyone) == (541_909, 541_909, 0, 0)
    assert len(everyone.names("InvoiceNo")) == 25_900
    assert everyone.where("event", "==", "cancel").n_events == 9_288
    assert everyone.contents.array("amount").sum() == pytest.approx(9_747_747.934)
    known = ingest(
        online_retail(),
        user="CustomerID",
        event="'order'",
        time="InvoiceDate",
        amount="Quantity * UnitPrice",
        collapse=["InvoiceNo"],
        zone="Europe/London",
    )
    assert balanced(known) == (541_909, 406_829, 135_080, 0)
    assert (known.n_users, known.n_events) == (4_372, 22_190)


def test_online_retail_sales_without_cancellations() -> None:
    # Witness: the data's README: price above zero, not cancelled: 397,884 rows, 4,338 customers, 18,532 invoices,
    # 8,911,407.90; and 5,268 exact duplicates in the whole file.
    log = ingest(
        online_retail(),
        user="CASE WHEN InvoiceNo NOT LIKE 'C%' AND UnitPrice > 0 THEN CustomerID END",
        event="'order'",
        time="InvoiceDate",
        amount="Quantity * UnitPrice",
        collapse=["InvoiceNo"],
        zone="Europe/London",
    )
    assert (log.report.accepted, log.n_users, log.n_events) == (397_884, 4_338, 18_532)
    assert log.contents.array("amount").sum() == pytest.approx(8_911_407.904)
    assert set(log.report.dropped_properties) == {"StockCode", "Description", "Quantity", "UnitPrice"}
    dropped = ingest(
        online_retail(),
        user="coalesce(CustomerID, '')||'.'",
        event="'line'",
        time="InvoiceDate",
        duplicates="drop",
        zone="UTC",
    )
    assert dropped.report.duplicate == 5_268


def test_attributes_join_by_key_and_never_multiply(tmp_path: Path) -> None:
    source = write(tmp_path / "a.csv", LINES)
    people = pd.DataFrame({"u": ["007", "b", "zz"], "age": [3, 4, 5], "sex": ["m", None, "f"], "school": [1, 2, 3]})
    log = ingest(source, **ROLES, zone="UTC", attributes=people, on="u", group="school")
    assert log.column("group").level == "user"
    table = log.contents.people.to_pandas()
    assert table["age"].fillna(-1).tolist() == [3, -1, 4]
    assert table["group"].fillna("").tolist() == ["1", "", "2"]
    assert log.report.attributes == {"rows": 3, "lone": 1, "missing": 1}
    with pytest.raises(InputError, match=r"'u'.*'007' has 2.*multiply"):
        ingest(source, **ROLES, zone="UTC", attributes=pd.concat([people, people]), on="u")


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "reader"])
def test_anything_that_speaks_arrow(kind: str) -> None:
    table = pd.DataFrame(
        {"u": [17850, 7], "e": ["x", "y"], "t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "n": [1, 2]}
    )
    arrow = pa.Table.from_pandas(table)
    source = {"pandas": table, "polars": pl.from_pandas(table), "arrow": arrow, "reader": arrow.to_reader()}[kind]
    log = ingest(source, user="u", event="e", time="t", zone="Asia/Seoul")
    assert log.ids().tolist() == ["17850", "7"]
    assert log.contents.array("n").tolist() == [1, 2]
    assert log.start == pd.Timestamp("2024-01-01", tz="Asia/Seoul").value // 1000


def test_floats_that_stand_for_whole_ids_lose_their_point() -> None:
    table = pd.DataFrame({"u": [17850.0, np.nan, 1.5], "e": ["x"] * 3, "t": ["2024-01-01"] * 3})
    log = ingest(table, user="u", event="e", time="t", zone="UTC")
    assert log.ids().tolist() == ["1.5", "17850"]
    assert log.report.reasons == {"no user": 1}


def test_numbers_in_text_files_are_told_from_ids(tmp_path: Path) -> None:
    text = "u,e,t,zip,long,price\na,x,2024-01-01,01234,12345678901234567890,12.7\na,x,2024-01-02,99999,1,13\n"
    log = ingest(write(tmp_path / "a.csv", text), user="u", event="e", time="t", zone="UTC")
    assert log.names("zip") == ["01234", "99999"]
    assert log.names("long") == ["1", "12345678901234567890"]
    assert log.contents.array("price").tolist() == [12.7, 13.0]


def test_typed_sources_keep_their_types_and_large_integers_stay_exact() -> None:
    big = 2**53 + 1
    times = pa.array(["2024-01-01", "2024-01-02"])
    table = pa.table(
        {
            "u": ["a", "a"],
            "e": ["x", "x"],
            "t": times,
            "text": ["12", "13"],
            "big": pa.array([big, None], pa.int64()),
            "whole": pa.array([big, 1], pa.int64()),
            "small": pa.array([3, None], pa.int32()),
            "flag": [True, None],
        }
    )
    log = ingest(table, user="u", event="e", time="t", zone="UTC")
    assert log.names("text") == ["12", "13"]
    assert log.names("big") == [None, str(big)]
    assert log.contents.array("whole").tolist() == [big, 1]
    assert np.isnan(log.contents.array("small")).tolist() == [False, True]
    assert log.names("flag") == [None, "true"]


def test_equal_times_keep_the_order_of_the_source() -> None:
    events = [f"e{i:02d}" for i in np.random.default_rng(1).permutation(40)]
    table = pd.DataFrame({"u": "a", "e": events, "t": "2024-01-01"})
    log = ingest(table, user="u", event="e", time="t", zone="UTC")
    assert [log.events[code] for code in log.contents.array("event")] == events
    assert log.report.ties == 39


def test_the_log_is_taken_to_be_complete_up_to_the_hour_or_the_day() -> None:
    roles = {"user": "u", "event": "e", "time": "t"}
    dates = ingest(pd.DataFrame({"u": ["a"], "e": ["x"], "t": ["2024-01-31"]}), **roles, zone="Asia/Seoul")
    times = ingest(pd.DataFrame({"u": ["a"], "e": ["x"], "t": ["2024-01-31 13:14:15"]}), **roles, zone="Asia/Seoul")
    assert dates.as_of == pd.Timestamp("2024-02-01", tz="Asia/Seoul").value // 1000
    assert times.as_of == pd.Timestamp("2024-01-31 14:00", tz="Asia/Seoul").value // 1000


def test_users_like_programs_are_flagged_and_kept() -> None:
    steady = pd.date_range("2024-01-01", periods=300, freq="30s").astype(str)
    table = pd.DataFrame({"u": ["bot"] * 300 + ["me"], "e": "x", "t": [*steady, "2024-01-03 10:00:00"]})
    log = ingest(table, user="u", event="e", time="t", zone="UTC", now="2024-01-02")
    assert (log.report.n_bots, log.report.bots[0]["user"], log.n_users) == (1, "bot", 2)
    assert log.report.bots[0]["why"] == {"regular": 1.0}
    assert log.report.empty_days == ["2024-01-02"]
    assert log.report.future == 1
    english, korean = (log.report.summary(lang).splitlines()[-1] for lang in ("en", "ko"))
    assert english.endswith("the busiest is bot: 100% of the gaps equal within 2 %.")
    assert korean.endswith("가장 활발한 사용자는 bot입니다(이벤트 간격의 100%가 2 % 이내로 같음).")


def test_reopening_gives_the_same_log(tmp_path: Path) -> None:
    log = ingest(write(tmp_path / "a.csv", LINES), **ROLES, zone="UTC", out=tmp_path / "a.log")
    again = open_log(tmp_path / "a.log")
    pd.testing.assert_frame_equal(frame(again), frame(log))
    assert again.report == log.report
    assert "6 events" in repr(again)
    for lang in ("en", "ko"):
        assert "9" in again.report.summary(lang)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user": "uidd"}, "user column 'uidd' is not in the source; did you mean 'uid'?"),
        ({"event": "upper(what"}, "event='upper\\(what' is neither a column nor an expression"),
        ({"event": "'x'); DROP TABLE every; SELECT ('"}, "neither a column nor an expression"),
        ({"event": "(SELECT 1)"}, "neither a column nor an expression"),
        ({"time": "item"}, "time='item' does not look like times"),
        ({"properties": ["itm"]}, "property 'itm' is not in the source; did you mean 'item'?"),
        ({"collapse": ["itm"]}, "collapse column 'itm' is not in the source; did you mean 'item'?"),
        ({"zone": "Asia/Seul"}, "did you mean 'Asia/Seoul'?"),
        ({"duplicates": "maybe"}, "duplicates='maybe' is not known"),
        ({"memory": "x"}, "memory='x' cannot be used"),
        ({"on": "uid"}, "attributes and on go together"),
    ],
)
def test_bad_arguments_get_one_clear_sentence(tmp_path: Path, change: dict[str, object], message: str) -> None:
    source = write(tmp_path / "a.csv", LINES)
    with pytest.raises(InputError, match=message) as told:
        ingest(source, **{**ROLES, "out": tmp_path / "a.log", **change})  # type: ignore[arg-type]
    assert "\n" not in str(told.value)
    assert not (tmp_path / "a.log").exists()


def test_no_usable_row_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 of 2 rows were rejected \(no user\)"):
        ingest(write(tmp_path / "a.csv", "uid,what,when\n,a,2024-01-01\n,b,2024-01-01\n"), **ROLES)
    with pytest.raises(InputError, match=r"b\.csv: it holds no rows"):
        ingest(write(tmp_path / "b.csv", "uid,what,when\n"), **ROLES)


def test_many_columns_are_not_all_kept_by_accident(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(2_000)]
    text = ",".join(["uid", "what", "when", *names]) + "\n" + ",".join(["a", "b", "2024-01-01", *["1"] * 2_000]) + "\n"
    source = write(tmp_path / "wide.csv", text)
    with pytest.raises(InputError, match="2,003 columns; choose the ones to keep"):
        ingest(source, **ROLES)
    log = ingest(source, **ROLES, properties=["c7"])
    assert [column.name for column in log.columns] == ["time", "event", "c7", "user"]
