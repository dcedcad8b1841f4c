"""What the generators draw with: seeded streams, clocks of the day, runs of rows, order of arrival, programs, ids."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dangol.core.errors import InputError

ZONE: Final = "Asia/Seoul"  # no daylight saving: a day is always 86,400 seconds
DAY_S: Final = 86_400
MOST_USERS: Final = 10_000_000
MOST_ROWS: Final = 1_000_000_000
_GRAIN: Final = 65_536  # entries of a table that 16 random bits look up
_LATE_SHARE: Final = 0.004
_LATE_S: Final = 1_500.0
_BOT_ROWS: Final = 1_800
_ONE_BOT_FOR: Final = 25_000

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Random = np.random.Generator
Watcher = Callable[[str, float, float], None]  # stage, done, total


def checked(users: int, seed: int, rows_per_user: float) -> None:
    """Raise where a sample of this size cannot be made."""
    checked_number("users", users, 1, MOST_USERS)
    checked_number("seed", seed, 0, 2**63 - 1)
    if users * rows_per_user > MOST_ROWS:
        raise InputError(
            f"users={users:,} would give about {users * rows_per_user / 1e6:,.0f} million rows; "
            f"the most is {int(MOST_ROWS / rows_per_user):,} users for a period of this length"
        )


def checked_number(name: str, value: object, least: int, most: int) -> None:
    """Raise where a value is not a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise InputError(f"{name}={value!r} must be a whole number from {least:,} to {most:,}")


def checked_real(name: str, value: object, least: float, most: float) -> None:
    """Raise where a value is not a number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InputError(f"{name}={value!r} must be a number from {least:g} to {most:g}")


def first_day(start: str, *, first_of_month: bool = False) -> date:
    """Read the local date on which a sample begins."""
    try:
        day = date.fromisoformat(start)
    except (TypeError, ValueError):
        raise InputError(f"start={start!r} is not a date; write for example '2023-04-24'") from None
    if not 1990 <= day.year <= 2030:
        raise InputError(f"start={start!r} must be a date from 1990 to 2030")
    if first_of_month and day.day != 1:
        raise InputError(f"start={start!r} must be the first of a month, such as '{day:%Y-%m}-01'")
    return day


def silent(*_told: object) -> None:
    """Watch nothing."""


def stream(seed: int, part: str) -> Random:
    """Give a part of a sample random numbers of its own, so that one part never shifts another."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def clock(hours: Sequence[float]) -> Array:
    """Make a table of seconds of the day from the weights of its 24 hours, for ``drawn``."""
    bounds = np.concatenate([[0.0], np.cumsum(hours)]) / np.sum(hours)
    levels = (np.arange(_GRAIN) + 0.5) / _GRAIN
    seconds: Array = np.interp(levels, bounds, np.arange(25) * 3_600.0).astype(np.int32)
    return seconds


def shares(weights: Sequence[float]) -> Array:
    """Make a table of choices 0, 1, … from their weights, for ``drawn``; shares are exact to 1/65,536."""
    bounds = np.cumsum(weights) / np.sum(weights)
    levels = (np.arange(_GRAIN) + 0.5) / _GRAIN
    choices: Array = np.minimum(np.searchsorted(bounds, levels, side="right"), len(weights) - 1).astype(np.int8)
    return choices


def skewed_seconds(rng: Random, middle: float, spread: float, most: int) -> Array:
    """Make a table of lognormal waits in whole seconds (0 among them), for ``drawn``."""
    waits = np.exp(np.log(middle) + spread * rng.standard_normal(_GRAIN))
    seconds: Array = np.minimum(waits, most).astype(np.int32)
    return seconds


def drawn(rng: Random, table: Array, size: int) -> Array:
    """Draw from a table of 65,536 equally likely entries."""
    found: Array = table[rng.integers(0, _GRAIN, size, dtype=np.uint16)]
    return found


