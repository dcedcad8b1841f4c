"""``Discovery``: what the API's business discovery tells of an account, as a plain record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

from .graph import Graph, NoAccountError, NoAnswerError, RefusedError
from .journal import Record, is_count

_CURSOR: Final = re.compile(r"[A-Za-z0-9_=+/.-]{1,500}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:?\d\d")
_PROFILE: Final = ("id", "username", "followers_count", "media_count")
_FOLLOWS: Final = "follows_count"  # answered, but not among the fields that the reference calls public
_MEDIA: Final = ("id", "media_type", "media_product_type", "like_count", "comments_count", "timestamp")
_PAGE: Final = 50  # posts a request


class Discovery:
    """The questions about accounts, for one run.

    Args:
        graph: how to ask.
        posts: the most posts of an account.
    """

    def __init__(self, graph: Graph, posts: int) -> None:
        self._graph = graph
        self._most = posts
        self._follows = True

    def account(self, name: str) -> Record:
        """Ask for one account, page after page of its posts, the latest first.

        Returns:
            account, profile and posts; account alone where the API has no professional account of that name.

        Raises:
            NoAnswerError: if the API failed, or answered in another form than documented.
            GraphError: if no account will be answered.
        """
        profile: dict[str, Any] = {}
        posts: dict[str, dict[str, Any]] = {}
        after, seen = "", set[str]()
        try:
            while True:
                found, collected = self._page(name, min(_PAGE, self._most - len(posts)), after)
                if str(found.get("username", name)).lower() != name:
                    raise ValueError(f"about {found['username']!r}")
                profile = profile or _profile(found, collected)
                media = found.get("media")
                known = len(posts)
                fresh = [_post(one) for one in (media or {}).get("data", [])]
                posts.update((one["post_id"], one) for one in fresh if len(posts) < self._most)
                after = _cursor(media)
                if not after or after in seen or len(posts) == known or len(posts) >= self._most:
                    return {"account": name, "profile": profile, "posts": list(posts.values())}
                seen.add(after)
        except NoAccountError:
            if profile:
                raise NoAnswerError("the account was there, and gone on a later page of its posts") from None
            return {"account": name}
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            said = f"an answer of another form than documented: {type(problem).__name__} {problem}"
            raise NoAnswerError(said) from None

    def _page(self, name: str, size: int, after: str) -> tuple[Mapping[str, Any], str]:
        """Ask for the profile and one page of posts; returns also when the server answered."""
        edge = f"media{f'.after({after})' if after else ''}.limit({size}){{{','.join(_MEDIA)}}}"
        try:
            reply = self._graph.ask(_fields(name, [*_PROFILE, *([_FOLLOWS] if self._follows else []), edge]))
        except (RefusedError, NoAnswerError) as problem:
            if not self._follows or not (isinstance(problem, RefusedError) or _FOLLOWS in str(problem)):
                raise
            reply = self._graph.ask(_fields(name, [*_PROFILE, edge]))  # raises anew where it was something else
            self._follows = False
        found = (reply.body or {}).get("business_discovery")
        if not isinstance(found, dict):  # an account that the API keeps from the asker, by age for example
            raise NoAccountError
        return found, _moment(reply.headers.get("date", ""))


def _moment(date: str) -> str:
    """The time of an answer by the server's clock; no clock is read here."""
    try:
        return parsedate_to_datetime(date).isoformat()
    except ValueError:
        return ""


def _fields(name: str, wanted: Sequence[str]) -> str:
    return f"business_discovery.username({name}){{{','.join(wanted)}}}"


def _profile(found: Mapping[str, Any], collected: str) -> dict[str, Any]:
    return {
        "instagram_id": _text(found["id"]),
        "post": _count(found.get("media_count")),
        "follower": _count(found.get("followers_count")),
        "follow": _count(found.get(_FOLLOWS)),
        "collected": collected,
    }


def _post(one: Mapping[str, Any]) -> dict[str, Any]:
    time = str(one.get("timestamp", ""))
    reel = one.get("media_product_type") == "REELS"
    return {
        "post_id": _text(one["id"]),
        "type": "reels" if reel else _text(one["media_type"]).lower(),
        "like_count": _count(one.get("like_count")),
        "comments_count": _count(one.get("comments_count")),
        "time": time if _TIME.fullmatch(time) else "",
    }


def _text(value: object) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise TypeError(f"an id or a type that is {value!r}")
    return str(value)


def _count(value: object) -> int | None:
    """A count, or None where the API does not say; likes that the owner hides are left out of the answer."""
    return value if is_count(value) else None


def _cursor(media: Mapping[str, Any] | None) -> str:
    """The place after a page; empty after the last. Nothing else gets into the next question."""
    after = (((media or {}).get("paging") or {}).get("cursors") or {}).get("after", "")
    if after and not _CURSOR.fullmatch(after):
        raise ValueError("cursor")
    return str(after)
