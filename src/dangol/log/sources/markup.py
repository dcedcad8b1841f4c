"""XML read as a stream, without document types: entity bombs and external files have no way in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from dangol.core.errors import InputError

_LONGEST_OPENING: Final = len(b"<![CDATA[")


@dataclass(slots=True)
class Start:
    """An element begins; ``tag`` is without its namespace prefix."""

    tag: str
    attributes: dict[str, str]


@dataclass(slots=True)
class End:
    """An element ends; ``text`` is the character data since the last start or end."""

    tag: str
    text: str


def elements(pieces: Iterable[bytes], name: str) -> Iterator[Start | End]:
    """Yield the starts and ends of all elements in document order.

    Raises:
        InputError: if the XML is not well formed, or declares a document type.
    """
    found: list[Start | End] = []
    words: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        words.clear()
        found.append(Start(tag.rpartition(":")[2], attributes))

    def end(tag: str) -> None:
        found.append(End(tag.rpartition(":")[2], "".join(words)))
        words.clear()

    def doctype(*_: object) -> None:
        raise InputError(f"{name} declares a document type (<!DOCTYPE>), which is not accepted; remove it")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = words.append, doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield from found
            found.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError(
            f"{name} is not well-formed XML at line {error.lineno}: {expat.ErrorString(error.code)}; "
            "the file may be cut off, export or copy it again"
        ) from None
    yield from found


def count_tags(pieces: Iterable[bytes], tag: str) -> int:
    """Count the elements of a name over the bytes, leaving out comments, CDATA and processing instructions."""
    opening = re.compile(rb"<(?:(!--)|(!\[CDATA\[)|(\?)|(?:[\w.-]+:)?" + tag.encode() + rb"[\s/>])")
    closings = {1: b"-->", 2: b"]]>", 3: b"?>"}
    closing, buffer, total, margin = b"", b"", 0, max(_LONGEST_OPENING, len(tag) + 66)
    for piece in pieces:
        buffer += piece
        at = 0
        while True:
            if closing:
                stop = buffer.find(closing, at)
                if stop < 0:
                    at = max(at, len(buffer) - len(closing) + 1)
                    break
                at, closing = stop + len(closing), b""
            match = opening.search(buffer, at)
            if match is None:
                at = max(at, len(buffer) - margin)
                break
            at = match.end()
            if match.lastindex:
                closing = closings[match.lastindex]
            else:
                total += 1
        buffer = buffer[at:]
    return total
