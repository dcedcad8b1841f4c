"""``merge_profiles``: exports of profiles and of posts as one table of accounts, with an account of every row."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from dangol.core.errors import InputError, unknown
from dangol.core.result import Result, Tables

from .exports import read_exports
from .merge import REASONS, derived, followers_of, merge, posts_side, profiles_side
from .posts import post_means
from .profiles_words import explain, sentences

TYPES: Final[Mapping[str, str]] = MappingProxyType({"carousel_album": "image", "reels": "video"})


def merge_profiles(
    profiles: object,
    posts: object,
    *,
    account: str = "account",
    follower: str | None = None,
    types: Mapping[str, str] = TYPES,
    keep: Sequence[str] = (),
    keep_empty: bool = False,
) -> Result:
    """Merge exports of profiles and of posts into one row an account, and say what became of every row.

    An account is merged if it has a profile and, for at least one type of post, mean likes or mean comments. **A mean
    over zero posts is missing, not zero.** From the image means come::

        ER          = (image_love + image_comment) / follower * 100
        active_rate = image_comment / (image_love + 1) * 100

    Args:
        profiles: one row an account: a path (CSV in UTF-8 or CP949, Parquet, JSON, JSON lines), a table, or a sequence
            of these, the oldest first. The row of an account in a later export replaces its row in an earlier one.
        posts: likewise; each export holds either one row an account with means of each type of post (image_love,
            image_comment, video_love, …), or one row a post: the account, ``type`` (or media_type), ``like_count`` (or
            love, likes) and ``comments_count`` (or comment, comments). A later export replaces all posts of an account.
        account: the column that names the account, in all of them.
        follower: the column of profiles with the number of followers; None: follower, followers_count or followers.
        types: types of post to count as another, by their name in small letters; by default an album is an image, and a
            reel a video.
        keep: accounts to keep although they have no metrics of posts; their means are missing.
        keep_empty: keep all accounts without metrics of posts.

    Returns:
        A Result. ``.table`` is ``tables["merged"]``, one row an account in the order of the profiles:

        - the account (str) and the other columns of the profiles as they are;
        - ``<type>_love``, ``<type>_comment`` (float): means over the account's posts of the type; NaN without any;
        - ``<type>_posts`` (int): how many, where posts were given one a row;
        - ``ER``, ``active_rate`` (float, percent): NaN without image means; ER also with no followers.

        ``account``: what, profiles, posts (rows): in = merged + no_posts + no_metrics + no_profile + no_account +
        replaced + duplicate, on either side. ``dropped``: account, reason (no_posts: not in the posts; no_metrics: no
        mean of any type; no_profile: in the posts alone). ``units()`` lists the merged accounts,
        ``units(reason="no_metrics")`` those left out for a reason.

    Conventions:
        In an export of means, zero likes together with zero comments of a type stand for no post of that type, and
        become missing; how many is said. A post without like_count hides its likes: it is left out of the mean of likes
        and stays in that of comments. Spaces around an account are ignored, capital letters are not. A row that repeats
        another of its export in every column is counted as duplicate; posts one a row only where they have an id
        (post_id, id).

    Raises:
        InputError: for exports that cannot be read, a column that is missing, two different rows of an account in one
            export, counts that are text or below zero, and accounts to keep that no profile names.

    Example:
        >>> import pandas as pd
        >>> profiles = pd.DataFrame({"account": ["a", "b", "c"], "follower": [200, 100, 50]})
        >>> posts = pd.DataFrame({"account": ["a", "a", "a", "b"], "type": ["image", "image", "video", "video"],
        ...                       "like_count": [10, 20, 7, 5], "comments_count": [1, 3, 0, 1]})
        >>> merged = merge_profiles(profiles, posts)
        >>> print(merged.table[["account", "image_love", "image_comment", "image_posts", "ER"]].to_string(index=False))
        account  image_love  image_comment  image_posts  ER
              a        15.0            2.0            2 8.5
              b         NaN            NaN            0 NaN
        >>> print(merged.tables["dropped"].to_string(index=False))
        account   reason
              c no_posts
    """
    _check(account, types, keep)
    left = profiles_side(read_exports(profiles, account, "profiles"), account)
    column = followers_of(left, account, follower)
    exports = read_exports(posts, account, "posts")
    means = [post_means(export, account, types) for export in exports]
    made = merge(left, posts_side(means, exports), keep=tuple(keep), keep_empty=keep_empty)
    table = derived(made.table, account, column)

    def find(reason: str = "merged") -> Any:
        if reason not in ("merged", *REASONS):
            raise unknown("reason", reason, ("merged", *REASONS), "the merge")
        return table[account] if reason == "merged" else made.dropped["account"][made.dropped["reason"] == reason]

    asked = {
        "profiles": _named(profiles),
        "posts": _named(posts),
        "account": account,
        "follower": follower,
        "types": dict(types),
        "keep": list(keep),
        "keep_empty": keep_empty,
    }
    return Result(
        name="collect",
        sentences=sentences(made, table),
        how=explain(made),
        recipe={"collect": "profiles", "parameters": asked},
        tables=Tables({"merged": lambda: table, "account": lambda: made.account, "dropped": lambda: made.dropped}),
        shown=("account", "dropped") if len(made.dropped) else ("account",),
        find=find,
        unit="account",
    )


def _check(account: object, types: object, keep: object) -> None:
    if not isinstance(account, str) or not account.strip():
        raise InputError(f"account={account!r} must be the name of a column, such as account='username'")
    if not isinstance(types, Mapping) or not all(isinstance(word, str) for pair in types.items() for word in pair):
        raise InputError(f"types={types!r} must say which types count as another, such as {{'reels': 'video'}}")
    if isinstance(keep, str) or not isinstance(keep, Sequence):
        raise InputError(f"keep={keep!r} must be a list of accounts, such as keep=['some_account']")


def _named(given: object) -> Any:
    """Say of an export where it is, for the recipe."""
    if isinstance(given, list | tuple):
        return [_named(one) for one in given]
    return os.fspath(given) if isinstance(given, str | os.PathLike) else "(a table)"
