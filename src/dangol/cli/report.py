"""``dangol report`` and ``dangol run``: a whole log, or a whole playbook, as one page."""

from __future__ import annotations

from datetime import date as day
from pathlib import Path
from typing import Annotated, Optional

import typer

from dangol.core.errors import choice
from dangol.core.words import LANGUAGES

from .app import app, asked_view

Text = Optional[str]  # noqa: UP045 - read at run time
_DATE = "The day of running that the report shows; default today, '' shows none."


@app.command("report")
def report_command(
    log: Annotated[Path, typer.Argument(help="A log made by dangol ingest.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("report.html"),
    lang: Annotated[str, typer.Option(help="Language of every word: en or ko.")] = "en",
    title: Annotated[Text, typer.Option(help="The heading.")] = None,
    date: Annotated[Text, typer.Option(help=_DATE)] = None,
    where: Annotated[list[str] | None, typer.Option(help="Only events, or users, with a property; repeatable.")] = None,
    since: Annotated[Text, typer.Option(help="Only events from this local time on.")] = None,
    until: Annotated[Text, typer.Option(help="Only events before this local time.")] = None,
) -> None:
    """Write everything worth knowing about a log into one HTML file that works offline."""
    from dangol.reports.report import report

    choice("lang", lang, LANGUAGES)
    shared = {
        "where": where,
        "since": since,
        "until": until,
        "segments": None,
        "segments_as_of": None,
        "hindsight": False,
    }
    print(report(asked_view(log, shared), out, title=title, lang=lang, date=_today(date)))


@app.command("run")
def run_command(
    playbook: Annotated[str, typer.Argument(help="A TOML file, or the name of a playbook that ships.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the report and the results.")] = Path("out"),
    lang: Annotated[Text, typer.Option(help="Language of the report: en or ko; default the playbook's.")] = None,
    date: Annotated[Text, typer.Option(help=_DATE)] = None,
) -> None:
    """Run a playbook: source, mapping, questions and report of a whole analysis in one short file.

    It is TOML: **[source]** (path, log, data or sample), **[mapping]** (what dangol ingest takes), **[view]** (where,
    since, until), **[[segments]]** (name, and table, rfm, or features, choose, cluster, tiers, stability, profile),
    **[[questions]]** (ask, its options, title, where, since, until), **[report]** (file, title, lang). Those that ship:
    activation, fashion-shop, influencer, online-retail, school-sns.
    """
    from dangol.playbooks.run import run

    print(run(playbook, out, lang=lang, date=_today(date)))


def _today(date: str | None) -> str | None:
    """The day that a report shows: the command line alone may look at the clock."""
    return (day.today().isoformat() if date is None else date) or None  # noqa: DTZ011 - the day where the person is
