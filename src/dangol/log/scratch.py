"""The scratch database of one load: DuckDB beside the log, spilling to disk, its complaints turned into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dangol.core.errors import InputError, StoreError

if TYPE_CHECKING:
    import duckdb


def row(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
    """Return the only row of a query, read to its end: a half-read result would block the connection."""
    found: tuple[Any, ...] = con.execute(sql, parameters).fetchall()[0]
    return found


@contextmanager
def database(scratch: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a scratch database that spills beside the log, and turn its complaints into ours."""
    import duckdb

    if "?" in str(scratch):  # DuckDB takes what follows for options
        raise InputError(f"the path {scratch.parent} holds a '?', where a log cannot be made; choose another name")
    try:
        con = duckdb.connect(
            str(scratch / "staging.duckdb"),
            config={
                "memory_limit": memory,
                "temp_directory": str(scratch / "spill"),
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
            },
        )
    except duckdb.Error as problem:
        raise InputError(f"memory={memory!r} cannot be used: {str(problem).splitlines()[0]}") from problem
    try:
        con.execute("SET TimeZone = 'UTC'")
        yield con
    except duckdb.OutOfMemoryException as problem:
        said = str(problem)
        if "disk" in said.lower() or "space" in said.lower():
            raise StoreError(
                f"no space is left on the disk of {scratch.parent}; free some; what was there before is unchanged"
            ) from problem
        raise InputError(
            f"memory={memory!r} is too little for this source; give more, for example memory='4GB'"
        ) from problem
    except duckdb.IOException as problem:
        if "space" in str(problem).lower():
            raise StoreError(
                f"no space is left on the disk of {scratch.parent}; free some; what was there before is unchanged"
            ) from problem
        raise InputError(f"the source cannot be read: {str(problem).splitlines()[0]}") from problem
    except duckdb.Error as problem:  # a key pressed while Python gives DuckDB rows is an error of another kind
        if isinstance(problem, duckdb.InterruptException) or "KeyboardInterrupt" in str(problem):
            raise KeyboardInterrupt from None
        raise InputError(f"the source cannot be loaded: {str(problem).splitlines()[0]}") from problem
    finally:
        con.close()
