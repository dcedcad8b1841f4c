"""XML read as a stream, without document types: entity bombs and external files have no way in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, Protocol
from xml.parsers import expat

from dangol.core.errors import InputError

_STEP: Final = 1 << 14  # bytes parsed at once: what they hold waits in memory
_LONGEST_OPENING: Final = len(b"<![CDATA[")


class Handler(Protocol):
    """Takes the elements of a document in their order; tags come without a namespace prefix."""

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        """An element begins."""

    def text(self, words: str, /) -> None:
        """Some characters between two tags."""

    def end(self, tag: str, /) -> None:
        """An element ends."""


def parse(pieces: Iterable[bytes], name: str, handler: Handler) -> Iterator[None]:
    """Show a document to a handler; give way every few kilobytes, so that what it has gathered can be taken on.

    Raises:
        InputError: if the XML is not well formed, or declares a document type.
    """

    @cache
    def plain(tag: str) -> str:
        return tag.rpartition(":")[2]

    def doctype(*_: object) -> None:
        raise InputError(f"{name} declares a document type (<!DOCTYPE>), which is not accepted; remove it")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: handler.start(plain(tag), attributes)
    parser.EndElementHandler = lambda tag: handler.end(plain(tag))
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = doctype
    try:
        for piece in pieces:
            for at in range(0, len(piece), _STEP):
                parser.Parse(piece[at : at + _STEP], False)
                yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError(
            f"{name} is not well-formed XML at line {error.lineno}: {expat.ErrorString(error.code)}; "
            "the file may be cut off, export or copy it again"
        ) from None
    yield


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
