"""Playbooks: checked before they are run, told line by line what is wrong, and the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyarrow import parquet

from dangol.core.errors import DangolError
from dangol.log.ingest import open_log
from dangol.playbooks.read import bundled, read
from dangol.playbooks.run import run
from dangol.questions.retention import retention

VISITS = "who,what,when,paid\n" + "".join(
    f"u{user},{what},2024-01-{1 + (user * 7 + day) % 28:02},{price}\n"
    for user in range(40)
    for day, (what, price) in enumerate([("view", ""), ("order", 10 + user), ("view", ""), ("order", 5)])
)
SEEN = ("features", "choose", "cluster", "stability", "profile")  # of segments, each a section of its own
BOOK = """title = "Visits"

[source]
path = "visits.csv"

[mapping]
user = "who"
event = "what"
time = "when"
amount = "paid"
zone = "Asia/Seoul"

[[segments]]
name = "tier"
table = "tiers.csv"
as_of = "2024-01-01"

[[questions]]
ask = "overview"
every = "1w"
by = "tier"

[[questions]]
ask = "retention"
title = "Who comes back"
where = ["event == view"]
since = "2024-01-02"
every = "1w"

[report]
lang = "ko"
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "visits.csv").write_text(VISITS)
    (tmp_path / "tiers.csv").write_text("user,segment\nu1,gold\nu2,silver\n")
    (tmp_path / "visits.toml").write_text(BOOK)
    return tmp_path / "visits.toml"


def test_a_run_leaves_report_log_and_results(book: Path, tmp_path: Path) -> None:
    page = run(book, tmp_path / "out", progress=False)
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "out" / "report.html"
    assert "<h1>Visits</h1>" in text
    assert '<html lang="ko">' in text
    assert "Who comes back" in text
    log = open_log(tmp_path / "out" / "data.log")
    table = parquet.read_table(tmp_path / "out" / "results" / "02-retention" / "cohorts.parquet")
    expected = retention(log.where("event", "==", "view").between("2024-01-02", None), every="1w").table
    assert table.column("users").to_pylist() == expected["users"].tolist()
    recipe = json.loads(table.schema.metadata[b"dangol"])
    assert recipe["log"]["fingerprint"] == log.contents.meta.fingerprint
    assert recipe["parameters"]["every"] == "1w"
    answer = json.loads((tmp_path / "out" / "results" / "01-overview" / "answer.json").read_text(encoding="utf-8"))
    assert set(answer["summary"]) == {"en", "ko"}
    assert answer["recipe"]["log"]["view"] == ["tier: n=2, as_of=2024-01-01 00:00"]


