"""What is done to features before they are clustered: counts made even, outer values clipped, ratios shrunk, scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice, unknown
from dangol.core.words import Sentence

from .transform_steps import SCALES, SHARE, Step, read_chain, read_steps
from .transform_words import sentences
from .units import LARGEST

if TYPE_CHECKING:
    import pandas as pd

    from .units import Units

Floats = npt.NDArray[np.float64]

__all__ = ["Change", "Spread", "Transformed", "read_steps", "spread", "transformed"]

_PASSES: Final = 3  # of the least squares that find how much to shrink
_NORMAL_IQR: Final = 1.349  # interquartile range of a normal distribution, in standard deviations


@dataclass(frozen=True)
class Change:
    """What one step did to one feature.

    Attributes:
        step: the step in full.
        feature: the feature.
        skewness_before: mean cubed deviation in standard deviations, 0 if symmetric; None if all values are equal.
        skewness_after: after the step.
        kurtosis_before: mean fourth power of the deviation in standard deviations, less 3; None as above.
        kurtosis_after: after the step.
        changed: how many values the step changed.
        share: their share.
        fitted: what the step took from the values: quantiles, centre and spread, mean and strength.
        method: how robust measured the spread: IQR, sd, or none where all values are equal.
    """

    step: str
    feature: str
    skewness_before: float | None
    skewness_after: float | None
    kurtosis_before: float | None
    kurtosis_after: float | None
    changed: int
    share: float
    fitted: dict[str, float] = field(default_factory=dict)
    method: str = ""


@dataclass(frozen=True, eq=False)
class Transformed:
    """Features after their transforms.

    Attributes:
        values: a row per unit, a column per feature.
        steps: the steps in full, the scale last.
        account: what each step did to each of its features.
    """

    values: Floats = field(repr=False)
    steps: tuple[str, ...]
    account: tuple[Change, ...]

    def table(self) -> pd.DataFrame:
        """Return the account: a row per step and feature.

        Columns: step, feature, skewness_before, skewness_after, kurtosis_before, kurtosis_after, changed (values),
        share (of the values).
        """
        import pandas as pd

        names = ["step", "feature"]
        measures = [f"{name}_{when}" for name in ("skewness", "kurtosis") for when in ("before", "after")]
        made = {name: pd.Series([getattr(one, name) for one in self.account], dtype="str") for name in names}
        made |= {name: pd.Series([getattr(one, name) for one in self.account], dtype=float) for name in measures}
        made["changed"] = pd.Series([one.changed for one in self.account], dtype="int64")
        made["share"] = pd.Series([one.share for one in self.account], dtype=float)
        return pd.DataFrame(made)

    def sentences(self) -> list[Sentence]:
        """Say what a reader should know: steps that changed nothing or did harm, and how much ratios were shrunk."""
        return sentences(self.account)


def transformed(units: Units, steps: str | Sequence[str], *, scale: str) -> Transformed:
    """Put the features of units through a chain of steps, each fitted on the values as they stand at its place.

    - ``log1p``: log(1 + x).
    - ``winsorise(share=0.01)``: values beyond the quantiles ``share`` and 1 - ``share`` become these (linear
      interpolation between order statistics, type 7).
    - ``shrink(rate, by=n)``: a ratio drawn towards the mean of all, the more the less it rests on::

          (n_i r_i + m mean) / (n_i + m)       mean = sum(n_i r_i) / sum(n_i)

      The strength m, in units of n, is sigma2 / tau2 from nonnegative least squares of (r_i - mean)² on tau2 + sigma2 /
      n_i: the variance between units, and that of chance in one of n = 1; squares count the less the larger they are
      expected to be (first as if m were the median of n; then twice by the fit before). ``strength=`` gives m.
    - ``standard``: mean 0, standard deviation 1 (ddof 0).
    - ``robust``: (x - median) / (interquartile range / 1.349); where that is 0, because half of the values are equal,
      (x - median) / standard deviation. (The median absolute deviation is then 0 as well.)
    - ``minmax``: from 0 to 1.

    A step is for the features in its brackets, or for all: ``"log1p(votes, minutes), winsorise"``.

    Args:
        units: the units.
        steps: steps parted by commas, or a list of steps.
        scale: the last step, for all features: ``none``, ``standard``, ``robust`` or ``minmax``.

    Returns:
        Transformed.

    Conventions:
        Text features are left alone. A feature that is the same for all units becomes 0 by a scale.

    Raises:
        InputError: for a step or scale that is unknown or cannot be read, a feature that was not chosen or is text,
            log1p of values at or below -1, a winsorise that leaves one value, and a shrink whose denominators are
            missing, not above 0 or all equal, or that would make all values the same.

    References:
        Morris 1983, doi:10.1080/01621459.1983.10477920 (shrinking towards the mean, its strength from the data).

    Example:
        >>> import pandas as pd
        >>> from dangol.segments.units import read_units
        >>> units = read_units(pd.DataFrame({"user": list("abcd"), "votes": [0, 1, 3, 7]}), ["votes"])
        >>> transformed(units, "log1p(votes)", scale="minmax").values[:, 0].round(3).tolist()
        [0.0, 0.333, 0.667, 1.0]
    """
    choice("scale", scale, SCALES)
    chain = read_chain(steps)
    if scale != "none":
        chain = (*chain, Step(scale))
    values, account = units.values.copy(), []
    for step in chain:
        for place in _places(step, units):
            before = values[:, place].copy()
            with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused
                made = _applied(step, before, units, units.features[place])
            values[:, place] = _within_reach(made.values, step, units.features[place])
            account.append(_change(step, units.features[place], before, made))
    return Transformed(values, tuple(map(str, chain)), tuple(account))


def _within_reach(values: Floats, step: Step, feature: str) -> Floats:
    """Return values of which distances can be computed."""
    if (np.abs(values) <= LARGEST).all():
        return values
    raise InputError(
        f"{str(step)!r} makes values of feature {feature!r} larger than {LARGEST:g}, of which no distances can be "
        "computed, because most units differ next to nothing and some by much; take log1p, or leave the feature out"
    )


def _places(step: Step, units: Units) -> list[int]:
    """Return the columns that a step is for."""
    numeric = [place for place, text in enumerate(units.categorical) if not text]
    for name in step.features:
        if name not in units.features:
            raise unknown("feature", name, units.features, f"the features to cluster on, but {str(step)!r} names it")
        if units.features.index(name) not in numeric:
            raise InputError(f"feature {name!r} is text, and {step.name} takes numbers; take it out of {str(step)!r}")
    return [units.features.index(name) for name in step.features] or numeric


class _Made(NamedTuple):
    values: Floats
    fitted: dict[str, float]
    method: str = ""


def _change(step: Step, feature: str, before: Floats, made: _Made) -> Change:
    (skew, kurtosis), (skew_after, kurtosis_after) = _shape(before), _shape(made.values)
    changed = int((made.values != before).sum())
    share = changed / len(before)
    return Change(
        str(step), feature, skew, skew_after, kurtosis, kurtosis_after, changed, share, made.fitted, made.method
    )


def _shape(values: Floats) -> tuple[float | None, float | None]:
    """Return skewness and excess kurtosis by moments; None where all values are equal."""
    apart = values - values.mean()
    largest = float(np.abs(apart).max())
    if values.min() == values.max() or largest == 0:
        return None, None
    apart = apart / largest
    square = apart * apart
    variance = float(square.mean())
    return float((square * apart).mean()) / variance**1.5, float((square * square).mean()) / variance**2 - 3


# ---- the steps ----------------------------------------------------------------------------------------------------


def _applied(step: Step, values: Floats, units: Units, feature: str) -> _Made:
    match step.name:
        case "log1p":
            return _log1p(values, feature)
        case "winsorise":
            return _winsorise(values, step.share or SHARE, feature)
        case "shrink":
            return _shrink(values, step, units)
        case "standard":
            return _standard(values)
        case "robust":
            return _robust(values)
        case _:
            return _minmax(values)


def _log1p(values: Floats, feature: str) -> _Made:
    low = values <= -1
    if low.any():
        raise InputError(
            f"log1p needs values above -1, and feature {feature!r} has {int(low.sum()):,} at or below it, the "
            f"lowest {values.min():g}; leave it out, as in 'log1p(other, features)', or put log1p before steps that "
            "make values negative"
        )
    return _Made(np.log1p(values), {})


def _winsorise(values: Floats, share: float, feature: str) -> _Made:
    lower, upper = np.quantile(values, [share, 1 - share])
    if lower == upper and values.min() < values.max():
        raise InputError(
            f"winsorise with share={share:g} would make feature {feature!r} {lower:g} for all {len(values):,} "
            "units, because so many have that value; give a smaller share, or leave the feature out of the step"
        )
    return _Made(np.clip(values, lower, upper), {"lower": float(lower), "upper": float(upper)})


def _shrink(values: Floats, step: Step, units: Units) -> _Made:
    n = _denominators(step, units)
    mean = float((n * values).sum() / n.sum())
    strength = step.strength if step.strength is not None else _strength(values, n, mean, step)
    return _Made(
        (n * values + strength * mean) / (n + strength),
        {"mean": mean, "strength": strength, "below": float((n < strength).mean())},
    )


def _denominators(step: Step, units: Units) -> Floats:
    name = step.by or ""
    n = units.number(name)
    odd = (n > LARGEST) | (n < 1 / LARGEST)
    for wrong, found in ((~np.isfinite(n), "missing"), (n <= 0, "not above 0"), (odd, "out of all bounds")):
        if wrong.any():
            first = units.ids[int(np.argmax(wrong))].as_py()
            raise InputError(
                f"{str(step)!r}: {name!r} is {found} for {int(wrong.sum()):,} of {len(n):,} units, the first is "
                f"{units.unit} {first!r}; leave these units out"
            )
    return n


def _strength(ratio: Floats, n: Floats, mean: float, step: Step) -> float:
    """Return sigma² / tau², what a unit's own value must outweigh."""
    from scipy.optimize import nnls

    if n.min() == n.max():
        raise InputError(
            f"{str(step)!r}: {step.by!r} is {n[0]:g} for all units, so that chance cannot be told from differences "
            "between units; say how much to shrink with strength=, in units of it"
        )
    inverse, squares = 1 / n, (ratio - mean) ** 2
    usual, size = float(np.median(inverse)), float(squares.mean())  # both made about 1, against rounding
    if size == 0:
        return 0.0
    between, chance = 1.0, 1.0
    for _ in range(_PASSES):
        weight = 1 / (between + chance * inverse / usual)
        (between, chance), _rest = nnls(np.column_stack([weight, weight * inverse / usual]), weight * squares / size)
    if between <= 0:
        raise InputError(
            f"{str(step)!r}: units differ no more than chance would make them with such {step.by}, so every value "
            f"would become the mean, {mean:g}; leave the feature out, or say how much to shrink with strength="
        )
    return float(chance / usual / between)


