"""Sessions: where each begins, and what they are like."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Places = npt.NDArray[np.uint64]


@kernel
def session_starts(offsets: Ints, time: Ints, event: Codes, gap: int, cap: int, cuts: Ints, separator: int) -> Ints:
    """Return the first row of every session, ascending.

    A session begins at a user's first event, after an idle time longer than ``gap``, where the session would become
    longer than ``cap`` (0: never), at the first event on or after each of the ``cuts``, and at each ``separator`` (an
    event code; -1: none). ``event`` is read for separators only.
    """
    starts = np.empty(len(time), np.int64)
    if cap <= 0 and separator < 0 and len(cuts) == 0:
        found = _by_gap(offsets, time, gap, starts)
    else:
        found = _by_rules(offsets, time, event, gap, cap, cuts, separator, starts)
    return starts[:found].copy() if 2 * found < len(time) else starts[:found]


@kernel
def _by_gap(offsets: Ints, time: Ints, gap: int, starts: Ints) -> int:
    """The common case; each row is written and then kept or not, which spares a jump that cannot be predicted."""
    found = 0
    for user in range(len(offsets) - 1):
        first, after = offsets[user], offsets[user + 1]
        if first == after:
            continue
        starts[found] = first
        found += 1
        for row in range(first + 1, after):
            starts[found] = row
            found += time[row] - time[row - 1] > gap
    return found


@kernel
def _by_rules(
    offsets: Ints, time: Ints, event: Codes, gap: int, cap: int, cuts: Ints, separator: int, starts: Ints
) -> int:
    found = 0
    for user in range(len(offsets) - 1):
        begin = np.int64(0)
        previous = np.int64(0)
        cut = np.int64(-9223372036854775808)
        for row in range(offsets[user], offsets[user + 1]):
            now = time[row]
            new = row == offsets[user] or now - previous > gap
            if cap > 0 and now - begin > cap:
                new = True
            if separator >= 0 and event[row] == separator:
                new = True
            if len(cuts) > 0 and now >= cut:
                new = True
                position = np.searchsorted(cuts, now, side="right")
                cut = cuts[position] if position < len(cuts) else np.int64(9223372036854775807)
            if new:
                starts[found] = row
                found += 1
                begin = now
            previous = now
    return found


class Bins(NamedTuple):
    """Bins of lengths of time: bin ``i`` holds ``edges[i] <= length < edges[i + 1]``, in microseconds."""

    edges: Ints
    guess: Places  # by the length's exponent and first seven bits after it: the bin of the shortest such length


def log_bins(per_decade: int) -> Bins:
    """Return bins of equal width on a logarithmic scale, from a microsecond to 300 years; the first holds zero."""
    steps = np.ceil(10 ** (np.arange(16 * per_decade + 1) / per_decade)).astype(np.int64)
    edges = np.unique(np.concatenate([[0], steps, [np.iinfo(np.int64).max]]))
    key = np.arange(64 * 128)  # every exponent that a positive int64 can have, rounded up
    shortest = np.ldexp(1 + key % 128 / 128, np.minimum(key // 128, 61)).astype(np.int64)
    return Bins(edges, (np.searchsorted(edges, shortest, side="right") - 1).astype(np.uint64))


@kernel
def histogram(lengths: Ints, edges: Ints, guess: Places, counts: Ints) -> None:
    """Add to ``counts`` how many lengths fall into each bin; negative lengths stand for none.

    Places are unsigned: that spares a check for negative ones.
    """
    one, shift, bias = np.uint64(1), np.uint64(52 - 7), np.uint64(1023 << 7)
    floats = np.empty(1, np.float64)
    bits = floats.view(np.uint64)  # a length's exponent and leading bits lie in the bits of its floating-point form
    zeros = 0
    for length in lengths:
        if length <= 0:
            zeros += length == 0
            continue
        floats[0] = length
        place = guess[(bits[0] >> shift) - bias]
        while length >= edges[place + one]:
            place += one
        counts[place] += 1
    counts[0] += zeros


class Tally(NamedTuple):
    """What is added up over sessions.

    ``entry``, ``last``: sessions by the event they begin and end with; ``bounces``: sessions of one event, by it.
    ``durations``, ``idle``: sessions, and pairs of neighbouring events of a user, by the bin of the time they take.
    ``total``: the sum of durations as high and low 32 bits, so that it cannot overflow.
    """

    entry: Ints
    last: Ints
    bounces: Ints
    durations: Ints
    idle: Ints
    total: Ints


_CHUNK: Final = 4096  # lengths collected at a time: they stay in the fastest memory


@kernel
def idle_histogram(offsets: Ints, time: Ints, edges: Ints, guess: Places, counts: Ints) -> None:
    """Add the times between neighbouring events of a user to ``counts``."""
    found = np.empty(_CHUNK, np.int64)
    user = 0
    for low in range(1, len(time), _CHUNK):
        high = min(low + _CHUNK, len(time))
        for row in range(low, high):
            found[row - low] = time[row] - time[row - 1]
        while offsets[user] < high:
            if offsets[user] >= low:
                found[offsets[user] - low] = -1  # a user's first event
            user += 1
        histogram(found[: high - low], edges, guess, counts)


@kernel
def duration_histogram(time: Ints, starts: Ints, edges: Ints, guess: Places, counts: Ints) -> tuple[int, int]:
    """Add the durations of sessions to ``counts``; return their sum as high and low 32 bits."""
    found = np.empty(_CHUNK, np.int64)
    upper, lower = 0, 0
    for low in range(0, len(starts), _CHUNK):
        high = min(low + _CHUNK, len(starts))
        for session in range(low, high):
            after = starts[session + 1] if session + 1 < len(starts) else len(time)
            length = time[after - 1] - time[starts[session]]
            found[session - low] = length
            upper += length >> 32
            lower += length & 4_294_967_295
        histogram(found[: high - low], edges, guess, counts)
    return upper, lower


@kernel
def count_events(event: Codes, starts: Ints, entry: Ints, last: Ints, bounces: Ints) -> None:
    """Add the sessions by the event they begin and end with, and those of one event by that event."""
    for session in range(len(starts)):
        first = starts[session]
        after = starts[session + 1] if session + 1 < len(starts) else len(event)
        begin = np.uint64(event[first])
        entry[begin] += 1
        last[np.uint64(event[after - 1])] += 1
        bounces[begin] += after == first + 1


def tally(offsets: Ints, time: Ints, event: Codes, starts: Ints, bins: Bins, events: int) -> Tally:
    """Add up the sessions that begin at ``starts``; ``events`` is the number of event names."""
    entry, last, bounces = np.zeros((3, events), np.int64)
    durations, idle = np.zeros((2, len(bins.edges)), np.int64)
    count_events(event, starts, entry, last, bounces)
    idle_histogram(offsets, time, *bins, idle)
    total = duration_histogram(time, starts, *bins, durations)
    return Tally(entry, last, bounces, durations, idle, np.array(total, np.int64))


@kernel
def lengths(offsets: Ints, time: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Return each session's duration, and the time from its end to the user's next session (-1: none)."""
    duration = np.empty(len(starts), np.int64)
    following = np.full(len(starts), -1, np.int64)
    user = 0
    for session in range(len(starts)):
        first = starts[session]
        after = starts[session + 1] if session + 1 < len(starts) else len(time)
        duration[session] = time[after - 1] - time[first]
        while offsets[user + 1] <= first:
            user += 1
        if after < offsets[user + 1]:
            following[session] = time[after] - time[after - 1]
    return duration, following


