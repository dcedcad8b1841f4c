"""``collect_instagram`` against an API on this machine that answers as documented; the expected numbers are by hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from dangol.collect import Graph, GraphError, collect_instagram, merge_profiles
from dangol.core.errors import InputError, StoreError
from dangol.core.words import Sentence

from .api import ASKER, TOKEN, Account, Api, at_once, error, limit, posts

Make = Callable[..., Graph]
ALL = ["blue.bottle", "dangol_shop", "quiet"]


def files(folder: Path) -> str:
    """Everything that a run left, as one text."""
    return "".join(path.read_bytes().decode("latin-1") for path in sorted(folder.rglob("*")) if path.is_file())


def test_pages_are_asked_for_until_there_are_no_more(api: Api, graph: Make, slept: list[float], tmp_path: Path) -> None:
    made = collect_instagram(ALL, tmp_path, graph=graph(), posts=200)
    assert [one for one in api.asked if one[0] == "blue.bottle"] == [
        ("blue.bottle", "", 50),
        ("blue.bottle", "QVFIU50", 50),
        ("blue.bottle", "QVFIU100", 50),
    ]
    profiles, media = pd.read_parquet(tmp_path / "profiles.parquet"), pd.read_parquet(tmp_path / "posts.parquet")
    assert profiles["account"].tolist() == ALL
    assert profiles[["post", "follower", "follow"]].to_numpy().tolist() == [
        [120, 267_793, 12],
        [2, 1_000, 7],
        [0, 30, 0],
    ]
    assert media.groupby("account").size().to_dict() == {"blue.bottle": 120, "dangol_shop": 2}
    assert media["like_count"][media["account"] == "blue.bottle"].tolist() == list(range(1, 121))
    assert str(media["time"].iloc[0]) == "2026-01-02 09:00:00+00:00"
    assert profiles["collected"].str.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00").all()
    assert made.summary() == "Collected 3 of 3 accounts, with 122 of their latest posts."
    assert made.summary("ko") == "계정 3개 가운데 3개와 최근 게시물 122건을 수집했습니다."
    assert slept == []
    assert made.units().tolist() == ALL


@pytest.mark.parametrize(("wanted", "sizes"), [(1, [1]), (50, [50]), (51, [50, 1]), (120, [50, 50, 20])])
def test_no_more_posts_than_wanted(api: Api, graph: Make, tmp_path: Path, wanted: int, sizes: list[int]) -> None:
    collect_instagram(["blue.bottle"], tmp_path, graph=graph(), posts=wanted)
    assert [size for _, _, size in api.asked] == sizes
    assert len(pd.read_parquet(tmp_path / "posts.parquet")) == wanted


def test_a_cursor_after_the_last_page_ends_at_an_empty_one(api: Api, graph: Make, tmp_path: Path) -> None:
    api.cursor_on_last_page = True
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph())
    assert len(api.asked) == 2
    assert len(made.tables["posts"]) == 2


def test_a_cursor_that_repeats_ends_as_well(api: Api, graph: Make, tmp_path: Path) -> None:
    page = {"data": posts(1), "paging": {"cursors": {"after": "QVFIU1"}}}
    body = {"business_discovery": {"id": "1", "followers_count": 3, "media": page}, "id": ASKER}
    api.first = [(200, {}, body)] * 5
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph())
    assert (len(api.asked), len(made.tables["posts"])) == (2, 1)


def test_hidden_likes_are_missing_and_not_zero(api: Api, graph: Make, tmp_path: Path) -> None:
    """The field is left out of the answer (IG Media: like_count). Means: likes of the other post alone, by hand."""
    hidden = {key: value for key, value in posts(1)[0].items() if key != "like_count"}
    api.accounts["dangol_shop"].posts = [hidden, {**posts(1)[0], "id": "2", "like_count": 40, "comments_count": 4}]
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph())
    assert made.tables["posts"]["like_count"].isna().tolist() == [True, False]
    assert "Posts that hide their likes: 1; their like_count is missing, not zero." in made.summary()
    merged = merge_profiles(tmp_path / "profiles.parquet", tmp_path / "posts.parquet")
    row = merged.table.iloc[0]
    assert (row["image_love"], row["image_comment"], row["image_posts"]) == (40.0, 3.0, 2)
    assert row["ER"] == pytest.approx(4.3)
    assert "Posts that do not tell their likes: 1" in merged.summary()


def test_what_was_collected_can_be_merged(api: Api, graph: Make, tmp_path: Path) -> None:
    """Albums count as images, reels as videos; an account without posts has no means, and is told."""
    kinds = [("IMAGE", "FEED"), ("CAROUSEL_ALBUM", "FEED"), ("VIDEO", "REELS"), ("VIDEO", "FEED")]
    api.accounts["dangol_shop"].posts = [
        {**post, "media_type": kind, "media_product_type": surface}
        for post, (kind, surface) in zip(posts(4), kinds, strict=True)
    ]
    made = collect_instagram(["dangol_shop", "quiet"], tmp_path, graph=graph())
    assert made.tables["posts"]["type"].tolist() == ["image", "carousel_album", "reels", "video"]
    merged = merge_profiles(tmp_path / "profiles.parquet", tmp_path / "posts.parquet")
    row = merged.table.set_index("account").loc["dangol_shop"]
    assert (row["image_love"], row["image_posts"], row["video_love"], row["video_posts"]) == (1.5, 2, 3.5, 2)
    assert row["follower"] == 1_000
    assert merged.tables["dropped"].to_numpy().tolist() == [["quiet", "no_posts"]]


def test_a_limit_is_waited_for_as_long_as_the_api_says(
    api: Api, graph: Make, slept: list[float], tmp_path: Path
) -> None:
    """estimated_time_to_regain_access is in minutes (Rate Limits); without it the pauses double from a minute on."""
    told: list[Sentence] = []
    api.first = [limit(7), limit(), limit(0), (429, {"Retry-After": "90"}, b"")]
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph(notify=told.append))
    assert slept == [420.0, 120.0, 240.0, 90.0]
    assert len(made.table) == 1
    assert told[0].write() == "The API's limit is reached or near: waiting 7 min."
    assert told[0].write("ko") == "API 호출 한도에 이르렀거나 가까워져 7분 기다립니다."


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80002])
def test_every_code_of_a_limit_is_known(api: Api, graph: Make, slept: list[float], tmp_path: Path, code: int) -> None:
    api.first = [error(code, "Calls have exceeded the limit")]
    assert len(collect_instagram(["dangol_shop"], tmp_path, graph=graph()).table) == 1
    assert slept == [60.0]


def test_a_limit_that_lasts_ends_the_run_and_keeps_what_there_is(
    api: Api, graph: Make, slept: list[float], tmp_path: Path
) -> None:
    api.before = lambda name: api.first.append(limit()) if name == "quiet" else None
    with pytest.raises(
        GraphError, match=r"waited for 8 times .*; 1 of 2 accounts are kept in .*, and the same command"
    ):
        collect_instagram(["dangol_shop", "quiet"], tmp_path, graph=graph())
    assert slept == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0, 900.0]


def test_an_announced_wait_of_hours_is_left_to_the_person(
    api: Api, graph: Make, slept: list[float], tmp_path: Path
) -> None:
    api.first = [limit(300)]
    with pytest.raises(GraphError, match=r"asks to wait 5\.0 hours; 0 of 1 accounts are kept"):
        collect_instagram(["dangol_shop"], tmp_path, graph=graph())
    assert slept == []


@pytest.mark.parametrize("used", [94, 95, 100])
def test_a_limit_that_is_nearly_used_slows_down(
    api: Api, graph: Make, slept: list[float], tmp_path: Path, used: int
) -> None:
    api.headers = {"X-App-Usage": json.dumps({"call_count": used, "total_time": 1, "total_cputime": 1})}
    collect_instagram(["dangol_shop", "quiet"], tmp_path, graph=graph())
    assert slept == ([60.0, 60.0] if used >= 95 else [])


@pytest.mark.parametrize(
    "usage", ["", "no json", "[]", '{"1": 2}', '{"1": [3]}', '{"call_count": "much"}', '{"1": {}}']
)
def test_headers_that_cannot_be_read_stop_nothing(api: Api, graph: Make, tmp_path: Path, usage: str) -> None:
    api.headers = {"X-App-Usage": usage, "X-Business-Use-Case-Usage": usage}
    assert len(collect_instagram(["quiet"], tmp_path, graph=graph()).table) == 1


TROUBLE = {
    "500": (500, {}, b"<html>sorry</html>"),
    "503": (503, {}, b""),
    "unknown": error(1, "An unknown error occurred", 500),
    "service": error(2, "Service temporarily unavailable", 500),
    "transient": error(100, "Please try again", is_transient=True),
    "not json": (200, {}, b'{"business_discovery": {"id": "1", "foll'),
    "no object": (200, {}, b"[]"),
    "not text": (200, {}, b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("kind", TROUBLE)
def test_trouble_that_passes_is_tried_again_with_growing_pauses(
    api: Api, graph: Make, slept: list[float], tmp_path: Path, kind: str
) -> None:
    api.first = [TROUBLE[kind]] * 4
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph(seed=3))
    assert len(made.table) == 1
    assert len(slept) == 4
    assert all(0.5 * 2**n <= pause <= 1.5 * 2**n for n, pause in enumerate(slept))


def test_the_pauses_come_from_the_seed(api: Api, graph: Make, slept: list[float], tmp_path: Path) -> None:
    for number, seed in enumerate((1, 1, 2)):
        api.first = [TROUBLE["503"]] * 2
        collect_instagram(["quiet"], tmp_path / str(number), graph=graph(seed=seed))
    assert slept[:2] == slept[2:4] != slept[4:]


def test_one_account_without_an_answer_does_not_stop_the_others(api: Api, graph: Make, tmp_path: Path) -> None:
    api.before = lambda name: api.first.append(TROUBLE["503"]) if name == "dangol_shop" else None
    made = collect_instagram(["quiet", "dangol_shop", "blue.bottle"], tmp_path, graph=graph())
    assert made.summary().startswith("Not finished: 1 of 3 accounts got no answer (dangol_shop); the same command asks")
    assert made.table["account"].tolist() == ["quiet", "blue.bottle"]
    assert made.tables["dropped"].to_numpy().tolist() == [
        ["dangol_shop", "failed", "status 503, without a readable answer"]
    ]
    assert made.tables["account"].to_numpy().tolist() == [
        ["in", 3], ["found", 2], ["absent", 0], ["failed", 1], ["repeated", 0]
    ]  # fmt: skip
    api.before, before = at_once, len(api.asked)
    again = collect_instagram(["quiet", "dangol_shop", "blue.bottle"], tmp_path, graph=graph())
    assert [name for name, _, _ in api.asked[before:]] == ["dangol_shop"]
    assert len(again.table) == 3
    assert "Known from an earlier run, and not asked for again: 2." in again.summary()


def test_an_api_that_answers_nobody_ends_the_run(api: Api, graph: Make, slept: list[float], tmp_path: Path) -> None:
    api.before = lambda name: api.first.append(TROUBLE["503"])
    names = [f"name{number}" for number in range(9)]
    with pytest.raises(GraphError, match=r"did not answer about 3 accounts in a row .*; 0 of 9 accounts are kept"):
        collect_instagram(names, tmp_path, graph=graph())
    assert len(api.asked) == 3 * 5
    assert not (tmp_path / "profiles.parquet").exists()


def test_failures_are_counted_in_a_row_and_none_ends_a_finished_run(api: Api, graph: Make, tmp_path: Path) -> None:
    silent = {"a1", "a2", "a3", "a4", "b1", "b2", "b3"}
    api.before = lambda name: api.first.append(TROUBLE["503"]) if name in silent else None
    parted = ["a1", "a2", "quiet", "a3", "a4", "dangol_shop"]  # never three in a row
    made = collect_instagram(parted, tmp_path / "parted", graph=graph())
    assert made.table["account"].tolist() == ["quiet", "dangol_shop"]
    made = collect_instagram(["quiet", "b1", "b2", "b3"], tmp_path / "last", graph=graph())  # nothing is left to ask
    assert made.table["account"].tolist() == ["quiet"]
    assert made.summary().startswith("Not finished: 3 of 4 accounts got no answer")


def test_a_server_in_trouble_is_asked_again_whatever_it_says(
    api: Api, graph: Make, slept: list[float], tmp_path: Path
) -> None:
    api.first = [(500, {}, {"error": {"message": "oops", "code": 99}})]
    assert len(collect_instagram(["quiet"], tmp_path, graph=graph()).table) == 1
    assert len(slept) == 1


def test_a_token_that_an_answer_repeats_is_hidden_quoted_too(api: Api, graph: Make, tmp_path: Path) -> None:
    token = "EAA+secret/of=many%parts"
    api.first = [error(190, f"bad {token} or {quote(token, safe='')}", 401)]
    with pytest.raises(GraphError) as raised:
        collect_instagram(["quiet"], tmp_path, graph=graph(token=token))
    assert "bad … or …" in str(raised.value)


def test_a_timeout_is_trouble_that_passes(api: Api, graph: Make, slept: list[float], tmp_path: Path) -> None:
    let_go, asked = threading.Event(), Counter[str]()

    def hang(name: str) -> None:
        asked[name] += 1
        if asked[name] == 1:
            let_go.wait(10)

    api.before = hang
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph(timeout_s=0.2))
    let_go.set()
    assert (len(made.table), len(slept)) == (1, 1)


@pytest.mark.parametrize(
    ("date", "told"), [("Sat, 28 Nov 2026 04:17:36 GMT", "2026-11-28T04:17:36+00:00"), ("now", ""), ("", "")]
)
def test_the_time_is_the_servers(api: Api, graph: Make, tmp_path: Path, date: str, told: str) -> None:
    api.date = date
    made = collect_instagram(["quiet"], tmp_path, graph=graph())
    assert made.table["collected"].tolist() == [told]


def test_nobody_listening_is_told_without_the_token(graph: Make, tmp_path: Path) -> None:
    made = collect_instagram(["quiet"], tmp_path, graph=graph(url="http://127.0.0.1:9"))
    said = made.tables["dropped"]["said"].iloc[0]
    assert said.startswith("no answer:")
    assert TOKEN not in said


def test_accounts_that_are_not_there_are_told_and_not_asked_again(api: Api, graph: Make, tmp_path: Path) -> None:
    """Code 110 with subcode 2207013 is the answer both for an unknown name and for a personal account."""
    made = collect_instagram(["nobody", "quiet"], tmp_path, graph=graph())
    assert "No such name, or no professional account: 1 (nobody)." in made.summary()
    assert made.units(reason="absent").tolist() == ["nobody"]
    collect_instagram(["nobody", "quiet"], tmp_path, graph=graph())
    assert Counter(name for name, _, _ in api.asked) == {"nobody": 1, "quiet": 1}
    with pytest.raises(InputError, match="reason 'absen' is not in the collection; did you mean 'absent'"):
        made.units(reason="absen")


def test_an_account_that_the_api_keeps_back_is_absent(api: Api, graph: Make, tmp_path: Path) -> None:
    api.first = [(200, {}, {"id": ASKER})]
    made = collect_instagram(["quiet"], tmp_path, graph=graph())
    assert made.units(reason="absent").tolist() == ["quiet"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (error(190, f"Session of {TOKEN} has expired", 401), "refused the access token .*INSTAGRAM_ACCESS_TOKEN"),
        (error(102, "Session key invalid"), "refused the access token"),
        ((401, {}, b""), "refused the access token"),
        ((302, {"Location": "https://example.com/"}, b""), "a redirect, which is not followed"),
    ],
)
def test_what_no_further_question_would_mend_ends_the_run(
    api: Api, graph: Make, slept: list[float], tmp_path: Path, answer: tuple[int, dict[str, str], object], told: str
) -> None:
    api.first = [answer]
    with pytest.raises(GraphError, match=told) as raised:
        collect_instagram(["quiet", "dangol_shop"], tmp_path, graph=graph())
    assert len(api.asked) == 1
    assert "0 of 2 accounts are kept" in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert slept == []


@pytest.mark.parametrize("code", [3, 10, 200, 299, 368])
def test_what_the_token_may_not_ask_ends_the_run(
    api: Api, graph: Make, slept: list[float], tmp_path: Path, code: int
) -> None:
    """It is asked once more without follows_count, since the answer does not say which field is refused."""
    api.first = [error(code, f"({code}) no permission {TOKEN}", 403)] * 2
    with pytest.raises(GraphError, match=r"needs the permissions instagram_basic.*0 of 2 accounts are kept") as raised:
        collect_instagram(["quiet", "dangol_shop"], tmp_path, graph=graph())
    assert (len(api.asked), slept) == (2, [])
    assert TOKEN not in str(raised.value)


def test_a_refused_question_is_not_repeated(api: Api, graph: Make, slept: list[float], tmp_path: Path) -> None:
    api.first = [error(100, "Syntax error")]
    made = collect_instagram(["quiet"], tmp_path, graph=graph())
    assert (len(api.asked), slept) == (1, [])
    assert made.tables["dropped"]["said"].tolist() == ["Syntax error (code 100)"]


@pytest.mark.parametrize(
    "answer",
    [
        error(100, "(#100) Tried accessing nonexisting field (follows_count)"),
        error(10, "(#10) Application does not have permission for this action", 403),
    ],
)
def test_follows_count_is_left_out_where_the_api_refuses_it(
    api: Api, graph: Make, tmp_path: Path, answer: tuple[int, dict[str, str], object]
) -> None:
    """The reference does not call the field public; without it, all accounts are collected all the same."""
    api.first = [answer]
    made = collect_instagram(ALL, tmp_path, graph=graph())
    assert made.table["follower"].tolist() == [267_793, 1_000, 30]
    assert made.table["follow"].isna().all()
    assert ["follows_count" in path for path in api.seen] == [True, False, False, False]
    assert "Accounts of which the API does not tell how many they follow: 3." in made.summary()


ODD = {
    "media no object": {"id": "1", "media": [1]},
    "data no list": {"id": "1", "media": {"data": 7}},
    "post no object": {"id": "1", "media": {"data": ["x"]}},
    "post without id": {"id": "1", "media": {"data": [{"media_type": "IMAGE"}]}},
    "no id": {"followers_count": 3},
    "cursor": {"id": "1", "media": {"data": posts(1), "paging": {"cursors": {"after": "){id}"}}}},
    "cursor no text": {"id": "1", "media": {"data": posts(1), "paging": {"cursors": {"after": 4}}}},
}


@pytest.mark.parametrize("kind", ODD)
def test_answers_of_another_form_fail_one_account(api: Api, graph: Make, tmp_path: Path, kind: str) -> None:
    api.first = [(200, {}, {"business_discovery": ODD[kind], "id": ASKER})]
    made = collect_instagram(["dangol_shop", "quiet"], tmp_path, graph=graph())
    assert made.units(reason="failed").tolist() == ["dangol_shop"]
    assert "another form than documented" in made.tables["dropped"]["said"].iloc[0]
    assert made.units().tolist() == ["quiet"]


def test_numbers_that_are_none_are_missing(api: Api, graph: Make, tmp_path: Path) -> None:
    post = {**posts(1)[0], "like_count": -1, "comments_count": "many", "timestamp": "today"}
    found = {"id": "1", "followers_count": None, "media_count": True, "follows_count": 2.5, "media": {"data": [post]}}
    api.first = [(200, {}, {"business_discovery": found, "id": ASKER})]
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph())
    assert made.table[["follower", "post", "follow"]].isna().all(axis=None)
    assert made.tables["posts"][["like_count", "comments_count", "time"]].isna().all(axis=None)


KILLED = """
import sys
from dangol.collect import Graph, collect_instagram
collect_instagram([f"name{i}" for i in range(8)], sys.argv[2], graph=Graph("%s", "%s", sys.argv[1]))
""" % (TOKEN, ASKER)  # noqa: UP031 - the code has braces


@pytest.mark.parametrize("part", [b"", b'{"account": "name5", "prof', b'{"account": "name5", "profile": {}}'])
def test_a_killed_run_goes_on_without_asking_again(api: Api, graph: Make, tmp_path: Path, part: bytes) -> None:
    """SIGKILL while the sixth account is asked for; ``part`` is a line that the kill broke off."""
    for number in range(8):
        api.accounts[f"name{number}"] = Account(100 + number, 1, posts(number))
    reached, let_go = threading.Event(), threading.Event()

    def hang(name: str) -> None:
        if name == "name5" and not reached.is_set():
            reached.set()
            let_go.wait(30)

    api.before = hang
    code = [sys.executable, "-c", KILLED, api.url, str(tmp_path)]
    process = subprocess.Popen(code, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")})
    assert reached.wait(60)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    let_go.set()
    assert not (tmp_path / "profiles.parquet").exists()
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(part)
    made = collect_instagram([f"name{number}" for number in range(8)], tmp_path, graph=graph())
    assert Counter(name for name, _, _ in api.asked) == {
        f"name{number}": 2 if number == 5 else 1 for number in range(8)
    }
    assert made.table["follower"].tolist() == [100 + number for number in range(8)]
    assert len(made.tables["posts"]) == sum(range(8))
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line).get("account") for line in lines[1:]] == [f"name{number}" for number in range(8)]
    assert TOKEN not in files(tmp_path)


def test_a_folder_is_continued_as_it_was_begun(api: Api, graph: Make, tmp_path: Path) -> None:
    collect_instagram(["quiet"], tmp_path, graph=graph(), posts=10)
    with pytest.raises(InputError, match=r"begun with posts=10; go on with that number, or name another folder"):
        collect_instagram(["quiet"], tmp_path, graph=graph(), posts=11)
    made = collect_instagram(["dangol_shop"], tmp_path, graph=graph(), posts=10)
    assert made.table["account"].tolist() == ["dangol_shop"]


def test_what_is_not_ours_is_left_alone(graph: Make, tmp_path: Path) -> None:
    (tmp_path / "posts.parquet").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"holds a posts\.parquet that was not collected here"):
        collect_instagram(["quiet"], tmp_path, graph=graph())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="file cannot be used as a folder"):
        collect_instagram(["quiet"], tmp_path / "file", graph=graph())


def test_a_damaged_journal_is_told(api: Api, graph: Make, tmp_path: Path) -> None:
    collect_instagram(ALL, tmp_path, graph=graph())
    journal = tmp_path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"\0\0\0\n", *lines[2:]]))
    with pytest.raises(StoreError, match=r"line 2 of .*journal.jsonl is damaged; remove that line"):
        collect_instagram(ALL, tmp_path, graph=graph())
    journal.write_bytes(b'{"format": 99}\n')
    with pytest.raises(StoreError, match="was not written by this version"):
        collect_instagram(ALL, tmp_path, graph=graph())


def test_two_runs_do_not_share_a_folder(api: Api, graph: Make, tmp_path: Path) -> None:
    inner: list[str] = []

    def second(name: str) -> None:
        with pytest.raises(InputError) as raised:
            collect_instagram(["quiet"], tmp_path, graph=graph())
        inner.append(str(raised.value))

    api.before = second
    collect_instagram(["dangol_shop"], tmp_path, graph=graph())
    assert inner == [f"another run is collecting into {tmp_path}; wait for it to end"]


def test_the_token_is_nowhere_but_in_the_request(
    api: Api, graph: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = "EAAbadtokenbadtokenbad"
    with pytest.raises(GraphError) as raised:
        collect_instagram(ALL, tmp_path, graph=graph(token=bad))
    assert bad not in str(raised.value)
    assert "Error validating access token …" in str(raised.value)
    asked = graph()
    made = collect_instagram([*ALL, "nobody"], tmp_path, graph=asked)
    assert all(TOKEN in path for path in api.seen[1:])
    out = "".join(capfd.readouterr())
    for text in (files(tmp_path), out, repr(asked), made.summary(), json.dumps(dict(made.recipe)), repr(made)):
        assert TOKEN not in text
        assert bad not in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"token": ""}, "access token is empty or has spaces"),
        ({"token": "a b"}, "access token is empty or has spaces"),
        ({"token": "a\r\nX-Header: b"}, "access token is empty or has spaces"),
        ({"user_id": "blue.bottle"}, "must be the number of the account that asks"),
        ({"user_id": "1/../2"}, "must be the number of the account that asks"),
        ({"version": "26"}, "is no version of the Graph API"),
        ({"url": "http://graph.facebook.com"}, "must begin with https://"),
        ({"url": "ftp://localhost"}, "must begin with https://"),
        ({"url": "http://localhost.example.com"}, "must begin with https://"),
    ],
)
def test_a_graph_that_would_give_the_token_away_is_refused(graph: Make, changes: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        graph(**changes)
    assert TOKEN not in str(raised.value)


def test_the_environment_gives_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INSTAGRAM_ACCESS_TOKEN", "INSTAGRAM_USER_ID", "DANGOL_GRAPH_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        InputError, match="there is no access token; put it into the environment variable INSTAGRAM_ACC"
    ):
        Graph.from_environment()
    monkeypatch.setenv("INSTAGRAM_ACCESS_TOKEN", f" {TOKEN}\n")
    with pytest.raises(InputError, match="which account asks"):
        Graph.from_environment()
    assert Graph.from_environment("12").url == "https://graph.facebook.com"
    monkeypatch.setenv("INSTAGRAM_USER_ID", ASKER)
    found = Graph.from_environment()
    assert (found.user_id, found.token) == (ASKER, TOKEN)


def test_names_are_checked_before_they_get_into_a_question(api: Api, graph: Make, tmp_path: Path) -> None:
    for name in ("a){id}", "two words", "a" * 31, "https://www.instagram.com/quiet/", "name,id", "한글"):
        with pytest.raises(InputError, match="is no user name of Instagram"):
            collect_instagram(["quiet", name], tmp_path, graph=graph())
    for none in ([], ["", "# quiet"]):
        with pytest.raises(InputError, match="holds no names"):
            collect_instagram(none, tmp_path, graph=graph())
    assert not api.asked


def test_lists_of_accounts_come_in_several_forms(api: Api, graph: Make, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeff# ours\n@Quiet\n\n dangol_shop \nQUIET\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("rank,username\n1,Quiet\n2,dangol_shop\n3,quiet\n", encoding="utf-8")
    (tmp_path / "a.json").write_text(
        json.dumps([{"account": "Quiet"}, {"account": "dangol_shop"}, {"account": "quiet"}])
    )
    given: list[object] = [tmp_path / "a.txt", str(tmp_path / "a.csv"), tmp_path / "a.json"]
    given.append(pd.DataFrame({"account": ["Quiet", "dangol_shop", "quiet"]}))
    for number, accounts in enumerate(given):
        made = collect_instagram(accounts, tmp_path / str(number), graph=graph())
        assert made.table["account"].tolist() == ["quiet", "dangol_shop"]
        assert "Names that the list repeats: 1." in made.summary()
    with pytest.raises(InputError, match="cannot be read as a list of accounts"):
        collect_instagram(tmp_path / "none.txt", tmp_path, graph=graph())
    (tmp_path / "b.csv").write_text("name\nquiet\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"column 'account' is not in b\.csv"):
        collect_instagram(tmp_path / "b.csv", tmp_path, graph=graph())


@pytest.mark.parametrize("number", [0, -1, 10_001, 2.5, True, "50"])
def test_posts_must_be_a_sensible_number(graph: Make, tmp_path: Path, number: object) -> None:
    with pytest.raises(InputError, match="must be a whole number from 1 to 10,000"):
        collect_instagram(["quiet"], tmp_path, graph=graph(), posts=number)  # type: ignore[arg-type]


def test_progress_is_told(api: Api, graph: Make, tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []
    collect_instagram(ALL[:2], tmp_path, graph=graph(), progress=lambda *one: told.append(one))
    collect_instagram(ALL, tmp_path, graph=graph(), progress=lambda *one: told.append(one))
    assert told == [("accounts", done, total) for done, total in ((0, 2), (1, 2), (2, 2), (2, 3), (3, 3))]
