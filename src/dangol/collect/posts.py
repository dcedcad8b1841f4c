"""Posts as one row an account: mean likes and comments of each type of post; no posts of a type, no mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError

from .exports import Export, counts, post_id

if TYPE_CHECKING:
    import pandas as pd

LOVE: Final = "_love"
COMMENT: Final = "_comment"
POSTS: Final = "_posts"
_TYPES: Final = ("type", "media_type")
_LOVES: Final = ("love", "like_count", "likes")
_COMMENTS: Final = ("comment", "comments_count", "comments")


@dataclass(frozen=True)
class Means:
    """The posts of one export, by account.

    Attributes:
        table: one row an account, which is the index: ``<type>_love``, ``<type>_comment`` (means, NaN without a post
            that tells) and, where posts were given one a row, ``<type>_posts`` (how many).
        tally: what lies behind each account: ``rows`` of the export; ``zeros``, pairs of zero means that stood for no
            posts of the type; ``hidden``, posts that do not tell their likes.
    """

    table: pd.DataFrame
    tally: pd.DataFrame


def post_means(export: Export, account: str, types: Mapping[str, str]) -> Means:
    """Read the means of an export, or compute them of its posts."""
    names = [str(name) for name in export.table.columns]
    if any(name.endswith((LOVE, COMMENT)) for name in names):
        return _given(export, account, names)
    found = [_first(names, wanted) for wanted in (_TYPES, _LOVES, _COMMENTS)]
    if "" in found:
        told = "', '".join(names)
        raise InputError(
            f"{export.name} is no export of posts: it needs either means of each type, such as image_love and "
            f"image_comment, or one row a post with type, like_count and comments_count; it has '{told}'"
        )
    return _computed(export, account, found, types)


def _first(names: Sequence[str], wanted: Sequence[str]) -> str:
    return next((name for name in wanted if name in names), "")


def _given(export: Export, account: str, names: Sequence[str]) -> Means:
    """Take means as they are; zero likes together with zero comments stand for no post of the type."""
    import pandas as pd

    types = list(dict.fromkeys(name.removesuffix(LOVE).removesuffix(COMMENT) for name in names if _is_mean(name)))
    table = export.table
    one_row_an_account(table[account], export.name)
    means, zeros = {}, pd.Series(0, index=table.index)
    for kind in types:
        for name, other in ((kind + LOVE, kind + COMMENT), (kind + COMMENT, kind + LOVE)):
            if name not in names:
                raise InputError(f"{export.name} has a column {other!r} and no {name!r}; a type of posts needs both")
        love, comment = (counts(table, kind + ending, account, export.name) for ending in (LOVE, COMMENT))
        none = (love == 0) & (comment == 0)
        zeros += none
        means[kind + LOVE], means[kind + COMMENT] = love.mask(none), comment.mask(none)
    index = pd.Index(table[account], name=account)
    tally = pd.DataFrame({"rows": 1, "zeros": zeros, "hidden": 0})
    return Means(pd.DataFrame(means).set_index(index), tally.set_index(index))


def _is_mean(name: str) -> bool:
    return name.endswith((LOVE, COMMENT))


def one_row_an_account(accounts: pd.Series[str], name: str) -> None:
    """Refuse two different rows of one account."""
    repeated = accounts[accounts.duplicated()]
    if len(repeated):
        raise InputError(
            f"{name} has several different rows for {repeated.iloc[0]!r}; leave one, or give the newer row as a "
            "further export, which replaces the older"
        )


def _computed(export: Export, account: str, columns: Sequence[str], types: Mapping[str, str]) -> Means:
    """Compute the means of posts given one a row; a post that hides its likes counts for comments alone."""
    import pandas as pd

    table = export.table
    of_type, love, comment = columns
    _each_post_once(export, account)
    kinds = table[of_type].map(_kinds(table[of_type], types)).astype("str")
    if (unsaid := kinds.isna() | (kinds == "")).any():
        raise InputError(f"{export.name} has a post of {table[account][unsaid].iloc[0]!r} without a {of_type}")
    posts = pd.DataFrame(
        {
            "account": table[account],
            "type": kinds,
            LOVE: counts(table, love, account, export.name),
            COMMENT: counts(table, comment, account, export.name),
        }
    )
    groups = posts.groupby(["account", "type"])
    measures = {LOVE: groups[LOVE].mean(), COMMENT: groups[COMMENT].mean(), POSTS: groups.size()}
    parts = {}
    for kind in sorted(kinds.unique()):
        for ending, measure in measures.items():
            parts[kind + ending] = measure.xs(kind, level="type")
    by_type = pd.DataFrame(parts, index=pd.Index(posts["account"].unique(), name=account))
    counted = [name for name in parts if name.endswith(POSTS)]
    by_type = by_type.fillna(dict.fromkeys(counted, 0)).astype(dict.fromkeys(counted, "int64"))
    hides = posts[LOVE].isna().groupby(posts["account"], sort=False)
    return Means(by_type, pd.DataFrame({"rows": hides.size(), "zeros": 0, "hidden": hides.sum()}))


def _kinds(column: pd.Series[Any], types: Mapping[str, str]) -> dict[Any, str]:
    """What each written type of post counts as: in small letters, with underscores for spaces."""
    found = {written: "_".join(str(written).lower().split()) for written in column.dropna().unique()}
    return {written: types.get(kind, kind) for written, kind in found.items()}


def _each_post_once(export: Export, account: str) -> None:
    """Refuse a post that is there twice with different values."""
    name = post_id(export.table, account)
    if not name:
        return
    keys = export.table[[account, name]]
    repeated = keys[keys.duplicated() & keys[name].notna()]
    if len(repeated):
        raise InputError(
            f"{export.name} has several different rows for the post '{repeated[name].iloc[0]}' of "
            f"{repeated[account].iloc[0]!r}; leave one of them"
        )
