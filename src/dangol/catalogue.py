"""The list of questions, read by the command line, reports and pages: a question added here is asked everywhere."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from dangol.core.errors import InputError, unknown
from dangol.core.result import Result
from dangol.log import EventLog
from dangol.questions import (
    drivers,
    flows,
    funnel,
    lifecycle,
    overview,
    repurchase,
    retention,
    rfm,
    rhythm,
    sales,
    sessions,
)

Question = Callable[..., Result]

QUESTIONS: Final[Mapping[str, Question]] = {
    question.__name__: question
    for question in (
        overview,
        lifecycle,
        retention,
        sessions,
        funnel,
        flows,
        rhythm,
        rfm,
        repurchase,
        sales,
        drivers,
    )
}

Kind = Literal["text", "list", "text or list", "numbers", "flag", "number", "share", "table"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a question, as its signature and docstring tell it."""

    name: str
    kind: Kind
    default: Any
    choices: tuple[str, ...]
    help: str

    @property
    def required(self) -> bool:
        """Whether the question cannot be asked without it."""
        return self.default is inspect.Parameter.empty


def question(name: object) -> Question:
    """Return the question of a name, or raise the error that suggests the nearest one."""
    if not isinstance(name, str) or name not in QUESTIONS:
        raise unknown("question", name, QUESTIONS, "the catalogue")
    return QUESTIONS[name]


@cache
def parameters(name: str) -> tuple[Parameter, ...]:
    """Return the parameters of a question besides the log."""
    return parameters_of(question(name))


@cache
def parameters_of(asked: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a function besides its first, as its signature and docstring tell them."""
    hints, told = get_type_hints(asked), argument_help(asked)
    found = []
    for parameter in list(inspect.signature(asked).parameters.values())[1:]:
        kind, choices = _kind(hints[parameter.name])
        found.append(Parameter(parameter.name, kind, parameter.default, choices, told.get(parameter.name, "")))
    return tuple(found)


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    """Classify a type: a text, several, numbers, a switch, a whole number, a number, a table; and a Literal's words."""
    parts = (
        [part for part in get_args(hint) if part is not NoneType] if get_origin(hint) in (Union, UnionType) else [hint]
    )
    words = tuple(word for part in parts if get_origin(part) is Literal for word in get_args(part))
    origins = {get_origin(part) or part for part in parts}
    several = [part for part in parts if isinstance(get_origin(part), type) and issubclass(get_origin(part), Sequence)]
    if several:
        if get_args(several[0])[0] in (int, float):
            return "numbers", words
        return ("text or list" if str in parts else "list"), words
    for origin, kind in _PLAIN.items():
        if origin in origins:
            return kind, words
    return "text", words


_PLAIN: Final[dict[Any, Kind]] = {bool: "flag", int: "number", float: "share", Mapping: "table"}


def argument_help(function: Callable[..., Any]) -> dict[str, str]:
    """Read the Args section of a docstring: the text of each argument, on one line."""
    text = inspect.cleandoc(function.__doc__ or "")
    section = re.search(r"^Args:\n((?:[ ]+.*\n|\n)+)", text + "\n", re.MULTILINE)
    told: dict[str, str] = {}
    names: list[str] = []
    for line in (section[1] if section else "").splitlines():
        entry = re.match(r"    (\w+(?:, \w+)*): (.*)", line)
        if entry:
            names = entry[1].split(", ")
            told.update(dict.fromkeys(names, entry[2].strip()))
        else:
            told.update({name: f"{told[name]} {line.strip()}".strip() for name in names})
    return told


def ask(log: EventLog, recipe: Mapping[str, Any]) -> Result:
    """Ask a question again from its recipe.

    Args:
        log: the log to ask; it need not be the one the recipe came from.
        recipe: ``{"question": name, "parameters": {...}}``, such as ``result.recipe``.

    Raises:
        InputError: for an unknown question or parameter; the nearest name is suggested.

    Returns:
        The answer.
    """
    if "question" not in recipe:
        raise InputError("a recipe needs a question, for example {'question': 'sessions', 'parameters': {'gap': '1h'}}")
    name = str(recipe["question"])
    own = {parameter.name: parameter for parameter in parameters(name)}
    asked = recipe.get("parameters", {})
    if not isinstance(asked, Mapping):
        raise InputError(f"parameters={asked!r} of a recipe must be a mapping, such as {{'by': 'country'}}")
    given = dict(asked)
    for word in given:
        if word not in own:
            raise unknown("parameter", word, own, name)
    missing = [word for word, parameter in own.items() if parameter.required and word not in given]
    if missing:
        raise InputError(f"{name} needs {' and '.join(missing)}")
    return QUESTIONS[name](log, **given)
