"""Checks of ``[[segments]]``: which keys go together, and that every word of a function is one that it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dangol import catalogue
from dangol.core import calendar
from dangol.core.errors import DangolError, InputError, choice, unknown
from dangol.segments.choose import choose_clusters
from dangol.segments.cluster import cluster
from dangol.segments.feature_spec import USERS, read_spec
from dangol.segments.profile import profile
from dangol.segments.segments import Segments
from dangol.segments.tiers import tiers
from dangol.segments.transform_steps import read_steps

from .kinds import FLAG, KINDS, NUMBER, TABLE, TEXT, WORDING, kind_of

Problem = tuple[tuple[str, ...], str]  # where it stands within the segments, and what is wrong

NARROWED: Final = ("where", "since", "until")  # of a profile: which part of the log it is asked of
_WAYS: Final = {"table": "a file", "rfm": "a question", "cluster": "how to cluster"}
_LOOK: Final = "choose"  # alone it is a look at how many segments there are, and makes none
_OF_FEATURES: Final = {
    "features": "text or table",
    "edges": TEXT,
    "least": NUMBER,
    "exclude": "list",
    "gap": TEXT,
}
_OF_CLUSTERS: Final = {
    "choose": TABLE,
    "names": "names",
    "tiers": TABLE,
    "stability": "flag or table",
    "profile": "flag or table",
    "title": WORDING,
}
_OF_SEGMENTS: Final = ("label", "hindsight", "names", "tiers", "stability", "profile")
KEYS: Final[dict[str, str]] = {
    "name": TEXT,
    "unit": TEXT,
    "as_of": TEXT,
    "table": TEXT,
    "rfm": TABLE,
    "cluster": TABLE,
    "label": TEXT,
    "hindsight": FLAG,
    **_OF_FEATURES,
    **_OF_CLUSTERS,
}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "choose": choose_clusters,
    "cluster": cluster,
    "tiers": tiers,
    "stability": Segments.stability,
    "profile": profile,
}
_NOT_TOLD: Final = ("unit", "as_of", "log")  # of these functions: they stand beside, or are known
_MORE: Final = {
    "choose": {"title": WORDING},
    "tiers": {"names": "worded list"},
    "stability": {"title": WORDING},
    "profile": {"title": WORDING, "where": "list", "since": TEXT, "until": TEXT},
}


def problems_of(one: Mapping[str, Any], folder: Path, *, of_units: bool) -> Iterator[Problem]:
    """Find what is wrong with segments, one after another; ``of_units`` says that the source is a table of units."""
    ways = [way for way in _WAYS if way in one] or [_LOOK for _ in range(_LOOK in one)]
    if "name" not in one or len(ways) != 1:
        told = ", ".join(f"{way} ({what})" for way, what in _WAYS.items())
        found = " and ".join(ways) or "none of them"
        yield (), f"[[segments]] needs a name, and one of {told}, or choose alone (a look), found {found}"
        return
    yield from _apart(one, ways[0], of_units)
    yield from _words(one)
    if ways[0] == "rfm":
        known = [parameter.name for parameter in catalogue.parameters("rfm")]
        yield from (_strange(("rfm", key), "parameter", key, known, "rfm") for key in one["rfm"] if key not in known)
    if ways[0] in ("cluster", _LOOK):
        yield from _features(one, folder, of_units)
        for name in _FUNCTIONS:
            yield from _parameters(one, name)
        yield from _columns(one)


def _words(one: Mapping[str, Any]) -> Iterator[Problem]:
    """Find names that are blank, and a time that is none."""
    if not one["name"].strip():
        yield ("name",), 'name is blank; give the segments a name, such as name = "kind"'
    for segment, told in one.get("names", {}).items():
        if not all(text.strip() for text in (told.values() if isinstance(told, Mapping) else (told,))):
            yield ("names", segment), f"the name of segment {segment!r} is blank; give it one, or leave it out"
    if "as_of" in one:
        yield from _refused(("as_of",), calendar.instant, one["as_of"], "UTC", "as_of")


def _strange(path: tuple[str, ...], what: str, key: str, known: Any, where: str) -> Problem:
    return path, str(unknown(what, key, known, where))


def _apart(one: Mapping[str, Any], way: str, of_units: bool) -> Iterator[Problem]:
    """Find keys that belong to other ways of making segments, or to a log where there is none."""
    for key in one:
        if way in ("table", "rfm") and key in (*_OF_FEATURES, *_OF_CLUSTERS):
            yield (key,), f"{key} goes with cluster, and these segments come from {way}"
        elif way == _LOOK and key in _OF_SEGMENTS:
            yield (key,), f"{key} is for segments, and choose alone makes none; add cluster, or leave {key} out"
        elif way == "cluster" and key == "label":
            yield (key,), "label is a column of a table of segments; clusters have none, so leave it out"
        elif of_units and key in ("table", "rfm", "hindsight", *_OF_FEATURES):
            yield (key,), f"{key} is for a log of events, and the source is a table with a row per unit; leave it out"


def _features(one: Mapping[str, Any], folder: Path, of_units: bool) -> Iterator[Problem]:
    """Find what is wrong with the specification of features."""
    if of_units:
        return
    if "features" not in one:
        yield (), "clusters need [segments.features], which say by what the units of the log are described"
        return
    if isinstance(one["features"], str) and "gap" in one:
        yield ("gap",), "gap stands in the specification, where features names its file; leave it out here"
    for name, told in one["features"].items() if isinstance(one["features"], Mapping) else ():
        try:
            read_spec({"features": {name: told}}, unit=one.get("unit"))
        except InputError as problem:
            yield ("features", name), str(problem)
    try:
        read_spec(spec_of(one, folder), unit=one.get("unit"), least=one.get("least"))
    except DangolError as problem:
        yield ("features",), str(problem)


def spec_of(one: Mapping[str, Any], folder: Path) -> Path | dict[str, Any]:
    """Return the specification of features: the file that is named, or what stands in the playbook."""
    if isinstance(one["features"], str):
        return folder / one["features"]
    return {"features": one["features"]} | ({"gap": one["gap"]} if "gap" in one else {})


def _parameters(one: Mapping[str, Any], name: str) -> Iterator[Problem]:
    """Find words that a function does not know, values of the wrong kind, and what is missing."""
    given = one.get(name, {})
    if isinstance(given, bool):
        return
    own = {each.name: each for each in catalogue.parameters_of(_FUNCTIONS[name]) if each.name not in _NOT_TOLD}
    kinds = {each: kind_of(parameter) for each, parameter in own.items()} | _MORE.get(name, {})
    for key, value in given.items():
        if key not in kinds:
            yield _strange((name, key), "parameter", key, kinds, name)
            continue
        wanted, fits = KINDS[kinds[key]]
        if not fits(value):
            yield (name, key), f"{key} of {name} must be {wanted}, found {value!r}"
        elif key in own and own[key].choices and isinstance(value, str):
            yield from _refused((name, key), choice, key, value, own[key].choices)
        elif key == "transforms":
            yield from _refused((name, key), read_steps, value)
    missing = [each for each, parameter in own.items() if parameter.required and each not in given]
    if name in one and missing:
        yield (name,), f"{name} needs {' and '.join(missing)}"


def _refused(path: tuple[str, ...], check: Callable[..., object], *given: Any) -> Iterator[Problem]:
    try:
        check(*given)
    except InputError as problem:
        yield path, str(problem)


def _columns(one: Mapping[str, Any]) -> Iterator[Problem]:
    """Find features to cluster on, or to rank by, that nobody has specified."""
    if not isinstance(one.get("features"), Mapping):
        return
    known = [*one["features"], USERS]
    for name, key in (("choose", "features"), ("cluster", "features"), ("tiers", "rule"), ("tiers", "confounders")):
        told = one.get(name, {}).get(key, ())
        for word in told.split(",") if isinstance(told, str) else told:
            if word.strip().removeprefix("-") not in known:
                yield _strange((name, key), "feature", word.strip().removeprefix("-"), known, "[segments.features]")
