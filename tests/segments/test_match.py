"""``match``: names follow members: pairs by hand and by trying all, new and lost ones, real accounts that grow."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.segments import match_words
from dangol.segments.cluster import cluster
from dangol.segments.match import LEAST, match, table
from dangol.segments.segments import Segments
from dangol.segments.tiers import tiers
from tests.oracles import rows_of
from tests.oracles.strategies import effort
from tests.segments.making import segments_of


def groups(labels: Sequence[str], first: int = 0, **options: object) -> Segments:
    ids = [f"u{place:03d}" for place in range(first, first + len(labels))]
    frame = pd.DataFrame({"user": ids, "x": np.arange(len(labels)) % 7 + 1.0})
    return segments_of(frame, "x", labels, **options)  # type: ignore[arg-type]


def words(made: Segments, lang: str = "en") -> str:
    return " ".join(one.write(lang) for one in match_words.sentences(made.told["matched"], made.unit))


def test_names_follow_members() -> None:
    before = groups(list("aaaabbbccc"))
    after = groups([*"zzzz", *"yyy", *"xxx", "z", "w"], names=list("xyzw"))
    made = match(after, before)
    assert made.names == ("a", "b", "c", "w")
    assert made.labels.tolist() == [*"aaaabbbccc", "a", "w"]
    found = table(made.told["matched"])
    assert found["segment"].tolist() == ["a", "b", "c", "w"]
    assert found["earlier"].tolist() == ["a", "b", "c", None]
    assert found["overlap"].tolist()[:3] == [1, 1, 1]
    assert np.isnan(found["overlap"][3])
    assert found[["shared", "joined", "left", "new"]].to_numpy().tolist() == [
        *([4, 0, 0, 1], [3, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1])
    ]
    assert words(made) == (
        "Of 3 earlier segments 3 are found again by their members, over 10 users that both have. "
        "New, under names that were never used: ‘w’."
    )
    assert "새로 생겨 새 이름을 붙인 세그먼트: ‘w’." in words(made, "ko")
    assert json.loads(json.dumps(dict(made.told)))["matched"] == made.told["matched"]


def test_a_segment_that_falls_apart_is_lost() -> None:
    before = groups(["1"] * 6 + ["2"] * 12)
    after = groups(["1"] * 6 + ["2"] * 4 + ["3"] * 3 + ["4"] * 3 + ["1"] * 2)
    made = match(after, before)  # 2 keeps 4 of its 12 users: 1 / 3; 1 has 6 of 8
    assert made.sizes == {"1": 8, "2": 4, "3": 3, "4": 3}
    found = table(made.told["matched"]).set_index("segment")
    assert found.loc["2", "overlap"] == pytest.approx(1 / 3)
    assert found.loc["1", ["shared", "joined", "left", "new"]].tolist() == [6, 2, 0, 0]
    assert found.loc["2", ["shared", "joined", "left", "new"]].tolist() == [4, 0, 8, 0]
    assert "The name is least sure of ‘2’: only 33.3 % of the units in either are in both." in words(made)
    apart = match(groups(["1"] * 6 + [*"234567"] * 2), before)  # each has 2 of its 12 users
    assert "2" not in apart.names
    assert apart.names[0] == "1"
    assert sorted(map(int, apart.names)) == [1, 3, 4, 5, 6, 7, 8]
    lost = table(apart.told["matched"]).iloc[-1]
    assert (lost["segment"], lost["earlier"], lost["left"]) == (None, "2", 12)
    assert "Lost, for no segment has enough of their members: ‘2’." in words(apart)


def test_new_names_were_never_used() -> None:
    before = groups([*"1111", *"9999"])
    made = match(groups([*"1111", *"2222", *"3333", *"1122"], names=list("123")), before)
    # the segment of the new units is neither 2 nor 9: numbers go on
    assert set(made.names) == {"1", "9", "3"}
    again = match(groups([*"1111", *"2222", *["9"] * 5], names=["1", "2", "9"]), before)
    assert again.names == ("1", "9", "10")
    own = match(groups([*"1111", *"2222", *["gold"] * 5], names=["1", "2", "gold"]), before)
    assert own.names == ("1", "9", "gold")
    taken = match(groups([*"xxxx", *"aaaa", *"bbbbb"]), groups(["gold"] * 4 + ["b"] * 4))
    assert taken.names == ("gold", "b", "b (2)")


def test_only_like_goes_with_like() -> None:
    before = groups(["1"] * 5 + ["extreme: high x"] * 3 + ["noise"] * 4)
    after = groups(["1"] * 5 + ["2"] * 3 + ["extreme: low x"] * 3 + ["noise"])
    made = match(after, before)
    # what was extreme is in the core now, what was noise is extreme: both are new; noise is noise
    assert made.names == ("1", "2", "extreme: low x", "noise")
    assert table(made.told["matched"])["earlier"].tolist() == ["1", None, None, "noise", "extreme: high x"]
    assert made.labels.tolist()[-1] == "noise"
    same = match(groups(["1"] * 5 + ["extreme: unusual mix"] * 3 + ["1"] * 4), before)
    assert same.names == ("1", "extreme: high x")


def test_overlap_is_that_of_the_shared_units() -> None:
    before, after = groups(list("aaabbb")), groups([*"xxxyyy", *"x" * 90], first=0)
    assert match(after, before).sizes == {"a": 93, "b": 3}
    moved = groups([*"yyy", *"x" * 5], first=3)
    made = match(moved, before)
    assert made.names == ("b", "x")
    assert made.told["matched"]["shared"] == 3


def test_tiers_keep_their_names() -> None:
    frame = pd.DataFrame({"shop": list("abcdefgh"), "x": [1.0, 2, 3, 4, 5, 6, 7, 8]})
    before = tiers(segments_of(frame, "x", list("11223344")), ["x"])
    # a fifth segment would turn "high" into "middle"
    more = pd.concat([frame, pd.DataFrame({"shop": ["i", "j"], "x": [20.0, 21]})])
    after = tiers(segments_of(more, "x", list("1122334455")), ["x"], names=["top", "e", "d", "c", "b"])
    made = match(after, before)
    assert made.names == ("highest", "high", "low", "lowest", "top")
    told = made.told["tiers"]["rows"]
    assert [row["segment"] for row in told] == ["top", "highest", "high", "low", "lowest"]
    assert [row["rank"] for row in told] == [1, 2, 3, 4, 5]


def test_influencers_keep_their_names_when_they_grow(shared_data: Path) -> None:
    # nine tenths of the accounts first, then all of them: whoever stays together keeps the name
    accounts = pd.read_csv(shared_data / "influencers" / "influencers.csv")

    def made(part: pd.DataFrame) -> Segments:
        return cluster(part, "ER, active_rate", method="hierarchical", linkage="complete", cut=20, resamples=0)

    kept = 0
    for seed in range(5):
        part = accounts.sample(frac=0.9, random_state=seed)
        before = tiers(made(part), ["ER", "active_rate"], noun="benefit")
        after = match(made(accounts), before)
        found = table(after.told["matched"])
        assert after.told["matched"]["shared"] == len(part)
        assert sum(after.sizes.values()) == 929
        both = before.table.merge(after.table, on="account", suffixes=("_before", "_after"))
        for _, row in found[found["segment"].notna() & found["earlier"].notna()].iterrows():
            assert row["segment"] == row["earlier"]
            inside = both["segment_after"] == row["segment"]
            was = both["segment_before"] == row["segment"]
            assert (inside & was).sum() == row["shared"]
            assert row["overlap"] == pytest.approx((inside & was).sum() / (inside | was).sum())
            assert row["overlap"] >= LEAST
            kept += 1
        assert not set(found["segment"][found["earlier"].isna()].dropna()) & set(before.names)
    assert kept >= 20  # of 5 × 4 to 7


@given(st.data())
@effort(60)
def test_pairs_are_the_best_of_all(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 14))
    old, new = (data.draw(st.lists(st.sampled_from("abcd"), min_size=size, max_size=size)) for _ in range(2))
    before, after = groups(old), groups([one.upper() for one in new])
    made = match(after, before)

    def overlap(a: str, b: str) -> float:
        first = {place for place, one in enumerate(new) if one.upper() == a}
        second = {place for place, one in enumerate(old) if one == b}
        found = len(first & second) / len(first | second)
        return found if found >= LEAST else 0.0

    padded = [*before.names, *([""] * len(after.names))]
    best = max(
        sum(overlap(a, b) for a, b in zip(after.names, order, strict=False) if b)
        for order in itertools.permutations(padded, len(after.names))
    )
    rows = rows_of(table(made.told["matched"]))
    assert sum(row["overlap"] or 0 for row in rows) == pytest.approx(best)
    assert len(set(made.names)) == len(made.names) == len(after.names)
    # who was together is together, whatever the name
    assert pd.Series(made.labels).groupby(list(after.labels)).nunique().max() == 1
    for row in rows:
        if row["segment"] is not None and row["earlier"] is not None:
            assert row["segment"] == row["earlier"]
            assert row["shared"] + row["left"] == before.sizes[row["earlier"]]
        if row["segment"] is not None:
            assert row["shared"] + row["joined"] + row["new"] == made.sizes[row["segment"]]


def test_matched_with_itself_nothing_changes() -> None:
    one = groups([*"1122233", "noise"])
    made = match(one, one)
    assert made.names == one.names
    assert made.codes.tolist() == one.codes.tolist()


def test_errors_say_what_to_do() -> None:
    before = groups(list("aabb"))
    shops = segments_of(pd.DataFrame({"shop": list("abcd"), "x": [1.0, 2, 3, 4]}), "x", list("aabb"))
    with pytest.raises(InputError, match="the earlier segments are of users, these of shops"):
        match(shops, before)
    with pytest.raises(InputError, match="have none of these 3 users"):
        match(groups(list("abc"), first=500), before)


def test_an_overlap_of_just_the_least_is_enough_and_new_segments_follow_by_size() -> None:
    """Three of ten users of ‘1’ are the whole of ‘a’: 3 / 10. The others are new, two, two, two and one of the ten."""
    before = groups(["1"] * 10 + ["2"] * 20)
    parts = [*"aaa", *"bb", *"cc", *"dd", "e"]
    made = match(groups(parts + ["f"] * 20 + [*"ccc", *"ddddd"], names=list("abcdef")), before)
    found = table(made.told["matched"]).set_index("segment")["overlap"]
    assert found["1"] == LEAST == 3 / 10
    assert made.sizes["1"] == 3
    assert list(made.sizes.values()) == [3, 20, 7, 5, 2, 1]  # as they were, then the new ones by size
