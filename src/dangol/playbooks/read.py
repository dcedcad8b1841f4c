"""Reading a playbook: every table, key and kind of value is checked before anything is run."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from dangol import catalogue
from dangol.core.errors import DangolError, InputError, StoreError, choice, unknown
from dangol.core.words import LANGUAGES
from dangol.log.ingest import ingest

from .lines import Place, locate

_SAMPLES: Final = ("school-sns", "fashion-shop", "creator-platform")
CHOSEN: Final = ("seed", "plant", "dirty")  # of a sample, besides its size
_LONG: Final = 255  # letters of a name that no file system takes
_BUNDLED: Final = Path(__file__).parent / "bundled"

_TEXT, _TEXTS, _FLAG, _NUMBER, _TABLE, _WORDING = "text", "text or list", "flag", "number", "table", "wording"
_NOT_MAPPED: Final = ("source", "out", "memory", "now", "replace", "progress")
_MAPPED: Final = {"properties": "list", "collapse": "list", "header": _FLAG, "sheet": "text or number"}
_TABLES: Final[dict[str, dict[str, str]]] = {
    "": {
        "title": _WORDING,
        "source": _TABLE,
        "mapping": _TABLE,
        "view": _TABLE,
        "segments": "tables",
        "questions": "tables",
        "report": _TABLE,
    },
    "source": {
        "log": _TEXT,
        "path": _TEXTS,
        "data": _TEXT,
        "sample": _TEXT,
        "users": _NUMBER,
        "seed": _NUMBER,
        "plant": _FLAG,
        "dirty": _FLAG,
    },
    "view": {"where": "list", "since": _TEXT, "until": _TEXT},
    "segments": {
        "name": _TEXT,
        "table": _TEXT,
        "unit": _TEXT,
        "label": _TEXT,
        "as_of": _TEXT,
        "hindsight": _FLAG,
        "rfm": _TABLE,
    },
    "questions": {"ask": _TEXT, "title": _WORDING, "where": "list", "since": _TEXT, "until": _TEXT},
    "report": {"file": _TEXT, "title": _WORDING, "lang": _TEXT},
}


@dataclass(frozen=True)
class Playbook:
    """A whole analysis: which data, how to read them, what to ask, what to write.

    ``folder`` is where relative paths begin; ``lines`` has the line of every key.
    """

    name: str
    folder: Path
    title: str | Mapping[str, str] | None
    source: Mapping[str, Any]
    mapping: Mapping[str, Any]
    view: Mapping[str, Any]
    segments: Sequence[Mapping[str, Any]]
    questions: Sequence[Mapping[str, Any]]
    report: Mapping[str, Any]
    lines: Mapping[Place, int]

    def at(self, *path: str | int) -> str:
        """Say where something stands: the file and the line of the key, or of the table that it is missing in."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}, line {self.lines[path[:length]]}"
        return self.name


def bundled() -> list[str]:
    """Return the names of the playbooks that ship with Dangol."""
    return sorted(path.stem for path in _BUNDLED.glob("*.toml"))


