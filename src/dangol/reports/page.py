"""Answers as one HTML page that works offline: findings, and for each answer its sentences, figure, tables and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import choice
from dangol.core.labels import caption, label, title
from dangol.core.show import in_language, write
from dangol.core.words import LANGUAGES, Sentence
from dangol.log.report import LoadReport

if TYPE_CHECKING:
    from dangol.core.result import Result

_ROWS: Final = 15
_ROWS_ALONE: Final = 200
_OF_SEGMENTS: Final = ("profile", "stability")  # asked of Segments, not of a log
_FUNCTIONS: Final = {"features": "group_features", "collect": "collect.merge_profiles"}
_WIDE: Final = 11  # columns above which a table is printed small
_WORDS: Final = {
    "en": {
        "contents": "Contents",
        "findings": "What was found",
        "how": "How it was computed",
        "log": "The log",
        "more": "{:,} more rows",
        "no_script": "Figures need JavaScript, which this viewer does not run; the tables hold the same numbers.",
        "recipe": "Ask again",
        "run": "Run on {}",
        "made": "Made with Dangol from the log {}",
        "made_of_table": "Made with Dangol from the table {}",
        "tables": "Tables",
    },
    "ko": {
        "contents": "목차",
        "findings": "핵심 결과",
        "how": "계산 방법",
        "log": "로그",
        "more": "{:,}행 더 있음",
        "no_script": "그림을 보려면 자바스크립트가 필요합니다. 표에 같은 숫자가 있습니다.",
        "recipe": "같은 질문 다시 하기",
        "run": "실행일 {}",
        "made": "Dangol로 만든 보고서 · 로그 {}",
        "made_of_table": "Dangol로 만든 보고서 · 데이터 {}",
        "tables": "표",
    },
}


@dataclass(frozen=True)
class Section:
    """One answer on a page: a heading and the result."""

    anchor: str
    title: str
    result: Result


@dataclass(frozen=True)
class Heading:
    """What stands above the answers.

    ``findings`` are sentences with the anchor of the section that they come from, most important first; ``account``
    tells how the log was loaded; ``log`` which log it is, or ``table`` which table, where there is no log; ``date`` the
    day of running, where it was given.
    """

    title: str
    findings: Sequence[tuple[str, Sentence]]
    account: LoadReport | None
    log: str | None
    date: str | None
    table: str | None = None


def page(result: Result, lang: str = "en") -> str:
    """Write one result as a page that needs no network: figure, tables and style are inside.

    Args:
        result: any answer.
        lang: language of every word, ``en`` or ``ko``.
    """
    choice("lang", lang, LANGUAGES)
    section = Section(result.name, title(result.name, lang), result)
    table = None if result.recipe.get("log") else str(result.recipe["table"])
    heading = Heading(section.title, (), None, None if table else _which(result), None, table)
    return compose(heading, [section], lang, rows=_ROWS_ALONE)


def compose(heading: Heading, sections: Sequence[Section], lang: str, *, rows: int = _ROWS) -> str:
    """Write a page: the heading, then every section in order.

    Args:
        heading: what stands above the answers.
        sections: the answers.
        lang: language of every word, ``en`` or ``ko``.
        rows: the most rows that are shown of a table.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from dangol.plots.embed import library

    loader = PackageLoader("dangol.reports")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    account = None if heading.account is None else _account(heading.account, lang)
    words = _WORDS[lang]
    return environment.get_template("report.html").render(
        lang=lang,
        words=words,
        made=words["made_of_table"].format(heading.table) if heading.table else words["made"].format(heading.log),
        heading=heading,
        findings=[(anchor, _glued(sentence.write(lang))) for anchor, sentence in heading.findings],
        account=account,
        sections=[_section(one, lang, rows) for one in sections],
        library=library(),
    )


def _glued(text: str) -> str:
    """Keep a number with its percent sign, and a Korean ending with what it belongs to, on one line."""
    return re.sub(r"([%)’])(?=[가-힣])", "\\1\u2060", re.sub(r"(?<=\d) %", "\u00a0%", text))


def _which(result: Result) -> str:
    log = result.recipe["log"]
    return ", ".join([str(log["fingerprint"])[:12], *log["view"]]).strip(", ")


def _account(report: LoadReport, lang: str) -> dict[str, Any]:
    head = [label(word, lang) for word in ("file", "rows", "accepted", "rejected", "duplicate")]
    rows = [
        [
            (PurePath(one.name).name, False),
            *((f"{getattr(one, word):,}", True) for word in ("rows", "accepted", "rejected", "duplicate")),
        ]
        for one in report.files
    ]
    return {"sentences": [_glued(sentence.write(lang)) for sentence in report.sentences()], "head": head, "rows": rows}


def _section(section: Section, lang: str, rows: int) -> dict[str, Any]:
    from dangol.plots.embed import data

    result = section.result
    figure = result.figure(lang).update_layout(width=None, autosize=True)
    height = int(figure.layout.height or 540)
    figure.update_layout(height=height)
    return {
        "anchor": section.anchor,
        "title": section.title,
        "sentences": [_glued(sentence.write(lang)) for sentence in result.sentences],
        "figure": data(figure),
        "height": height,
        "tables": [_table(result, name, lang, rows) for name in result.shown],
        "how": [(label(aspect, lang), said) for aspect, said in result.explain(lang).items()],
        "recipe": _recipe(result),
    }


def _recipe(result: Result) -> str:
    """Write the question as a line of Python; what stands at its default is left out by the reader's eye, not here."""
    recipe = result.recipe
    asked = recipe["parameters"]
    given = [f"{name}={value!r}" for name, value in asked.items() if value is not None]
    if recipe["question"] in _OF_SEGMENTS:
        return f"segments.{recipe['question']}({', '.join([*(['log'] if recipe.get('log') else []), *given])})"
    name = _FUNCTIONS.get(recipe["question"], recipe["question"])
    return f"dg.{name}({', '.join(['log' if recipe.get('log') else 'table', *given])})"


def _table(result: Result, shown: str, lang: str, most: int) -> dict[str, Any]:
    """A table's title, head, cells (text, and whether it is a number), and how many rows are left out."""
    table = in_language(result.tables[shown], lang)
    columns = [str(column) for column in table.columns]
    names, cells = _names(result, lang), []
    for row in table.head(most).itertuples(index=False):
        measure = str(row[0]) if columns[0] == "measure" else None
        written = [(names.get(one, one), at) for one, at in zip(row, columns, strict=True)]
        cells.append([_cell(one, measure, at, lang, result.name) for one, at in written])
    return {
        "title": caption(shown, lang, result.name),
        "head": [(label(name, lang, result.name), bool(cells) and cells[0][at][1]) for at, name in enumerate(columns)],
        "rows": cells,
        "wide": len(columns) > _WIDE,
        "left": max(len(table) - most, 0),
    }


def _names(result: Result, lang: str) -> dict[Any, str]:
    """Return what is written instead of names in tables: what stands for no event, as the end of a flow does."""
    from dangol.plots.flows import korean

    return dict(korean(result)) if result.name == "flows" and lang == "ko" else {}


def _cell(value: Any, measure: str | None, column: str, lang: str, question: str) -> tuple[str, bool]:
    """Write a cell, and say whether it is a number; the values of a summary are written as their measure asks."""
    named = measure if measure and column != "measure" else column
    return write(value, named, lang, question), not isinstance(value, str) and column != "weekday"
