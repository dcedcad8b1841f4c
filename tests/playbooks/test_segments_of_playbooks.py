"""Segments that a playbook makes: checked with their lines before anything is run, shown, and asked about."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from dangol.core.errors import DangolError
from dangol.playbooks.lines import locate
from dangol.playbooks.run import run

KINDS = {0: (2, 0), 1: (9, 0), 2: (2, 3)}  # votes and invites of a pupil in the first week


def acts() -> pd.DataFrame:
    """45 schools of 6 pupils, of three kinds in turn; in the second week everybody votes once, late joiners too."""
    rows = []
    for school in range(45):
        for pupil in range(6):
            votes, invites = KINDS[school % 3]
            name = f"u{school:02}{pupil}"
            late = pupil == 5
            first = [] if late else ["vote"] * (votes + (school + pupil) % 2) + ["invite"] * invites
            rows += [(name, f"s{school:02}", what, f"2024-01-0{1 + place % 3} 1{pupil}:0{place % 10}")
                     for place, what in enumerate(first)]  # fmt: skip
            later = ["vote"] + ["invite"] * (invites if late else 0)
            rows += [(name, f"s{school:02}", what, f"2024-01-1{place} 1{pupil}:00") for place, what in enumerate(later)]
    return pd.DataFrame(rows, columns=["who", "school", "what", "when"])


BOOK = """[source]
path = "acts.csv"

[mapping]
user = "who"
event = "what"
time = "when"
group = "school"
zone = "Asia/Seoul"

[[segments]]
name = "kind"
title = { en = "Kinds of schools", ko = "학교 유형" }
as_of = "2024-01-08"
least = 3
edges = "friends.csv"

[segments.features]
votes = { events = "vote" }
invites = { events = "invite" }
density = { density = true }

[segments.choose]
features = ["votes", "invites"]
methods = ["kmeans"]
k = "2..4"
resamples = 3

[segments.cluster]
features = ["votes", "invites"]
k = 3
extremes = "keep"
resamples = 3

[segments.names]
1 = { en = "first", ko = "첫째" }

[segments.stability]
resamples = 3

[segments.profile]
title = "What they do later"
events = ["invite"]
since = "2024-01-08"

[[questions]]
ask = "overview"
since = "2024-01-08"
by = "kind"
"""
TABLE = """[source]
units = "shops.csv"

[[segments]]
name = "kind"
cluster = { features = ["visits", "spent"], k = 2, resamples = 3 }
tiers = { rule = ["visits"], names = { en = ["often", "rarely"], ko = ["자주", "드물게"] } }
profile = true

