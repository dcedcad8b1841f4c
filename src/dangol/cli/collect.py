"""``dangol collect``: accounts and their posts, from exports or from the official Instagram API."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Optional

import typer

from dangol.collect import Graph, collect_instagram, merge_profiles
from dangol.collect.graph import USER
from dangol.collect.profiles import TYPES
from dangol.core.errors import InputError, choice
from dangol.core.files import staged
from dangol.core.words import LANGUAGES, Sentence
from dangol.log.progress import Progress

from .app import app
from .outputs import check_out
from .terminal import show, to_json

if TYPE_CHECKING:
    from dangol.core.result import Result

Text = Optional[str]  # noqa: UP045 - read at run time
Files = Optional[list[Path]]  # noqa: UP045
_INTERRUPTED: Final = 130
_LISTED: Final = 15  # accounts left out that are listed on the terminal
_TYPES: Final = ",".join(f"{kind}={other}" for kind, other in TYPES.items())

collect_app = typer.Typer(
    name="collect",
    help="Accounts and their posts: merge exports, or collect them from the official Instagram API.",
    rich_markup_mode="markdown",
)
app.add_typer(collect_app, name="collect")


@collect_app.command("profiles")
def profiles_command(
    profiles: Annotated[Path, typer.Argument(help="One row an account: CSV, Parquet or JSON.", show_default=False)],
    posts: Annotated[
        Path, typer.Argument(help="One row a post, or means of each type, one row an account.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write: .parquet or .csv.")] = Path(
        "merged.parquet"
    ),
    newer_profiles: Annotated[
        Files, typer.Option(help="A later export of profiles, whose rows replace earlier ones; repeatable, in order.")
    ] = None,
    newer_posts: Annotated[Files, typer.Option(help="A later export of posts, likewise.")] = None,
    account: Annotated[str, typer.Option(help="The column that names the account.")] = "account",
    follower: Annotated[
        Text, typer.Option(help="The column with followers. Default: follower, followers_count.")
    ] = None,
    types: Annotated[str, typer.Option(help="Types of post that count as another.")] = _TYPES,
    keep: Annotated[
        list[str] | None, typer.Option(help="An account to keep although it has no metrics of posts; repeatable.")
    ] = None,
    keep_empty: Annotated[bool, typer.Option("--keep-empty", help="Keep all accounts without metrics.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    lang: Annotated[str, typer.Option(help="Language of the sentences: en or ko.")] = "en",
) -> None:
    """Merge exports of profiles and of posts into one row an account, with ER and active_rate.

    A mean over zero posts is missing, not zero. What became of every row is printed.
    """
    choice("lang", lang, LANGUAGES)
    people, media = [profiles, *(newer_profiles or [])], [posts, *(newer_posts or [])]
    check_out(out, reads=[*people, *media], suffixes=(".parquet", ".csv"))
    merged = merge_profiles(
        people,
        media,
        account=account,
        follower=follower,
        types=_pairs(types),
        keep=keep or [],
        keep_empty=keep_empty,
    )
    _put(merged, out)
    _print(merged, lang, json)
    accounts = "account" if len(merged.table) == 1 else "accounts"
    print(f"{len(merged.table):,} {accounts} written to {out}", file=sys.stderr)


@collect_app.command("instagram")
def instagram_command(
    accounts: Annotated[
        Path, typer.Option(help="The user names: one a line, or a table with a column account.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to collect into.")] = Path("instagram"),
    posts: Annotated[int, typer.Option(help="The most posts of each account, the latest.")] = 50,
    user_id: Annotated[Text, typer.Option(help=f"The number of the account that asks. Default: {USER}.")] = None,
    api_version: Annotated[str, typer.Option(help="Version of the Graph API.")] = Graph.version,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    lang: Annotated[str, typer.Option(help="Language of the sentences: en or ko.")] = "en",
) -> None:
    """Collect profiles and latest posts of professional accounts with the business discovery of Instagram's Graph API.

    The access token is read from INSTAGRAM_ACCESS_TOKEN in the environment, and is never shown or written. A run that
    was stopped goes on where it was. Then **dangol collect profiles FOLDER/profiles.parquet FOLDER/posts.parquet**
    merges what was collected.
    """
    choice("lang", lang, LANGUAGES)

    def notify(sentence: Sentence) -> None:
        print(sentence.write(lang), file=sys.stderr)

    graph = Graph.from_environment(user_id, version=api_version, notify=notify)
    try:
        with Progress() as bar:
            collected = collect_instagram(accounts, out, graph=graph, posts=posts, progress=bar.update)
    except KeyboardInterrupt:
        print(f"dangol: stopped; what was collected is kept in {out}, and the same command goes on", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    _print(collected, lang, json)
    words = ["dangol", "collect", "profiles", *(str(out / f"{name}.parquet") for name in ("profiles", "posts"))]
    print(shlex.join(words), file=sys.stderr)


def _pairs(text: str) -> dict[str, str]:
    """Read ``reels=video,carousel_album=image``."""
    pairs = [part.strip().split("=") for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 or not all(word.strip() for word in pair) for pair in pairs):
        raise InputError(f"--types {text!r} must be pairs parted by commas, such as {_TYPES}")
    words = [(kind.strip().lower(), other.strip().lower()) for kind, other in pairs]
    twice = next((kind for place, (kind, _) in enumerate(words) if kind in dict(words[:place])), None)
    if twice is not None:
        raise InputError(f"--types {text!r} says twice what {twice!r} counts as; say it once")
    return dict(words)


def _put(result: Result, path: Path) -> None:
    """Write the table beside its place, and move it there when it is whole."""
    with staged(path) as part:
        if path.suffix.lower() == ".csv":
            result.table.to_csv(part, index=False, encoding="utf-8")
        else:
            result.table.to_parquet(part, index=False)


def _print(result: Result, lang: str, as_json: bool) -> None:
    if as_json:
        print(to_json(result, lang))
        return
    out = len(result.tables["dropped"])
    show(result, lang, tuple(name for name in result.shown if name != "dropped" or out <= _LISTED))
    if out > _LISTED:
        print(f"{out:,} accounts were left out; --json lists them all, with the reason", file=sys.stderr)
