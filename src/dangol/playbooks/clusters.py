"""Segments that a playbook makes by clustering, with what it wants to see of their making."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dangol.core.errors import DangolError, InputError, unknown
from dangol.core.labels import title as heading_of
from dangol.core.result import Result
from dangol.log.narrowed import narrowed
from dangol.segments.choose import choose_clusters
from dangol.segments.cluster import cluster
from dangol.segments.features import group_features
from dangol.segments.segments import Segments

from .read import Playbook, with_place
from .read_segments import NARROWED, spec_of
from .source import Source

Path = tuple[str | int, ...]  # where something stands in the playbook

_MADE: Final = "the segments that were made"


def make_segments(plan: Playbook, place: int, source: Source, lang: str) -> tuple[Segments | None, dict[str, Result]]:
    """Make the segments at a place of a playbook; a mere look at how many there are makes none.

    Returns:
        The segments, and what is to be seen of their making, by its key in the playbook and in this order: features
        (of a log), choose, cluster, stability, profile.
    """
    one, path = plan.segments[place], ("segments", place)
    found: dict[str, Result] = {}
    told = {}
    table = source.units
    if source.log is None:
        told = {name: one[name] for name in ("unit", "as_of") if name in one}
    else:
        table = found["features"] = _features(plan, path, source)
    if "choose" in one:
        asked = _options(one["choose"]) | told
        found["choose"] = with_place(plan, (*path, "choose"), choose_clusters, table, **asked)
    if "cluster" not in one:
        return None, found
    made = with_place(plan, (*path, "cluster"), cluster, table, **one["cluster"], **told)
    made = _ranked(plan, path, _named(plan, path, made, lang), lang)
    found["cluster"] = made.result
    if one.get("stability", False) is not False:
        found["stability"] = with_place(plan, (*path, "stability"), made.stability, **_options(one["stability"]))
    if one.get("profile", False) is not False:
        found["profile"] = _profile(plan, (*path, "profile"), made, source)
    return made, found


def heading(one: Mapping[str, Any], key: str, result: Result, lang: str) -> tuple[str, str | None]:
    """Return the heading of what is seen of segments, and what a finding of it is about: the titles that were given."""
    told = one.get(key) if key != "features" else None
    own = worded(told.get("title"), lang) if isinstance(told, Mapping) else None
    whole = worded(one.get("title"), lang)
    what = own or heading_of(result.name, lang)
    return (f"{whole}: {what}" if whole else what), own or whole


def worded(text: Any, lang: str) -> Any:
    """Return what is told in a language, or in the only one that there is."""
    return text.get(lang, next(iter(text.values()))) if isinstance(text, Mapping) else text


def _options(asked: bool | Mapping[str, Any]) -> dict[str, Any]:
    """Return what a function is given: all but what the playbook itself reads."""
    given = {} if isinstance(asked, bool) else asked
    return {name: value for name, value in given.items() if name not in ("title", *NARROWED)}


def _features(plan: Playbook, path: Path, source: Source) -> Result:
    one = plan.segments[int(path[1])]
    given = {name: one[name] for name in ("unit", "least", "exclude", "as_of") if name in one}
    if "edges" in one:
        given["edges"] = source.tables.get(one["edges"], plan.folder / one["edges"])
    try:
        return group_features(source.log, spec_of(one, plan.folder), **given)  # type: ignore[arg-type]  # it has a log
    except DangolError as problem:
        raise type(problem)(f"{plan.at(*path, *_place_of(str(problem), given))}: {problem}") from problem


def _place_of(problem: str, given: Mapping[str, Any]) -> Path:
    """Where a problem with features stands: at one of them, or at a key beside them that it names first."""
    feature, key = re.match(r"spec \((.+?)\): ", problem), re.match(r"(\w+)=", problem)
    if key and key[1] in given:
        return (key[1],)
    return ("features", feature[1]) if feature else ("features",)


def _named(plan: Playbook, path: Path, made: Segments, lang: str) -> Segments:
    """Give segments the names that somebody chose who has looked at them."""
    names = plan.segments[int(path[1])].get("names", {})
    for name in names:
        if name not in made.names:
            raise InputError(f"{plan.at(*path, 'names', name)}: {unknown('segment', name, made.names, _MADE)}")
    shown = [worded(names[name], lang) if name in names else name for name in made.names]
    twice = next((name for name in shown if shown.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{plan.at(*path, 'names')}: two segments would be called {twice!r}; give different names")
    return made.renamed(shown, made.codes)


def _ranked(plan: Playbook, path: Path, made: Segments, lang: str) -> Segments:
    """Rank segments as tiers, where that was asked for."""
    asked = dict(plan.segments[int(path[1])].get("tiers", {}))
    if not asked:
        return made
    if "names" in asked:
        asked["names"] = worded(asked["names"], lang)
    return with_place(plan, (*path, "tiers"), made.tiers, **asked)  # type: ignore[no-any-return]


def _profile(plan: Playbook, path: Path, made: Segments, source: Source) -> Result:
    """Profile segments by the log, or by a part of it: of a later time, or of other users than made them."""
    asked, log = plan.segments[int(path[1])]["profile"], source.log
    if log is not None and isinstance(asked, Mapping):
        log = with_place(plan, (*path, "where"), narrowed, log, asked.get("where", []), None, None)
        log = with_place(plan, (*path, "since"), narrowed, log, [], asked.get("since"), asked.get("until"))
    return with_place(plan, path, made.profile, log, **_options(asked))  # type: ignore[no-any-return]
