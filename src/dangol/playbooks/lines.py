"""Where in a TOML file a key stands, so that an error can name its line."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

Place = tuple[str | int, ...]

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_PART: Final = re.compile(r""""[^"]*"|'[^']*'|[\w-]+""")
_KEY: Final = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*(?:\.[^=]+)?=(.*)""", re.DOTALL)
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*')


def locate(text: str) -> dict[Place, int]:
    r"""Return the line of every table and key, counted from 1: ``("questions", 1, "steps")`` is a key of the second.

    The text must be valid TOML.

    >>> locate("[source]\npath = 'a.csv'\n\n[[questions]]\nask = 'flows'\n")[("questions", 0, "ask")]
    5
    """
    found: dict[Place, int] = {}
    seen: dict[str, int] = defaultdict(int)
    table: Place = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):  # a text may hold other ends of lines
        if quote or depth:  # inside a value of several lines
            quote, depth = _rest(line, quote, depth)
            continue
        if header := _HEADER.fullmatch(line):
            name, *below = (part.strip("\"'") for part in _PART.findall(header[2]))
            if header[1] == "[[":
                table = (name, seen[name])
                seen[name] += 1
            else:  # within the last of several, where there are several
                table = (name, *([seen[name] - 1] if seen[name] else []), *below)
            found[table] = number
        elif key := _KEY.fullmatch(line):
            found[(*table, key[1].strip("\"'"))] = number
            quote, depth = _rest(key[2], "", 0)
    return found


def _rest(text: str, quote: str, depth: int) -> tuple[str, int]:
    """Read on: return the quotes of a text that is still open, and how many brackets are."""
    while True:
        if quote:
            _, closed, text = text.partition(quote)
            if not closed:
                return quote, depth
            quote = ""
        opened = re.search(r'"""|\'\'\'', text)
        plain = _QUOTED.sub("", text[: opened.start()] if opened else text)
        depth += sum(plain.count(one) for one in "[{") - sum(plain.count(one) for one in "]}")
        if not opened:
            return "", depth
        quote, text = opened[0], text[opened.end() :]
