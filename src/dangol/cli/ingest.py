"""``dangol ingest`` and ``dangol append``: from files to a log."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from dangol.core.errors import InputError, choice
from dangol.core.words import LANGUAGES
from dangol.log import EventLog, append, ingest, open_log
from dangol.log.load import Reading
from dangol.log.propose import Proposal, preview, propose

from .app import app
from .terminal import console

Text = str | None
_ROLE = "column, or an expression over columns"


def _split(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


@app.command("ingest")
def ingest_files(
    files: Annotated[
        list[str],
        typer.Argument(help="Files or patterns: CSV, Parquet, JSON lines, Excel, XES; gz or zip.", show_default=False),
    ],
    user: Annotated[Text, typer.Option(help=f"Who: {_ROLE}.")] = None,
    event: Annotated[Text, typer.Option(help=f"What: {_ROLE}, such as \"'visit'\".")] = None,
    time: Annotated[Text, typer.Option(help=f"When: {_ROLE}.")] = None,
    out: Annotated[Text, typer.Option(help="The log to make: a folder. Default: the file's name with .log.")] = None,
    group: Annotated[Text, typer.Option(help="What the user belongs to.")] = None,
    amount: Annotated[Text, typer.Option(help='A number to sum, such as "Quantity * UnitPrice".')] = None,
    event_id: Annotated[Text, typer.Option(help="A unique name of each event; repeats are set aside.")] = None,
    properties: Annotated[Text, typer.Option(help="Columns to keep (comma-separated). Default: all.")] = None,
    attributes: Annotated[Text, typer.Option(help="A second file with one row a user.")] = None,
    on: Annotated[Text, typer.Option(help="Its column that holds the user.")] = None,
    collapse: Annotated[
        Text, typer.Option(help="Columns that name one event told in several rows, such as InvoiceNo.")
    ] = None,
    zone: Annotated[Text, typer.Option(help="Time zone of local times, such as Asia/Seoul. Default: UTC.")] = None,
    time_format: Annotated[
        Text, typer.Option(help="day-first, month-first, s, ms, us, ns, or a strptime pattern.")
    ] = None,
    duplicates: Annotated[str, typer.Option(help="keep, or drop: also equal rows within one file.")] = "keep",
    encoding: Annotated[Text, typer.Option(help="Encoding of text files. Default: detected and stated.")] = None,
    delimiter: Annotated[Text, typer.Option(help="Delimiter of CSV files. Default: detected and stated.")] = None,
    header: Annotated[
        bool | None, typer.Option(help="Whether the first row names the columns. Default: detected.")
    ] = None,
    sheet: Annotated[Text, typer.Option(help="Sheet of an Excel file. Default: the first.")] = None,
    memory: Annotated[str, typer.Option(help="Memory for sorting before it spills to disk.")] = "2GB",
    replace: Annotated[bool, typer.Option(help="Take the place of a log that exists.")] = False,
    lang: Annotated[str, typer.Option(help="Language of the report: en or ko.")] = "en",
) -> None:
    """Read an export, check every row, and make a log of it; prints what became of every row.

    Without --user, --event and --time it proposes a mapping from the names and values of the columns.
    """
    choice("lang", lang, LANGUAGES)
    source: Any = files if len(files) > 1 else files[0]
    target = out or _default_out(files[0])
    reading = {"encoding": encoding, "delimiter": delimiter, "header": header, "sheet": sheet}
    roles = {"user": user, "event": event, "time": time, "amount": amount}
    if user is None or event is None or time is None:
        proposal = propose(source, Reading(**reading))  # type: ignore[arg-type]
        roles = _agreed(proposal, roles, target)
    log = ingest(
        source,
        **roles,  # type: ignore[arg-type]
        out=target,
        group=group,
        event_id=event_id,
        properties=_split(properties),
        attributes=attributes,
        on=on,
        collapse=_split(collapse) or (),
        zone=zone,
        time_format=time_format,
        duplicates=duplicates,
        **reading,  # type: ignore[arg-type]
        memory=memory,
        now=datetime.now(UTC),
        replace=replace,
    )
    print_report(log, lang)


@app.command("append")
def append_file(
    log: Annotated[Path, typer.Argument(help="A log made by dangol ingest.", show_default=False)],
    files: Annotated[list[str], typer.Argument(help="More files, read as the log's own were.", show_default=False)],
    attributes: Annotated[Text, typer.Option(help="New rows of the second table.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the report: en or ko.")] = "en",
) -> None:
    """Add files to a log; rows that it holds already are counted as duplicate."""
    choice("lang", lang, LANGUAGES)
    source: Any = files if len(files) > 1 else files[0]
    print_report(append(open_log(log), source, attributes=attributes, now=datetime.now(UTC)), lang)


@app.command("load-report")
def load_report(
    log: Annotated[Path, typer.Argument(help="A log made by dangol ingest.", show_default=False)],
    lang: Annotated[str, typer.Option(help="Language of the report: en or ko.")] = "en",
) -> None:
    """Print again how a log was loaded."""
    choice("lang", lang, LANGUAGES)
    print_report(open_log(log), lang)


def _default_out(first: str) -> str:
    name = Path(first).name.split(".")[0].replace("*", "") or "events"
    return f"{name}.log"


def _agreed(proposal: Proposal, given: dict[str, str | None], out: str) -> dict[str, str | None]:
    """Show the proposal and ask; where nobody can answer, say the command to run."""
    proposal.roles.update({role: value for role, value in given.items() if value is not None})
    missing = [role for role in ("user", "event", "time") if role not in proposal.roles]
    table = Table(
        box=None, title=escape(proposal.source), title_justify="left", header_style="bold", padding=(0, 2, 0, 0)
    )
    for name in ("column", "role", "values"):
        table.add_column(name)
    for name, role, values in preview(proposal):
        table.add_row(escape(name), role, escape(values))
    console().print(table)
    command = proposal.command(out)
    if missing:
        raise InputError(f"no column looks like the {' or the '.join(missing)}; say which: {command}")
    if not sys.stdin.isatty():
        raise InputError(f"say which columns are user, event and time; this is what they look like: {command}")
    print(f"\n{command}")
    if not typer.confirm("Load it like this?", default=True):
        raise InputError("nothing was loaded; change the command above and run it")
    return {role: proposal.roles.get(role) for role in ("user", "event", "time", "amount")}


def print_report(log: EventLog, lang: str) -> None:
    """Print the load report: the account as a table of the sources, then the sentences."""
    report = log.report
    out = console()
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("source", overflow="fold")
    table.add_column("read as", overflow="fold")
    for name in ("rows", "accepted", "rejected", "duplicate"):
        table.add_column(name, justify="right")
    for one in report.files:
        told = ", ".join([one.format, *(f"{what} {value}" for what, value in one.details.items() if value != "none")])
        table.add_row(
            escape(one.name),
            escape(told),
            *(f"{getattr(one, name):,}" for name in ("rows", "accepted", "rejected", "duplicate")),
        )
    out.print(table)
    out.print()
    out.print(report.summary(lang), markup=False)
    if report.rejects_file:
        out.print(f"{Path(log.path or '') / report.rejects_file}", style="dim", markup=False)
    out.print(f"{log.path}", style="bold", markup=False)