def test_the_same_playbook_gives_the_same_bytes_and_the_date_is_an_argument(book: Path, tmp_path: Path) -> None:
    pages = [run(book, tmp_path / out, progress=False).read_bytes() for out in ("one", "two", "one")]
    assert pages[0] == pages[1] == pages[2]
    dated = run(book, tmp_path / "three", date="2026-11-24", progress=False).read_text(encoding="utf-8")
    assert dated.replace(" · 실행일 2026-11-24", "").encode() == pages[0]
    for path in sorted((tmp_path / "one" / "results").rglob("*.parquet")):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('title = "Visits"', "title = 3", 1, "or one in each language { en = …, ko = … }, found 3"),
        ("[source]", "[sourc]", 3, "did you mean 'source'"),
        ('path = "visits.csv"', 'pth = "visits.csv"', 4, "did you mean 'path'"),
        ('path = "visits.csv"', 'path = "none.csv"', 4, "none.csv"),
        ('path = "visits.csv"', 'path = "visits.csv"\nlog = "x.log"', 3, "one of log, path, units, data, sample"),
        ('path = "visits.csv"', 'sample = "shop"', 4, "use 'school-sns' or 'fashion-shop'"),
        ('path = "visits.csv"', 'path = "visits.csv"\nseed = 1', 5, "seed goes with sample"),
        ('path = "visits.csv"', 'log = "x.log"', 6, "[mapping] goes with path"),
        ('user = "who"\n', "", 6, "[mapping] must say which column is the user"),
        ("zone =", "zne =", 11, "did you mean 'zone'"),
        ('table = "tiers.csv"\n', "", 13, "one of table (a file), rfm (a question), cluster (how to cluster)"),
        ('table = "tiers.csv"', 'table = "none.csv"', 13, "none.csv"),
        ('as_of = "2024-01-01"', 'as_of = "2024-01-05"', 18, "they would explain the past by its own future"),
        ('ask = "overview"', 'ask = "overvew"', 19, "did you mean 'overview'"),
        ('ask = "overview"\n', "", 18, 'needs ask = "…"'),
        ('every = "1w"\nby', 'evry = "1w"\nby', 20, "did you mean 'every'"),
        ('every = "1w"\nby', "every = 7\nby", 20, "every must be a text in quotes, found 7"),
        ('every = "1w"\nby', 'every = "1x"\nby', 20, "is not a calendar period"),
        ('by = "tier"', 'by = "teir"', 18, "did you mean 'tier'"),
        ('["event == view"]', '["event = vew"]', 26, "did you mean 'view'"),
        ('["event == view"]', '"event == view"', 26, "where must be a list of texts"),
        ('lang = "ko"', 'lang = "fr"', 31, "use 'en' or 'ko'"),
        ('lang = "ko"', 'lng = "ko"', 31, "did you mean 'lang'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    book: Path, tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert BOOK.count(old) == 1
    book.write_text(BOOK.replace(old, new))
    with pytest.raises(DangolError) as caught:
        run(book, tmp_path / "out", progress=False)
    assert str(caught.value).startswith(f"visits.toml, line {line}: ")
    assert words in str(caught.value)
    assert not (tmp_path / "out" / "report.html").exists()


def test_a_playbook_that_is_none(tmp_path: Path) -> None:
    for text, words in (("x", "is not TOML"), ("", "needs one of"), ("[source]\nlog = 'x'\n", "asks nothing")):
        (tmp_path / "bad.toml").write_text(text)
        with pytest.raises(DangolError, match=words):
            read(tmp_path / "bad.toml")
    (tmp_path / "bad.toml").write_bytes(b"title = '\xb0\xa1'")
    with pytest.raises(DangolError, match="is not UTF-8"):
        read(tmp_path / "bad.toml")
    with pytest.raises(DangolError, match="did you mean 'online-retail'"):
        read("online-retial")
    with pytest.raises(DangolError, match="there is no playbook"):
        read(tmp_path / "none.toml")


def test_an_error_leaves_the_old_report_and_results(book: Path, tmp_path: Path) -> None:
    before = run(book, tmp_path / "out", progress=False).read_bytes()
    book.write_text(BOOK.replace('["event == view"]', '["event == vew"]'))
    with pytest.raises(DangolError):
        run(book, tmp_path / "out", progress=False)
    assert (tmp_path / "out" / "report.html").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["data.log", "report.html", "results"]


@pytest.mark.parametrize("name", bundled())
def test_those_that_ship_are_whole(name: str) -> None:
    plan = read(name)
    assert plan.questions or plan.segments


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled())
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_those_that_ship_run(name: str, lang: str, tmp_path: Path) -> None:
    page = run(name, tmp_path, lang=lang, progress=False)
    answers = sorted((tmp_path / "results").glob("*/answer.json"))
    plan = read(name)
    seen = [one for each in plan.segments for one in SEEN if one in each]
    assert len(answers) == len(plan.questions) + len(seen)
    first = json.loads(answers[0].read_text(encoding="utf-8"))["summary"][lang][0]
    text = page.read_text(encoding="utf-8").replace("\u00a0", " ").replace("\u2060", "")  # what holds a line together
    assert first in text