class Parts(NamedTuple):
    """Sums over the sessions of each segment; durations as their high and low 32 bits, so that no sum overflows."""

    users: Ints
    sessions: Ints
    events: Ints
    bounces: Ints
    high: Ints
    low: Ints


@kernel
def by_segment(offsets: Ints, time: Ints, starts: Ints, segment: Codes, segments: int) -> Parts:
    """Add up sessions by the segment of each."""
    users, sessions, events = np.zeros(segments, np.int64), np.zeros(segments, np.int64), np.zeros(segments, np.int64)
    bounces, high, low = np.zeros(segments, np.int64), np.zeros(segments, np.int64), np.zeros(segments, np.int64)
    seen = np.full(segments, -1, np.int64)
    user = 0
    for session in range(len(starts)):
        first, code = starts[session], segment[session]
        after = starts[session + 1] if session + 1 < len(starts) else len(time)
        while offsets[user + 1] <= first:
            user += 1
        users[code] += seen[code] != user
        seen[code] = user
        sessions[code] += 1
        events[code] += after - first
        bounces[code] += after == first + 1
        length = time[after - 1] - time[first]
        high[code] += length >> 32
        low[code] += length & 4_294_967_295
    return Parts(users, sessions, events, bounces, high, low)


@kernel
def by_user(offsets: Ints, starts: Ints, duration: Ints) -> tuple[Ints, Ints, Ints, npt.NDArray[np.float64]]:
    """Return each user's sessions, sessions of one event, sum of durations and median duration (NaN without any)."""
    users = len(offsets) - 1
    sessions, bounces, total = np.zeros(users, np.int64), np.zeros(users, np.int64), np.zeros(users, np.int64)
    median = np.full(users, np.nan)
    session = 0
    for user in range(users):
        begin = session
        while session < len(starts) and starts[session] < offsets[user + 1]:
            after = starts[session + 1] if session + 1 < len(starts) else offsets[users]
            bounces[user] += after == starts[session] + 1
            total[user] += duration[session]
            session += 1
        sessions[user] = session - begin
        if session > begin:
            median[user] = np.median(duration[begin:session])
    return sessions, bounces, total, median