def begins(counts: Array) -> Ints:
    """Return where each run begins when runs of these lengths stand one behind the other."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)[:-1]]) if len(counts) else np.zeros(0, np.int64)


def places(counts: Array) -> Ints:
    """Number the members of each run from 0."""
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(begins(counts), counts)


def since_begin(waits: Array, counts: Array) -> Ints:
    """Sum waits within each run; the first member of a run waits for nothing."""
    waits = waits.astype(np.int64)
    first = begins(counts)[counts > 0]
    waits[first] = 0
    total: Ints = np.cumsum(waits)
    total -= np.repeat(total[first], counts[counts > 0])
    return total


def order_by(*keys: Array) -> Ints:
    """Return the stable order by the keys (whole numbers from 0), the first the most important.

    Keys and place are packed into one integer where they fit, since sorting values is far faster than sorting places.
    """
    size = len(keys[0])
    if not size:
        return np.zeros(0, np.int64)
    room = (size - 1).bit_length()
    widths = [int(key.max()).bit_length() for key in keys]
    if sum(widths) + room > 63:
        return np.lexsort(keys[::-1])
    packed = keys[0].astype(np.int64)
    for key, width in zip(keys[1:], widths[1:], strict=True):
        packed = (packed << width) | key
    packed = (packed << room) | np.arange(size)
    packed.sort()
    packed &= (1 << room) - 1
    return packed


def arrival_order(rng: Random, time: Array, together: Array | None = None) -> tuple[Ints, int]:
    """Order rows by when they arrived: by time, but a few come minutes to hours late; return how many, too.

    ``together`` numbers what is sent in one piece, and so is late together; None: every row alone.
    """
    late = rng.integers(0, len(time), round(_LATE_SHARE * len(time))) if len(time) else np.zeros(0, np.int64)
    delay = np.zeros(len(time), np.int64)
    delay[late if together is None else together[late]] = 30 + rng.exponential(_LATE_S, len(late)).astype(np.int64)
    arrived = time + (delay if together is None else delay[together])
    order = order_by(arrived)
    came = time[order]
    return order, int((came < np.maximum.accumulate(came)).sum())


def how_many_programs(users: int) -> int:
    """Say how many users of a service are programs: none among a few hundred."""
    return 0 if users < 500 else 3 + users // _ONE_BOT_FOR


def program_rows(rng: Random, first: Array, end: int) -> tuple[Ints, Ints]:
    """Return (which program, second) of programs that act every so many seconds, day and night, from ``first`` on."""
    step = rng.integers(45, 240, len(first))
    counts = np.clip((end - 1 - first) // step, 0, _BOT_ROWS)
    which = np.repeat(np.arange(len(first)), counts)
    return which, first[which] + places(counts) * step[which]


def picked(rng: Random, weights: Floats, size: int) -> Ints:
    """Draw places with probabilities in proportion to the weights, exactly."""
    bounds = np.cumsum(weights)
    found: Ints = np.searchsorted(bounds, rng.random(size) * bounds[-1], side="right")
    return np.minimum(found, len(weights) - 1)


def labels(prefix: str, first: int, size: int, digits: int) -> pa.Array:
    """Write ids: ``labels("u", 1, 2, 4)`` is u0001, u0002."""
    numbers = pc.cast(pa.array(np.arange(first, first + size)), pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(numbers, digits, "0"), "")


def coded(codes: Array, names: pa.Array | Sequence[str]) -> pa.DictionaryArray:
    """Make a text column of codes; negative codes are null."""
    known = names if isinstance(names, pa.Array) else pa.array(names, pa.string())
    mask = codes < 0
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask if mask.any() else None), known)


def whole_seconds(start: date, seconds: Array) -> pa.Array:
    """Turn seconds since a local midnight into local timestamps."""
    return pa.array(np.datetime64(start, "s") + seconds.astype(np.int64))


def dates(start: date, days: Array) -> pa.Array:
    """Turn days since a date into dates."""
    return pa.array(np.datetime64(start, "D") + days.astype(np.int64))
