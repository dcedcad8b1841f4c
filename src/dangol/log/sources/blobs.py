"""``Blob``: the bytes of a file, of what a gz file holds, or of one member of a zip."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from dangol.core.errors import InputError

CHUNK: Final = 1 << 20  # stays in the cache of a core while it is checked and counted

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OFFICE: Final = {"[Content_Types].xml", "content.xml", "xl/workbook.xml", "xl/workbook.bin"}


@dataclass
class Meter:
    """How many bytes of a file have been consumed."""

    consumed: int = 0


@dataclass(frozen=True)
class Blob:
    """Bytes that can be read from the start as often as needed.

    Attributes:
        name: for people: the path as given, with the member of a zip behind it.
        path: the file on disk.
        size: bytes that it takes on disk.
        member: the member's name inside a zip.
        gzipped: whether the bytes (of the file or of the member) are gzip.
    """

    name: str
    path: str
    size: int
    member: str | None = None
    gzipped: bool = False

    @property
    def compression(self) -> str:
        """How the bytes are packed, "none" for plain."""
        kinds = [kind for kind, packed in (("zip", self.member is not None), ("gzip", self.gzipped)) if packed]
        return " of ".join(kinds) or "none"

    def chunks(self, size: int = CHUNK, meter: Meter | None = None) -> Generator[bytes, None, None]:
        """Yield the unpacked bytes, ``size`` at a time."""
        with _failures(self.name), ExitStack() as stack:
            raw = stack.enter_context(open(self.path, "rb", buffering=0))
            stream, before = self._stream(raw, stack)
            while chunk := stream.read(size):
                if meter is not None:
                    meter.consumed = max(0, min(raw.tell() - before, self.size))
                yield chunk

    def _stream(self, raw: Any, stack: ExitStack) -> tuple[IO[bytes], int]:
        stream: Any = raw
        before = 0
        if self.member is not None:
            archive = stack.enter_context(zipfile.ZipFile(raw))
            before = archive.getinfo(self.member).header_offset
            stream = stack.enter_context(archive.open(self.member))
        if self.gzipped:
            stream = stack.enter_context(gzip.GzipFile(fileobj=stream))
        return stream, before

    def head(self, size: int) -> bytes:
        """Return up to ``size`` bytes from the start."""
        with closing(self.chunks(size)) as chunks:
            return next(chunks, b"")

    def seekable(self) -> IO[bytes]:
        """Open the bytes for random access: the file itself, or an unpacked copy that vanishes when it is closed."""
        with _failures(self.name):
            if self.compression == "none":
                return open(self.path, "rb")
            copy = tempfile.TemporaryFile(prefix="dangol-")  # noqa: SIM115 - the reader keeps it open
            with ExitStack() as stack:
                raw = stack.enter_context(open(self.path, "rb", buffering=0))
                shutil.copyfileobj(self._stream(raw, stack)[0], copy, CHUNK)
            copy.seek(0)
            return copy


def blobs_of(path: str) -> list[Blob]:
    """Look into a file by its first bytes: one blob, or one for each member of a zip."""
    blob = Blob(name=path, path=path, size=Path(path).stat().st_size)
    magic = blob.head(4)
    if magic.startswith(_GZIP):
        return [_unpacked(replace(blob, gzipped=True))]
    if magic.startswith(_ZIP):
        return _members(blob)
    return [blob]


def _members(blob: Blob) -> list[Blob]:
    with _failures(blob.name), zipfile.ZipFile(blob.path) as archive:
        infos = archive.infolist()
    if _OFFICE & {info.filename for info in infos}:
        return [blob]
    found = []
    for info in infos:
        parts = info.filename.split("/")
        if info.is_dir() or parts[0] == "__MACOSX" or parts[-1].startswith("."):
            continue  # folders, and what macOS adds
        if info.flag_bits & 1:
            raise InputError(f"{blob.name} is protected by a password; unpack it and give the files inside")
        name = f"{blob.name}/{_spelled(info)}"
        found.append(_unpacked(Blob(name, blob.path, info.compress_size, info.filename)))
    if not found:
        raise InputError(f"{blob.name} is a zip without any file inside; give one that holds the data")
    return found


def _spelled(info: zipfile.ZipInfo) -> str:
    """Return a member's name; zips made by Korean Windows hold CP949 where the standard says CP437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp949")
    except UnicodeError:
        return info.filename


def _unpacked(blob: Blob) -> Blob:
    """Check what lies inside a packed blob: a gzip inside a zip is unpacked too, archives in archives are refused."""
    head = blob.head(512)
    if head.startswith(_GZIP) and not blob.gzipped:
        return _unpacked(replace(blob, gzipped=True))
    if head[257:262] == b"ustar":
        raise InputError(f"{blob.name} holds a tar archive; unpack it and give the files inside")
    if head.startswith(_ZIP):
        with blob.seekable() as inner, _failures(blob.name), zipfile.ZipFile(inner) as archive:
            if not _OFFICE & set(archive.namelist()):
                raise InputError(f"{blob.name} is an archive inside an archive; unpack it and give the files inside")
    return blob


@contextmanager
def _failures(name: str) -> Iterator[None]:
    """Turn what goes wrong while reading or unpacking into one sentence."""
    try:
        yield
    except EOFError:
        raise InputError(f"{name} ends in the middle of its compressed data; copy or download it again") from None
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{name} is damaged and cannot be unpacked ({error}); copy or download it again") from None
    except (NotImplementedError, RuntimeError) as error:
        raise InputError(f"{name} cannot be unpacked ({error}); unpack it with another program first") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