def _standard(values: Floats) -> _Made:
    mean, sd = float(values.mean()), float(values.std())
    if values.min() == values.max():
        return _Made(np.zeros(len(values)), {"mean": mean, "sd": 0.0})
    return _Made((values - mean) / sd, {"mean": mean, "sd": sd})


def _robust(values: Floats) -> _Made:
    median, found = float(np.median(values)), spread(values)
    fitted = {"median": median, "spread": found.size}
    return _Made((values - median) / (found.size or 1.0), fitted, found.method)


def _minmax(values: Floats) -> _Made:
    least, largest = float(values.min()), float(values.max())
    return _Made((values - least) / ((largest - least) or 1.0), {"least": least, "largest": largest})


class Spread(NamedTuple):
    """How far values lie apart, as a standard deviation, and how it was measured."""

    size: float
    method: str


def spread(values: Floats) -> Spread:
    """Measure how far values lie apart, not minding extremes: IQR / 1.349; where half are equal the sd.

    >>> spread(np.array([0.0, 1, 2, 3, 900])).size, spread(np.array([0.0, 0, 0, 0, 9])).method
    (1.4825796886582654, 'sd')
    """
    lower, upper = np.quantile(values, [0.25, 0.75])
    if upper > lower:
        return Spread(float(upper - lower) / _NORMAL_IQR, "IQR")
    if values.min() < values.max():
        return Spread(float(values.std()), "sd")
    return Spread(0.0, "none")
