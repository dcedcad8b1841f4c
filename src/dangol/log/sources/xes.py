"""XES event logs: one record per event, with the attributes of its trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dangol.core.errors import InputError

from .blobs import Blob, Meter
from .gather import Gather
from .markup import count_tags, parse
from .source import Options, RowProblem, Source, shown, text_schema
from .text import text_of

if TYPE_CHECKING:
    import pyarrow as pa

_CASE: Final = "case:"
_LEVELS: Final = frozenset({"trace", "event"})
Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class _Attribute:
    """An attribute that is open, with what stands inside it."""

    tag: str
    key: str
    value: str
    inside: Pairs = field(default_factory=list)

    def pairs(self) -> Pairs:
        """Return it and what it holds: a list as JSON text, other inner attributes with dotted keys."""
        if self.tag == "values":
            return self.inside
        if not self.inside and self.tag != "list":
            return [(self.key, self.value)]
        if self.tag == "list":
            return [(self.key, json.dumps([{key: value} for key, value in self.inside], ensure_ascii=False))]
        below = [(f"{self.key}.{key}", value) for key, value in self.inside]
        return below if self.tag == "container" and below else [(self.key, self.value), *below]


def open_xes(blob: Blob, options: Options) -> Source:
    """Open an XES log: the columns are found in a first pass, for an event may have any attribute."""
    options.only(blob.name, "XES")
    names: dict[str, None] = {}
    for record in _records(blob, None):
        names.update(dict.fromkeys(key for key, _ in record))
    if not names:
        raise InputError(f"{blob.name} holds no event with attributes; give an XES log with <event> elements")
    meter, problems = Meter(), list[RowProblem]()
    source = Source(
        name=blob.name,
        format="XES",
        details={"compression": blob.compression},
        schema=text_schema(sorted(names, key=lambda key: not key.startswith(_CASE))),
        batches=lambda: _batches(blob, source.schema, meter, problems),
        problems=problems,
        counted=lambda: count_tags(text_of(blob, None).chunks(), "event"),
        size=blob.size,
        position=lambda: meter.consumed,
    )
    return source


def _batches(blob: Blob, schema: pa.Schema, meter: Meter, problems: list[RowProblem]) -> Iterator[pa.RecordBatch]:
    meter.consumed = 0
    problems.clear()
    gather = Gather(schema)
    for number, record in enumerate(_records(blob, meter), 1):
        row: dict[str, str | None] = dict(record)
        if len(row) == len(record):
            gather.add(row)
        else:
            twice = next(key for key in row if sum(key == other for other, _ in record) > 1)
            words = shown("; ".join(f"{key}={value}" for key, value in record))
            problems.append(RowProblem(blob.name, number, twice, words, f"attribute {twice!r} appears twice"))
        yield from gather.full()
    yield from gather.rest()


def _records(blob: Blob, meter: Meter | None) -> Iterator[Pairs]:
    walk = _Walk(blob.name)
    with closing(blob.chunks(meter=meter)) as chunks:
        for _ in parse(chunks, blob.name, walk):
            yield from walk.ready
            walk.ready.clear()


class _Walk:
    """Where the reading of a log stands, and the events that are complete.

    The events of a trace wait for its end, so that none of its attributes is missed.
    """

    def __init__(self, name: str) -> None:
        self.ready: list[Pairs] = []
        self._name = name
        self._levels = [""]
        self._attributes: list[_Attribute] = []
        self._trace: Pairs = []
        self._event: Pairs = []
        self._waiting: list[Pairs] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A level of the log begins, or inside a trace or an event an attribute."""
        level = tag in _LEVELS
        if not level and (self._attributes or self._levels[-1] in _LEVELS):
            self._attributes.append(_Attribute(tag, attributes.get("key", ""), attributes.get("value", "")))
            return
        self._levels.append(tag)
        if tag == "trace":
            self._trace = []
        elif tag == "event":
            self._event = []

    def text(self, words: str) -> None:
        """Between the tags of a log stands nothing but blanks."""

    def end(self, tag: str) -> None:
        """What began last ends."""
        if self._attributes:
            self._keep(self._attributes.pop())
            return
        self._levels.pop()
        if tag == "event":
            (self._waiting if "trace" in self._levels else self.ready).append(self._event)
        elif tag == "trace":
            self.ready.extend(self._trace + event for event in self._waiting)
            self._waiting = []

    def _keep(self, attribute: _Attribute) -> None:
        if self._attributes:
            self._attributes[-1].inside.extend(attribute.pairs())
        elif not attribute.key:
            raise InputError(f"{self._name} has a <{attribute.tag}> without a key; export the log again as XES")
        elif self._levels[-1] == "event":
            self._event.extend(attribute.pairs())
        else:
            self._trace.extend((_CASE + key, value) for key, value in attribute.pairs())
