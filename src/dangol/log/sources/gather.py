"""Rows gathered into batches of text columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 16_384  # rows


class Gather:
    """Takes rows one by one and gives batches; values go to their columns at once: many live rows slow Python down."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns: list[tuple[str, list[str | None]]] = [(name, []) for name in schema.names]
        self._rows = 0

    def add(self, row: Mapping[str, str | None]) -> None:
        """Take a row; columns that it lacks become null."""
        for name, values in self._columns:
            values.append(row.get(name))
        self._rows += 1

    def full(self) -> Iterator[pa.RecordBatch]:
        """Give the batch if it is full."""
        if self._rows >= _BATCH:
            yield from self.rest()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Give what there is, if anything."""
        import pyarrow as pa

        if self._rows:
            arrays = [pa.array(values, pa.string()) for _, values in self._columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        for _, values in self._columns:
            values.clear()
        self._rows = 0
