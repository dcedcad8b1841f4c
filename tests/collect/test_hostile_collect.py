"""What a server, a journal and exports may hold that nobody would write: a right answer or one sentence, no secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dangol.collect import Graph, collect_instagram, merge_profiles
from dangol.core.errors import DangolError, InputError, StoreError

from .api import ASKER, TOKEN, Api, error

Make = Callable[..., Graph]
POST = {"id": "1", "media_type": "IMAGE", "like_count": 1, "comments_count": 2, "timestamp": "2026-01-01T00:00:00+0000"}
HEAD = '{"format": 1, "posts": 50}\n'
PROFILE = {"instagram_id": "1", "post": 1, "follower": 5, "follow": None, "collected": ""}
KEPT = {"post_id": "1", "type": "image", "like_count": 1, "comments_count": 2, "time": ""}


def found(**more: Any) -> Any:
    told = {"id": "9", "username": "quiet", "followers_count": 5, "media_count": 1, **more}
    return 200, {}, {"business_discovery": told, "id": ASKER}


# ---- the server -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"username": "somebody_else"},
        {"id": None},
        {"id": {"a": 1}},
        {"id": True},
        {"media": {"data": [{**POST, "id": None}]}},
        {"media": {"data": [{**POST, "media_type": None}]}},
        {"media": {"data": [{**POST, "media_type": ""}]}},
        {"media": {"data": [1]}},
    ],
)
def test_an_answer_about_something_else_is_none(api: Api, graph: Make, tmp_path: Path, more: dict[str, Any]) -> None:
    api.first = [found(**more)]
    dropped = collect_instagram(["quiet"], tmp_path, graph=graph()).tables["dropped"]
    assert dropped[["account", "reason"]].to_numpy().tolist() == [["quiet", "failed"]]
    assert "another form than documented" in dropped["said"].iloc[0]


@pytest.mark.parametrize(
    "body", [b'{"business_discovery": {"id": "\\ud800"}}', b'{"error": {"code": 190, "message": "\\udfff"}}']
)
def test_half_a_letter_is_no_answer_and_is_asked_for_again(
    api: Api, graph: Make, slept: list[float], tmp_path: Path, body: bytes
) -> None:
    api.first = [(200, {}, body)]
    assert collect_instagram(["quiet"], tmp_path, graph=graph()).units().tolist() == ["quiet"]
    assert len(slept) == 1


@pytest.mark.parametrize("count", [2**63, 10**400, -1, 1.5, True, "7"])
def test_counts_that_are_none_are_missing(api: Api, graph: Make, tmp_path: Path, count: Any) -> None:
    api.first = [found(followers_count=count, media={"data": [{**POST, "like_count": count}]})]
    made = collect_instagram(["quiet"], tmp_path, graph=graph())
    assert made.table["follower"].isna().all()
    assert made.tables["posts"][["like_count", "comments_count"]].isna().to_numpy().tolist() == [[True, False]]


def test_pages_without_new_posts_end(api: Api, graph: Make, tmp_path: Path) -> None:
    """Cursors that never repeat, with the same post on every page: without an end, 20 answers would not do."""
    pages = [found(media={"data": [POST], "paging": {"cursors": {"after": f"C{page}"}}}) for page in range(20)]
    api.first = list(pages)
    assert len(collect_instagram(["quiet"], tmp_path, graph=graph()).tables["posts"]) == 1
    assert len(api.asked) == 2


@pytest.mark.parametrize("wait", [10**400, 10**30])
def test_a_wait_without_end_is_left_to_the_person(api: Api, graph: Make, tmp_path: Path, wait: int) -> None:
    usage = json.dumps({ASKER: [{"estimated_time_to_regain_access": wait}]})
    api.first = [(429, {"X-Business-Use-Case-Usage": usage}, b"")]
    with pytest.raises(DangolError, match=r"it asks to wait .* hours"):
        collect_instagram(["quiet"], tmp_path, graph=graph())


@pytest.mark.parametrize(("after", "pause"), [("9", 9.0), ("²", 60.0), ("-5", 60.0), ("9" * 30, 60.0), ("soon", 60.0)])
def test_retry_after_is_a_number_or_nothing(
    api: Api, graph: Make, slept: list[float], tmp_path: Path, after: str, pause: float
) -> None:
    api.first = [(429, {"Retry-After": after}, b"")]
    assert collect_instagram(["quiet"], tmp_path, graph=graph()).units().tolist() == ["quiet"]
    assert slept == [pause]


def test_what_a_terminal_would_obey_is_not_shown(api: Api, graph: Make, tmp_path: Path) -> None:
    api.first = [error(190, f"bad \x1b[2J\x07 {TOKEN}\r\n token")]
    with pytest.raises(DangolError) as caught:
        collect_instagram(["quiet"], tmp_path, graph=graph())
    assert "(bad [2J … token (code 190))" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": TOKEN},
        {"user_id": "١٢٣"},
        {"version": "v٢.0"},
        {"url": f"https://user:{TOKEN}@graph.facebook.com"},
        {"url": f"https://graph.facebook.com/?access_token={TOKEN}"},
        {"url": "https://"},
        {"url": "http://[::1"},
        {"url": "http://localhost:99999"},
    ],
)
def test_what_cannot_be_an_asker_or_an_address_is_refused_without_a_secret(
    graph: Make, changes: dict[str, str]
) -> None:
    with pytest.raises(InputError) as caught:
        graph(**changes)
    assert TOKEN not in str(caught.value)


# ---- the journal ------------------------------------------------------------------------------------------------


def line(**changes: Any) -> str:
    return json.dumps({"account": "quiet", "profile": PROFILE, "posts": [KEPT], **changes}) + "\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mine, without an end of line", "was not written by this version"),
        ("mine\n", "was not written by this version"),
        (line(), "was not written by this version"),
        (HEAD + line() + HEAD, "line 3 of .* is damaged"),
        (HEAD + line(profile=5), "line 2 of .* is damaged"),
        (HEAD + line(posts="x"), "line 2 of .* is damaged"),
        (HEAD + line(posts=[5]), "line 2 of .* is damaged"),
        (HEAD + line(profile={"instagram_id": "1"}), "line 2 of .* is damaged"),
        (HEAD + line(profile={**PROFILE, "follower": "5"}), "line 2 of .* is damaged"),
        (HEAD + line(profile={**PROFILE, "follower": 2**70}), "line 2 of .* is damaged"),
        (HEAD + line(profile={**PROFILE, "account": "other"}), "line 2 of .* is damaged"),
        (HEAD + line(profile={**PROFILE, "collected": "\ud800"}), "line 2 of .* is damaged"),
        (HEAD + line(posts=[{**KEPT, "like_count": 1.5}]), "line 2 of .* is damaged"),
        (HEAD + "[" * 100_000 + "\n", "line 2 of .* is damaged"),
    ],
)
def test_a_journal_that_was_changed_is_told_and_left_as_it_is(
    api: Api, graph: Make, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "journal.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=told):
        collect_instagram(["quiet"], tmp_path, graph=graph())
    assert (tmp_path / "journal.jsonl").read_text(encoding="utf-8") == text
    assert not api.asked


@pytest.mark.parametrize("text", ["", HEAD[:5], HEAD[:-1], HEAD, HEAD + line()[:-9]])
def test_a_journal_that_a_kill_broke_off_goes_on(api: Api, graph: Make, tmp_path: Path, text: str) -> None:
    (tmp_path / "journal.jsonl").write_text(text, encoding="utf-8")
    assert collect_instagram(["quiet"], tmp_path, graph=graph()).units().tolist() == ["quiet"]
    assert (tmp_path / "journal.jsonl").read_text(encoding="utf-8").startswith(HEAD + '{"account": "quiet"')


def test_a_full_disk_is_told_and_what_there_is_stays(
    api: Api, graph: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect_instagram(["quiet"], tmp_path, graph=graph())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stop(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", stop)
    for names in (["quiet"], ["quiet", "dangol_shop"]):
        with pytest.raises(StoreError, match="No space left on device; what was collected is kept"):
            collect_instagram(names, tmp_path, graph=graph())
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {**after, "journal.jsonl": b""} == {**before, "journal.jsonl": b""}
    assert after["journal.jsonl"].startswith(before["journal.jsonl"])


# ---- exports ----------------------------------------------------------------------------------------------------

PEOPLE = pd.DataFrame({"account": ["a"], "follower": [100]})
MEDIA = pd.DataFrame({"account": ["a"], "type": ["image"], "like_count": [9], "comments_count": [1]})


@pytest.mark.parametrize(
    ("people", "media", "options", "told"),
    [
        (PEOPLE.assign(follower=[True]), MEDIA, {}, "holds 'True' for 'a'; counts are numbers"),
        (PEOPLE.assign(follower=pd.Series([True], dtype=object)), MEDIA, {}, "holds 'True' for 'a'"),
        (PEOPLE, MEDIA.assign(like_count=[False]), {}, "holds 'False' for 'a'"),
        (PEOPLE, MEDIA, {"follower": "image_love"}, "column 'image_love' is not in the profiles; it has 'account', 'f"),
        (PEOPLE.rename(columns={"follower": "fans"}), MEDIA, {}, "it has 'account', 'fans'$"),
    ],
)
def test_followers_are_numbers_of_the_profiles(
    people: pd.DataFrame, media: pd.DataFrame, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        merge_profiles(people, media, **options)


def test_many_types_of_posts_are_merged_without_a_warning() -> None:
    """A library warns of a table that is put together column by column; here warnings are errors."""
    kinds = [f"t{place:03}" for place in range(120)]
    media = pd.DataFrame({"account": "a", "type": kinds, "like_count": 1, "comments_count": 2})
    merged = merge_profiles(PEOPLE, media).table
    assert merged.filter(like="_posts").to_numpy().tolist() == [[1] * 120]
