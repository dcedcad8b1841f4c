"""``dangol segment``: from a log to features of its units, to segments, to what sets them apart."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Optional

import typer

from dangol.catalogue import Parameter, parameters_of
from dangol.core.errors import InputError
from dangol.core.files import staged
from dangol.core.label_values import NOUNS
from dangol.log import open_log
from dangol.log.narrowed import narrowed
from dangol.segments.choose import choose_clusters
from dangol.segments.cluster import cluster
from dangol.segments.features import group_features
from dangol.segments.profile import profile
from dangol.segments.segments import Segments

from .app import OUTPUT, app, check_answer, check_language, check_table, described, option_of, present, signed, value_of
from .outputs import check_out

segment_app = typer.Typer(
    help="Groups of units that behave alike: features, how many segments, the segments, and what sets them apart.",
    rich_markup_mode="markdown",
)
app.add_typer(segment_app, name="segment")

_TABLE: Final = ("file", "A Parquet or CSV file with a row per unit.")
_SEGMENTS: Final = ("segments", "A file that dangol segment fit has written.")


def _own(name: str, kind: Any, default: Any, help_text: str, *short: str) -> inspect.Parameter:
    """An option of one command alone."""
    option = typer.Option(f"--{name.replace('_', '-')}", *short, help=help_text)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


_OUT: Final = _own("out", Optional[Path], None, "The Parquet file to write.", "-o")  # noqa: UP045 - read at run time


def _asked(told: tuple[Parameter, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Turn the texts of options into arguments; a text that the function reads itself stays as it is."""
    return {
        one.name: given[one.name] if one.kind in ("text or list", "numbers") else value_of(one, given[one.name])
        for one in told
        if given[one.name] is not None
    }


def _shared(read: Path, given: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the options of every answer; what is to be written must be no file that is read, told by its option."""
    shared = {one.name: given[one.name] for one in OUTPUT}
    check_language(shared["lang"])
    out, reads = given.get("out"), [read, *(given[name] for name in names)]
    if out is not None:
        check_out(out, reads=reads, suffixes=(".parquet",))
    check_answer(shared, [*reads, out])
    return shared


def _written(path: Path | None) -> None:
    if path is not None:
        print(f"written to {path}", file=sys.stderr)


# ---- features ---------------------------------------------------------------------------------------------------


def _features(log: Path, **given: Any) -> None:
    shared = _shared(log, given, "spec", "edges")
    view = narrowed(open_log(log), given["where"] or [], given["since"], given["until"])
    exclude = [part.strip() for part in (given["exclude"] or "").split(",") if part.strip()]
    asked = {name: given[name] for name in ("unit", "edges", "least", "as_of") if given[name] is not None}
    found = group_features(view, given["spec"], exclude=exclude, **asked)
    check_table(found, shared)
    if given["out"] is not None:
        with staged(given["out"]) as part:
            found.table.to_parquet(part, index=False)
    present(found, shared)
    _written(given["out"])


# ---- choose, fit ------------------------------------------------------------------------------------------------


def _choose(file: Path, **given: Any) -> None:
    shared = _shared(file, given)
    present(choose_clusters(file, **_asked(parameters_of(choose_clusters), given)), shared)


def _fit(file: Path, **given: Any) -> None:
    shared = _shared(file, given, "like")
    made = cluster(file, **_asked(parameters_of(cluster), given))
    if given["like"] is not None:
        made = made.match(Segments.load(given["like"]))
    if given["tiers"] is not None:
        made = made.tiers(given["tiers"], noun=given["noun"], confounders=given["confounders"] or "")
    elif given["confounders"] is not None or given["noun"] is not None:
        raise InputError("--noun and --confounders go with --tiers, the axes on which the segments are ranked")
    check_table(made.result, shared)
    if given["out"] is not None:
        made.save(given["out"].resolve())  # a link stays a link
    present(made.result, shared)
    _written(given["out"])


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


# ---- profile ----------------------------------------------------------------------------------------------------


def _profile(segments: Path, **given: Any) -> None:
    shared = _shared(segments, given, "log")
    narrow = {name: given[name] for name in ("where", "since", "until") if given[name]}
    if narrow and given["log"] is None:
        raise InputError(f"--{next(iter(narrow))} narrows a log; give --log, too")
    log = None if given["log"] is None else open_log(given["log"])
    if log is not None:
        log = narrowed(log, given["where"] or [], given["since"], given["until"])
    asked = {name: _names(given[name]) for name in ("events", "attributes") if given[name] is not None}
    present(Segments.load(segments).profile(log, **asked), shared)


# ---- the commands -----------------------------------------------------------------------------------------------

_TEXT: Final[Any] = Optional[str]  # noqa: UP045 - read at run time
_VIEW: Final = (
    _own("where", Optional[list[str]], None, "Only events, or users, such as 'country == France'."),  # noqa: UP045
    _own("since", _TEXT, None, "Only events from this local time on."),
    _own("until", _TEXT, None, "Only events before this local time."),
)
_COMMANDS: Final[tuple[tuple[str, Callable[..., None], Any, list[inspect.Parameter], Callable[..., Any]], ...]] = (
    (
        "features",
        _features,
        ("log", "A log made by dangol ingest."),
        [
            _own("spec", Path, inspect.Parameter.empty, "A TOML file that names the features."),
            _own("unit", _TEXT, None, "Of what: user, session, or a text column such as group."),
            _own("edges", _TEXT, None, "A Parquet or CSV file of accepted pairs: source, target, and time if known."),
            _own("least", Optional[int], None, "The fewest active users of a group."),  # noqa: UP045
            _own("exclude", _TEXT, None, "Units to leave out (comma-separated)."),
            _own("as_of", _TEXT, None, "Only events before this local time."),
            *_VIEW,
            _OUT,
        ],
        group_features,
    ),
    ("choose", _choose, _TABLE, [*map(option_of, parameters_of(choose_clusters))], choose_clusters),
    (
        "fit",
        _fit,
        _TABLE,
        [
            *map(option_of, parameters_of(cluster)),
            _own("like", Optional[Path], None, "Earlier segments: those with the same members keep their names."),  # noqa: UP045
            _own("tiers", _TEXT, None, "Rank the segments on these columns and name them; -price: less is better."),
            _own("noun", _TEXT, None, f"Of what the tiers are: {', '.join(NOUNS)}."),
            _own("confounders", _TEXT, None, "Columns to show beside the tiers, such as follower."),
            _OUT,
        ],
        cluster,
    ),
    (
        "profile",
        _profile,
        _SEGMENTS,
        [
            _own("log", Optional[Path], None, "The log of the units, for their events."),  # noqa: UP045
            _own("events", _TEXT, None, "Which events to compare. Default: the most frequent."),
            _own("attributes", _TEXT, None, "Which text columns tell who the units are. Default: all with few values."),
            *_VIEW,
        ],
        profile,
    ),
)

for _name, _run, _first, _options, _told in _COMMANDS:
    segment_app.command(_name)(signed(_run, _first, [*_options, *OUTPUT], described(_told)))
