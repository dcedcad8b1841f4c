"""``dangol collect``: from exports, or an API on this machine, to a table; errors are one sentence and exit code 2."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.collect.api import ASKER, TOKEN, Account, Api, error, posts, served

PEOPLE = "account,follower\na,100\nb,50\nc,10\n"
POSTS = "account,type,like_count,comments_count\na,image,9,1\nb,video,4,\n"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "posts.csv").write_text(POSTS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """An API with two accounts, and the environment that leads to it."""
    with served(Api({"quiet": Account(30, 0, []), "dangol_shop": Account(1_000, 7, posts(2))})) as ready:
        monkeypatch.setenv("INSTAGRAM_ACCESS_TOKEN", TOKEN)
        monkeypatch.setenv("INSTAGRAM_USER_ID", ASKER)
        monkeypatch.setenv("DANGOL_GRAPH_URL", ready.url)
        yield ready


def test_profiles_merges_and_tells(run, exports: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("collect", "profiles", "people.csv", "posts.csv")
    assert (code, err) == (0, "2 accounts written to merged.parquet\n")
    assert "Merged 2 of 3 accounts; left out 1." in out
    assert "What became of them" in out
    assert pd.read_parquet(exports / "merged.parquet")["ER"].tolist()[0] == 10.0
    code, out, _ = run("collect", "profiles", "people.csv", "posts.csv", "--lang", "ko", "-o", "m.csv", "--keep", "c")
    assert code == 0
    assert "게시물 지표가 없지만 요청에 따라 남긴 계정 1개: c." in out
    assert "게시물 자료에 없음" in out
    assert pd.read_csv(exports / "m.csv")["account"].tolist() == ["a", "b", "c"]
    assert not list(exports.glob(".*"))


def test_many_accounts_left_out_are_not_listed_on_the_terminal(run, exports: Path) -> None:  # type: ignore[no-untyped-def]
    lines = "".join(f"more{number},1\n" for number in range(15))
    (exports / "people.csv").write_text(PEOPLE + lines, encoding="utf-8")
    code, out, err = run("collect", "profiles", "people.csv", "posts.csv")
    assert code == 0
    assert "more14" not in out
    assert "16 accounts were left out; --json lists them all" in err
    assert "more14" in run("collect", "profiles", "people.csv", "posts.csv", "--json")[1]


def test_later_exports_and_json(run, exports: Path) -> None:  # type: ignore[no-untyped-def]
    (exports / "new.csv").write_text("account,follower\nb,500\nd,1\n", encoding="utf-8")
    (exports / "fresh.csv").write_text("account,type,like_count,comments_count\nd,reels,1,1\n", encoding="utf-8")
    words = ["--newer-profiles", "new.csv", "--newer-posts", "fresh.csv", "--types", "reels=image", "--json"]
    code, out, _ = run("collect", "profiles", "people.csv", "posts.csv", *words)
    assert code == 0
    told = json.loads(out)
    assert told["question"] == "collect"
    assert {one["what"]: one["profiles"] for one in told["tables"]["account"] if one["profiles"]} == {
        "in": 5,
        "merged": 3,
        "no_posts": 1,
        "replaced": 1,
    }
    table = pd.read_parquet(exports / "merged.parquet").set_index("account")
    assert (table.loc["b", "follower"], table.loc["d", "image_love"], table.loc["d", "ER"]) == (500, 1.0, 200.0)


def test_instagram_collects_and_says_what_is_next(run, api: Api, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "names.txt").write_text("quiet\ndangol_shop\nnobody\n", encoding="utf-8")
    code, out, err = run("collect", "instagram", "--accounts", "names.txt", "-o", "my folder", "--posts", "1")
    assert code == 0, err
    assert "Collected 2 of 3 accounts, with 1 of their latest posts." in out
    assert "no such professional account" in out
    assert [size for _, _, size in api.asked] == [1, 1, 1]
    assert TOKEN not in out + err
    words = shlex.split(err.splitlines()[-1])
    assert run(*words[1:])[0] == 0
    assert pd.read_parquet(tmp_path / "merged.parquet")["account"].tolist() == ["dangol_shop"]
    before = len(api.asked)
    code, out, _ = run(
        "collect", "instagram", "--accounts", "names.txt", "-o", "my folder", "--posts", "1", "--lang", "ko"
    )
    assert (code, len(api.asked)) == (0, before)
    assert "이전 실행에서 수집해 다시 요청하지 않은 계정: 3개." in out


def test_a_bad_token_is_one_sentence(run, api: Api, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "names.txt").write_text("quiet\n", encoding="utf-8")
    api.first = [error(190, f"Malformed access token {TOKEN}", 401)]
    code, out, err = run("collect", "instagram", "--accounts", "names.txt")
    assert (code, out) == (2, "")
    assert err.startswith(
        "dangol: the API refused the access token (Malformed access token … (code 190)); make a new one"
    )
    assert err.count("\n") == 1


def test_ctrl_c_keeps_what_there_is(run, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "names.txt").write_text("quiet\ndangol_shop\n", encoding="utf-8")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dangol.collect.graph._announced", interrupt)  # in the middle of a wait
    api.before = lambda name: api.first.append(error(4)) if name == "dangol_shop" else None
    code, _, err = run("collect", "instagram", "--accounts", "names.txt")
    assert code == 130
    assert err == "dangol: stopped; what was collected is kept in instagram, and the same command goes on\n"
    assert '"quiet"' in (tmp_path / "instagram" / "journal.jsonl").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("profiles", "people.csv", "none.csv"), "none.csv cannot be read: No such file"),
        (("profiles", "people.csv", "posts.csv", "-o", "m.xlsx"), "must end in .parquet or .csv"),
        (("profiles", "people.csv", "posts.csv", "--types", "reels"), "must be pairs parted by commas"),
        (("profiles", "people.csv", "posts.csv", "--keep", "z"), "account 'z' is not in the profiles"),
        (("profiles", "people.csv", "posts.csv", "--lang", "fr"), "lang='fr' is not known"),
        (("instagram", "--accounts", "people.csv"), "there is no access token"),
        ((), "Missing command"),
        (("instagram",), "Missing option '--accounts'; see dangol collect instagram --help"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run, exports: Path, monkeypatch, words: tuple[str, ...], told: str
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("INSTAGRAM_ACCESS_TOKEN", raising=False)
    code, out, err = run("collect", *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
