"""``drivers``: which behaviours of the first days go with an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, unknown
from dangol.core.result import Result
from dangol.kernels import drivers as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, breakdown
from .drivers_counts import Rules, count, windows_of
from .drivers_tables import tables
from .drivers_tests import Counted, judge
from .drivers_words import explain, sentences

Ints = npt.NDArray[np.int64]

_HORIZON: Final = "14d"
_FOREVER: Final = 1 << 60  # microseconds; twice that after any time is still a time
_DAYS: Final = (1, 2, 3, 5, 7, 14, 30)


def drivers(
    log: EventLog,
    outcome: str | None = None,
    *,
    segment: Sequence[str] | None = None,
    within: str = "7d",
    horizon: str = _HORIZON,
    counts: Sequence[int] = (1, 2, 3, 5, 10),
    days: Sequence[int] | None = None,
    behaviours: Sequence[str] | None = None,
    start: str | None = None,
    least: int = 25,
    rate: float = 0.05,
    as_of: str | None = None,
) -> Result:
    """Find the behaviours of users' first days that go with an outcome: association, not cause.

    A cell of the grid is a behaviour done at least k times within d days of a user's entry. Those who did it (n) are
    held against those who did not::

        rate = n with the outcome / n,   difference = rate − share with the outcome among the others

    Active users do more of everything and have most outcomes. So the difference is taken once more among users who had
    the same number of events in those d days, up to 100 groups, and pooled (Mantel-Haenszel): the adjusted difference.

    Args:
        log: the log or view to ask.
        outcome: an event that users have or have not in the horizon; None: any event (they came back).
        segment: instead of ``outcome``, a user column and a value of it, ("tier", "gold"): the outcome is to have that
            value. Then there is no horizon.
        within: the window in which behaviours count, exact time from the entry ("7d"); at least a day.
        horizon: exact time after the window in which the outcome counts ("14d").
        counts: the k to look at: a behaviour done at least so many times (1, 2, 3, 5, 10).
        days: the d to look at, whole days of 24 h from the entry, no longer than ``within`` (None: those of 1, 2, 3, 5,
            7, 14, 30).
        behaviours: the events to look at; None: the 50 that most users have in the window.
        start: the event that is a user's entry, at its first occurrence; None: the first event in the log or view.
        least: a cell is tested if at least so many users did it, and at least so many did not (25).
        rate: the false-discovery rate at which a difference counts as found (0.05).
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["drivers"]``, one row per behaviour, for the tested cell that says most (the
        smallest adjusted p; of equal ones that with most users, then fewest times, then days):

        - ``event`` (str), ``count`` (int): k, ``days`` (int): d;
        - ``n`` (int): users who did it; ``users`` (int): those of them with the outcome; ``rate`` (float, 0 to 1; the
          precision), ``lower``, ``upper``: its 95 % Wilson interval; ``other_rate``: the rate among the others;
        - ``difference`` (float): rate − other_rate; ``lift``: rate / the rate of all users; ``recall``: users / all
          users with the outcome; ``phi`` (−1 to 1): the correlation of the two;
        - ``q``: Benjamini and Hochberg's over the family of all tested cells, of Fisher's exact p (two-sided: twice the
          smaller tail);
        - ``adjusted_difference`` (float); ``adjusted_q``: the same of the adjusted p, the Cochran-Mantel-Haenszel
          test's, or the exact conditional test's where Mantel and Fleiss's criterion is below 5;
        - ``evidence`` (str): ``"holds"``: q and adjusted_q are at most the false-discovery rate and both differences
          have the same sign; ``"activity"``: q is, but the difference goes away or turns round once activity is equal;
          ``"none"``.

        Ordered by evidence, then by the size of the adjusted difference. ``grid``: every tested cell, with also
        difference_lower, difference_upper (95 % Newcombe), p, adjusted_lower, adjusted_upper (95 %, Sato's variance)
        and adjusted_p.
        ``units(event="invite", count=2, days=3)`` lists the users of a cell of the grid, tested or not;
        ``exposed=False`` the others; ``outcome=True`` or ``False`` only those with or without the outcome. Without an
        event: of all users looked at.

    Conventions:
        A user is looked at if window and horizon are over by ``as_of``. The window begins with the row of the entry,
        which counts; of events at the same instant the source order decides. Spans are half-open: the window is entry ≤
        time < entry + within, the horizon what follows it. The outcome's own event and the start event are no
        behaviours, but all events count as activity. Who had the outcome's event in the window is looked at like all
        others. A user's group, for each d, is how many of a hundred users have fewer events in the d days, rounded
        down: equal numbers share a group, and there may be fewer than 100. Where no group has both sides there is no
        adjusted difference, and adjusted_p is 1. Of equally common behaviours the first by name is taken. A missing
        value of ``segment`` is "(none)".

    Raises:
        InputError: for an unknown event, column or value, an outcome beside a segment, a segment's column of events, a
            horizon with a segment, a length of time without unit, a window under a day, counts, days, least or rate
            out of range, behaviours that leave nothing to look at, or an ``as_of`` before the log's start.

    References:
        Mantel, Haenszel 1959, doi:10.1093/jnci/22.4.719; Cochran 1954, doi:10.2307/3001616; Mantel, Fleiss 1980,
        American Journal of Epidemiology 112(1):129; Sato, Greenland, Robins 1989, Biometrics 45(4):1323; Fisher 1935,
        doi:10.2307/2342435; Benjamini, Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Newcombe 1998,
        doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Example:
        >>> import dangol as dg, pandas as pd
        >>> rows = [(who, "join", "2024-01-01") for who in "abcdef"] + [("z", "join", "2024-02-01")]
        >>> rows += [(who, "invite", "2024-01-01") for who in "abc"] + [(who, "order", "2024-01-05") for who in "abf"]
        >>> visits = pd.DataFrame(rows, columns=["who", "what", "when"])
        >>> log = dg.ingest(visits, user="who", event="what", time="when", zone="Asia/Seoul")
        >>> answer = dg.drivers(log, "order", within="1d", horizon="7d", least=3)
        >>> answer.table[["event", "count", "days", "n", "users", "evidence"]].to_numpy().tolist()
        [['invite', 1, 1, 3, 2, 'none']]
        >>> answer.units(event="invite", count=1, days=1, outcome=False).tolist()
        ['c']
    """
    asked: dict[str, Any] = {"outcome": outcome, "segment": _listed(segment), "within": within, "horizon": horizon}
    asked |= {"counts": _listed(counts), "days": _listed(days), "behaviours": _listed(behaviours), "start": start}
    asked |= {"least": least, "rate": rate, "as_of": as_of}
    rules = _rules(log, asked)
    until = rules.windows.until
    known = log.between(None, _moment(until)) if until <= log.end else log
    counted = count(known, rules, asked)
    found = judge(counted, int(least), float(rate))
    return Result(
        name="drivers",
        sentences=sentences(found, asked),
        how=explain(found, asked),
        recipe={"question": "drivers", "parameters": asked, "log": log.describe()},
        tables=tables(found),
        shown=("drivers",),
        find=partial(_find, known, rules, counted),
    )


# ---- reading the options ----------------------------------------------------------------------------------------


def _listed(given: object) -> Any:
    return [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple | np.ndarray) else given


def _rules(log: EventLog, asked: Mapping[str, Any]) -> Rules:
    least = asked["least"]
    if isinstance(least, bool) or not isinstance(least, int | np.integer) or least < 1:
        raise InputError(f"least={least!r} must be a whole number of users, at least 1")
    rate = asked["rate"]
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating) or not 0 < rate < 1:
        raise InputError(f"rate={rate!r} must be a false-discovery rate between 0 and 1, such as 0.05")
    moment = log.as_of if asked["as_of"] is None else calendar.instant(asked["as_of"], log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={asked['as_of']!r} is not after the log's first event ({first}); choose a later time")
    within, horizon = (min(durations.duration(asked[name], name), _FOREVER) for name in ("within", "horizon"))
    cut, value = _segment(log, asked)
    wanted = kernels.ANY if asked["outcome"] is None else log.code("event", asked["outcome"])
    start = kernels.ANY if asked["start"] is None else log.code("event", asked["start"])
    return Rules(
        windows=kernels.Rule(start, kernels.MEMBER if cut else wanted, within, 0 if cut else horizon, moment),
        lengths=_lengths(asked["days"], within, asked["within"]),
        counts=_whole(asked["counts"], "counts", "(1, 2, 3)"),
        cut=cut,
        value=value,
    )


def _segment(log: EventLog, asked: Mapping[str, Any]) -> tuple[Breakdown | None, int]:
    """Return the column of the segment and the code of its value there."""
    given = asked["segment"]
    if given is None:
        return None, -1
    if asked["outcome"] is not None:
        raise InputError(f"outcome={asked['outcome']!r} and segment={given!r} are two outcomes; leave one of them out")
    if asked["horizon"] != _HORIZON:
        raise InputError(f"horizon={asked['horizon']!r} means nothing with a segment, which users have; leave it out")
    if not isinstance(given, list) or [isinstance(one, str | int | float) for one in given] != [True, True]:
        raise InputError(f"segment={given!r} must be a user column and a value of it, such as ('tier', 'gold')")
    cut = breakdown(log, str(given[0]))
    if cut is None or not cut.per_user:
        raise InputError(f"segment={given!r}: {given[0]!r} has a value per event; name a column of users")
    value = given[1] if isinstance(given[1], str) else f"{given[1]:g}"
    if value not in cut.labels:
        raise unknown(f"{given[0]} value", value, cut.labels)
    return cut, cut.labels.index(value)


def _whole(given: Any, name: str, example: str) -> Ints:
    """Read whole numbers from 1 on, and put them in order."""
    numbers = np.asarray(given)
    if numbers.ndim != 1 or not len(numbers) or numbers.dtype.kind not in "iu" or (numbers < 1).any():
        raise InputError(f"{name}={given!r} must be whole numbers from 1 on, such as {example}")
    return np.unique(numbers).astype(np.int64)


def _lengths(given: Any, within: int, written: str) -> Ints:
    if within < durations.DAY:
        raise InputError(
            f"within={written!r} is shorter than a day, and behaviours are counted by days; make it longer"
        )
    if given is None:
        return np.array([day for day in _DAYS if day * durations.DAY <= within], np.int64) * durations.DAY
    days = _whole(given, "days", "(1, 3, 7)")
    if days[-1] > within // durations.DAY:
        raise InputError(f"days={given!r} go beyond within={written!r}; make the window longer or leave them out")
    return days * durations.DAY


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    counted: Counted,
    *,
    event: str | None = None,
    count: int | None = None,
    days: int | None = None,
    outcome: bool | None = None,
    exposed: bool = True,
) -> Any:
    cell = None
    if event is not None:
        if event not in counted.names:
            raise unknown("behaviour", event, counted.names, "the answer")
        for name, given, has in (("count", count, counted.counts), ("days", days, counted.days)):
            if given not in has.tolist():
                raise InputError(f"{name}={given!r} is not in the answer; it has {', '.join(map(str, has))}")
        cell = (log.code("event", event), int(days or 0) * durations.DAY, int(count or 0))
    elif count is not None or days is not None or not exposed:
        raise InputError("drivers.units() needs the event that count, days and exposed are about; add event=")
    params = {"rules": rules, "cell": cell, "outcome": outcome, "exposed": bool(exposed)}
    return log.ids(log.run(_who, np.concatenate, columns=rules.columns, **params))


def _who(block: Block, *, rules: Rules, cell: tuple[int, int, int] | None, outcome: bool | None, exposed: bool) -> Ints:
    """Return the users of one cell by position in the log."""
    stream, found = windows_of(block, rules)
    keep = found.outcome >= 0 if outcome is None else found.outcome == int(outcome)
    if cell is not None:
        keep = keep & (kernels.did(stream, found, *cell) == exposed)
    return block.users[keep]
