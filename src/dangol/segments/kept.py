"""What a saved file tells of its segments' making, checked: a file may be damaged, foreign, or edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from dangol.core.errors import InputError, choice

from .methods import Plan, needs_k, read_plan
from .transform_steps import SCALES, read_steps

_BEYOND: Final = 1 << 63  # whole numbers that are none of ours


def _whole(told: object) -> bool:
    return isinstance(told, int) and not isinstance(told, bool) and abs(told) < _BEYOND


def _number(told: object) -> bool:
    return isinstance(told, float) or _whole(told)


def _known(told: object) -> bool:
    """Whether it is a number, or None for what cannot be told."""
    return told is None or _number(told)


def _text(told: object) -> bool:
    return isinstance(told, str)


def _name(told: object) -> bool:
    """Whether it is a text, or None for none."""
    return told is None or _text(told)


def _flag(told: object) -> bool:
    return isinstance(told, bool)


def _any(_: object) -> bool:
    return True


# A shape is a check; a list of one shape; or a mapping of names to shapes, "…" standing for whatever names there are.
_QUALITY: Final = dict.fromkeys(
    ("silhouette", "silhouette_macro", "silhouette_all", "davies_bouldin", "calinski_harabasz"), _known
)
_MADE: Final = {
    "plan": {"…": _any},
    "quality": {**_QUALITY, "k": _whole, "smallest": _whole, "largest_share": _number, "noise": _number},
    "stability": {"mean": _known, "sd": _known, "resamples": _whole, "units_drawn": _whole, "scores": [_number]},
    "transforms": [{"step": _text, "feature": _text}],
    "skewness": {"…": _number},
    "remarks": [{"en": _text, "ko": _text}],
    "extremes": {"units": lambda told: told is None or _whole(told)},
    "chosen": {"…": lambda told: _known(told) or _text(told)},
}
_HEAD: Final = {"unit": _text, "features": [_text], "names": [_text], "as_of": _name, "excluded": {"…": _whole}}
_COUNTS: Final = dict.fromkeys(("shared", "joined", "left", "new"), _whole)
_TIER: Final = {"segment": _text, "cluster": _text, "rank": _whole, "score": _number, "units": _whole, "share": _number}
_LATER: Final = {  # what tiers and match add
    "tiers": {
        "rule": [_text],
        "noun": _name,
        "rows": [_TIER | {"above_next": _known}],
        "axes": {"…": {"mean": [_number], "median": [_number]}},
        "confounders": {"…": {"median": [_known], "rho": _known, "rho_units": _known}},
        "agree": _flag,
    },
    "matched": {
        "rows": [{"segment": _name, "earlier": _name, "overlap": _known} | _COUNTS],
        **dict.fromkeys(("shared", "units", "earlier"), _whole),
    },
}


def read_head(head: Any) -> dict[str, Any]:
    """Check what a file tells of its segments and return it.

    Raises:
        InputError: for what ``save`` never writes, with its place.
    """
    _hold(head, {**_HEAD, "told": _MADE}, "the file")
    told = head["told"]
    for name, shape in _LATER.items():
        if name in told:
            _hold(told[name], shape, name)
            if not told[name]["rows"]:
                raise InputError(f"{name} has no rows")
    names = head["names"]
    if not names or len(set(names)) < len(names):
        raise InputError(f"names={names!r} must be different names of segments")
    _agree(told)
    told["plan"] = _plan(told["plan"])
    return dict(head)


def _hold(told: Any, shape: Any, where: str) -> None:
    """Refuse what is not of a shape."""
    if isinstance(shape, list):
        fits = isinstance(told, list)
        inner = [(one, shape[0], where) for one in told] if fits else []
    elif isinstance(shape, Mapping):
        fits = isinstance(told, dict) and all(name in told for name in shape if name != "…")
        names = () if not fits else told if "…" in shape else shape
        inner = [(told[name], shape.get(name, shape.get("…")), f"{where}, {name}") for name in names]
    else:
        fits, inner = shape(told), []
    if not fits:
        raise InputError(f"{where}: found {_short(told)}")
    for one in inner:
        _hold(*one)


def _short(told: Any) -> str:
    text = repr(sorted(told) if isinstance(told, dict) else told)
    return text if len(text) <= 60 else text[:60] + "…"


def _agree(told: Mapping[str, Any]) -> None:
    """Refuse parts that cannot be true together."""
    quality, rows = told["quality"], told["tiers"]["rows"] if "tiers" in told else []
    both = (quality["silhouette"] is None) == (quality["silhouette_macro"] is None)
    clear = quality.get("clearer") is not False or all(
        _number(quality.get(name)) for name in ("silhouette", "silhouette_noise", "silhouette_limit")
    )
    listed = [one for part in ("axes", "confounders") for one in (told["tiers"][part] if rows else {}).values()]
    as_many = all(len(values) == len(rows) for one in listed for values in one.values() if isinstance(values, list))
    if not (both and clear and as_many):
        raise InputError("what it tells of their quality does not agree")
    if told["extremes"]["units"] and not _flag(told["extremes"].get("capped")):
        raise InputError("extremes: found no 'capped'")


def _plan(told: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(Plan)}
    if set(told) != names:
        raise InputError(f"plan: found {_short(dict(told))}")
    _hold(told["transforms"], [_text], "plan, transforms")
    choice("scale", told["scale"], SCALES)
    if not _whole(told["starts"]) or not 1 <= told["starts"] <= 1_000:
        raise InputError(f"plan, starts: found {_short(told['starts'])}")
    plan = read_plan(Plan(**{**told, "transforms": read_steps(told["transforms"])}))
    if needs_k(plan):
        raise InputError("plan: found no k")
    return {**told, "transforms": list(plan.transforms)}