[[segments]]
name = "look"
unit = "shop"
choose = { features = "visits, spent", methods = "kmeans", k = "2..3", resamples = 3 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    acts().to_csv(tmp_path / "acts.csv", index=False)
    (tmp_path / "friends.csv").write_text(
        "source,target\n" + "".join(f"u{school:02}0,u{school:02}{1 + school % 2}\n" for school in range(45))
    )
    shops = [f"s{one:02},{one % 2 * 20 + one % 5},{one % 2 * 9 + one % 3},{one % 7}\n" for one in range(40)]
    (tmp_path / "shops.csv").write_text("shop,visits,spent,staff\n" + "".join(shops))
    return tmp_path


def play(folder: Path, text: str, out: str = "out", lang: str = "en") -> Path:
    (folder / "b.toml").write_text(text, encoding="utf-8")
    return run(folder / "b.toml", folder / out, lang=lang, progress=False)


def told(folder: Path, text: str) -> str:
    with pytest.raises(DangolError) as caught:
        play(folder, text)
    assert not (folder / "out" / "report.html").exists()
    return str(caught.value)


def words(page: Path) -> str:
    return page.read_text(encoding="utf-8").replace("\u00a0", " ").replace("\u2060", "")


def test_what_is_seen_of_segments_comes_before_the_questions(folder: Path) -> None:
    text = words(play(folder, BOOK))
    results = folder / "out" / "results"
    assert [one.name for one in sorted(results.iterdir())] == [
        *("01-features", "02-choose", "03-segments", "04-stability", "05-profile", "06-overview"),
    ]
    for heading in ("Features of units", "Segments", "What they do later"):
        assert f"Kinds of schools: {heading}" in text
    for about in ("Kinds of schools – ", "What they do later – "):  # among the findings, which would not tell else
        assert about in text
    assert "density" in parquet.read_table(results / "01-features" / "features.parquet").column_names
    segments = parquet.read_table(results / "03-segments" / "units.parquet").to_pandas()
    kinds = segments.assign(kind=[int(name[1:]) % 3 for name in segments["group"]])
    assert kinds.groupby("kind")["segment"].agg(["nunique", "size"]).to_numpy().tolist() == [[1, 15]] * 3


def test_questions_and_profile_use_segments_of_earlier_times(folder: Path) -> None:
    play(folder, BOOK)
    results = folder / "out" / "results"
    overview = json.loads((results / "06-overview" / "answer.json").read_text(encoding="utf-8"))
    assert any("kind: n=3" in one for one in overview["recipe"]["log"]["view"])
    profile = parquet.read_table(results / "05-profile" / "profile.parquet").to_pandas()
    assert set(profile.loc[profile["kind"] == "event", "feature"]) == {"invite"}
    # by hand: of 6 pupils active later the one who joined late invites 3 times, in schools of the third kind alone
    means = profile.loc[profile["kind"] == "event", "mean"]
    assert sorted(means) == [0, 0, 0.5]


def test_names_are_told_in_the_language_of_the_report(folder: Path) -> None:
    for lang, name in (("en", "first"), ("ko", "첫째")):
        play(folder, BOOK, lang, lang)
        table = parquet.read_table(folder / lang / "results" / "03-segments" / "segments.parquet")
        assert table["segment"].to_pylist() == [name, "2", "3"]


def test_a_table_of_units_without_a_log(folder: Path) -> None:
    page = play(folder, TABLE, lang="ko")
    text = words(page)
    assert "shops.csv" in text
    assert not (folder / "out" / "data.log").exists()
    results = folder / "out" / "results"
    assert [one.name[3:] for one in sorted(results.iterdir())] == ["tiers", "profile", "choose"]
    tiers = parquet.read_table(results / "01-tiers" / "tiers.parquet").to_pandas()
    assert tiers[["segment", "units"]].to_numpy().tolist() == [["자주", 20], ["드물게", 20]]
    metadata = json.loads(parquet.read_schema(results / "01-tiers" / "tiers.parquet").metadata[b"dangol"])
    assert "log" not in metadata
    again = play(folder, TABLE, "again", "ko")
    assert again.read_bytes() == page.read_bytes()


def test_a_specification_of_features_in_a_file(folder: Path) -> None:
    (folder / "spec.toml").write_text(
        'unit = "group"\n[features]\nvotes = { events = "vote" }\ninvites = { events = "invite" }\n'
    )
    start, end = BOOK.index("[segments.features]"), BOOK.index("[segments.choose]")
    text = BOOK[:start].replace('edges = "friends.csv"\n', 'features = "spec.toml"\n') + BOOK[end:]
    play(folder, text)
    table = parquet.read_table(folder / "out" / "results" / "01-features" / "features.parquet")
    assert table.column_names == ["group", "users", "votes", "invites", "as_of"]
    (folder / "spec.toml").write_text("[features]\nvotes = { event = 'vote' }\n")
    with pytest.raises(DangolError, match=r"b\.toml, line 16: spec\.toml, line 2 .*did you mean 'events'"):
        play(folder, text)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("least = 3", "leest = 3", 15, "did you mean 'least'"),
        ("least = 3", 'least = "3"', 15, "least must be a whole number"),
        ("least = 3", "least = 0", 18, "least=0 must be a whole number of active users"),
        ('votes = { events = "vote" }', 'votes = { evnts = "vote" }', 19, "did you mean 'events'"),
        ('votes = { events = "vote" }', 'votes = { events = "vot" }', 19, "did you mean 'vote'"),
        ("density = { density = true }", "density = { density = 1 }", 21, "density is either there"),
        ('edges = "friends.csv"', 'edges = "fiends.csv"', 16, "fiends.csv"),
        ('methods = ["kmeans"]', 'method = ["kmeans"]', 25, "did you mean 'methods'"),
        ('k = "2..4"', "k = 2.5", 26, "k of choose must be a text, or a list of numbers, found 2.5"),
        ("k = 3\n", 'k = "3"\n', 31, "k of cluster must be a whole number, found '3'"),
        ("k = 3\n", "k = 300\n", 31, "k=300 is more than the"),
        ("k = 3\n", 'k = 3\nmetod = "gmm"\n', 32, "did you mean 'method'"),
        ("k = 3\n", 'k = 3\nmethod = "gm"\n', 32, "method='gm' is not known; use 'kmeans'"),
        ("k = 3\n", 'k = 3\ntransforms = "log1q"\n', 32, "did you mean 'log1p'"),
        ("k = 3\n", 'k = 3\nunit = "school"\n', 32, "parameter 'unit' is not in cluster"),
        ('"invites"]\nk = 3', '"invite"]\nk = 3', 30, "did you mean 'invites'"),
        ('features = ["votes", "invites"]\nk = 3', "k = 3", 29, "cluster needs features"),
        ("1 = {", "4 = {", 36, "segment '4' is not in the segments that were made"),
        ("1 = {", '2 = "3"\n1 = {', 35, "two segments would be called '3'"),
        ('ko = "첫째" }', 'fr = "x" }', 35, "names must be a table of names"),
        ("[segments.stability]\nresamples", "[segments.stability]\nresample", 39, "did you mean 'resamples'"),
        ('events = ["invite"]', 'events = ["inivte"]', 41, "did you mean 'invite'"),
        ('events = ["invite"]\nsince', 'events = ["invite"]\nsinc', 44, "did you mean 'since'"),
        ('since = "2024-01-08"\n\n', 'since = "2025-01-08"\n\n', 44, "holds no time of this log"),
        ("[segments.profile]", "profil = 1\n[segments.profile]", 41, "parameter 'profil' is not in stability"),
        ("least = 3", "least = 3\nrfm = {}", 11, "found rfm and cluster"),
        ("least = 3", 'least = 3\nlabel = "x"', 16, "label is a column of a table of segments"),
        ('since = "2024-01-08"\nby', "by", 46, "they would explain the past by its own future"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder: Path, old: str, new: str, line: int, words: str) -> None:
    assert BOOK.count(old) == 1
    said = told(folder, BOOK.replace(old, new))
    assert said.startswith(f"b.toml, line {line}: "), said
    assert words in said


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (TABLE.replace("shops.csv", "shop.csv"), 2, "is not there; give a Parquet or CSV file"),
        (TABLE.replace('"spent"], k', '"spend"], k'), 6, "did you mean 'spent'"),
        (TABLE.replace("profile = true", "hindsight = true"), 8, "hindsight is for a log of events"),
        (TABLE.replace("profile = true", 'features = { a = { events = "x" } }'), 8, "features is for a log of events"),
        (TABLE.replace('rule = ["visits"]', 'rule = "visit"'), 7, "did you mean 'visits'"),
        (TABLE.replace('["often", ', "["), 7, "names has 1 names for 2 segments"),
        (TABLE.replace('unit = "shop"', "names = { 1 = 'x' }"), 12, "choose alone makes none"),
        (TABLE + "[[questions]]\nask = 'overview'\n", 14, "questions are for a log of events"),
        (TABLE + "[view]\nsince = '2024-01-01'\n", 14, "view are for a log of events"),
        ("[source]\nunits = 'shops.csv'\n", 0, "asks nothing; add segments"),
        (
            "[source]\nunits = 'shops.csv'\n[[segments]]\nname = 'x'\n",
            3,
            "choose alone (a look), found none of them",
        ),
        ("[source]\ndata = 'influencer_rats'\n", 2, "use 'online_retail' or 'influencer_rates'"),
        (
            BOOK[: BOOK.index("[[seg")] + '[[segments]]\nname = "x"\ncluster = { features = "a", k = 2 }',
            11,
            "need [seg",
        ),
        (
            BOOK.replace("[segments.choose]", "[segments.rfm]").replace("[segments.cluster]", "[segments.x]"),
            29,
            "key 'x'",
        ),
    ],
)
def test_what_does_not_go_together(folder: Path, text: str, line: int, words: str) -> None:
    said = told(folder, text)
    assert said.startswith(f"b.toml, line {line}: " if line else "b.toml "), said
    assert words in said


def test_lines_of_tables_within_the_last_of_several() -> None:
    text = "[[segments]]\nname = 'a'\n[segments.features]\nvotes = 1\n[[segments]]\n[segments.'choose']\nk = 2\n"
    assert locate(text + "[a.b]\nc = 1") == {
        ("segments", 0): 1,
        ("segments", 0, "name"): 2,
        ("segments", 0, "features"): 3,
        ("segments", 0, "features", "votes"): 4,
        ("segments", 1): 5,
        ("segments", 1, "choose"): 6,
        ("segments", 1, "choose", "k"): 7,
        ("a", "b"): 8,
        ("a", "b", "c"): 9,
    }
