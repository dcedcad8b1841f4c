"""The record counter against a reader that goes one character at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.kernels import records
from tests.log.sources.oracle import Unclosed, split

DELIMITERS = [",", ";", "\t", "|", " ", None]
untimed = settings(deadline=None)  # the first call compiles
texts = st.text(alphabet='ab",; \t|\n\r', max_size=60)


def scan(pieces: list[bytes], delimiter: str | None, room: int) -> tuple[np.ndarray, list[int], list[int]]:
    """Run the kernel over pieces and then over a last end of line."""
    state = records.new_state()
    widths, ends = np.zeros(room, np.int64), np.zeros(room, np.int64)
    stop = records.stops(delimiter and delimiter.encode())
    for piece in [*pieces, b"\n"]:
        records.scan(np.frombuffer(piece, np.uint8), stop, delimiter is None, state, widths, ends)
    found = min(room, int(state[records.RECORDS]))
    return state, widths[:found].tolist(), ends[:found].tolist()


@untimed
@given(texts, st.sampled_from(DELIMITERS), st.integers(1, 7))
def test_counts_and_measures_as_the_slow_reader_does(text: str, delimiter: str | None, size: int) -> None:
    data = text.encode()
    state, widths, ends = scan([data[at : at + size] for at in range(0, len(data), size)], delimiter, 100)
    try:
        expected = split(text, delimiter)
    except Unclosed:
        assert records.in_quotes(state)
        return
    assert not records.in_quotes(state)
    assert int(state[records.RECORDS]) == len(expected)
    assert widths == [len(cells) for cells in expected]
    for end, number in zip(ends, range(1, len(expected) + 1), strict=True):
        assert split((text + "\n")[:end], delimiter) == expected[:number]
    starts = [0, *ends]
    lengths = [end - start for start, end in zip(starts, ends, strict=False)]
    assert int(state[records.LONGEST]) <= max(lengths, default=0)


@untimed
@given(texts, st.integers(1, 7))
def test_squeezed_text_has_the_same_cells(text: str, size: int) -> None:
    try:
        expected = split(text, None)
    except Unclosed:
        return
    state, stop, data, found = records.new_state(), records.stops(None), text.encode(), b""
    for at in range(0, len(data), size):
        piece = np.frombuffer(data[at : at + size], np.uint8)
        out = np.empty(len(piece) + 1, np.uint8)
        found += out[: records.squeeze(piece, stop, state, out)].tobytes()
    assert split(found.decode(), " ") == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("\n\n\r\n", 0),
        ("a", 1),
        ("a\n", 1),
        ("a\rb\r\nc\n", 3),  # three kinds of line ends
        ('"a\nb",c\n', 1),  # a newline inside quotes
        ('a"b\nc"d\n', 2),  # a quote inside a plain cell opens nothing
        ('""""\n', 1),  # one cell that is a quote
        (",\n", 1),  # two empty cells
        ("가,나\n다,라", 2),
    ],
)
def test_records_counted_by_hand(text: str, count: int) -> None:
    state, _, _ = scan([text.encode()], ",", 0)
    assert int(state[records.RECORDS]) == count


@untimed
@given(st.text(alphabet="a{ \t\r\n", max_size=40), st.integers(1, 7))
def test_lines_with_content(text: str, size: int) -> None:
    state, data = np.zeros(2, np.int64), text.encode()
    for piece in [*(data[at : at + size] for at in range(0, len(data), size)), b"\n"]:
        records.count_lines(np.frombuffer(piece, np.uint8), state)
    assert int(state[1]) == sum(bool(line.strip()) for line in text.split("\n"))
