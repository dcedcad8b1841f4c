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

from .kinds import FLAG, KINDS, NUMBER, TABLE, TEXT, TEXTS, WORDING, kind_of
from .lines import Place, locate
from .read_segments import KEYS, problems_of

_SAMPLES: Final = ("school-sns", "fashion-shop", "creator-platform")
CHOSEN: Final = ("seed", "plant", "dirty")  # of a sample, besides its size
_EVENTS: Final = ("online_retail",)  # tables that ship: a row per event
_UNITS: Final = ("influencer_rates",)  # a row per unit
_NOTHING: Final = {
    False: 'add a question: [[questions]] and below it ask = "overview"',
    True: 'add segments: [[segments]] and below it name = "kind" and cluster = { features = ["…"], k = 3 }',
}
_LONG: Final = 255  # letters of a name that no file system takes
_BUNDLED: Final = Path(__file__).parent / "bundled"

_NOT_MAPPED: Final = ("source", "out", "memory", "now", "replace", "progress")
_MAPPED: Final = {"properties": "list", "collapse": "list", "header": FLAG, "sheet": "text or number"}
_TABLES: Final[dict[str, dict[str, str]]] = {
    "": {
        "title": WORDING,
        "source": TABLE,
        "mapping": TABLE,
        "view": TABLE,
        "segments": "tables",
        "questions": "tables",
        "report": TABLE,
    },
    "source": {
        "log": TEXT,
        "path": TEXTS,
        "units": TEXT,
        "data": TEXT,
        "sample": TEXT,
        "users": NUMBER,
        "seed": NUMBER,
        "plant": FLAG,
        "dirty": FLAG,
    },
    "view": {"where": "list", "since": TEXT, "until": TEXT},
    "segments": KEYS,
    "questions": {"ask": TEXT, "title": WORDING, "where": "list", "since": TEXT, "until": TEXT},
    "report": {"file": TEXT, "title": WORDING, "lang": TEXT},
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

    @property
    def of_units(self) -> bool:
        """Whether the source is a table with a row per unit, and no log of events."""
        return "units" in self.source or self.source.get("data") in _UNITS

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
        for path, problem in problems_of(one, read_in.folder, of_units=read_in.of_units):
            raise InputError(f"{read_in.at('segments', place, *path)}: {problem}")
    _check_names(read_in)
    for place, one in enumerate(read_in.questions):
        _check_question(read_in, one, place)
    if not read_in.questions and not any({"cluster", "choose"} & {*one} for one in read_in.segments):
        raise InputError(f"{read_in.name} asks nothing; {_NOTHING[read_in.of_units]}")
    _check_file(read_in)
    if "lang" in read_in.report:
        with_place(read_in, ("report", "lang"), choice, "lang", read_in.report["lang"], LANGUAGES)


def _check_names(read_in: Playbook) -> None:
    """Segments are asked of by their names; a mere look makes none."""
    made = [one["name"] if {"table", "rfm", "cluster"} & set(one) else None for one in read_in.segments]
    for place, name in enumerate(made):
        if name is not None and name in made[:place]:
            raise InputError(
                f"{read_in.at('segments', place, 'name')}: segments above are called {name!r} already; give these "
                f"another name"
            )


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


def _kind(read_in: Playbook, path: tuple[str | int, ...], value: object, kind: str) -> None:
    wanted, fits = KINDS[kind]
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
        _kind(read_in, ("mapping", key), read_in.mapping[key], _MAPPED.get(key, TEXT))


def _check_source(read_in: Playbook) -> None:
    ways = ("log", "path", "units", "data", "sample")
    given = [way for way in ways if way in read_in.source]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        raise InputError(f"{read_in.at('source')}: [source] needs one of {', '.join(ways)}, found {found}")
    if read_in.source.get("path") in ("", []):
        raise InputError(f"{read_in.at('source', 'path')}: path names no file")
    if "sample" in read_in.source:
        with_place(read_in, ("source", "sample"), choice, "sample", read_in.source["sample"], _SAMPLES)
    if "data" in read_in.source:
        with_place(read_in, ("source", "data"), choice, "data", read_in.source["data"], (*_EVENTS, *_UNITS))
    for key in ("users", *CHOSEN):
        if key in read_in.source and "sample" not in read_in.source:
            raise InputError(f"{read_in.at('source', key)}: {key} goes with sample, the data that are generated")
    if read_in.of_units:
        _check_units(read_in)
        return
    needed = [role for role in ("user", "event", "time") if role not in read_in.mapping]
    if given[0] in ("path", "data") and needed:
        raise InputError(f"{read_in.at('mapping')}: [mapping] must say which column is the {' and the '.join(needed)}")
    if given[0] in ("log", "sample") and read_in.mapping:
        raise InputError(f"{read_in.at('mapping')}: [mapping] goes with path; a {given[0]} needs none")


def _check_units(read_in: Playbook) -> None:
    """A table of units has no events: nothing is mapped, narrowed or asked of it."""
    for name, place in (("mapping", ()), ("view", ()), ("questions", (0,))):
        if getattr(read_in, name):
            raise InputError(
                f"{read_in.at(name, *place)}: {name} are for a log of events, and the source is a table with a row per "
                f"unit; leave them out, and ask [[segments]] of it"
            )


def _check_question(read_in: Playbook, one: Mapping[str, Any], place: int) -> None:
    if "ask" not in one:
        raise InputError(f'{read_in.at("questions", place)}: [[questions]] needs ask = "…", one of {_asked()}')
    with_place(read_in, ("questions", place, "ask"), catalogue.question, one["ask"])
    own = {parameter.name: parameter for parameter in catalogue.parameters(one["ask"])}
    for key, value in one.items():
        if key in _TABLES["questions"]:
            _kind(read_in, ("questions", place, key), value, _TABLES["questions"][key])
        elif key in own:
            _kind(read_in, ("questions", place, key), value, kind_of(own[key]))
        else:
            known = [*own, *_TABLES["questions"]]
            raise InputError(f"{read_in.at('questions', place, key)}: {unknown('parameter', key, known, one['ask'])}")
    missing = [name for name, parameter in own.items() if parameter.required and name not in one]
    if missing:
        raise InputError(f"{read_in.at('questions', place)}: {one['ask']} needs {' and '.join(missing)}")


def _asked() -> str:
    return re.sub(r"[\[\]']", "", str(list(catalogue.QUESTIONS)))
