"""``profile``: what sets each segment apart from all other units, the features that made it told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice, unknown
from dangol.core.labels import EXTREME, NOISE
from dangol.core.result import Result
from dangol.log.eventlog import EventLog

from .profile_columns import marked, read_columns
from .profile_events import read_activity
from .profile_tables import Profiled, tables
from .profile_tests import compare
from .profile_words import explain, sentences
from .segments import Segments

Ints = npt.NDArray[np.int64]

_LEAST = 2  # units that a test needs
_LEAST_ASIDE = 10  # of extremes and noise, which were not made to be alike
_KINDS = ("feature", "event", "attribute")


def profile(
    segments: Segments,
    log: EventLog | None = None,
    *,
    events: Sequence[str] | None = None,
    attributes: Sequence[str] | None = None,
) -> Result:
    """Tell what sets each segment apart from all other units.

    Segments differ in the features that made them, by construction: these are described, never tested. So is what
    follows them: a variable whose correlation with a feature is above .9, by value or by rank, or that is a sum of
    features. All else is tested, every segment against all other units (the rest), and false discoveries are controlled
    over all these tests together. What is found must hold by means and by ranks: with skewed counts and small segments
    either alone finds what is not there. Differences are told in pooled standard deviations::

        difference = (mean of the segment - mean of the rest) / pooled standard deviation

    Args:
        segments: the segments.
        log: the log of the units, for their events; None compares the columns of the units' table alone. The units are
            its users, or the values of a text column such as group.
        events: the events to compare; None takes the 30 most frequent.
        attributes: the text columns that tell who the units are, of the units' table or of the log's users; None takes
            those of the units' table with 2 to 20 values.

    Returns:
        A Result. ``.table`` is ``tables["profile"]``, a row for each segment and variable:

        - ``segment``, ``feature`` (str; of an attribute "gender = F"), ``kind`` (feature, event, attribute);
        - ``n`` (int): units of the segment for which it is known;
        - ``median``, ``median_rest``, ``mean``, ``mean_rest`` (float; of an event, events per active user of a unit; of
          an attribute shares, and no medians);
        - ``index`` (float): 100 × mean / mean of all units; NaN where some value is below zero, or none above it;
        - ``difference`` (float, standard deviations), ``lower``, ``upper``: its 95 % interval, each side with its own
          variance;
        - ``p``, ``p_ranks`` (float): Welch's t test, and Mann and Whitney's by ranks; of attributes of the units, and
          of numbers that are 0 or 1, Fisher's exact test alone;
        - ``q`` (float): the false-discovery rate at which the larger of the two counts as found;
        - ``made_clusters`` (bool); ``related_to`` (str or None): the features that it follows;
        - ``evidence``: "holds" (q at most .05), "small" (holds, under .2 standard deviations), "none",
          "few" (too few units, or nothing varies), "made", "related". The last three have no p, q, lower, upper.

        ``most``: of each segment the three differences that hold and are largest, then what made it.
        ``segments``: segment, units, share (of all); with a log also users (active).
        ``events`` (with a log): segment, event, n, users, mean, mean_rest, index, share and share_rest (of active users
        with the event).
        ``attributes``: segment, feature, value, n, share, share_rest, share_difference, its 95 % interval share_lower
        and share_upper, p, q.
        ``units(segment="2")`` lists units; with ``feature="vote"`` those with the event or attribute, or those whose
        number is known; ``kind="event"`` where two variables have one name.

    Conventions:
        Every unit counts once, whatever its size: never are events of units added up. A user is active in a unit with
        any event in it. Units without an active user are left out of events. Of an attribute with two values the
        rarer is told; a missing value is "(none)". Numbers that are missing or infinite are left out of their column
        alone. Segments of extremes and noise are tested from 10 units on, all others from 2.
        A profile describes; asked of the log that the features were made of, it describes the same time.

    Raises:
        InputError: for unknown events or attributes, events without a log, a unit that the log does not have, or units
            of which it has none.

    References:
        Welch 1947, doi:10.1093/biomet/34.1-2.28; Mann, Whitney 1947, doi:10.1214/aoms/1177730491; Benjamini, Hochberg
        1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Hedges 1981, doi:10.3102/10769986006002107, and Bonett 2008,
        doi:10.1037/1082-989X.13.2.99 (interval); Cohen 1988 (small: .2); Fisher 1935, doi:10.2307/2342435; Newcombe
        1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I (shares).

    Example:
        >>> import pandas as pd
        >>> from dangol.segments.cluster import cluster
        >>> users = pd.DataFrame({"user": list("abcdefgh"), "visits": [1, 2, 3, 2, 21, 22, 23, 22]})
        >>> users["age"] = [31, 45, 29, 33, 52, 46, 55, 50]
        >>> made = cluster(users, "visits", k=2, resamples=0)
        >>> told = profile(made).table
        >>> told[["segment", "feature", "mean", "mean_rest", "evidence"]].to_numpy().tolist()[:2]
        [['1', 'visits', 2.0, 22.0, 'made'], ['1', 'age', 34.5, 50.75, 'holds']]
    """
    if log is not None and not isinstance(log, EventLog):
        raise InputError(f"log must be a log, as dangol.open_log returns it, found {type(log).__name__}")
    if log is None and events is not None:
        raise InputError(f"events={events!r} are events of a log; give the log, too")
    asked = {"events": _plain("events", events), "attributes": _plain("attributes", attributes)}
    activity = None if log is None else read_activity(segments, log, asked["events"])
    columns = read_columns(segments, asked["attributes"], log)
    variables = marked(_sorted([*columns.variables, *([] if activity is None else activity.variables())]))
    found = compare(variables, segments.codes, len(segments.names), _least(segments))
    told = Profiled(segments, found, activity, columns.left_out)
    return Result(
        name="profile",
        sentences=sentences(told),
        how=explain(told),
        recipe={
            "question": "profile",
            "parameters": asked,
            "segments": {"features": list(segments.units.features), **dict(segments.told.get("plan", {}))},
            "log": None if activity is None else activity.described,
            "table": segments.units.described,
        },
        tables=tables(told),
        shown=("most", "segments"),
        find=partial(_find, told),
        unit=segments.unit,
    )


def _plain(word: str, names: Any) -> list[str] | None:
    if names is None:
        return None
    listed = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    if not all(isinstance(one, str) for one in listed):
        raise InputError(f"{word}={names!r} must be a list of names")
    return listed


def _sorted(variables: Sequence[Any]) -> list[Any]:
    """Put what made the segments first, then numbers, events and attributes, each in the order they came."""
    return sorted(variables, key=lambda one: (not one.made, _KINDS.index(one.kind)))


def _least(segments: Segments) -> Ints:
    """Return how many units each segment needs to be tested."""
    aside = [name == NOISE or name.startswith(EXTREME) for name in segments.names]
    return np.where(aside, _LEAST_ASIDE, _LEAST)


# ---- the units behind a number ----------------------------------------------------------------------------------


def _find(
    told: Profiled, *, segment: str | None = None, feature: str | None = None, kind: str | None = None
) -> npt.NDArray[Any]:
    segments = told.segments
    ids = np.array(segments.units.ids.to_pylist(), object)
    keep = np.ones(len(ids), np.bool_)
    if segment is not None:
        if not isinstance(segment, str):
            raise InputError(f"segment={segment!r} must be the name of a segment, a text such as '1'")
        if segment not in segments.names:
            raise unknown("segment", segment, segments.names, "these segments")
        keep &= segments.codes == segments.names.index(segment)
    if feature is None:
        return ids[keep]
    wanted = None if kind is None else choice("kind", kind, _KINDS)
    known = [one for one in told.compared.variables if wanted in (None, one.kind)]
    matching = [one for one in known if one.shown == feature]
    if not matching:
        raise unknown("feature", feature, [one.shown for one in known], "this profile")
    if len(matching) > 1:
        kinds = " or ".join(f"kind={one.kind!r}" for one in matching)
        raise InputError(f"feature {feature!r} is of several kinds; add {kinds}")
    one = matching[0]
    has = np.isfinite(one.values) if one.kind == "feature" else one.values > 0
    return ids[keep & has]