def read(playbook: str | Path) -> Playbook:
    """Read and check a playbook: a file, or the name of one that ships.

    Raises:
        InputError: for a file that is not there or no TOML, a missing or unknown table, key, question or parameter, or
            a value of the wrong kind; the line is named.
    """
    path = _found(playbook)
    try:
        text = path.read_text(encoding="utf-8-sig")
        held = tomllib.loads(text)
    except UnicodeDecodeError as problem:
        raise InputError(f"{path.name} is not UTF-8 text: {problem.reason} at byte {problem.start}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"{path.name} is not TOML: {problem}") from problem
    except RecursionError as problem:
        raise InputError(f"{path.name} is nested too deeply; write a plain list of tables and keys") from problem
    except OSError as problem:
        raise StoreError(f"{path} cannot be read: {problem.strerror or problem}") from problem
    read_in = Playbook(
        name=path.name,
        folder=path.resolve().parent,
        title=held.get("title"),
        source=held.get("source", {}),
        mapping=held.get("mapping", {}),
        view=held.get("view", {}),
        segments=held.get("segments", []),
        questions=held.get("questions", []),
        report=held.get("report", {}),
        lines=locate(text),
    )
    _check(read_in, held)
    return read_in


def _found(playbook: object) -> Path:
    if not isinstance(playbook, str | Path) or not str(playbook).strip() or "\0" in str(playbook):
        raise InputError(
            f"{playbook!r} is neither a playbook's file nor the name of one; those that ship are {', '.join(bundled())}"
        )
    path = Path(playbook)
    if len(path.name) < _LONG and path.is_file():
        return path
    if str(playbook) in bundled():
        return _BUNDLED / f"{playbook}.toml"
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise InputError(f"there is no playbook {playbook}; those that ship are {', '.join(bundled())}")
    raise unknown("playbook", playbook, bundled(), "Dangol")


# ---- checks -----------------------------------------------------------------------------------------------------


def _check(read_in: Playbook, held: Mapping[str, Any]) -> None:
    _keys(read_in, held, "", ())
    for name in ("source", "view", "report"):
        _keys(read_in, getattr(read_in, name), name, (name,))
    _check_mapping(read_in)
    _check_source(read_in)
    for place, one in enumerate(read_in.segments):
        _keys(read_in, one, "segments", ("segments", place))
        _check_segments(read_in, one, place)
    for place, one in enumerate(read_in.questions):
        _check_question(read_in, one, place)
    if not read_in.questions:
        raise InputError(f'{read_in.name} asks nothing; add a question: [[questions]] and below it ask = "overview"')
    _check_file(read_in)
    if "lang" in read_in.report:
        with_place(read_in, ("report", "lang"), choice, "lang", read_in.report["lang"], LANGUAGES)


def with_place(read_in: Playbook, path: tuple[str | int, ...], function: Any, *given: Any, **named: Any) -> Any:
    """Call a function; a problem with its arguments is told with the file and the line where they stand.

    Where the problem begins with the name of a key, as in ``every='1x' is …``, the line is that of the key.
    """
    try:
        return function(*given, **named)
    except DangolError as problem:
        key = re.match(r"(\w+)[= ]", str(problem))
        raise type(problem)(f"{read_in.at(*path, *([key[1]] if key else []))}: {problem}") from problem


def _keys(read_in: Playbook, held: Mapping[str, Any], table: str, path: tuple[str | int, ...]) -> None:
    known = _TABLES[table]
    for key, value in held.items():
        if key not in known:
            where = f"[{table}]" if table else "a playbook"
            raise InputError(f"{read_in.at(*path, key)}: {unknown('key', key, known, where)}")
        _kind(read_in, (*path, key), value, known[key])


def _listed(value: object, kind: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) and not isinstance(one, bool) for one in value)


def _worded(value: object) -> bool:
    if isinstance(value, dict):
        return bool(value) and set(value) <= set(LANGUAGES) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, str)


_KINDS: Final[dict[str, tuple[str, Any]]] = {
    "text": ("a text in quotes", lambda value: isinstance(value, str)),
    "text or list": ("a text, or a list of texts", lambda value: isinstance(value, str) or _listed(value, str)),
    "text or number": ("a text, or a whole number", lambda value: isinstance(value, str | int)),
    "list": ("a list of texts", lambda value: _listed(value, str)),
    "numbers": ("a list of numbers", lambda value: _listed(value, int | float)),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "number": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "share": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "table": ("a table", lambda value: isinstance(value, dict)),
    "wording": ("a text in quotes, or one in each language { en = …, ko = … }", _worded),
    "tables": ("one or more tables in double brackets", lambda value: _listed(value, dict)),
}


def _kind(read_in: Playbook, path: tuple[str | int, ...], value: object, kind: str) -> None:
    wanted, fits = _KINDS[kind]
    if not fits(value):
        raise InputError(f"{read_in.at(*path)}: {path[-1]} must be {wanted}, found {value!r}")


