"""The tables of ``drivers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.proportions import share
from dangol.core.result import Tables

from .drivers_tests import EVIDENCE, Judged

if TYPE_CHECKING:
    import pandas as pd

_MAIN: Final = (
    *("event", "count", "days", "n", "users", "rate", "lower", "upper", "other_rate", "difference", "lift", "recall"),
    *("phi", "q", "adjusted_difference", "adjusted_q", "evidence"),
)


def tables(found: Judged) -> Tables:
    """Return the tables, to be made when they are looked at."""
    return Tables(
        {
            "drivers": lambda: _grid(found).iloc[found.best].reset_index(drop=True)[list(_MAIN)],
            "grid": lambda: _grid(found).iloc[_in_order(found)].reset_index(drop=True),
        }
    )


def _in_order(found: Judged) -> npt.NDArray[np.int64]:
    """Order the cells by behaviour, as the drivers are, then by count and days."""
    rank = np.zeros(len(found.counted.names), np.int64)
    rank[found.behaviour[found.best]] = np.arange(len(found.best))
    return np.lexsort((found.day, found.step, rank[found.behaviour]))


def _grid(found: Judged) -> pd.DataFrame:
    """Every tested cell with all its measures."""
    import pandas as pd

    counted, pooled, bounds = found.counted, found.pooled, found.intervals()
    columns: dict[str, Any] = {
        "event": pd.Series(np.array(counted.names, dtype=object)[found.behaviour], dtype="str"),
        "count": counted.counts[found.step],
        "days": counted.days[found.day],
        "n": found.n,
        "users": found.users,
        "rate": found.rate,
        "lower": bounds["lower"],
        "upper": bounds["upper"],
        "other_rate": found.other_rate,
        "difference": found.rate - found.other_rate,
        "difference_lower": bounds["difference_lower"],
        "difference_upper": bounds["difference_upper"],
        "lift": share(found.rate, share(counted.have, counted.n)),
        "recall": share(found.users, counted.have),
        "phi": found.phi,
        "p": found.p,
        "q": found.q,
        "adjusted_difference": pooled.difference,
        "adjusted_lower": pooled.lower,
        "adjusted_upper": pooled.upper,
        "adjusted_p": pooled.p,
        "adjusted_q": found.adjusted_q,
        "evidence": pd.Series(np.array(EVIDENCE, dtype=object)[found.evidence], dtype="str"),
    }
    return pd.DataFrame(columns)
