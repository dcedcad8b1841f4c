"""``report``: everything worth knowing about a log, in one file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from dangol import catalogue
from dangol.core.errors import InputError, StoreError, choice
from dangol.core.labels import title as heading_of
from dangol.core.words import LANGUAGES
from dangol.log.eventlog import EventLog
from dangol.log.progress import Progress

from .findings import findings
from .page import Heading, Section, compose
from .plan import plan

_TITLES: Final = {"en": "What this log tells", "ko": "로그 분석 보고서"}


def report(
    log: EventLog,
    out: str | Path = "report.html",
    *,
    questions: Sequence[Mapping[str, Any]] | None = None,
    title: str | None = None,
    lang: str = "en",
    date: str | None = None,
    progress: bool = True,
) -> Path:
    """Write everything worth knowing about a log into one HTML file that works offline.

    Findings come first, most important first; then how the log was loaded; then every answer with its sentences,
    figure, tables, and how it was computed. A number in a sentence is the number in the table, never typed.

    Args:
        log: the log or view to ask.
        out: the file to write; what was there is replaced when the new one is complete.
        questions: recipes, such as ``{"question": "funnel", "parameters": {"steps": ["view", "order"]}}``; None asks
            every question that the log can answer, with periods that fit its length.
        title: the heading; None takes a plain one.
        lang: language of every word, ``en`` or ``ko``.
        date: the day of running, shown below the heading; None shows none. Nothing else depends on when it is run.
        progress: show a bar if it takes more than two seconds and a person watches.

    Returns:
        The file written.

    Conventions:
        The same log and questions give the same bytes. A question that a log cannot answer is left out when the
        questions were chosen by Dangol, and is an error when they were asked for.

    Raises:
        InputError: for an unknown question, parameter or language, or an empty list of questions.
        StoreError: if the file cannot be written.

    Example:
        >>> import dangol as dg, pandas as pd, pathlib, tempfile
        >>> days = ["2024-01-01", "2024-01-09", "2024-01-02", "2024-01-16", "2024-01-22"]
        >>> visits = pd.DataFrame({"who": list("aabbc"), "when": pd.to_datetime(days)})
        >>> log = dg.ingest(visits, user="who", event="'visit'", time="when", zone="Asia/Seoul")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = dg.report(log, pathlib.Path(folder) / "report.html", lang="ko")
        ...     "핵심 결과" in page.read_text(encoding="utf-8")
        True
    """
    choice("lang", lang, LANGUAGES)
    if questions is not None and not questions:
        raise InputError("questions=[] asks nothing; name questions, or leave it out to ask all that fit")
    recipes = plan(log) if questions is None else list(questions)
    with Progress(progress) as bar:
        results = answers(log, recipes, bar)
        bar.update("writing", 0, 1)
        written = compose_report(log, results, title=title, lang=lang, date=date)
    target = Path(out)
    write(target, written)
    return target


def answers(log: EventLog, recipes: Sequence[Mapping[str, Any]], bar: Progress) -> list[Any]:
    """Ask every question in turn."""
    found = []
    for number, recipe in enumerate(recipes):
        bar.update(str(recipe.get("question", "?")), number, len(recipes))
        found.append(catalogue.ask(log, recipe))
    return found


def compose_report(
    log: EventLog,
    results: Sequence[Any],
    *,
    title: str | None = None,
    titles: Sequence[str | None] = (),
    lang: str = "en",
    date: str | None = None,
) -> str:
    """Put answers into one page; ``titles`` may name the sections, None takes the question's own."""
    named = [*titles, *[None] * (len(results) - len(titles))]
    sections = [
        Section(f"{result.name}-{place}", own or heading_of(result.name, lang), result)
        for place, (result, own) in enumerate(zip(results, named, strict=True), start=1)
    ]
    described = log.describe()
    which = ", ".join([str(described["fingerprint"])[:12] or "–", *described["view"]])
    heading = Heading(
        title or _TITLES[lang], findings(sections), log.report if log.contents.meta.report else None, which, date
    )
    return compose(heading, sections, lang)


def write(target: Path, text: str) -> None:
    """Write a file beside its place and move it there: a killed process leaves the old file or none.

    Raises:
        StoreError: if it cannot be written.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as problem:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StoreError(f"{target} cannot be written: {problem.strerror or problem}") from problem
