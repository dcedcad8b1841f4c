"""Delimited text read one character at a time: slow, obvious, sharing no code with the readers."""

from __future__ import annotations


class Unclosed(Exception):
    """The text ends inside quotes."""


def split(text: str, delimiter: str | None) -> list[list[str]]:
    """Return the records; ``None`` means runs of blanks and tabs. Lines without a character (or cell) are none."""
    records: list[list[str]] = []
    cells: list[str] = []
    cell = ""
    begun = quoted = False  # begun: the current cell has begun
    after_delimiter = False
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if quoted:
            if char != '"':
                cell += char
            elif text[at : at + 1] == '"':
                cell += '"'
                at += 1
            else:
                quoted = False
        elif char in "\r\n":
            if begun or (after_delimiter and delimiter is not None):
                cells.append(cell)
            if cells:
                records.append(cells)
            cells, cell, begun, after_delimiter = [], "", False, False
        elif char == delimiter or (delimiter is None and char in " \t"):
            if begun or delimiter is not None:
                cells.append(cell)
            cell, begun, after_delimiter = "", False, True
        elif char == '"' and not begun:
            begun = quoted = True
        else:
            begun = True
            cell += char
    if quoted:
        raise Unclosed
    if begun or (after_delimiter and delimiter is not None):
        cells.append(cell)
    if cells:
        records.append(cells)
    return records
