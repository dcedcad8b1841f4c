"""``merge_profiles``, the slow way: exports as lists of rows, one dictionary a row, looked at one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
TYPES = {"carousel_album": "image", "reels": "video"}


def latest(exports: Sequence[Sequence[Row]]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """The rows of each account in the last export that has it, and how many rows were set aside for which reason."""
    kept: dict[str, list[Row]] = {}
    told = {"in": 0, "replaced": 0, "no_account": 0}
    for export in exports:
        told["in"] += len(export)
        fresh: dict[str, list[Row]] = {}
        for row in export:
            if row["account"] is None:
                told["no_account"] += 1
            else:
                fresh.setdefault(row["account"], []).append(row)
        for account, rows in fresh.items():
            told["replaced"] += len(kept.get(account, []))
            kept[account] = rows
    return kept, told


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of those that are known; None of none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def of_posts(rows: Sequence[Row]) -> dict[str, Any]:
    """The means of posts given one a row."""
    found: dict[str, Any] = {}
    for kind in {TYPES.get(row["type"], row["type"]) for row in rows}:
        some = [row for row in rows if TYPES.get(row["type"], row["type"]) == kind]
        found[f"{kind}_love"] = mean([row["like_count"] for row in some])
        found[f"{kind}_comment"] = mean([row["comments_count"] for row in some])
        found[f"{kind}_posts"] = len(some)
    return found


def merge(
    profiles: Sequence[Sequence[Row]], posts: Sequence[Sequence[Row]], keep: Sequence[str] = ()
) -> dict[str, Any]:
    """Merge; returns the merged rows by account, the reason of each account left out, and the counts of rows."""
    people, of_people = latest(profiles)
    media, of_media = latest(posts)
    merged: dict[str, dict[str, Any]] = {}
    dropped: dict[str, str] = {}
    for account in [*people, *(name for name in media if name not in people)]:
        means = of_posts(media.get(account, []))
        told = any(value is not None for name, value in means.items() if not name.endswith("_posts"))
        if account not in people:
            dropped[account] = "no_profile"
        elif told or account in keep:
            follower, love, comment = (
                people[account][0]["follower"],
                means.get("image_love"),
                means.get("image_comment"),
            )
            both = love is not None and comment is not None
            merged[account] = {
                "follower": follower,
                **means,
                "ER": 100 * (love + comment) / follower if both and follower else None,
                "active_rate": 100 * comment / (love + 1) if both else None,
            }
        else:
            dropped[account] = "no_metrics" if account in media else "no_posts"
    for side, told_of in ((people, of_people), (media, of_media)):
        told_of["merged"] = sum(len(rows) for name, rows in side.items() if name in merged)
        for reason in ("no_posts", "no_metrics", "no_profile"):
            told_of[reason] = sum(len(rows) for name, rows in side.items() if dropped.get(name) == reason)
    return {"merged": merged, "dropped": dropped, "profiles": of_people, "posts": of_media}
