"""Reading times: which way a column writes them, decided on all of its values, never guessed where two ways fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dangol.core.durations import DAY, SECOND
from dangol.core.errors import InputError, choice

from .mapping import literal
from .scratch import row

if TYPE_CHECKING:
    import duckdb

EARLIEST: Final = 0
LATEST: Final = 4_102_444_800 * SECOND  # 2100-01-01

_SAMPLE: Final = 10_000
_ISO: Final = (
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?)"
    r" ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
_NUMERIC: Final = r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})(\D.*)?"
_KOREAN: Final = r"(\d{4})[년.] ?(\d{1,2})[월.] ?(\d{1,2})[일.]?( .*)?"
_DIGITS: Final = r"-?\d+(\.\d+)?"
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %p %I:%M", " %p %I:%M:%S")
_NAMED_DAYS: Final = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d %b %y")
_EPOCHS: Final = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_VALUES: Final = "(SELECT unnest(?::VARCHAR[]) AS v)"
_EPOCH_NAMES: Final = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


@dataclass(frozen=True)
class TimeRule:
    """How a column's times are read.

    Attributes:
        name: what to tell people.
        us: SQL for microseconds: UTC where ``naive`` is false, local wall-clock where it is true; NULL if unreadable.
        naive: SQL telling whether the value states no offset from UTC.
    """

    name: str
    us: str
    naive: str


def time_rule(
    con: duckdb.DuckDBPyConnection, table: str, sql: str, kind: str, time_format: str | None, label: str
) -> TimeRule:
    """Decide how the times of an expression are read.

    Args:
        con: the staging database.
        table: where the values are.
        sql: the expression.
        kind: its DuckDB type.
        time_format: None decides from the values; or ``day-first``, ``month-first``, ``s``, ``ms``, ``us``, ``ns``, or
            a strptime pattern such as ``%d.%m.%Y %H:%M``.
        label: what the person called the column.

    Raises:
        InputError: where no way, or more than one way, reads the values.
    """
    kind = kind.upper()
    if time_format is not None and kind.startswith(("TIMESTAMP", "DATE")):
        raise InputError(f"time={label!r} holds times already, so time_format={time_format!r} has no use; leave it out")
    if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
        return TimeRule("instants", f"epoch_us({sql}::TIMESTAMPTZ)", "false")
    if kind in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"):
        return TimeRule("local times" if kind.startswith("T") else "dates", f"epoch_us({sql}::TIMESTAMP)", "true")
    if kind.endswith("INT") and time_format is None and _dated(con, table, sql):
        return TimeRule("digits %Y%m%d", f"epoch_us(try_strptime(CAST({sql} AS VARCHAR), '%Y%m%d'))", "true")
    if kind.startswith("ENUM("):
        sql, kind = f"CAST({sql} AS VARCHAR)", "VARCHAR"
    if kind in ("FLOAT", "DOUBLE") or (kind.startswith("DECIMAL(") and kind.endswith(")")):
        sql, kind = f"(CASE WHEN isfinite({sql}::DOUBLE) THEN {sql}::DOUBLE END)", "DOUBLE"
    if kind != "VARCHAR" and kind != "DOUBLE" and not re.fullmatch(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", kind):
        raise InputError(f"time={label!r} is of type {kind}, which holds no times; name another column")
    if kind != "VARCHAR":
        return _epoch(con, table, sql, time_format, label)
    if time_format is not None and "%" in time_format:
        us = f"epoch_us(try_strptime({sql}, {literal(time_format)}))"
        return TimeRule(f"pattern {time_format}", us, _naive(time_format))
    found = con.execute(f"""
        SELECT v FROM (SELECT {sql} AS v FROM {table} LIMIT 200000) WHERE v IS NOT NULL AND v <> '' LIMIT {_SAMPLE}
    """)
    sample = [value for (value,) in found.fetchall()]
    if not sample:
        raise InputError(f"time={label!r} has no value in any row")
    return _from_text(con, table, sql, sample, time_format, label)


def checked_format(time_format: str | None) -> str | None:
    """Return how times are to be read if that is one of the ways known, else raise."""
    if time_format is not None and "%" not in time_format:
        choice("time_format", time_format, [*_EPOCHS, "day-first", "month-first", "%Y-%m-%d %H:%M:%S"])
    return time_format


def _from_text(
    con: duckdb.DuckDBPyConnection, table: str, sql: str, sample: list[str], time_format: str | None, label: str
) -> TimeRule:
    shapes = {"iso": _ISO, "numeric": _NUMERIC, "korean": _KOREAN, "digits": _DIGITS}
    hits = {name: sum(1 for value in sample if re.fullmatch(shape, value)) for name, shape in shapes.items()}
    best = max(hits, key=lambda name: hits[name])
    if time_format in ("day-first", "month-first") and hits["numeric"]:
        best = "numeric"
    elif time_format in ("day-first", "month-first"):
        raise InputError(
            f"time_format={time_format!r} needs dates such as '1/12/2010', but time={label!r} holds {sample[0]!r}"
        )
    if hits[best] * 2 < len(sample):
        return _named(con, sample, sql, label)
    if best == "digits":
        return _digits(con, table, sql, sample, time_format, label)
    if time_format in _EPOCHS:
        raise InputError(f"time_format={time_format!r} needs numbers, but time={label!r} holds {sample[0]!r}")
    if best == "iso":
        return _iso(sql)
    if best == "korean":
        return _korean(con, sample, sql)
    return _day_or_month(con, table, sql, sample, time_format, label)


def _naive(pattern: str) -> str:
    return "false" if "%z" in pattern or "%Z" in pattern else "true"


def _iso(sql: str) -> TimeRule:
    """Dates in the order year, month, day; the offset is read by us, since a cast to TIMESTAMP would drop it."""
    shape = literal("^" + _ISO + "$")
    wall = f"replace(replace(regexp_extract({sql}, {shape}, 1), '.', '-'), '/', '-')"
    wall = f"regexp_replace(regexp_replace({wall}, ',(\\d+)$', '.\\1'), ':(\\d\\d)-(\\d+)$', ':\\1.\\2')"
    mark = f"regexp_extract({sql}, {shape}, 2)"
    digits = f"regexp_replace({mark}, '[^0-9]', '', 'g')"
    sign = f"(CASE WHEN {mark}[1] = '-' THEN -1 ELSE 1 END)"
    beyond = f"CASE WHEN length({digits}) > 2 THEN substr({digits}, 3, 2)::INT ELSE 0 END"  # minutes beyond the hours
    size = f"(substr({digits}, 1, 2)::INT * 60 + {beyond})"
    minutes = f"(CASE WHEN {digits} = '' THEN 0 ELSE {sign} * {size} END)"
    plain = f"regexp_full_match({sql}, '\\d{{4}}-\\d\\d-\\d\\d([ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?Z?)?')"
    careful = f"epoch_us(try_cast({wall} AS TIMESTAMP)) - {minutes} * 60000000::BIGINT"
    us = f"CASE WHEN {plain} THEN epoch_us(try_cast({sql} AS TIMESTAMP)) ELSE {careful} END"
    naive = f"CASE WHEN {plain} THEN {sql}[-1] <> 'Z' ELSE {mark} = '' END"
    return TimeRule("year-month-day (ISO 8601)", us, naive)


def _korean(con: duckdb.DuckDBPyConnection, sample: list[str], sql: str) -> TimeRule:
    """``2023년 1월 5일 15:04``, ``2023. 1. 5. 오후 3:04``."""
    tidy = f"regexp_replace({sql}, '^(\\d{{4}})[년.] ?(\\d{{1,2}})[월.] ?(\\d{{1,2}})[일.]? ?', '\\1-\\2-\\3 ')"
    tidy = f"trim(replace(replace({tidy}, '오전', 'AM'), '오후', 'PM'))"
    tidy = f"regexp_replace(regexp_replace({tidy}, '(\\d+)시 ?', '\\1:'), '(\\d+)분 ?((\\d+)초)?', '\\1:0\\3')"
    tidy = f"regexp_replace({tidy}, ':0(\\d\\d)$', ':\\1')"
    formats = _fitting(con, sample, tidy.replace(sql, "v"), ["%Y-%m-%d" + clock for clock in _CLOCKS])
    return TimeRule("year-month-day (Korean)", f"epoch_us(try_strptime({tidy}, {formats}))", "true")


def _fitting(con: duckdb.DuckDBPyConnection, sample: list[str], sql: str, patterns: list[str]) -> str:
    """Return, as an SQL list, the patterns that read some value of the sample; longest first."""
    tests = ", ".join(f"count(try_strptime({sql}, {literal(one)}))" for one in patterns)
    found = row(con, f"SELECT {tests} FROM {_VALUES}", [sample])
    kept = sorted((one for one, count in zip(patterns, found, strict=True) if count), key=len, reverse=True)
    return "[" + ", ".join(literal(one) for one in kept or patterns[:1]) + "]"


def _day_or_month(
    con: duckdb.DuckDBPyConnection, table: str, sql: str, sample: list[str], time_format: str | None, label: str
) -> TimeRule:
    """``1/12/2010``: the first of December or the twelfth of January? A part above 12 anywhere in the column tells."""
    tidy = f"replace(replace({sql}, '-', '/'), '.', '/')"
    tidy = f"regexp_replace({tidy}, '^(\\d+)/(\\d+)/(\\d+)(/|T)?', '\\1/\\2/\\3 ')"
    tidy = f"trim(regexp_replace({tidy}, ' +', ' ', 'g'))"
    tidy = f"regexp_replace({tidy}, '(:\\d\\d)/(\\d+)$', '\\1.\\2')"  # the dot of fractions of a second
    day_first = time_format == "day-first"
    if time_format not in ("day-first", "month-first"):
        first, second = row(con, f"SELECT {_largest(sql, 1)}, {_largest(sql, 2)} FROM {table}")
        if (first > 12) == (second > 12):
            raise _ambiguous(sample, label, both=first > 12)
        day_first = first > 12
    date = "%d/%m/" if day_first else "%m/%d/"
    years = ["%Y", "%y"]
    if all(re.match(r"\d+\D\d+\D\d{4}", value) for value in sample if re.fullmatch(_NUMERIC, value)):
        years = ["%Y"]
    elif not any(re.match(r"\d+\D\d+\D\d{4}", value) for value in sample):
        years = ["%y"]
    patterns = [date + year + clock for year in years for clock in _CLOCKS]
    formats = _fitting(con, sample, tidy.replace(sql, "v"), patterns)
    name = "day first" if day_first else "month first"
    return TimeRule(name, f"epoch_us(try_strptime({tidy}, {formats}))", "true")


def _largest(sql: str, part: int) -> str:
    """SQL for the largest first or second part of the dates in a column; 0 without any."""
    number = f"try_cast(regexp_extract({sql}, '^(\\d+)\\D(\\d+)', {part}) AS INT)"
    return f"coalesce(max(CASE WHEN regexp_full_match({sql}, '{_NUMERIC}') THEN {number} END), 0)"


def _ambiguous(sample: list[str], label: str, both: bool) -> InputError:
    if both:
        return InputError(
            f"time={label!r} mixes day-first and month-first dates (some have a first part above 12, some a second); "
            f"say which with time_format='day-first' or 'month-first' (--time-format) and the others are rejected"
        )
    shown = list(dict.fromkeys(value for value in sample if re.fullmatch(_NUMERIC, value)))[:3]
    readings = []
    for value in shown:
        match = re.match(r"(\d+)\D(\d+)\D(\d+)", value)
        if match:
            a, b, year = match[1].zfill(2), match[2].zfill(2), match[3] if len(match[3]) == 4 else "20" + match[3]
            readings.append(f"{value!r} is {year}-{b}-{a} day-first or {year}-{a}-{b} month-first")
    return InputError(
        f"time={label!r} can be read two ways: {'; '.join(readings)}; "
        f"say which with time_format='day-first' or 'month-first' (--time-format)"
    )


def _named(con: duckdb.DuckDBPyConnection, sample: list[str], sql: str, label: str) -> TimeRule:
    """Dates with the month's English name, web-server times among them."""
    tidy = f"regexp_replace({sql}, '[,/-]', ' ', 'g')"
    tidy = f"regexp_replace(trim(regexp_replace({tidy}, ' +', ' ', 'g')), '^(\\d+ [A-Za-z]+ \\d{{4}}):', '\\1 ')"
    web = f"try_strptime({sql}, '%d/%b/%Y:%H:%M:%S %z')"
    if row(con, f"SELECT count({web.replace(sql, 'v')}) FROM {_VALUES}", [sample])[0] * 2 >= len(sample):
        return TimeRule("web-server times", f"epoch_us({web})", "false")
    patterns = [day + clock for day in _NAMED_DAYS for clock in _CLOCKS]
    formats = _fitting(con, sample, tidy.replace(sql, "v"), patterns)
    rule = TimeRule("dates with month names", f"epoch_us(try_strptime({tidy}, {formats}))", "true")
    if row(con, f"SELECT count({rule.us.replace(sql, 'v')}) FROM {_VALUES}", [sample])[0] * 2 < len(sample):
        shown = ", ".join(repr(value) for value in list(dict.fromkeys(sample))[:3])
        raise InputError(
            f"time={label!r} does not look like times: {shown}; name another column, or say how to read it with "
            f"time_format='%Y-%m-%d %H:%M:%S' (--time-format)"
        )
    return rule


