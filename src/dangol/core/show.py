"""Values of tables written for people, by the name of their column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from . import labels
from .durations import SECOND, spell
from .words import money, number, percent

if TYPE_CHECKING:
    import pandas as pd

_SHARES: Final = ("rate", "lower", "upper", "share", "stickiness", "difference", "recall", "cv", "strength", "against")
_LEAST_P: Final = 0.0001  # below it a probability of chance is told as that
# Answers about units: their columns are measures of any size, many named by the user, and few are shares.
_MEASURED: Final = ("choose", "collect", "features", "match", "profile", "segments", "stability", "tiers")
_SHARES_OF_UNITS: Final = (
    *("share", "largest_share", "share_of_variance", "above_next", "overlap"),
    *("share_difference", "share_lower", "share_rest", "share_upper"),
)
_CHANCES: Final = ("p", "q", "adjusted_p", "adjusted_q", "p_ranks")
_YES_NO: Final = {"en": ("no", "yes"), "ko": ("아니요", "예")}


def write(value: Any, name: str, lang: str = "en", question: str = "") -> str:
    """Write one value as its column asks: shares in percent, seconds as time, counts with separators.

    In an answer about units a column of any name holds a measure, and only shares of units are in percent.

    >>> write(0.25, "rate"), write(5400.0, "duration_s"), write(1234567, "events"), write(float("nan"), "rate")
    ('25.0 %', '1h 30m', '1,234,567', '–')
    >>> write(-0.25, "against_rest")
    '−25.0 %'
    >>> write(True, "complete", "ko"), write(5400.0, "duration_s", "ko")
    ('예', '1시간 30분')
    >>> write(7, "weekday")
    'Sunday'
    >>> write(2.0266, "active_rate", question="segments"), write(0.5, "share", question="segments")
    ('2.03', '50.0 %')
    """
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return _YES_NO[lang][value]
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M")).removesuffix(" 00:00")
    if name == "weekday" and not isinstance(value, str):
        return labels.weekday(int(value), lang)
    if isinstance(value, str):
        return labels.value(value, name, lang)
    if question in _MEASURED and name not in _CHANCES:
        return percent(float(value)) if name in _SHARES_OF_UNITS and question != "features" else number(float(value))
    if any(word in _SHARES for word in name.split("_")) or _is_share_by_step(value, name):
        return percent(float(value))
    if name.endswith("_s"):
        return spell(value * SECOND, lang) if value >= 0 else f"−{spell(-value * SECOND, lang)}"
    if name in _CHANCES:
        return f"{value:.2g}" if value >= _LEAST_P else f"< {_LEAST_P:g}"
    return money(float(value))


def _is_share_by_step(value: Any, name: str) -> bool:
    """Whether a column named by a step or period ("1", "1-2") holds shares, as triangles and step matrices do."""
    return name.replace("-", "").isdigit() and 0 <= float(value) <= 1


def in_language(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return a table with the texts of one language: of a column ``x`` and its twin ``x_ko`` one stays, as ``x``."""
    twins = [str(name) for name in table.columns if f"{name}_ko" in table.columns]
    for name in twins:
        table = table.assign(**{name: table[f"{name}_ko"]}) if lang == "ko" else table
    return table.drop(columns=[f"{name}_ko" for name in twins])
