"""Records of delimited text, counted and measured in one pass over the bytes.

The rules are those of RFC 4180 as pyarrow reads it: a quote opens only at the start of a field, two quotes inside it
stand for one, what follows the closing quote belongs to the field, and LF, CR and CR LF end a record outside quotes. An
empty line is no record. UTF-8 and CP949 never use the bytes that matter here inside a longer character.

Text may arrive in pieces: the state says where the last piece ended.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from .compile import kernel

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

# Positions in the state of `scan`.
MODE: Final = 0
RECORDS: Final = 1
FIELDS: Final = 2  # of the record that is not finished yet
OFFSET: Final = 3  # bytes seen
START: Final = 4  # the offset at which the unfinished record begins
LONGEST: Final = 5  # bytes of the longest record

_NEW, _NEXT, _PLAIN, _QUOTED, _CLOSING = 0, 1, 2, 3, 4
_QUOTE, _LF, _CR, _BLANK, _TAB = 34, 10, 13, 32, 9


def new_state() -> Ints:
    """Return the state before the first byte."""
    return np.zeros(6, np.int64)


def in_quotes(state: Ints) -> bool:
    """Tell whether the text so far ends inside quotes."""
    return int(state[MODE]) == _QUOTED


def stops(delimiter: bytes | None) -> npt.NDArray[np.uint8]:
    """Return the table of bytes that end a plain field: 1 a delimiter, 2 an end of line; ``None`` is runs of blanks."""
    table = np.zeros(256, np.uint8)
    table[[_LF, _CR]] = 2
    table[[_BLANK, _TAB] if delimiter is None else [delimiter[0]]] = 1
    return table


@kernel
def scan(data: Bytes, stop: Bytes, runs: bool, state: Ints, widths: Ints, ends: Ints) -> None:
    """Count the records in a piece of text; the first ``len(widths)`` get their number of fields and their end written.

    Args:
        data: the piece.
        stop: from ``stops``.
        runs: a run of delimiters counts as one, and none counts at the ends of a line.
        state: from ``new_state``, updated.
        widths: fields of each record, filled while there is room.
        ends: offset just behind each record's end of line (behind CR in CR LF), as ``widths``.
    """
    mode, records, fields = state[0], state[1], state[2]
    base, start, longest = state[3], state[4], state[5]
    size, room, at = len(data), len(widths), 0
    while at < size:
        if mode == 3:
            while at < size and data[at] != 34:
                at += 1
            if at < size:
                mode = 4
            at += 1
            continue
        if mode == 4:
            mode = 3 if data[at] == 34 else 2
            at += mode == 3
            continue
        if mode == 2:
            while at < size and stop[data[at]] == 0:
                at += 1
            if at >= size:
                break
        kind = stop[data[at]]
        if kind == 0:  # a field begins
            fields += runs
            mode = 3 if data[at] == 34 else 2
        elif kind == 1:
            fields += not runs
            mode = mode if runs and mode == 0 else 1
        else:
            if mode != 0:
                if records < room:
                    widths[records] = fields + (not runs)
                    ends[records] = base + at + 1
                records += 1
                longest = max(longest, base + at + 1 - start)
            mode, fields, start = 0, 0, base + at + 1
        at += 1
    state[0], state[1], state[2] = mode, records, fields
    state[3], state[4], state[5] = base + size, start, longest


@kernel
def squeeze(data: Bytes, stop: Bytes, state: Ints, out: Bytes) -> int:
    """Write the text with one blank for each run of blanks and none at the ends of lines; return the bytes written.

    Blanks inside quotes stay. ``out`` needs room for one byte more than ``data``. Of the state only the mode is used.
    """
    mode, size = state[0], 0
    for byte in data:
        kind = stop[byte]
        if mode == 4:
            mode = 3 if byte == 34 else 2
        elif mode == 3:
            mode = 4 if byte == 34 else 3
            kind = 0
        elif kind == 0 and mode < 2:
            if mode == 1:
                out[size] = 32
                size += 1
            mode = 3 if byte == 34 else 2
        if mode == 2 and kind == 1:
            mode = 1
        elif kind == 2:
            mode = 0
        if kind != 1:
            out[size] = byte
            size += 1
    state[0] = mode
    return size


@kernel
def count_lines(data: Bytes, state: Ints) -> None:
    """Count the lines (ended by LF) that hold anything but white space; ``state``: is the open line filled, lines."""
    filled, lines = state[0], state[1]
    for byte in data:
        if byte == 10:
            lines += filled
            filled = 0
        elif byte > 32:
            filled = 1
    state[0], state[1] = filled, lines
