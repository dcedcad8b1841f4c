"""The commands: ``ingest``, one for each question of the catalogue, ``demo``."""

from __future__ import annotations

import inspect
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Optional

import typer
from typer.exceptions import Abort, TyperException

from dangol.catalogue import QUESTIONS, Parameter, parameters
from dangol.core.errors import DangolError, InputError, unknown
from dangol.core.files import staged
from dangol.core.result import Result
from dangol.core.words import LANGUAGES
from dangol.log import EventLog, open_log
from dangol.log.narrowed import narrowed
from dangol.log.segments import read_table

from .outputs import check_out
from .terminal import show, to_json

app = typer.Typer(
    name="dangol",
    help="Behaviour analytics from raw logs to a decision.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_INTERRUPTED: Final = 130  # what typer returns instead of raising KeyboardInterrupt
_TERMINATED: Final = 143  # as a shell tells of a process that SIGTERM ended
_LOG: list[inspect.Parameter] = []  # options that every question about a log has
OUTPUT: list[inspect.Parameter] = []  # and those of every answer


def _shared(into: list[inspect.Parameter], name: str, kind: Any, default: Any, help_text: str) -> None:
    option = typer.Option(f"--{name.replace('_', '-')}", help=help_text, rich_help_panel="Every question")
    into.append(
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
    )


_shared(
    _LOG,
    "where",
    list[str] | None,
    None,
    "Only events, or users, with a property: 'country == France'; may be repeated.",
)
_shared(_LOG, "since", str | None, None, "Only events from this local time on.")
_shared(_LOG, "until", str | None, None, "Only events before this local time.")
_shared(
    _LOG,
    "segments",
    Path | None,
    None,
    "A Parquet or CSV file with the columns user, segment and as_of: segment becomes a column, for --by segment.",
)
_shared(
    _LOG,
    "segments_as_of",
    str | None,
    None,
    "Up to when the data reach that made the segments, if the file does not say.",
)
_shared(_LOG, "hindsight", bool, False, "Allow segments made later than the data that they are asked about.")
_shared(OUTPUT, "table", str | None, None, "Which table to show or write instead of the usual ones.")
_shared(OUTPUT, "json", bool, False, "Print the whole answer as JSON.")
_shared(OUTPUT, "csv", bool, False, "Print the table as CSV, all rows.")
_shared(OUTPUT, "html", Path | None, None, "Write a self-contained page with the figure to this file.")
_shared(OUTPUT, "lang", str, "en", "Language of the sentences: en or ko.")


def option_of(parameter: Parameter) -> inspect.Parameter:
    """The command line's form of a question's parameter: lists are comma-separated, the question checks words."""
    kind: Any = {"flag": bool, "number": int, "share": float}.get(parameter.kind, str)
    help_text = parameter.help
    if parameter.choices:
        help_text += f" One of: {', '.join(parameter.choices)}."
    if parameter.kind in ("list", "text or list", "numbers"):
        help_text += " (comma-separated)"
    if parameter.kind == "table":
        help_text += " (as JSON)"
    default = parameter.default
    if isinstance(default, tuple):
        default = ",".join(map(str, default)) or None
    if parameter.required:
        default = inspect.Parameter.empty
    elif parameter.kind != "flag" and default in (None, ()):
        kind, default = Optional[kind], None  # noqa: UP045 - built at run time
    option = typer.Option(f"--{parameter.name.replace('_', '-')}", help=help_text)
    return inspect.Parameter(
        parameter.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def _command(name: str) -> Callable[..., None]:
    """Build the command of a question from its parameters."""
    told = parameters(name)

    def run(log: Path, **given: Any) -> None:
        shared = {one.name: given.pop(one.name) for one in (*_LOG, *OUTPUT)}
        check_language(shared["lang"])
        check_answer(shared, [log, shared["segments"]])
        asked = {one.name: value_of(one, given[one.name]) for one in told if given[one.name] is not None}
        present(QUESTIONS[name](asked_view(log, shared), **asked), shared)

    told_in_words = described(QUESTIONS[name])
    return signed(run, ("log", "A log made by dangol ingest."), [*map(option_of, told), *_LOG, *OUTPUT], told_in_words)


def described(function: Callable[..., Any]) -> str:
    """Return what a docstring says before its arguments, as help."""
    told = inspect.cleandoc(function.__doc__ or "").partition("\nArgs:")[0]
    return told.replace("::\n", ":\n").replace("``", "")


def signed(
    run: Callable[..., None], first: tuple[str, str], options: Sequence[inspect.Parameter], told: str
) -> Callable[..., None]:
    """Give a function the signature and help of a command: a path by name and help, then options."""
    path = inspect.Parameter(
        first[0],
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        annotation=Annotated[Path, typer.Argument(help=first[1], show_default=False)],
    )
    signature = inspect.Signature([path, *options])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
    run.__doc__ = told
    return run


def check_language(lang: str) -> None:
    """Refuse a language that Dangol does not speak."""
    if lang not in LANGUAGES:
        raise InputError(f"--lang {lang} is not known; use en or ko")


def check_answer(shared: dict[str, Any], reads: Sequence[Path | str | None]) -> None:
    """Refuse a page that cannot be written, or that would replace what the command reads or writes."""
    if shared["html"] is not None:
        check_out(shared["html"], reads=reads, suffixes=(".html", ".htm"), option="--html")


def check_table(result: Result, shared: dict[str, Any]) -> None:
    """Refuse a table that the answer does not have, before anything is written."""
    if shared["table"] is not None:
        result.tables[shared["table"]]  # raises, with the nearest name


def asked_view(path: Path, shared: dict[str, Any]) -> EventLog:
    """Open a log, give it the segments asked for, and narrow it to the view asked for."""
    log = open_log(path)
    if shared["segments"] is not None:
        table = read_table(shared["segments"])
        log = log.with_segments(table, as_of=shared["segments_as_of"], hindsight=shared["hindsight"])
    elif shared["segments_as_of"] is not None or shared["hindsight"]:
        raise InputError("--segments-as-of and --hindsight go with --segments, the file that holds them")
    return narrowed(log, shared["where"] or [], shared["since"], shared["until"])


def value_of(parameter: Parameter, given: Any) -> Any:
    """Turn the text of an option into what the question takes: commas part the items of a list."""
    if parameter.kind in ("text", "flag", "number", "share"):
        return given
    if parameter.kind == "table":
        return _json(parameter.name, given)
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if parameter.kind == "text or list" and len(parts) == 1:
        return parts[0]
    if parameter.kind != "numbers":
        return parts
    try:
        return [float(part) if "." in part or "e" in part.lower() else int(part) for part in parts]
    except ValueError:
        name = parameter.name.replace("_", "-")
        raise InputError(f"--{name} {given!r} must be numbers parted by commas, such as 1,3,7") from None


def _json(name: str, given: str) -> Any:
    try:
        return json.loads(given)
    except json.JSONDecodeError as problem:
        raise InputError(f"--{name} is not JSON: {problem}") from problem


def present(result: Result, shared: dict[str, Any]) -> None:
    """Print an answer, as JSON, as CSV or for people, and write its page where one is wanted."""
    check_table(result, shared)
    wanted = shared["table"]
    if shared["html"] is not None:
        from dangol.reports.page import page

        with staged(shared["html"]) as part:
            part.write_text(page(result, shared["lang"]), encoding="utf-8")
    if shared["json"]:
        print(to_json(result, shared["lang"]))
    elif shared["csv"]:
        (result.tables[wanted] if wanted else result.table).to_csv(sys.stdout, index=False)
    else:
        show(result, shared["lang"], (wanted,) if wanted else result.shown)
    if shared["html"] is not None:
        print(f"page written to {shared['html']}", file=sys.stderr)


for _name in QUESTIONS:
    app.command(_name)(_command(_name))


def main() -> None:
    """Run the command line; a problem the user can solve is one sentence on standard error and exit code 2."""
    from . import collect, demo, ingest, report, sample, segment  # noqa: F401 - they register their commands

    with suppress(ValueError):  # not the main thread, which alone may say so
        signal.signal(signal.SIGTERM, _end)  # so that what is half written is taken away
    _open_streams()
    words = sys.argv[1:] or ["--help"]
    commands = [str(one.name) for one in app.registered_commands]
    commands += [str(one.name) for one in app.registered_groups]
    try:
        if not words[0].startswith("-") and words[0] not in commands:
            raise unknown("command", words[0], commands, "dangol")
        if app(words, standalone_mode=False) == _INTERRUPTED:
            raise KeyboardInterrupt
    except TyperException as problem:  # its own words for a wrong option, without the box
        _tell(f"{problem.format_message().rstrip('.')}; see {_command_of(problem, words[0], commands)} --help")
        sys.exit(2)
    except DangolError as problem:
        _tell(str(problem))
        sys.exit(2)
    except (KeyboardInterrupt, Abort):
        print("dangol: stopped; nothing was left behind", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except UnicodeEncodeError:
        if "".join(words).isprintable():  # then it is no fault of the words
            raise
        _tell("what was given holds letters that cannot be read in this terminal's encoding; give them in UTF-8")
        sys.exit(2)
    except OSError as problem:
        _tell(f"{problem.filename or 'a file'} cannot be used: {problem.strerror or problem}")
        sys.exit(2)


def _open_streams() -> None:
    """Let output go nowhere that was closed, and show what the terminal has no letter for by its number."""
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as it runs
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _end(*_: object) -> None:
    """End as a signal asked, past all that cleans up."""
    sys.exit(_TERMINATED)


def _tell(problem: str) -> None:
    """Print a problem as one line; a name in it may hold others, or what a terminal would obey."""
    text = "".join(one if one.isprintable() else " " for one in problem)
    print(f"dangol: {text.strip()}", file=sys.stderr)


def _command_of(problem: TyperException, word: str, commands: Sequence[str]) -> str:
    """The command whose help tells about a wrong option."""
    context, names = getattr(problem, "ctx", None), []
    if context is None and word in commands:
        names = [word]
    while context is not None and context.parent is not None:
        names, context = [str(context.info_name), *names], context.parent
    return " ".join(["dangol", *names])