def _check_file(read_in: Playbook) -> None:
    """The report lies in the folder of the run, and nowhere else: playbooks are passed from hand to hand."""
    file = read_in.report.get("file", "report.html")
    parts = PurePosixPath(file).parts
    odd = any(part.startswith(".") or part.endswith((" ", ".")) for part in parts) or set(file) & set('\\:\0<>|?*"')
    if not parts or file.startswith("/") or file.endswith("/") or odd or parts[0] in ("results", "data.log"):
        raise InputError(
            f"{read_in.at('report', 'file')}: file must name a file within the folder of the run, not in results or "
            f'data.log, such as "report.html", found {file!r}'
        )


def _check_mapping(read_in: Playbook) -> None:
    known = [name for name in inspect.signature(ingest).parameters if name not in _NOT_MAPPED]
    for key in read_in.mapping:
        if key not in known:
            raise InputError(f"{read_in.at('mapping', key)}: {unknown('key', key, known, '[mapping]')}")
        _kind(read_in, ("mapping", key), read_in.mapping[key], _MAPPED.get(key, _TEXT))


def _check_source(read_in: Playbook) -> None:
    ways = ("log", "path", "data", "sample")
    given = [way for way in ways if way in read_in.source]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        raise InputError(f"{read_in.at('source')}: [source] needs one of {', '.join(ways)}, found {found}")
    if read_in.source.get("path") in ("", []):
        raise InputError(f"{read_in.at('source', 'path')}: path names no file")
    if "sample" in read_in.source:
        with_place(read_in, ("source", "sample"), choice, "sample", read_in.source["sample"], _SAMPLES)
    if "data" in read_in.source:
        with_place(read_in, ("source", "data"), choice, "data", read_in.source["data"], ("online_retail",))
    for key in ("users", *CHOSEN):
        if key in read_in.source and "sample" not in read_in.source:
            raise InputError(f"{read_in.at('source', key)}: {key} goes with sample, the data that are generated")
    needed = [role for role in ("user", "event", "time") if role not in read_in.mapping]
    if given[0] in ("path", "data") and needed:
        raise InputError(f"{read_in.at('mapping')}: [mapping] must say which column is the {' and the '.join(needed)}")
    if given[0] in ("log", "sample") and read_in.mapping:
        raise InputError(f"{read_in.at('mapping')}: [mapping] goes with path; a {given[0]} needs none")


def _check_segments(read_in: Playbook, one: Mapping[str, Any], place: int) -> None:
    if "name" not in one or ("table" in one) == ("rfm" in one):
        raise InputError(
            f"{read_in.at('segments', place)}: [[segments]] needs a name, and either table (a file) or rfm (a question)"
        )
    known = [parameter.name for parameter in catalogue.parameters("rfm")]
    for key in one.get("rfm", {}):
        if key not in known:
            raise InputError(f"{read_in.at('segments', place, 'rfm')}: {unknown('parameter', key, known, 'rfm')}")


def _check_question(read_in: Playbook, one: Mapping[str, Any], place: int) -> None:
    if "ask" not in one:
        raise InputError(f'{read_in.at("questions", place)}: [[questions]] needs ask = "…", one of {_asked()}')
    with_place(read_in, ("questions", place, "ask"), catalogue.question, one["ask"])
    own = {parameter.name: parameter for parameter in catalogue.parameters(one["ask"])}
    for key, value in one.items():
        if key in _TABLES["questions"]:
            _kind(read_in, ("questions", place, key), value, _TABLES["questions"][key])
        elif key in own:
            _kind(read_in, ("questions", place, key), value, own[key].kind)
        else:
            known = [*own, *_TABLES["questions"]]
            raise InputError(f"{read_in.at('questions', place, key)}: {unknown('parameter', key, known, one['ask'])}")
    missing = [name for name, parameter in own.items() if parameter.required and name not in one]
    if missing:
        raise InputError(f"{read_in.at('questions', place)}: {one['ask']} needs {' and '.join(missing)}")


def _asked() -> str:
    return re.sub(r"[\[\]']", "", str(list(catalogue.QUESTIONS)))