def _digits(
    con: duckdb.DuckDBPyConnection, table: str, sql: str, sample: list[str], time_format: str | None, label: str
) -> TimeRule:
    """Digits alone: 8 or 14 of them that make a calendar date, else a count since 1970."""
    if time_format is None:
        for size, pattern in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S")):
            dated = [value for value in sample if len(value) == size and re.match(r"(19|20)\d\d(0[1-9]|1[0-2])", value)]
            if len(dated) * 2 > len(sample):
                return TimeRule(f"digits {pattern}", f"epoch_us(try_strptime({sql}, '{pattern}'))", "true")
    return _epoch(con, table, f"try_cast({sql} AS DOUBLE)", time_format, label)


def _dated(con: duckdb.DuckDBPyConnection, table: str, sql: str) -> bool:
    """Whether integers are dates such as 20240131."""
    shape = r"'(19|20)\d\d(0[1-9]|1[0-2])[0-3]\d'"
    return bool(row(con, f"SELECT bool_and(regexp_full_match(CAST({sql} AS VARCHAR), {shape})) FROM {table}")[0])


def _epoch(con: duckdb.DuckDBPyConnection, table: str, sql: str, time_format: str | None, label: str) -> TimeRule:
    """Numbers: the unit is the one that puts the middle value between 1990 and 2100; exactly one of the four does."""
    if time_format is not None and time_format not in _EPOCHS:
        raise InputError(
            f"time={label!r} holds numbers; time_format must be one of {', '.join(_EPOCHS)}, found {time_format!r}"
        )
    if time_format is None:
        middle = row(con, f"SELECT median({sql}) FROM {table}")[0]
        if middle is None:
            raise InputError(f"time={label!r} has no value in any row")
        fits = [unit for unit, scale in _EPOCHS.items() if 20 * 365 * DAY <= float(middle) * scale < LATEST]
        if not fits:
            raise InputError(
                f"time={label!r} holds numbers around {middle:,.0f}, which is no time since 1970 in s, ms, us or ns; "
                f"name another column or give time_format (--time-format)"
            )
        time_format = fits[0]
    scale = _EPOCHS[time_format]
    whole = f"round({sql} * {scale})" if scale >= 1 else f"floor({sql} * {scale})"
    return TimeRule(f"epoch {_EPOCH_NAMES[time_format]}", f"try_cast({whole} AS BIGINT)", "false")
