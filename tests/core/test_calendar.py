"""Local time against the standard library: many zones, clocks that jump forward (gaps) and back (folds)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core import calendar
from dangol.core.durations import DAY, HOUR, Period, period
from dangol.core.errors import InputError
from tests.oracles import EPOCH, instant, midnight, periods
from tests.oracles.strategies import ZONES, effort

# Kiritimati and Apia once skipped a day, St John's changed at one minute past midnight, Casablanca pauses for Ramadan,
# Troll moves by two hours, Monrovia and Amsterdam had offsets of minutes and seconds
NASTY = (
    *ZONES,
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Africa/Monrovia",
    "Europe/Amsterdam",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Tehran",
)
ALL_ZONES = st.sampled_from(NASTY) | st.sampled_from(sorted(available_timezones()))
TIMES = st.datetimes(datetime(1965, 1, 1), datetime(2037, 12, 1))


def micros(moment: datetime) -> int:
    return round((moment - EPOCH) / timedelta(microseconds=1))


def changes(zone: str, year: int) -> list[int]:
    """The instants of a year, to the minute, at which the clock of a zone changes."""
    info = ZoneInfo(zone)
    found = []
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        after = hour + timedelta(hours=1)
        if hour.astimezone(info).utcoffset() != after.astimezone(info).utcoffset():
            while hour.astimezone(info).utcoffset() == (hour + timedelta(minutes=1)).astimezone(info).utcoffset():
                hour += timedelta(minutes=1)
            found.append(micros(hour + timedelta(minutes=1)))
        hour = after
    return found


@effort(150)
@given(ALL_ZONES, TIMES, st.lists(st.integers(-3 * 86_400, 3 * 86_400), min_size=1, max_size=20))
def test_local_time_equals_zoneinfo(zone: str, around: datetime, seconds: list[int]) -> None:
    times = np.array([micros(around.replace(tzinfo=UTC)) + second * 10**6 for second in seconds], np.int64)
    table = calendar.offsets(zone, int(times.min()), int(times.max()))
    for time, local in zip(times.tolist(), calendar.to_local(times, table).tolist(), strict=True):
        wall = (EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        assert local == micros(wall)


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "America/St_Johns"]
)
def test_around_each_change_every_minute_equals_zoneinfo(zone: str) -> None:
    found = changes(zone, 2011)
    assert len(found) >= 2
    for change in found:
        times = change + np.arange(-180, 180, dtype=np.int64) * 60_000_000
        table = calendar.offsets(zone, change - DAY, change + DAY)
        local = calendar.to_local(times, table)
        for time, wall in zip(times.tolist(), local.tolist(), strict=True):
            naive = datetime(1970, 1, 1) + timedelta(microseconds=wall)
            assert naive == (EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            assert int(calendar.to_utc(np.array([wall]), table)[0]) == instant(naive, zone)  # of a fold, the first


@effort(150)
@given(ALL_ZONES, st.datetimes(datetime(1972, 1, 1), datetime(2037, 12, 1)))
def test_any_local_time_is_read_as_zoneinfo_reads_it_with_fold_zero(zone: str, local: datetime) -> None:
    assert calendar.instant(local.isoformat(), zone) == instant(local, zone)


@pytest.mark.parametrize("zone", ZONES)
def test_skipped_local_times_land_after_the_change_and_doubled_ones_on_the_first(zone: str) -> None:
    for change in changes(zone, 2011):
        table = calendar.offsets(zone, change - DAY, change + DAY)
        before, after = (int(calendar.to_local(np.array([change + shift]), table)[0]) for shift in (-1, 0))
        if after > before:  # a gap: its first minute is the change itself
            assert int(calendar.to_utc(np.array([before + 1]), table)[0]) == change
        else:  # a fold: its first minute is the earlier one
            assert int(calendar.to_utc(np.array([after]), table)[0]) == change - (before + 1 - after)


@effort(100)
@given(st.sampled_from(NASTY), TIMES.filter(lambda one: one.year >= 1973), st.integers(0, 500 * 86_400))
def test_midnights_equal_zoneinfo(zone: str, first: datetime, seconds: int) -> None:
    low = micros(first.replace(tzinfo=UTC))
    found = calendar.midnights(zone, low, low + seconds * 10**6).tolist()
    day = (EPOCH + timedelta(microseconds=low)).astimezone(ZoneInfo(zone)).date()
    assert found == [midnight(day + timedelta(days=number), zone) for number in range(len(found))]
    assert found[0] <= low
    assert found[-2] <= low + seconds * 10**6 < found[-1]


@effort(150)
@given(
    st.sampled_from(NASTY),
    st.datetimes(datetime(1973, 1, 1), datetime(2036, 1, 1)),
    st.integers(0, 800 * 86_400),
    st.sampled_from(("1d", "3d", "1w", "2w", "1mo", "2mo", "5mo", "1q", "3q", "1y", "2y")),
)
def test_calendar_periods_equal_a_walk_through_the_days(zone: str, first: datetime, seconds: int, every: str) -> None:
    low = micros(first.replace(tzinfo=UTC))
    high = low + seconds * 10**6
    expected = periods(every, zone, low, high)
    found = calendar.edges(period(every), zone, low, high)
    assert found.tolist() == [one.start for one in expected] + [expected[-1].end]
    assert calendar.names(found[:-1], period(every), zone) == [one.name for one in expected]


@effort(50)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2010, 1, 1), datetime(2012, 1, 1)), st.integers(0, 9 * 86_400))
def test_hours_are_never_skipped_nor_doubled(zone: str, first: datetime, seconds: int) -> None:
    low = micros(first.replace(tzinfo=UTC))
    found = calendar.edges(Period(1, "h"), zone, low, low + seconds * 10**6)
    assert set(np.diff(found).tolist()) <= {HOUR}
    assert found[0] <= low < found[1]
    assert found[-2] <= low + seconds * 10**6 < found[-1]
    assert moment_of(found[0], zone).minute in ((0,) if zone != "Australia/Lord_Howe" else (0, 30))


def moment_of(time: int, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=int(time))).astimezone(ZoneInfo(zone))


def test_a_day_of_23_and_one_of_25_hours() -> None:
    # Europe/London 2011: the clock went forward on 27 March and back on 30 October
    for day, hours in (("2011-03-27", 23), ("2011-03-28", 24), ("2011-10-30", 25)):
        start = calendar.instant(day, "Europe/London")
        found = calendar.edges(Period(1, "d"), "Europe/London", start, start)
        assert np.diff(found).tolist() == [hours * HOUR]


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    # America/Santiago 2011-08-21 and Asia/Beirut 2011-03-27 begin at 01:00
    for zone, day in (("America/Santiago", "2011-08-21"), ("Asia/Beirut", "2011-03-27")):
        start = calendar.instant(day, zone)
        assert calendar.write(start, zone) == f"{day} 01:00"
        assert calendar.write(start - 1, zone)[11:] == "23:59"


def test_weeks_begin_on_monday_and_are_named_by_it() -> None:
    sunday = calendar.instant("2011-01-02 23:59", "Asia/Seoul")
    found = calendar.edges(Period(1, "w"), "Asia/Seoul", sunday, sunday + HOUR)
    assert calendar.names(found, Period(1, "w"), "Asia/Seoul") == ["2010-12-27", "2011-01-03", "2011-01-10"]
    assert date(2011, 1, 3).weekday() == 0


@pytest.mark.parametrize(
    ("every", "name"),
    [
        ("1h", "2010-12-01 13:00"),
        ("1d", "2010-12-01"),
        ("1w", "2010-11-29"),
        ("1mo", "2010-12"),
        ("1q", "2010-Q4"),
        ("1y", "2010"),
    ],
)
def test_names_of_periods(every: str, name: str) -> None:
    time = calendar.instant("2010-12-01 13:59", "Asia/Seoul")
    found = calendar.edges(period(every), "Asia/Seoul", time, time)
    assert calendar.names(found[:1], period(every), "Asia/Seoul") == [name]
    assert calendar.names(found[:0], period(every), "Asia/Seoul") == []


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="must not end before it begins"):
        calendar.edges(Period(1, "d"), "UTC", 1, 0)


@pytest.mark.parametrize(
    "value",
    [
        "2011-12-01T09:00",
        "2011-12-01 00:00:00Z",
        "2011-12-01T05:30:00+05:30",
        datetime(2011, 12, 1, 9),
        datetime(2011, 12, 1, tzinfo=UTC),
        datetime(2011, 12, 1, 3, tzinfo=timezone(timedelta(hours=3))),
        np.datetime64("2011-12-01T09:00"),
        np.datetime64("2011-12-01T09:00:00.000000000"),
        pd.Timestamp("2011-12-01 09:00"),
        pd.Timestamp("2011-12-01", tz="UTC"),
    ],
)
def test_one_instant_in_many_writings(value: str | datetime | np.datetime64) -> None:
    assert calendar.instant(value, "Asia/Seoul") == micros(datetime(2011, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize("value", ["", "yesterday", "2011-13-01", "01/12/2011", np.datetime64("NaT"), pd.NaT])
def test_what_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"start=.* is not a date or time; write for example '2011-12-01'"):
        calendar.instant(value, "UTC", "start")


def test_writing_to_the_minute() -> None:
    assert calendar.write(micros(datetime(2011, 3, 27, 0, 59, 59, tzinfo=UTC)), "Europe/London") == "2011-03-27 00:59"
    assert calendar.write(micros(datetime(2011, 3, 27, 1, 0, tzinfo=UTC)), "Europe/London") == "2011-03-27 02:00"


def test_an_unknown_zone_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"time zone 'Asia/Soul' is not in the IANA list; did you mean 'Asia/Seoul'\?"):
        calendar.zone_info("Asia/Soul")
    for nonsense in ("", "../etc/passwd", "Asia"):
        with pytest.raises(InputError):
            calendar.zone_info(nonsense)


@pytest.mark.parametrize("every", ["1d", "1w", "1mo"])
@pytest.mark.parametrize("hours", range(0, 72, 1))
def test_a_clock_that_goes_back_past_midnight(every: str, hours: int) -> None:
    # America/St_Johns 2010-11-07: at 00:01 the clock went back to 23:01 of the day before; the new day had begun
    low = micros(datetime(2010, 11, 5, 12, 30, tzinfo=UTC))
    high = low + hours * HOUR
    for first, last in ((low, high), (high, low + 80 * HOUR)):
        expected = periods(every, "America/St_Johns", first, last)
        found = calendar.edges(period(every), "America/St_Johns", first, last)
        assert found.tolist() == [one.start for one in expected] + [expected[-1].end]
        assert found[0] <= first
        assert found[-2] <= last < found[-1]
    days = calendar.midnights("America/St_Johns", low, high)
    assert days[0] <= low
    assert days[-2] <= high < days[-1]
