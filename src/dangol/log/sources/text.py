"""``Text``: the text of a blob, whatever its encoding, which is found out and never guessed past an error."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from dangol.core.errors import InputError, unknown

from .blobs import CHUNK, Blob, Meter

_MARKS: Final = (  # the longer ones first: UTF-32 LE begins as UTF-16 LE does
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32 LE with byte-order mark"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32 BE with byte-order mark"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with byte-order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16 LE with byte-order mark"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16 BE with byte-order mark"),
)
_KNOWN: Final = [
    "utf-8",
    "cp949",
    "euc-kr",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "cp1252",
    "shift_jis",
    "gb18030",
]

# CP949 is hardly ever valid UTF-8 by chance, least of all in three bytes: with this many such characters before the
# first error, a text is UTF-8 that was damaged or continued in another encoding, even if CP949 has a reading of it all.
_WIDE: Final = re.compile("[\u0800-\U0010ffff]")
_CONVINCING: Final = 2


@dataclass(frozen=True)
class Text:
    """A blob as a stream of text in UTF-8, or in CP949, which needs no decoding to find its records.

    Attributes:
        blob: the bytes.
        codec: Python's name of the encoding; None while it is not known: UTF-8 or CP949, told apart by ``settled``.
        label: the encoding as people write it.
        given: whether the caller decided on the encoding.
    """

    blob: Blob
    codec: str | None
    label: str
    given: bool = False

    @property
    def stream_codec(self) -> str:
        """The encoding of what ``chunks`` yields."""
        return "cp949" if self.codec == "cp949" else "utf-8"

    def chunks(self, size: int = CHUNK, meter: Meter | None = None) -> Generator[bytes, None, None]:
        """Yield the text without a byte-order mark: CP949 as it is, all else as UTF-8; raw while it is not known."""
        with closing(self.blob.chunks(size, meter)) as raw:
            pieces: Iterator[bytes] = raw
            if self.codec not in (None, "utf-8", "cp949"):
                pieces = self._transcoded(raw, self.codec or "")
            first = next(pieces, b"")
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from pieces

    def utf8(self, records: bytes | bytearray) -> bytes | bytearray:
        """Turn some whole records of the stream into UTF-8."""
        return records.decode("cp949").encode() if self.codec == "cp949" else records

    def _transcoded(self, pieces: Iterable[bytes], codec: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(codec)("strict")
        try:
            for piece in pieces:
                if text := decoder.decode(piece):
                    yield text.encode()
            yield decoder.decode(b"", final=True).encode()
        except UnicodeError:
            raise InputError(self._not_in(codec)) from None

    def _not_in(self, codec: str) -> str:
        line, _ = _first_bad(self.blob, codec) or (1, 0)
        return (
            f"line {line} of {self.blob.name} is not {self.label}; pass encoding= with the one the file was written in"
        )

    def head(self, size: int) -> tuple[bytes, bool]:
        """Return at least ``size`` bytes of ``chunks()``, or all there are, and whether that is all."""
        found = bytearray()
        for chunk in self.chunks(size):
            if len(found) > size:
                return bytes(found), False
            found += chunk
        return bytes(found), True


def text_of(blob: Blob, encoding: str | None) -> Text:
    """Begin to read a blob as text: in the given encoding, or as its byte-order mark says, or in one not known yet."""
    if encoding is not None:
        try:
            "a".encode(encoding)  # also refuses codecs that are no encoding of text
            codec = codecs.lookup(encoding).name
        except (LookupError, ValueError):  # no such encoding; a name with a NUL character
            raise unknown("encoding", encoding, _KNOWN, where="Python") from None
        return Text(blob, codec, encoding.upper(), given=True)
    start = blob.head(4)
    for mark, codec, label in _MARKS:
        if start.startswith(mark):
            return Text(blob, codec, label)
    return Text(blob, None, "UTF-8")


def settled(text: Text, look: Callable[[bytes], None]) -> Text:
    """Read the whole text once: check its encoding strictly, find it out where open, show each piece to ``look``.

    Raises:
        InputError: naming the first line that is in none of the encodings considered.
    """
    if text.codec not in (None, "utf-8", "cp949"):
        for piece in text.chunks():
            look(piece)
        return text
    valid = True
    check = codecs.getincrementaldecoder(text.stream_codec)("strict")
    for piece in text.chunks():
        if not text.given and b"\0" in piece:
            raise InputError(_binary(text))
        if valid and not (piece.isascii() and not check.getstate()[0]):
            valid = _continues(check, piece)
        look(piece)
    if valid and _continues(check, b"", final=True):
        return replace(text, codec=text.stream_codec)
    if text.codec is not None:
        raise InputError(text._not_in(text.codec))
    return _as_cp949(text)


def _continues(check: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        check.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _as_cp949(text: Text) -> Text:
    """Check that all is CP949, the superset of EUC-KR; a file that changes its encoding midway ends here."""
    line, wide = _first_bad(text.blob, "utf-8") or (1, 0)
    cp949 = _first_bad(text.blob, "cp949")
    if cp949 is None and wide < _CONVINCING:
        return replace(text, codec="cp949", label="CP949")
    name = text.blob.name
    if cp949 is None:
        found = f"{name} is UTF-8 up to line {line}, which is not"
    elif line == cp949[0]:
        found = f"line {line} of {name} is neither UTF-8 nor CP949"
    else:
        found = f"{name} is neither all UTF-8 nor all CP949: line {line} is not UTF-8, line {cp949[0]} is not CP949"
    raise InputError(f"{found}; pass encoding= with the one it was written in, or convert it to one encoding")


def _first_bad(blob: Blob, codec: str) -> tuple[int, int] | None:
    """Find the first place that is not in an encoding: its line, from 1, and for UTF-8 the wide characters before."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    feeds = returns = wide = 0
    for piece in _ended(blob.chunks()):
        good, failed = "", True
        try:
            good, failed = decoder.decode(piece, final=not piece), False
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(codec, "replace")
        except UnicodeError:  # UTF-16 without its mark
            pass
        feeds += good.count("\n")
        returns += good.count("\r")
        if codec == "utf-8" and not good.isascii():
            wide += len(_WIDE.findall(good))
        if failed:
            return 1 + (feeds or returns), wide
    return None


def _ended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces that are not empty and then an empty one."""
    yield from pieces
    yield b""


def _binary(text: Text) -> str:
    """Say what a file with NUL bytes may be."""
    name = text.blob.name
    head = text.blob.head(1 << 16)
    even, odd = head[::2].count(0), head[1::2].count(0)
    for codec, many, few in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if many > 8 * few and many * 8 > len(head):
            return f"{name} looks like UTF-16 without a byte-order mark; pass encoding={codec!r}"
    line = 1
    for piece in text.blob.chunks():
        if b"\0" in piece:
            line += piece[: piece.index(b"\0")].count(b"\n")
            break
        line += piece.count(b"\n")
    return (
        f"line {line} of {name} holds a NUL byte, so the file is damaged or not text; "
        "give a CSV, JSON lines, Parquet, Excel or XES file, or pass encoding= to read it as text all the same"
    )
