"""``run``: a playbook from its source to its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dangol import catalogue
from dangol.core.errors import choice
from dangol.core.result import Result
from dangol.core.words import LANGUAGES
from dangol.log.eventlog import EventLog
from dangol.log.narrowed import narrowed
from dangol.log.progress import Progress
from dangol.log.segments import read_table
from dangol.reports.report import compose_report

from . import writing
from .clusters import heading, make_segments, worded
from .read import Playbook, read, with_place
from .source import Source, open_source

_Section = tuple[Result, str | None, str | None]  # an answer, its own heading, and what it is about beside its question
_NOT_ASKED = ("ask", "title", "where", "since", "until")


def run(
    playbook: str | Path,
    out: str | Path = "out",
    *,
    lang: str | None = None,
    date: str | None = None,
    progress: bool = True,
) -> Path:
    r"""Run a playbook: read its source, ask its questions, write its report and results.

    A playbook is a TOML file with the tables ``[source]`` (one of ``path``: files; ``log``: a log; ``data``: a table
    that ships; ``sample``: generated data, with ``users``, ``seed``, ``plant``, ``dirty``; ``units``: a file with a row
    per unit, of which only segments are asked), ``[mapping]`` (the arguments of ``ingest``), ``[view]`` (``where``,
    ``since``, ``until``), ``[[segments]]``, ``[[questions]]`` (``ask``, its parameters, and if wanted ``title``,
    ``where``, ``since``, ``until``) and ``[report]`` (``file``, ``title``, ``lang``). A title is a text or
    ``{ en = …, ko = … }``. Relative paths begin where the playbook lies.

    Segments have a ``name`` and come from a ``table`` (a file), from ``rfm``, or from ``cluster``, with the arguments
    of ``cluster``. Clusters of a log need ``[segments.features]``, features by name as ``group_features`` takes them
    (or ``features``, the path of a specification), and take ``unit``, ``as_of``, ``least``, ``exclude``, ``gap`` and
    ``edges`` (a file, or a table of the sample). Beside them may stand ``choose`` (arguments of ``choose_clusters``;
    without ``cluster`` it is a look and makes no segments), ``names`` (``1 = "quiet"``), ``tiers``, ``stability`` and
    ``profile`` (``true``, or arguments, and ``where``, ``since``, ``until`` for a part of the log); what they say comes
    before the questions, under the segments' ``title``. Questions may use the segments by name from ``as_of`` on.

    Args:
        playbook: a file, or the name of a playbook that ships, such as ``"online-retail"``.
        out: the folder to write: the report, ``results/`` and, where the source is not a log, ``data.log/``.
        lang: language of the report, ``en`` or ``ko``; None takes the playbook's, else English.
        date: the day of running, shown below the heading; None shows none. Nothing else depends on when it is run.
        progress: show a bar if it takes more than two seconds and a person watches.

    Returns:
        The report's path. ``results/`` has a folder for each answer with ``answer.json`` (sentences, how, recipe) and
        each table as Parquet, whose metadata under ``dangol`` hold the recipe and, of a log, its fingerprint.

    Conventions:
        Everything is checked before anything is run. The same playbook on the same data gives the same report, byte for
        byte. A killed run leaves the old report and results, or none.

    Raises:
        InputError: for anything in the playbook that cannot be used; the file and the line are named.
        StoreError: if ``out`` cannot be written.

    Example:
        >>> import dangol as dg, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "visits.toml"
        ...     _ = (pathlib.Path(folder) / "visits.csv").write_text("who,what,when\na,visit,2024-01-01\n")
        ...     text = "[source]\npath = 'visits.csv'\n[mapping]\nuser = 'who'\nevent = 'what'\ntime = 'when'\n"
        ...     _ = path.write_text(text + "[[questions]]\nask = 'overview'\n")
        ...     dg.run(path, pathlib.Path(folder) / "out").name
        'report.html'
    """
    plan = read(playbook)
    lang = choice("lang", plan.report.get("lang", "en") if lang is None else lang, LANGUAGES)
    folder = writing.folder_of(out)
    with writing.alone(folder), Progress(progress) as bar:
        bar.update("source", 0, 1)
        source = open_source(plan, folder, progress=progress)
        if source.log is not None:
            source = replace(source, log=_viewed(plan, source.log, plan.view, ("view",)))
        source, sections = _segmented(plan, source, lang, bar)
        if source.log is not None:
            sections += _answers(plan, source.log, lang, bar)
        bar.update("writing", 0, 1)
        title = worded(plan.report.get("title", plan.title), lang)
        results, titles, abouts = zip(*sections, strict=True)
        asked = source.name if source.log is None else source.log
        page = compose_report(asked, results, title=title, titles=titles, abouts=abouts, lang=lang, date=date)
        return writing.put(folder, results, page, str(plan.report.get("file", "report.html")))


def _viewed(plan: Playbook, log: EventLog, asked: Mapping[str, Any], path: tuple[str | int, ...]) -> EventLog:
    log = with_place(plan, (*path, "where"), narrowed, log, asked.get("where", []), None, None)
    span = asked.get("since"), asked.get("until")
    return with_place(plan, (*path, "since"), narrowed, log, [], *span)  # type: ignore[no-any-return]


def _segmented(plan: Playbook, source: Source, lang: str, bar: Progress) -> tuple[Source, list[_Section]]:
    """Make the segments, give them to the log, and return what was answered on the way.

    All are made of the log as it was before: those of an RFM, or of features, up to their own as_of.
    """
    log = source.log
    sections: list[_Section] = []
    for place, one in enumerate(plan.segments):
        bar.update(one["name"], place, len(plan.segments))
        path = ("segments", place)
        table: Any
        if "cluster" in one or "choose" in one:
            table, found = make_segments(plan, place, source, lang)
            sections += [(each, *heading(one, key, each, lang)) for key, each in found.items()]
        elif "rfm" in one:
            asked = {**one["rfm"], **({"as_of": one["as_of"]} if "as_of" in one else {})}
            recipe = {"question": "rfm", "parameters": asked}
            table = with_place(plan, path, catalogue.ask, source.log, recipe).tables["users"]
        else:
            table = with_place(plan, path, read_table, plan.folder / one["table"])
        if log is not None and table is not None:
            log = with_place(plan, path, log.with_segments, table, name=one["name"], **_how(one))
    return replace(source, log=log), sections


def _how(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return how segments are given to a log."""
    return {name: one[name] for name in ("unit", "label", "as_of", "hindsight") if name in one}


def _answers(plan: Playbook, log: EventLog, lang: str, bar: Progress) -> list[_Section]:
    found: list[_Section] = []
    for place, one in enumerate(plan.questions):
        bar.update(one["ask"], place, len(plan.questions))
        asked = {name: value for name, value in one.items() if name not in _NOT_ASKED}
        view = _viewed(plan, log, one, ("questions", place))
        recipe = {"question": one["ask"], "parameters": asked}
        result = with_place(plan, ("questions", place), catalogue.ask, view, recipe)
        found.append((result, worded(one.get("title"), lang), None))
    return found
