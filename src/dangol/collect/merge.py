"""Profiles and posts joined by account, each side with one row an account, and the fate of every row counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dangol.core.errors import InputError, unknown

from .exports import Export, counts
from .posts import COMMENT, LOVE, POSTS, Means, one_row_an_account

if TYPE_CHECKING:
    import pandas as pd

ER: Final = "ER"
ACTIVE: Final = "active_rate"
_FOLLOWERS: Final = ("follower", "followers_count", "followers")
# What becomes of a row, in the order of the table ``account``; the middle ones are reasons.
REASONS: Final = ("no_posts", "no_metrics", "no_profile")
FATES: Final = ("in", "merged", *REASONS, "no_account", "replaced", "duplicate")


@dataclass(frozen=True)
class Side:
    """One of the two sides of the merge: a row an account, and what the exports held.

    Attributes:
        table: one row an account, which is the index.
        tally: what lies behind each of these accounts: rows of the export, zeros, hidden (as of ``Means``).
        told: rows in all, and those that were set aside (in, no_account, replaced, duplicate).
    """

    table: pd.DataFrame
    tally: pd.DataFrame
    told: Mapping[str, int]


@dataclass(frozen=True)
class Merged:
    """The merge before words: the table, and what to say about it."""

    table: pd.DataFrame
    account: pd.DataFrame
    dropped: pd.DataFrame
    kept: tuple[str, ...]
    zeros: int
    hidden: int


def profiles_side(exports: Sequence[Export], account: str) -> Side:
    """Take the latest row of every profile."""
    import pandas as pd

    parts = []
    for export in exports:
        one_row_an_account(export.table[account], export.name)
        table = export.table.set_index(account)
        parts.append((table, pd.DataFrame({"rows": 1}, index=table.index)))
    kinds: dict[str, str] = {}
    for export, (table, _) in zip(exports, parts, strict=True):
        for name in table.columns[table.notna().any()]:
            kind = "number" if table[name].dtype.kind in "iuf" else str(table[name].dtype)
            if kinds.setdefault(name, kind) != kind:
                raise InputError(
                    f"column {name!r} is {kinds[name]} in one export and {kind} in {export.name}; make them alike"
                )
    return _latest(parts, exports)


def posts_side(means: Sequence[Means], exports: Sequence[Export]) -> Side:
    """Take the latest posts of every account; where posts are given one a row, none of a type are 0 posts."""
    counted = dict.fromkeys(name for one in means for name in one.table.columns if name.endswith(POSTS))
    parts = []
    for one in means:
        unseen = {name: 0 for name in counted if name not in one.table.columns}
        tells = any(name.endswith(POSTS) for name in one.table.columns)
        parts.append((one.table.assign(**unseen) if tells else one.table, one.tally))
    return _latest(parts, exports)


def _latest(parts: Sequence[tuple[pd.DataFrame, pd.DataFrame]], exports: Sequence[Export]) -> Side:
    """Put exports together, the oldest first: of an account, only the latest stays, in the place of the first."""
    import pandas as pd

    table = pd.concat([table for table, _ in parts])
    tally = pd.concat([tally for _, tally in parts])
    old = table.index.duplicated(keep="last")
    order = table.index.drop_duplicates()
    told = {
        "in": sum(export.rows for export in exports),
        "no_account": sum(export.nameless for export in exports),
        "replaced": int(tally["rows"][old].sum()),
        "duplicate": sum(export.duplicate for export in exports),
    }
    return Side(table[~old].loc[order], tally[~old], told)


def merge(left: Side, right: Side, *, keep: tuple[str, ...], keep_empty: bool) -> Merged:
    """Join the two sides, each with one row an account, and tell the fate of every account."""
    import numpy as np
    import pandas as pd

    for name in left.table.columns:
        if name in (ER, ACTIVE) or name.endswith((LOVE, COMMENT)) or name in right.table.columns:
            raise InputError(f"the profiles have a column {name!r}, which comes from the posts; leave it out of them")
    for name in keep:
        if name not in left.table.index:
            raise unknown("account", name, map(str, left.table.index), "the profiles")
    measured = right.table[[name for name in right.table.columns if name.endswith((LOVE, COMMENT))]].notna().any(axis=1)
    both = left.table.join(right.table, how="left", validate="one_to_one")
    has_posts = both.index.isin(right.table.index)
    has_metrics = both.index.isin(measured.index[measured])
    kept = ~has_metrics & (keep_empty | both.index.isin(keep))
    fate = pd.Series(
        np.select([has_metrics | kept, ~has_posts], ["merged", "no_posts"], "no_metrics"), index=both.index
    )
    alone = right.table.index.difference(left.table.index, sort=False)
    fate = pd.concat([fate, pd.Series("no_profile", index=alone, dtype=fate.dtype)])
    table = both[(fate.loc[both.index] == "merged").to_numpy()].copy()  # in one piece: there may be hundreds of types
    table = table.rename_axis(left.table.index.name).reset_index()
    counted = [name for name in right.table.columns if name.endswith(POSTS)]
    table = table.astype({name: "Int64" if table[name].isna().any() else "int64" for name in counted})
    behind = right.tally[fate.loc[right.tally.index] == "merged"]
    out = fate[fate != "merged"]
    return Merged(
        table,
        _account(fate, left, right),
        pd.DataFrame({"account": out.index.astype("str"), "reason": out.to_numpy()}),
        tuple(both.index[kept]),
        int(behind["zeros"].sum()),
        int(behind["hidden"].sum()),
    )


def _account(fate: pd.Series[str], left: Side, right: Side) -> pd.DataFrame:
    """Count the rows of each side by what became of them; the parts come from elsewhere than the whole."""
    import pandas as pd

    columns = {}
    for name, side in (("profiles", left), ("posts", right)):
        rows = side.tally["rows"].groupby(fate.loc[side.tally.index]).sum()
        told = {**{what: int(rows.get(what, 0)) for what in FATES}, **side.told}
        columns[name] = [told[what] for what in FATES]
    return pd.DataFrame({"what": FATES, **columns})


def followers_of(profiles: Side, account: str, follower: str | None) -> str:
    """Return the column of the profiles that has the followers."""
    known = [account, *map(str, profiles.table.columns)]
    wanted = _FOLLOWERS if follower is None else (follower,)
    column = next((name for name in wanted if name in known), None)
    if column is None:
        raise unknown("column", wanted[0], known, "the profiles")
    return column


def derived(table: pd.DataFrame, account: str, column: str) -> pd.DataFrame:
    """Add ER and active_rate, missing where what they are made of is."""
    import numpy as np

    followers = counts(table, column, account, "the profiles").replace(0, np.nan)
    empty = np.full(len(table), np.nan)
    love, comment = (table.get("image" + ending, empty) for ending in (LOVE, COMMENT))
    return table.copy().assign(**{ER: (love + comment) / followers * 100, ACTIVE: comment / (love + 1) * 100})
