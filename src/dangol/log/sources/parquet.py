"""Parquet, by pyarrow."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError

from .blobs import Blob
from .source import Options, Source
from .tables import plain_schema

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 1 << 16  # rows


def open_parquet(blob: Blob, options: Options) -> Source:
    """Open a Parquet file; inside gz or zip, an unpacked temporary copy of it."""
    import pyarrow.parquet as pq

    options.only(blob.name, "Parquet")
    plain = blob.compression == "none"
    copy = None if plain else blob.seekable()
    with _failures(blob.name):
        file = pq.ParquetFile(copy or blob.path)
        schema = plain_schema(file.schema_arrow, blob.name)
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    position = [0]
    source = Source(
        name=blob.name,
        format="Parquet",
        details={"row groups": str(len(groups)), "compression": blob.compression},
        schema=schema,
        batches=lambda: _batches(file, schema, position, blob),
        counted=lambda: sum(groups),
        parquet_path=blob.path if plain else None,
        size=blob.size,
        position=lambda: position[0],
    )
    if copy is not None:
        weakref.finalize(source, copy.close)  # the copy lives as long as the source
    return source


def _batches(file: Any, schema: pa.Schema, position: list[int], blob: Blob) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    position[0] = done = 0
    with _failures(blob.name):
        for batch in file.iter_batches(_BATCH):
            done += batch.num_rows
            position[0] = blob.size * done // file.metadata.num_rows
            yield pa.RecordBatch.from_arrays([batch.column(name) for name in schema.names], schema=schema)


@contextmanager
def _failures(name: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"{name} cannot be read as Parquet ({reason}); it may be cut off or damaged, copy or write it again"
        ) from None
