"""``run``: a playbook from its source to its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dangol import catalogue, datasets
from dangol.core.errors import choice
from dangol.core.result import Result
from dangol.core.words import LANGUAGES
from dangol.log import EventLog, ingest, open_log
from dangol.log.narrowed import narrowed
from dangol.log.progress import Progress
from dangol.log.segments import read_table
from dangol.reports.report import compose_report

from . import writing
from .read import CHOSEN, Playbook, read, with_place

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
    that ships; ``sample``: generated data, with ``users``, ``seed``, ``plant``, ``dirty``), ``[mapping]`` (the
    arguments of ``ingest``), ``[view]`` (``where``, ``since``, ``until``), ``[[segments]]`` (``name``, and ``table`` or
    ``rfm``), ``[[questions]]`` (``ask``, its parameters, and if wanted ``title``, ``where``, ``since``, ``until``) and
    ``[report]`` (``file``, ``title``, ``lang``). A title is a text or ``{ en = …, ko = … }``. Relative paths begin
    where the playbook lies.

    Args:
        playbook: a file, or the name of a playbook that ships, such as ``"online-retail"``.
        out: the folder to write: the report, ``results/`` and, where the source is not a log, ``data.log/``.
        lang: language of the report, ``en`` or ``ko``; None takes the playbook's, else English.
        date: the day of running, shown below the heading; None shows none. Nothing else depends on when it is run.
        progress: show a bar if it takes more than two seconds and a person watches.

    Returns:
        The report's path. ``results/`` has a folder for each question with ``answer.json`` (sentences, how, recipe) and
        each table as Parquet, whose metadata under ``dangol`` hold the recipe and the log's fingerprint.

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
    lang = choice("lang", lang or plan.report.get("lang", "en"), LANGUAGES)
    folder = writing.folder_of(out)
    with writing.alone(folder), Progress(progress) as bar:
        bar.update("source", 0, 1)
        log = _segmented(plan, _viewed(plan, _log(plan, folder, progress), plan.view, ("view",)))
        results = _answers(plan, log, bar)
        bar.update("writing", 0, 1)
        titles = [_worded(one.get("title"), lang) for one in plan.questions]
        title = _worded(plan.report.get("title", plan.title), lang)
        page = compose_report(log, results, title=title, titles=titles, lang=lang, date=date)
        return writing.put(folder, results, page, str(plan.report.get("file", "report.html")))


def _worded(text: str | Mapping[str, str] | None, lang: str) -> str | None:
    """Return a title in a language, or in the only one it has."""
    return text.get(lang, next(iter(text.values()))) if isinstance(text, Mapping) else text


# ---- the log ----------------------------------------------------------------------------------------------------


def _log(plan: Playbook, folder: Path, progress: bool) -> EventLog:
    source = plan.source
    if "log" in source:
        return with_place(plan, ("source", "log"), open_log, plan.folder / source["log"])  # type: ignore[no-any-return]
    given = dict(plan.mapping)
    if "sample" in source:
        make = getattr(datasets, source["sample"].replace("-", "_"))
        chosen = {name: source[name] for name in CHOSEN if name in source}
        sample = with_place(plan, ("source",), make, *([source["users"]] if "users" in source else []), **chosen)
        table: Any = sample.tables["events"]
        given = dict(sample.mapping)
        if isinstance(given.get("attributes"), str):
            given["attributes"] = sample.tables[given["attributes"]]
    elif "data" in source:
        table = getattr(datasets, source["data"])()
    else:
        paths = [source["path"]] if isinstance(source["path"], str) else source["path"]
        found = [str(plan.folder / one) for one in paths]
        table = found if len(found) > 1 else found[0]
        if isinstance(given.get("attributes"), str):
            given["attributes"] = str(plan.folder / given["attributes"])
    key = next(iter(source))
    return with_place(  # type: ignore[no-any-return]
        plan, ("source", key), ingest, table, out=folder / "data.log", replace=True, progress=progress, **given
    )


def _viewed(plan: Playbook, log: EventLog, asked: Mapping[str, Any], path: tuple[str | int, ...]) -> EventLog:
    log = with_place(plan, (*path, "where"), narrowed, log, asked.get("where", []), None, None)
    span = asked.get("since"), asked.get("until")
    return with_place(plan, (*path, "since"), narrowed, log, [], *span)  # type: ignore[no-any-return]


def _segmented(plan: Playbook, log: EventLog) -> EventLog:
    """Give the log its segments; those of an RFM are told by the log itself, up to their own as_of."""
    whole = log
    for place, one in enumerate(plan.segments):
        path = ("segments", place)
        given = {name: one[name] for name in ("unit", "label", "as_of", "hindsight") if name in one}
        if "rfm" in one:
            asked = {**one["rfm"], **({"as_of": one["as_of"]} if "as_of" in one else {})}
            recipe = {"question": "rfm", "parameters": asked}
            table: Any = with_place(plan, path, catalogue.ask, whole, recipe).tables["users"]
        else:
            table = with_place(plan, path, read_table, plan.folder / one["table"])
        log = with_place(plan, path, log.with_segments, table, name=one["name"], **given)
    return log


# ---- answers ----------------------------------------------------------------------------------------------------


def _answers(plan: Playbook, log: EventLog, bar: Progress) -> list[Result]:
    found = []
    for place, one in enumerate(plan.questions):
        bar.update(one["ask"], place, len(plan.questions))
        asked = {name: value for name, value in one.items() if name not in _NOT_ASKED}
        view = _viewed(plan, log, one, ("questions", place))
        recipe = {"question": one["ask"], "parameters": asked}
        found.append(with_place(plan, ("questions", place), catalogue.ask, view, recipe))
    return found
