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
_OF_TABLE: Final = {"en": "What this table tells", "ko": "데이터 분석 보고서"}


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
    target = _file(out)
    for word, text in (("title", title), ("date", date)):
        if text is not None and not isinstance(text, str):
            raise InputError(f"{word}={text!r} must be a text")
    recipes = plan(log) if questions is None else _recipes(questions)
    with Progress(progress) as bar:
        results = answers(log, recipes, bar)
        bar.update("writing", 0, 1)
        written = compose_report(log, results, title=title, lang=lang, date=date)
    write(target, written)
    return target


def _file(out: object) -> Path:
    if not isinstance(out, str | Path) or not Path(out).name:
        raise InputError(f"out={out!r} is not the name of a file; write for example out='report.html'")
    return Path(out)


def _recipes(questions: object) -> list[Mapping[str, Any]]:
    if not isinstance(questions, list | tuple) or not all(isinstance(one, Mapping) for one in questions):
        raise InputError(f"questions={questions!r} must be a list of recipes, such as [{{'question': 'overview'}}]")
    if not questions:
        raise InputError("questions=[] asks nothing; name questions, or leave it out to ask all that fit")
    return list(questions)


def answers(log: EventLog, recipes: Sequence[Mapping[str, Any]], bar: Progress) -> list[Any]:
    """Ask every question in turn."""
    found = []
    for number, recipe in enumerate(recipes):
        bar.update(str(recipe.get("question", "?")), number, len(recipes))
        found.append(catalogue.ask(log, recipe))
    return found


def compose_report(
    source: EventLog | str,
    results: Sequence[Any],
    *,
    title: str | None = None,
    titles: Sequence[str | None] = (),
    abouts: Sequence[str | None] = (),
    lang: str = "en",
    date: str | None = None,
) -> str:
    """Put answers into one page.

    ``source`` is the log that was asked, or the name of a table; ``titles`` may name the sections, None takes the
    question's own; ``abouts`` say before a finding what it is about, where the answer does not.
    """
    named = [*titles, *[None] * (len(results) - len(titles))]
    sections = [
        Section(f"{result.name}-{place}", own or heading_of(result.name, lang), result)
        for place, (result, own) in enumerate(zip(results, named, strict=True), start=1)
    ]
    found = findings(sections, abouts)
    if isinstance(source, str):
        return compose(Heading(title or _OF_TABLE[lang], found, None, None, date, source), sections, lang)
    described = source.describe()
    which = ", ".join([str(described["fingerprint"])[:12] or "–", *described["view"]])
    account = source.report if source.contents.meta.report else None
    return compose(Heading(title or _TITLES[lang], found, account, which, date), sections, lang)


def write(target: Path, text: str) -> None:
    """Write a file beside its place and move it there: a killed process leaves the old file or none.

    A link stays a link, and the file that it leads to is replaced. What is no file, such as a device, is left alone.

    Raises:
        InputError: if the path or the text cannot be one.
        StoreError: if it cannot be written.
    """
    try:
        place = target.resolve()
        if place.is_dir() or (place.exists() and not place.is_file()):
            raise StoreError(f"{target} is a {_what(place)}, not a file that can be replaced; name another file")
        beside = place.with_name(f".{place.name[:100]}.{os.getpid()}")
        content = text.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise InputError(
            f"{target} cannot be written: {problem.reason} in its text; write whole characters"
        ) from problem
    except (ValueError, RuntimeError) as problem:  # a name with a zero byte; a link that leads to itself
        raise InputError(f"{str(target)!r} cannot be a file: {problem}") from problem
    except OSError as problem:
        raise StoreError(f"{target} cannot be written: {problem.strerror or problem}") from problem
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(place)
    except OSError as problem:
        raise StoreError(f"{target} cannot be written: {problem.strerror or problem}") from problem
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _what(place: Path) -> str:
    return "folder" if place.is_dir() else "device or pipe"
