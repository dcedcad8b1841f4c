"""JSON lines: one object per line; numbers stay as they are written, one level of objects becomes dotted names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dangol.core.errors import InputError
from dangol.kernels import records

from .blobs import Blob, Meter
from .gather import Gather
from .source import Options, RowProblem, Source, shown, text_schema
from .text import Text, settled, text_of

if TYPE_CHECKING:
    import pyarrow as pa

_BLANK: Final = bytes(range(33))  # what `count_lines` takes for white space


class _Broken(Exception):
    """A line that is not one flat enough object; says why."""


class _Written(str):
    """A number as it is written, told apart from text only where a list or an inner object is written again."""

    __slots__ = ()


def open_jsonlines(blob: Blob, options: Options) -> Source:
    """Open JSON lines: find out encoding and columns in a first pass, so that a key that comes late is not lost."""
    options.only(blob.name, "JSON lines", "encoding")
    text = text_of(blob, options.encoding)
    state = np.zeros(2, np.int64)
    text = settled(text, lambda piece: records.count_lines(np.frombuffer(piece, np.uint8), state))
    records.count_lines(np.frombuffer(b"\n", np.uint8), state)
    count = int(state[1])
    if count == 0:
        raise InputError(f"{blob.name} holds no record, only blank lines; give a file with data")
    names = _columns(text)
    meter, problems = Meter(), list[RowProblem]()
    source = Source(
        name=blob.name,
        format="JSON lines",
        details={"encoding": text.label, "compression": blob.compression},
        schema=text_schema(names),
        batches=lambda: _batches(text, source.schema, meter, problems),
        problems=problems,
        counted=lambda: count,
        size=blob.size,
        position=lambda: meter.consumed,
    )
    return source


def _lines(text: Text, meter: Meter | None = None) -> Iterator[bytes]:
    """Yield the lines that are not blank."""
    rest = b""
    with closing(text.chunks(meter=meter)) as chunks:
        for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line for line in whole if line.strip(_BLANK))
    if rest.strip(_BLANK):
        yield rest


def _columns(text: Text) -> list[str]:
    """Collect the columns in the order in which they first appear."""
    names: dict[str, None] = {}
    shapes: set[object] = set()
    decode = json.JSONDecoder().raw_decode
    for line in _lines(text):
        try:
            record, _ = decode(line.decode(text.stream_codec).lstrip())
        except (ValueError, RecursionError):
            continue
        if type(record) is not dict:
            continue
        shape = (*record, *((key, *value) for key, value in record.items() if type(value) is dict))
        if shape not in shapes:
            shapes.add(shape)
            names.update(dict.fromkeys(_flat_names(record)))
    if not shapes:
        raise InputError(
            f"no line of {text.blob.name} is a JSON object; write one object per line (for an array: jq -c '.[]' FILE)"
        )
    if not names:
        raise InputError(
            f"the JSON objects in {text.blob.name} have no keys; give records with a user, an event and a time"
        )
    return list(names)


def _flat_names(record: dict[str, Any]) -> Iterator[str]:
    for key, value in record.items():
        if type(value) is dict and value:
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key


def _batches(text: Text, schema: pa.Schema, meter: Meter, problems: list[RowProblem]) -> Iterator[pa.RecordBatch]:
    meter.consumed = 0
    problems.clear()
    gather = Gather(schema)
    for number, line in enumerate(_lines(text, meter), 1):
        words = line.decode(text.stream_codec).strip()
        try:
            gather.add(_record(words))
        except json.JSONDecodeError as error:
            reason = f"not valid JSON: {error.msg} at character {error.pos + 1}"
            problems.append(RowProblem(text.blob.name, number, None, shown(words), reason))
        except _Broken as error:
            problems.append(RowProblem(text.blob.name, number, None, shown(words), str(error)))
        except RecursionError:
            problems.append(RowProblem(text.blob.name, number, None, shown(words), "nested too deeply"))
        yield from gather.full()
    yield from gather.rest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
    raise _Broken(f"key {twice!r} appears twice")


_decode = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_Written, parse_int=_Written, parse_constant=_Written
).raw_decode


def _record(words: str) -> dict[str, str | None]:
    """Flatten one level; deeper objects and lists become JSON text again."""
    record, end = _decode(words)
    if end != len(words):
        at = len(words) - len(words[end:].lstrip()) + 1
        raise _Broken(f"not valid JSON: Extra data at character {at}")
    if type(record) is not dict:
        raise _Broken("not a JSON object")
    flat: dict[str, str | None] = {}
    expected = len(record)
    for key, value in record.items():
        if type(value) is dict and value:
            expected += len(value) - 1
            for inner, below in value.items():
                flat[f"{key}.{inner}"] = below if type(below) in _SCALARS else _written(below)
        else:
            flat[key] = value if type(value) in _SCALARS else _written(value)
    if len(flat) != expected:
        raise _Broken("a key with a dot and a key inside an object give the same column")
    if "\\u" in words:
        _check_surrogates(flat)
    return flat


_SCALARS: Final = frozenset({str, _Written, type(None)})
_CONSTANTS: Final = {True: "true", False: "false", None: "null"}


def _written(value: Any) -> str:
    """Write a value as JSON again, its numbers as they were."""
    kind = type(value)
    if kind is _Written:
        return value  # type: ignore[no-any-return]
    if kind is str:
        return encode_basestring(value)
    if kind is list:
        return f"[{', '.join([_written(one) for one in value])}]"
    if kind is dict:
        return f"{{{', '.join([f'{encode_basestring(key)}: {_written(one)}' for key, one in value.items()])}}}"
    return _CONSTANTS[value]


def _check_surrogates(flat: dict[str, str | None]) -> None:
    """Refuse half a surrogate pair, which JSON can escape but no text can hold."""
    for key, value in flat.items():
        try:
            key.encode()
            (value or "").encode()
        except UnicodeEncodeError:
            raise _Broken("an escape \\ud800 to \\udfff stands alone, which is no character") from None
