"""The tables of ``group_features``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from dangol.core.proportions import share
from dangol.core.result import Tables

from .feature_definitions import definition, unit_of
from .feature_pairs import FATES as PAIR_FATES
from .feature_spec import AS_OF, USERS
from .feature_values import FATES, Measured

if TYPE_CHECKING:
    import pandas as pd

_WHAT: Final = "what"
_SHOWN: Final = FATES[::-1]  # what stays comes first


def tables(found: Measured) -> Tables:
    """Return the tables, to be made when they are looked at."""
    made = {"features": lambda: _features(found), "account": lambda: _account(found), "told": lambda: _told(found)}
    if found.pairs is not None:
        made["pairs"] = lambda: _pairs(found)
    return Tables(made)


def _features(found: Measured) -> pd.DataFrame:
    import pandas as pd

    spec, counts = found.plan.spec, found.counts
    ids = found.ids.take(found.rows).to_pandas().astype("str")
    columns: dict[str, Any] = {spec.unit: ids}
    if not spec.alone:
        columns[USERS] = counts.users[found.rows]
    columns |= {name: values for name, values in found.values.items() if name != USERS or spec.alone}
    as_of = np.full(len(found.rows), found.plan.as_of, np.int64).view("datetime64[us]")
    columns[AS_OF] = pd.DatetimeIndex(as_of).tz_localize("UTC").tz_convert(found.plan.log.zone)
    return pd.DataFrame(columns)


class Tally(NamedTuple):
    """Units, their active users, and these users' events; a user counts in every unit in which there is an event."""

    units: int
    users: int
    events: int


def account(found: Measured) -> dict[str, Tally]:
    """Return how much met each fate, and how much there is in all; having no unit is no unit."""
    counts, rows = found.counts, {}
    for place, fate in enumerate(FATES):
        here = found.fate == place
        units = 0 if fate == "without_unit" else int(here.sum())
        rows[fate] = Tally(units, int(counts.users[here].sum()), int(counts.events[here].sum()))
    return {"all": Tally(*(sum(column) for column in zip(*rows.values(), strict=True)))} | rows


def _account(found: Measured) -> pd.DataFrame:
    import pandas as pd

    rows = account(found)
    order = ["all", *_SHOWN]
    columns = {name: [getattr(rows[one], name) for one in order] for name in Tally._fields}
    return pd.DataFrame({_WHAT: pd.Series(order, dtype="str"), **columns})


def _told(found: Measured) -> pd.DataFrame:
    import pandas as pd

    features = found.plan.spec.features
    said = [definition(one, found.plan.spec) for one in features]
    columns = {
        "feature": [one.name for one in features],
        "definition": [one.write() for one in said],
        "definition_ko": [one.write("ko") for one in said],
        "unit": [unit_of(one) for one in features],
    }
    table = pd.DataFrame({name: pd.Series(texts, dtype="str") for name, texts in columns.items()})
    return table.assign(missing=[found.missing[one.name] for one in features])


def _pairs(found: Measured) -> pd.DataFrame:
    import pandas as pd

    fates = found.pairs.fates if found.pairs else {}
    order = PAIR_FATES[::-1]
    count = np.array([sum(fates.values()), *(fates[one] for one in order)], np.int64)
    what = pd.Series(["all", *order], dtype="str")
    return pd.DataFrame({_WHAT: what, "count": count, "share": share(count, count[0])})
