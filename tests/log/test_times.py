"""How times are read. Expected instants by hand, or through datetime and zoneinfo."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from dangol.core.errors import InputError
from dangol.log.times import time_rule


def read(values: list[str | None], time_format: str | None = None) -> tuple[str, list[str | None], list[bool]]:
    """Name of the rule, each value as ISO text to the millisecond, and whether it is local."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS v", [values])
    rule = time_rule(con, "t", '"v"', "VARCHAR", time_format, "when")
    rows = con.execute(f"SELECT {rule.us}, {rule.naive} FROM t").fetchall()
    texts = [
        None if us is None else datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        for us, _ in rows
    ]
    return rule.name, texts, [naive for _, naive in rows]


@pytest.mark.parametrize(
    ("text", "expected", "local"),
    [
        ("2010-12-01 08:26:00", "2010-12-01 08:26:00.000", True),
        ("2010-12-01T08:26", "2010-12-01 08:26:00.000", True),
        ("2010-12-01", "2010-12-01 00:00:00.000", True),
        ("2010/12/1 8:26", "2010-12-01 08:26:00.000", True),
        ("2010.12.01 08:26:00.25", "2010-12-01 08:26:00.250", True),
        ("2010-12-01T08:26:00,5", "2010-12-01 08:26:00.500", True),
        ("2010-12-01T08:26:00.5Z", "2010-12-01 08:26:00.500", False),
        ("2010-12-01 08:26:00 UTC", "2010-12-01 08:26:00.000", False),
        ("2010-12-01 08:26:00+09:00", "2010-11-30 23:26:00.000", False),
        ("2010-12-01 08:26:00 -0330", "2010-12-01 11:56:00.000", False),
        ("2010-12-01T08:26:00+01", "2010-12-01 07:26:00.000", False),
    ],
)
def test_iso(text: str, expected: str, local: bool) -> None:
    assert read([text]) == ("year-month-day (ISO 8601)", [expected], [local])


@pytest.mark.parametrize(
    "text", ["2010-02-30", "2010-12-01 08:26:00 Asia/Seoul", "2010-13-01", "2010-12-01 25:00", "", "soon"]
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert read(["2010-12-01", "2010-12-02", text])[1][2] is None


@pytest.mark.parametrize(
    ("values", "name", "first"),
    [
        (["1/12/2010 8:26", "13/4/2010 8:26"], "day first", "2010-12-01 08:26:00.000"),
        (["12/1/2010 8:26", "12/31/2010 8:26"], "month first", "2010-12-01 08:26:00.000"),
        (["12/1/10 8:26", "12/31/10 8:26"], "month first", "2010-12-01 08:26:00.000"),
        (["1.12.2010 08:26:01.250", "31.12.2010 08:26:01.250"], "day first", "2010-12-01 08:26:01.250"),
        (["1-12-2010 8:26 PM", "31-12-2010 8:26 AM"], "day first", "2010-12-01 20:26:00.000"),
        (["19970101", "19970131"], "digits %Y%m%d", "1997-01-01 00:00:00.000"),
        (["20101201082600", "20101202082600"], "digits %Y%m%d%H%M%S", "2010-12-01 08:26:00.000"),
        (["1 Dec 2010 08:26", "Dec 2, 2010"], "dates with month names", "2010-12-01 08:26:00.000"),
        (["01/Dec/2010:08:26:00 +0900"], "web-server times", "2010-11-30 23:26:00.000"),
        (["2010년 12월 1일 8시 26분"], "year-month-day (Korean)", "2010-12-01 08:26:00.000"),
        (["2010. 12. 1. 오후 8:26"], "year-month-day (Korean)", "2010-12-01 20:26:00.000"),
        (["2010. 12. 1. 오전 12:26:05"], "year-month-day (Korean)", "2010-12-01 00:26:05.000"),
        (["1291191960", "1291191961"], "epoch seconds", "2010-12-01 08:26:00.000"),
        (["1291191960.5", "1291191961"], "epoch seconds", "2010-12-01 08:26:00.500"),
        (["1291191960123"], "epoch milliseconds", "2010-12-01 08:26:00.123"),
        (["1291191960123456"], "epoch microseconds", "2010-12-01 08:26:00.123"),
        (["1291191960123456789"], "epoch nanoseconds", "2010-12-01 08:26:00.123"),
    ],
)
def test_other_ways(values: list[str], name: str, first: str) -> None:
    rule, texts, _ = read(list(values))
    assert (rule, texts[0]) == (name, first)
    assert None not in texts


def test_a_part_above_twelve_anywhere_decides_for_the_whole_column() -> None:
    values = ["1/2/2010"] * 50_000 + ["13/2/2010"]
    assert read(list(values))[1][0] == "2010-02-01 00:00:00.000"


def test_two_readings_are_an_error_that_shows_both() -> None:
    with pytest.raises(InputError, match=r"'1/12/2010 8:26' is 2010-12-01 day-first or 2010-01-12 month-first"):
        read(["1/12/2010 8:26", "3/4/2010", "5/6/2010", "7/8/2010"])
    with pytest.raises(InputError, match="mixes day-first and month-first"):
        read(["13/1/2010", "1/13/2010"])


def test_the_person_may_decide() -> None:
    assert read(["1/12/2010"], "day-first")[1] == ["2010-12-01 00:00:00.000"]
    assert read(["1/12/2010"], "month-first")[1] == ["2010-01-12 00:00:00.000"]
    assert read(["2010-05-03 11"], "%Y-%d-%m %H")[1] == ["2010-03-05 11:00:00.000"]
    assert read(["1000"], "ms")[1] == ["1970-01-01 00:00:01.000"]


@pytest.mark.parametrize("values", [["a", "b"], ["", None], ["1", "2"]])
def test_no_way_is_an_error(values: list[str | None]) -> None:
    with pytest.raises(InputError, match="when"):
        read(values)


def test_a_format_that_would_have_no_effect_is_refused() -> None:
    with pytest.raises(
        InputError, match="'day-first' needs dates such as '1/12/2010', but time='when' holds '2010-12-01'"
    ):
        read(["2010-12-01"], "day-first")
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT DATE '2010-12-01' AS v")
    with pytest.raises(InputError, match="holds times already"):
        time_rule(con, "t", '"v"', "DATE", "day-first", "when")
