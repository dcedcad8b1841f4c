"""The steps of a chain of transforms, read from text: ``"log1p(follower, post)"``, ``"shrink(ER, by=follower)"``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from dangol.core.errors import InputError, unknown

SCALES: Final = ("none", "standard", "robust", "minmax")
SHARE: Final = 0.01  # of the values that winsorise clips on either side

_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "log1p": (),
    "winsorise": ("share",),
    "shrink": ("by", "strength"),
    "standard": (),
    "robust": (),
    "minmax": (),
}


@dataclass(frozen=True)
class Step:
    """One step: its name, the features that it is for (none named: all), and its options."""

    name: str
    features: tuple[str, ...] = ()
    share: float | None = None
    by: str | None = None
    strength: float | None = None

    def __str__(self) -> str:
        """Write the step as it is read, defaults told.

        >>> print(Step("shrink", ("ER",), by="follower", strength=50.0))
        shrink(ER, by=follower, strength=50)
        """
        told = [(name, getattr(self, name)) for name in ("share", "by", "strength")]
        options = [
            f"{name}={value:.15g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in told
            if value is not None
        ]
        inside = ", ".join([*self.features, *options])
        return f"{self.name}({inside})" if inside else self.name


def read_steps(steps: str | Sequence[str]) -> tuple[str, ...]:
    """Read a chain and write each of its steps in full.

    Raises:
        InputError: for a step that is unknown or cannot be read, and for options that it does not have.

    >>> read_steps("log1p(votes,minutes), winsorise")
    ('log1p(votes, minutes)', 'winsorise(share=0.01)')
    """
    return tuple(map(str, read_chain(steps)))


def read_chain(steps: str | Sequence[str]) -> tuple[Step, ...]:
    """Read a chain: steps parted by commas in one text, or one after another in a list."""
    given: Any = steps  # whatever the annotation says; a set has no order
    odd = not isinstance(given, Iterable) or isinstance(given, Set)
    listed = [given] if isinstance(given, str) or odd else list(given)
    if not all(isinstance(one, str) for one in listed):
        raise InputError(f"transforms={steps!r} must be text, such as 'log1p(votes), winsorise(share=0.01)'")
    return tuple(_step(part) for text in listed if text.strip() for part in _parted(text))


def _parted(text: str) -> list[str]:
    """Cut a text at its commas, those inside brackets left alone."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    if depth:
        raise InputError(f"the brackets of {text.strip()!r} do not match; write steps as in 'log1p(votes), winsorise'")
    parts = [part.strip() for part in parts]
    if "" in parts:
        raise InputError(f"{text.strip()!r} has a comma with nothing before or after it; take it out")
    return parts


def _step(text: str) -> Step:
    name, bracket, inside = text.partition("(")
    name = name.strip()
    if name not in _OPTIONS:
        raise unknown("transform", name, _OPTIONS, "the list of transforms")
    inside = inside.rstrip()
    if bracket and not inside.endswith(")"):
        raise InputError(f"{text!r} goes on after its bracket; part steps by commas")
    features, options = [], {}
    for part in _parted(inside[:-1]) if inside[:-1].strip() else ():
        key, equals, value = (one.strip() for one in part.partition("="))
        if not equals:
            features.append(part)
        elif key not in _OPTIONS[name]:
            has = " and ".join(_OPTIONS[name]) or "no options"
            raise InputError(f"{text!r}: {name} has no option {key!r}, it has {has}")
        elif key in options:
            raise InputError(f"{text!r} gives {key} twice; give it once")
        else:
            options[key] = value
    twice = next((one for one in features if features.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"{text!r} names {twice!r} twice; each counts once")
    return _checked(text, name, tuple(features), options)


def _checked(text: str, name: str, features: tuple[str, ...], options: dict[str, str]) -> Step:
    if name == "winsorise":
        share = _number(text, "share", options["share"]) if "share" in options else SHARE
        if not 0 < share < 0.5:
            raise InputError(f"{text!r}: share={share:g} must lie between 0 and 0.5, as 0.01 for 1 % on either side")
        return Step(name, features, share=share)
    if name == "shrink":
        if not options.get("by"):
            raise InputError(f"{text!r} does not say what the ratio was divided by; write by=, as in {_EXAMPLE!r}")
        if not features:
            raise InputError(f"{text!r} does not say which ratio to shrink; name it, as in {_EXAMPLE!r}")
        strength = _number(text, "strength", options["strength"]) if "strength" in options else None
        if strength is not None and strength <= 0:
            raise InputError(f"{text!r}: strength={strength:g} must be above 0, in units of {options['by']}")
        return Step(name, features, by=options["by"], strength=strength)
    return Step(name, features)


_EXAMPLE: Final = "shrink(rate, by=users)"


def _number(text: str, name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{text!r}: {name}={value!r} is not a number")
    return number
