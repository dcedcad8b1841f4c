"""``ingest``: from any export to a log; ``append``: to its next version; ``open_log``."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from dangol.core import calendar
from dangol.core.errors import InputError, choice

from .eventlog import EventLog
from .load import Given, Load, Reading, load_into
from .mapping import Mapping
from .progress import Progress
from .scratch import database
from .store import open_contents, read_head, staging
from .times import checked_format


def ingest(
    source: object,
    *,
    user: str,
    event: str,
    time: str,
    out: str | Path | None = None,
    group: str | None = None,
    amount: str | None = None,
    event_id: str | None = None,
    properties: Sequence[str] | None = None,
    attributes: object = None,
    on: str | None = None,
    collapse: Sequence[str] = (),
    zone: str | None = None,
    time_format: str | None = None,
    duplicates: str = "keep",
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    sheet: str | int | None = None,
    memory: str = "2GB",
    now: str | datetime | None = None,
    replace: bool = False,
    progress: bool = True,
) -> EventLog:
    """Read any behaviour export, check every row, and keep it as a log sorted by user and time.

    Every row is accounted for: rows in = accepted + rejected + duplicate, the rows in counted independently of the
    reader. A role is a column or a DuckDB expression over columns, such as ``"Quantity * UnitPrice"`` or ``"'visit'"``.

    Args:
        source: a file (CSV, Parquet, JSON lines, Excel, XES; gz or zip of these), a list or glob of them, or anything
            with the Arrow C stream: pandas, polars, DuckDB, Ibis.
        user: who; kept as text, exactly as written.
        event: what; rows without it are rejected, as are rows without user or readable time.
        time: when; see ``time_format``.
        out: the folder to make; None keeps the log in a temporary folder until Python ends.
        group: what the user belongs to at that event; or a column of ``attributes``.
        amount: a number to sum, such as money; NaN where missing. Rows with 1e30 and more, or less than 1e-30 but not
            zero, are rejected, whatever the sign.
        event_id: a unique name of each event.
        properties: columns kept beside the roles; None keeps every column that no role takes as it is.
        attributes: a second source with one row a user.
        on: the column of ``attributes`` that holds the user.
        collapse: columns that together name one event told in several rows (``["InvoiceNo"]``): one event with the
            time of the first row and the sum of the amounts.
        zone: IANA name of the zone of times without an offset, in which days begin. Default UTC, which the report says.
        time_format: ``day-first``, ``month-first``, ``s``, ``ms``, ``us``, ``ns`` or a strptime pattern; None decides
            from all values and asks where two ways fit.
        duplicates: ``keep`` sets aside repeats of an event id, or of rows already seen in another file; ``drop`` also
            equal rows within one file.
        encoding: the encoding of text files, such as ``cp949``; None detects it, and the report says what was found.
        delimiter: the delimiter of CSV files; None detects it, and the report says what was found.
        header: whether the first row names the columns; None detects it, and the report says what was found.
        sheet: an Excel file's sheet, by name or number from 0; None takes the first visible one, and the report says
            which.
        memory: how much memory sorting may take before it spills to disk.
        now: the moment of loading; later events are counted as future. None does not ask.
        replace: put the new log in the place of one that exists.
        progress: show a bar if it takes more than two seconds and a person watches.

    Returns:
        The log; ``log.report`` tells what became of every row.

    Conventions:
        Equal times of a user keep the order of the source. Local times that daylight saving skips move forward, those
        that occur twice mean the first. Empty text is no value; the text ``NA`` is a name. A number with leading zeros
        is text.

    Raises:
        InputError: for a file, column, expression or time that cannot be used; nothing is left behind.
        StoreError: if ``out`` cannot be written; what was there before is unchanged.

    Example:
        >>> import dangol as dg, pandas as pd
        >>> frame = pd.DataFrame({"who": ["a", "a", "b"], "what": ["view", "order", "view"], "when": "2024-01-01"})
        >>> log = dg.ingest(frame, user="who", event="what", time="when", zone="Asia/Seoul")
        >>> log.n_users, log.n_events
        (2, 3)
    """
    for name, given in (("properties", properties), ("collapse", collapse)):
        if isinstance(given, str):
            raise InputError(f"{name}={given!r} must be a list of columns, such as {name}=[{given!r}]")
    mapping = Mapping(
        user, event, time, group, amount, event_id, None if properties is None else tuple(properties), tuple(collapse)
    )
    calendar.zone_info(zone or "UTC")
    choice("duplicates", duplicates, ("keep", "drop"))
    checked_format(time_format)
    if (attributes is None) != (on is None):
        raise InputError("attributes and on go together: the second table, and the column in it that holds the user")
    reading = Reading(encoding, delimiter, header, sheet)
    load = Load(mapping, reading, zone or "UTC", zone is None, time_format, duplicates, memory)
    folder = Path(mkdtemp(prefix="dangol-")) / "log" if out is None else Path(out)
    if out is None:
        _forget_at_exit(folder.parent)
    moment = None if now is None else calendar.instant(now, load.zone, "now")
    with staging(folder, replace) as scratch, Progress(progress) as bar, database(scratch, memory) as con:
        load_into(folder, scratch, con, bar, load, Given(source, attributes, on, moment), None)
    return open_log(folder)


def append(
    log: EventLog,
    source: object,
    *,
    attributes: object = None,
    now: str | datetime | None = None,
    progress: bool = True,
) -> EventLog:
    """Add a source to a log, read as the log's own source was, and return the log's next version.

    Rows that the log holds already (by event id, else by content) are counted as duplicate. The version before stays
    whole until the new one is complete.

    Args:
        log: a whole log on disk, not a view.
        source: as in ``ingest``.
        attributes: new rows for the second table; they take the place of a user's row before.
        now: as in ``ingest``.
        progress: as in ``ingest``.

    Raises:
        InputError: for a view, a log that has a newer version on disk, or columns that do not fit the log's.
    """
    if log.path is None or log.is_view or log.contents.added:
        raise InputError("only a whole log on disk can be appended to, not a view and not one with segments")
    folder = Path(log.path)
    load, on = Load.from_dict(log.contents.meta.load)
    moment = None if now is None else calendar.instant(now, load.zone, "now")
    with staging(folder, True) as scratch, Progress(progress) as bar, database(scratch, load.memory) as con:
        held = read_head(folder)
        if held["fingerprint"] != log.contents.meta.fingerprint:
            raise InputError(
                f"{folder} is at version {held['version']}, but this log was opened at version "
                f"{log.contents.meta.version}; append to what append returned, or open it again"
            )
        load_into(folder, scratch, con, bar, load, Given(source, attributes, on, moment), log)
    return open_log(folder)


def open_log(path: str | Path) -> EventLog:
    """Open a log made by ``ingest``; nothing is read until a question needs it.

    Args:
        path: the log's folder.

    Raises:
        StoreError: if there is no log, or it is damaged. Damage to a column is reported before any number made from it.
    """
    return EventLog(open_contents(Path(path)))


def _forget_at_exit(folder: Path) -> None:
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
