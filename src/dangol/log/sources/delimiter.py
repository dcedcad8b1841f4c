"""Which delimiter separates the fields of a text, found on its first records."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.kernels import records

from .text import Text

SAMPLE: Final = 200  # records
_HEAD: Final = 1 << 18  # bytes at first, more where records are longer
_HEAD_MOST: Final = 1 << 28

RUNS: Final = "whitespace"  # the name of "any run of blanks or tabs"
_CANDIDATES: Final = ("\t", "|", ";", ",", RUNS)  # the rarer in text, the earlier; only decides between equals
_NAMES: Final = {
    "\t": "tab",
    "|": "pipe (|)",
    ";": "semicolon (;)",
    ",": "comma (,)",
    " ": "blank",
    RUNS: "runs of blanks",
}
_SPELLED: Final = {"\\t": "\t", "tab": "\t"}
_DECIMAL: Final = re.compile(r"\s*[+-]?\d+,\d+\s*")


@dataclass(frozen=True)
class Head:
    """The first records of a text, measured with one delimiter.

    Attributes:
        data: the bytes that hold them.
        delimiter: the character, or ``RUNS``.
        widths: fields of each record.
        ends: the offset behind each record.
    """

    data: bytes
    delimiter: str
    widths: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @property
    def usual(self) -> int:
        """The most common number of fields; of equals that of the first record, else the least. 0 without records."""
        if not len(self.widths):
            return 0
        counts = np.bincount(self.widths)
        first = int(self.widths[0])
        return first if counts[first] == counts.max() else int(counts.argmax())

    @property
    def share(self) -> float:
        """The share of records with that many fields."""
        return float(np.mean(self.widths == self.usual)) if len(self.widths) else 0.0

    def rows(self, most: int, encoding: str) -> list[list[str]]:
        """Return the cells of the first records."""
        starts = [0, *self.ends.tolist()]
        pieces = [self.data[start:end] for start, end in zip(starts[:most], self.ends.tolist(), strict=False)]
        return [cells(piece.decode(encoding), self.delimiter) for piece in pieces]


def cells(record: str, delimiter: str) -> list[str]:
    r"""Split one record.

    >>> cells('a,"b ""c"", d",\n', ",")
    ['a', 'b "c", d', '']
    >>> cells('  7   "x  y" ', "whitespace")
    ['7', 'x  y']
    """
    text = record.strip("\r\n")
    if delimiter == RUNS:
        text = squeezed(text.encode()).decode().strip("\r\n")
    try:
        return next(csv.reader([text], delimiter=" " if delimiter == RUNS else delimiter), [""])
    except csv.Error:  # a cell longer than the module allows: no header, no number
        return [text]


def squeezed(data: bytes | bytearray) -> bytes:
    r"""Turn the runs of blanks in some whole records into single ones.

    >>> squeezed(b'  7   "x  y" \n')
    b'7 "x  y"\n'
    """
    out = np.empty(len(data) + 1, np.uint8)
    size = records.squeeze(np.frombuffer(data, np.uint8), records.stops(None), records.new_state(), out)
    return out[:size].tobytes()


def measured(data: bytes, delimiter: str, most: int = SAMPLE) -> Head:
    """Measure the first complete records of some text."""
    runs = delimiter == RUNS
    widths, ends = np.zeros(most, np.int64), np.zeros(most, np.int64)
    state = records.new_state()
    stop = records.stops(None if runs else delimiter.encode())
    records.scan(np.frombuffer(data, np.uint8), stop, runs, state, widths, ends)
    found = min(int(state[records.RECORDS]), most)
    return Head(data, delimiter, widths[:found], ends[:found])


def head_of(text: Text, delimiter: str | None) -> Head:
    """Read and measure the first records, finding the delimiter if it is not given."""
    size = _HEAD
    while True:
        data, whole = text.head(size)
        data += b"\n" if whole else b""
        head = measured(data, delimiter) if delimiter else _best(data)
        if whole or size >= _HEAD_MOST or len(head.ends) > 1:
            return head
        size *= 8


def checked(delimiter: str | None) -> str | None:
    """Return a delimiter as ``Head`` writes it, or raise if it cannot be one."""
    if delimiter is None:
        return None
    one = _SPELLED.get(delimiter, delimiter)
    if one in (RUNS, "\t") or (len(one) == 1 and " " <= one <= "~" and not one.isalnum() and one != '"'):
        return one
    raise InputError(
        f"delimiter={delimiter!r} cannot be used; give one character such as ',' ';' '\\t' '|', or 'whitespace' for "
        "runs of blanks"
    )


def label(delimiter: str) -> str:
    """Write a delimiter for people."""
    return _NAMES.get(delimiter, delimiter)


def _best(data: bytes) -> Head:
    """Choose the delimiter with which the records agree best in their number of fields."""
    heads = [measured(data, one) for one in _CANDIDATES]
    several = [head for head in heads if head.usual > 1 and _plausible(head)]
    if not several:
        single = [head for head in heads if head.usual == 1 and head.share == 1.0]
        return next((head for head in reversed(single) if head.delimiter != RUNS), heads[3])
    best = max(several, key=lambda head: (head.delimiter != RUNS, head.share, head.usual))
    semicolon = next((head for head in several if head.delimiter == ";"), None)
    if best.delimiter == "," and semicolon is not None and semicolon.share == best.share and _decimals(semicolon):
        return semicolon
    return best


def _plausible(head: Head) -> bool:
    first, rest = int(head.widths[0]), head.widths[1:]
    if head.delimiter == RUNS:  # stricter, for words in a single text column are easily as many in most lines
        return first in (head.usual, head.usual - 1) and first > 1 and float(np.mean(rest == head.usual)) >= 0.9
    titled = len(rest) > 1 and bool((rest == head.usual).all())
    return head.share >= 0.9 or titled or (first == head.usual and head.share >= 0.5)


def _decimals(head: Head) -> bool:
    """Tell whether some column holds numbers with a decimal comma in every record but perhaps the first."""
    rows = [row for row in head.rows(50, "latin-1") if len(row) == head.usual]
    return any(all(_DECIMAL.fullmatch(cell) for cell in column) for column in zip(*(rows[1:] or rows), strict=True))
