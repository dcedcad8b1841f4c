"""``collect_instagram``: profiles and latest posts of professional accounts from the official API, resumable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError, unknown
from dangol.core.files import staged
from dangol.core.result import Result, Tables

from .discovery import Discovery
from .graph import Graph, GraphError, NoAnswerError
from .instagram_words import explain, sentences
from .journal import Journal, Record, opened
from .names import read_accounts

if TYPE_CHECKING:
    import pandas as pd

Watcher = Callable[[str, float, float], None]

_MOST_POSTS: Final = 10_000
_STOP_AFTER: Final = 3  # accounts in a row without an answer: then the API fails, not an account


@dataclass(frozen=True)
class Collected:
    """What a run ended with.

    Attributes:
        names: the accounts asked for, in order.
        repeated: how many more times names stood in the list.
        earlier: how many were known from an earlier run.
        done: the record of each finished account.
        failed: why an account did not answer, by name.
        posts: the most posts of an account.
    """

    names: tuple[str, ...]
    repeated: int
    earlier: int
    done: Mapping[str, Record]
    failed: Mapping[str, str]
    posts: int

    def found(self) -> list[Record]:
        """The records with a profile, in order."""
        return [self.done[name] for name in self.names if "profile" in self.done.get(name, ())]

    def absent(self) -> list[str]:
        """The accounts that the API does not have."""
        return [name for name in self.names if name in self.done and "profile" not in self.done[name]]


def collect_instagram(
    accounts: object, folder: str | Path, *, graph: Graph, posts: int = 50, progress: Watcher | None = None
) -> Result:
    """Collect the profile and the latest posts of professional accounts with the API's business discovery.

    Each account is asked for by its name, its posts a page at a time. What is known of an account is on the disk before
    the next is asked for, so a run that was stopped, or killed, goes on where it was: accounts that are finished are
    not asked for again. Nothing is taken from web pages.

    Args:
        accounts: the user names: a text file with one a line, a CSV, Parquet or JSON file or a table with a column
            account (or username), or a list of names. Capital letters do not matter, a leading @ is left out.
        folder: where to; made if it is not there. It holds journal.jsonl, and in the end profiles.parquet and
            posts.parquet, which ``merge_profiles`` reads.
        graph: how to ask, with the token: ``Graph.from_environment()``.
        posts: the most posts of each account, the latest, 1 to 10,000.
        progress: called with (stage, accounts done, accounts in all).

    Returns:
        A Result. ``.table`` is ``tables["profiles"]``: account (str), instagram_id (str), post, follower, follow (int:
        posts, followers, and accounts that it follows; missing where the API does not say), collected (str: when, by
        the server's clock, ISO 8601).
        ``posts``: account, post_id (str), type (str: image, video, carousel_album, reels), like_count, comments_count
        (int; missing where hidden), time (UTC). ``account``: what, accounts: in = found + absent + failed + repeated.
        ``dropped``: account, reason (absent: no such name or no professional account; failed: no answer, asked again
        in the next run), said (str: in the API's words).
        ``units()`` lists the accounts found, ``units(reason="absent")`` those that were not.

    Conventions:
        The API does not give the posts of an account whose posts it restricts by age, and has no personal accounts.
        like_count is missing, not zero, where the owner hides it. Captions and comments are not asked for.

    Raises:
        InputError: for a list without names, or with what is no user name; a folder in use or begun otherwise.
        GraphError: if the API ends the run: a bad token, a permission, a limit that lasts, no answers any more. What
            was collected stays in the folder.

    References:
        Meta, Instagram Platform: Business Discovery; IG User; IG Media. Graph API: Rate Limits; Handling Errors.
    """
    most: object = posts
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= _MOST_POSTS:
        raise InputError(f"posts={posts!r} must be a whole number from 1 to {_MOST_POSTS:,}")
    names = read_accounts(accounts)
    unique = tuple(dict.fromkeys(names))
    place = Path(folder)
    with opened(place, posts) as journal:
        earlier = sum(name in journal.done for name in unique)
        failed = _ask_all(unique, journal, place, discovery=Discovery(graph, posts), progress=progress)
        made = Collected(unique, len(names) - len(unique), earlier, dict(journal.done), failed, posts)
        profiles, media = _tables(made)
        for name, table in (("posts", media), ("profiles", profiles)):
            _put(table, place / f"{name}.parquet")
    return _result(made, profiles, media, place)


def _ask_all(
    names: Sequence[str],
    journal: Journal,
    place: Path,
    *,
    discovery: Discovery,
    progress: Watcher | None,
) -> dict[str, str]:
    """Ask for every account that is not finished; returns why some did not answer."""
    failed: dict[str, str] = {}
    missing, in_a_row = [name for name in names if name not in journal.done], 0
    for number, name in enumerate(missing):
        if progress is not None:
            progress("accounts", len(names) - len(missing) + number, len(names))
        try:
            journal.add(discovery.account(name))
            in_a_row = 0
        except NoAnswerError as problem:
            failed[name] = str(problem)
            in_a_row += 1
        except GraphError as problem:
            raise GraphError(f"{problem}; {_kept(names, journal, place)}") from None
        if in_a_row == _STOP_AFTER and number + 1 < len(missing):
            raise GraphError(
                f"the API did not answer about {_STOP_AFTER} accounts in a row ({failed[name]}); "
                f"{_kept(names, journal, place)}"
            )
    if progress is not None:
        progress("accounts", len(names), len(names))
    return failed


def _kept(names: Sequence[str], journal: Journal, place: Path) -> str:
    done = sum(name in journal.done for name in names)
    return f"{done:,} of {len(names):,} accounts are kept in {place}, and the same command goes on from there"


def _tables(made: Collected) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    found = made.found()
    whole = {"post": "Int64", "follower": "Int64", "follow": "Int64", "like_count": "Int64", "comments_count": "Int64"}
    profiles = pd.DataFrame(
        [{"account": one["account"], **one["profile"]} for one in found],
        columns=["account", "instagram_id", "post", "follower", "follow", "collected"],
    )
    posts = pd.DataFrame(
        [{"account": one["account"], **post} for one in found for post in one["posts"]],
        columns=["account", "post_id", "type", "like_count", "comments_count", "time"],
    )
    posts["time"] = pd.to_datetime(posts["time"], utc=True, errors="coerce", format="ISO8601").dt.as_unit("us")
    words = ["account", "instagram_id", "collected", "post_id", "type"]
    typed = [
        table.astype({name: whole.get(name, "str") for name in table.columns if name in whole or name in words})
        for table in (profiles, posts)
    ]
    return typed[0], typed[1]


def _put(table: pd.DataFrame, path: Path) -> None:
    kept = "; what was collected is kept, and the same command goes on from there"
    with staged(path, else_said=kept) as part:
        table.to_parquet(part, index=False)


def _dropped(made: Collected) -> pd.DataFrame:
    import pandas as pd

    reasons = {**dict.fromkeys(made.absent(), "absent"), **dict.fromkeys(made.failed, "failed")}
    said = [made.failed.get(name, "") for name in reasons]
    table = {"account": list(reasons), "reason": list(reasons.values()), "said": said}
    return pd.DataFrame(table, dtype="str")


def _result(made: Collected, profiles: pd.DataFrame, posts: pd.DataFrame, place: Path) -> Result:
    import pandas as pd

    dropped = _dropped(made)
    told = {
        "in": len(made.names) + made.repeated,
        "found": len(profiles),
        "absent": len(made.absent()),
        "failed": len(made.failed),
        "repeated": made.repeated,
    }
    account = pd.DataFrame({"what": list(told), "accounts": list(told.values())})

    def find(reason: str = "found") -> Any:
        if reason not in ("found", "absent", "failed"):
            raise unknown("reason", reason, ("found", "absent", "failed"), "the collection")
        return profiles["account"] if reason == "found" else dropped["account"][dropped["reason"] == reason]

    return Result(
        name="collect",
        sentences=sentences(made, profiles, posts),
        how=explain(made),
        recipe={"collect": "instagram", "parameters": {"folder": str(place), "posts": made.posts}},
        tables=Tables(
            {
                "profiles": lambda: profiles,
                "posts": lambda: posts,
                "account": lambda: account,
                "dropped": lambda: dropped,
            }
        ),
        shown=("account", "dropped") if len(dropped) else ("account",),
        find=find,
        unit="account",
    )
