"""``tiers``: ranks by hand and by scipy, names in both languages, what stands behind a tier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dangol.core import labels
from dangol.core.errors import InputError
from dangol.segments import tier_words
from dangol.segments.cluster import cluster
from dangol.segments.segments import Segments
from dangol.segments.tiers import DEGREES, table, tiers
from tests.segments.making import segments_of


def told(made: Segments) -> pd.DataFrame:
    return table(made.told["tiers"])


def words(made: Segments, lang: str = "en") -> str:
    return " ".join(one.write(lang) for one in tier_words.sentences(made.told["tiers"], made.unit))


@pytest.fixture(scope="module")
def accounts(shared_data: Path) -> pd.DataFrame:
    return pd.read_csv(shared_data / "influencers" / "influencers.csv")


@pytest.fixture(scope="module")
def six(accounts: pd.DataFrame) -> Segments:
    return cluster(accounts, "ER, active_rate", method="hierarchical", linkage="complete", cut=20, resamples=0)


# ---- influencers ------------------------------------------------------------------------------------------------


def test_influencers(accounts: pd.DataFrame, six: Segments) -> None:
    made = tiers(six, ["ER", "active_rate"], noun="benefit", confounders=["follower"])
    found = told(made)
    # ../shared/data/README.md: means of ER by size
    published = {3: 2.4558, 1: 23.3559, 856: 2.0270, 24: 3.8400, 38: 13.4935, 7: 28.2071}
    assert dict(zip(found["units"], found["mean_ER"], strict=True)) == pytest.approx(published, abs=1e-4)
    # witness: pandas ranks, (mean rank - 1) / (n - 1) on each axis, averaged over units and axes
    ranked = (accounts[["ER", "active_rate"]].rank() - 1) / (len(accounts) - 1)
    scores = ranked.mean(axis=1).groupby(six.labels.to_numpy()).mean().sort_values(ascending=False)
    assert found["cluster"].tolist() == scores.index.tolist() == ["6", "4", "5", "3", "2", "1"]
    assert found["score"].to_numpy() == pytest.approx(scores.to_numpy())
    assert made.names == (
        *("highest benefit", "very high benefit", "high benefit"),
        *("low benefit", "very low benefit", "lowest benefit"),
    )
    assert made.sizes["lowest benefit"] == 856
    assert found["share"].sum() == pytest.approx(1)
    # the correlations are those that scipy finds
    of_tier = made.labels.map(found.set_index("segment")["score"])
    rho = stats.spearmanr(accounts["follower"], of_tier).statistic
    own = stats.spearmanr(accounts["follower"], ranked.mean(axis=1)).statistic
    beside = made.told["tiers"]["confounders"]["follower"]
    assert (beside["rho"], beside["rho_units"]) == (pytest.approx(rho), pytest.approx(own))
    assert (round(rho, 3), round(own, 3)) == (-0.143, -0.392)
    medians = accounts["follower"].groupby(made.labels.to_numpy()).median()
    assert found["median_follower"].tolist() == medians[list(made.names)].tolist()
    # witness: Mann and Whitney's U over the number of pairs
    unit = ranked.mean(axis=1).to_numpy().round(12)  # what differs by rounding alone is a tie
    for place in range(5):
        inside, after = (unit[made.codes == one] for one in (place, place + 1))
        u = stats.mannwhitneyu(inside, after).statistic
        assert found["above_next"][place] == pytest.approx(u / (len(inside) * len(after)))
    assert np.isnan(found["above_next"][5])


def test_influencers_in_words(six: Segments) -> None:
    made = tiers(six, ["ER", "active_rate"], noun="benefit", confounders=["follower"])
    said = words(made)
    assert said.startswith("The tiers tell few units apart: 92.1 % of all are in ‘lowest benefit’, one of 6.")
    assert "‘highest benefit’ (1 account) comes first with 0.996" in said
    assert "a unit of ‘high benefit’ ranks above one of ‘low benefit’ in 50.0 % of pairs only" in said
    assert "The axes do not rank the tiers alike" in said
    assert (
        "goes with ‘follower’ (Spearman ρ over units −0.39, with the tier −0.14): units low in it rank higher" in said
    )
    korean = words(made, "ko")
    assert korean.startswith(
        "등급이 거의 나뉘지 않습니다. 등급은 6개이지만 전체의 92.1 %가 ‘효과 최하’에 몰려 있습니다."
    )
    assert "스피어만 ρ: 개별 순위와 −0.39, 등급과 −0.14" in korean
    assert json.loads(json.dumps(made.told["tiers"])) == made.told["tiers"]


# ---- ranking ----------------------------------------------------------------------------------------------------


def shops() -> Segments:
    """Three segments of two: ranks on x are 1 to 6, on price 6 to 1 but for the last two."""
    frame = pd.DataFrame({"shop": list("abcdef"), "x": [1.0, 2, 3, 4, 5, 6], "price": [60.0, 50, 40, 30, 10, 20]})
    frame["size"] = [9.0, 9, 5, 5, 1, None]
    return segments_of(frame, "x", ["low", "low", "middle", "middle", "top", "top"])


def test_scores_by_hand() -> None:
    made = tiers(shops(), ["x", "-price"], confounders="size")
    found = told(made)
    assert found["cluster"].tolist() == ["top", "middle", "low"]
    assert found["segment"].tolist() == ["highest", "middle", "lowest"]
    # percentile ranks on x 0 .2 .4 .6 .8 1, on -price 0 .2 .4 .6 1 .8
    assert found["score"].tolist() == pytest.approx([0.9, 0.5, 0.1])
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["above_next"].tolist()[:2] == [1, 1]
    assert found["mean_price"].tolist() == [15, 35, 55]
    assert found["median_size"].tolist() == [1, 5, 9]
    assert made.codes.tolist() == [2, 2, 1, 1, 0, 0]
    assert made.told["tiers"]["rule"] == ["x", "-price"]
    assert made.told["tiers"]["confounders"]["size"]["rho"] == pytest.approx(-1)
    assert "‘price’ (less is better)" in words(made)
    assert "‘price’(낮을수록 좋음)" in words(made, "ko")
    assert tiers(shops(), "x, -price").names == made.names


def test_less_is_better_turns_the_ranking() -> None:
    assert told(tiers(shops(), ["-x"]))["cluster"].tolist() == ["low", "middle", "top"]


def test_equal_scores_follow_size() -> None:
    frame = pd.DataFrame({"shop": list("abcdef"), "x": [1.0, 3, 2, 2, 2, 5], "y": [1.0, 3, 2, 2, 2, 0]})
    made = told(tiers(segments_of(frame, "x", ["a", "a", "b", "b", "b", "c"]), ["y"]))
    assert made["score"].tolist()[:2] == pytest.approx([0.6, 0.6])
    assert made["cluster"].tolist() == ["b", "a", "c"]


def test_extremes_are_ranked_and_noise_is_not() -> None:
    frame = pd.DataFrame({"shop": list("abcdef"), "x": [1.0, 2, 3, 4, 50, 6]})
    labels_of = ["1", "1", "2", "2", "extreme: high x", "noise"]
    made = tiers(segments_of(frame, "x", labels_of), ["x"], noun="activity")
    assert made.names == ("highest activity", "middle activity", "lowest activity", "noise")
    assert told(made)["cluster"].tolist() == ["extreme: high x", "2", "1"]
    assert made.labels.tolist()[-1] == "noise"


def test_units_without_a_value_are_left_out_of_the_axis() -> None:
    made = tiers(shops(), ["size"])
    # ranks 9 9 5 5 1: percentile ranks .875 .875 .375 .375 0
    assert told(made)["score"].tolist() == pytest.approx([0.875, 0.375, 0])
    assert told(made)["above_next"].tolist()[:2] == [1, 1]


def test_tiers_of_tiers_and_of_a_file(tmp_path: Path) -> None:
    once = tiers(shops(), ["x"])
    again = tiers(once, ["-x"])
    assert told(again)["cluster"].tolist() == ["lowest", "middle", "highest"]
    kept = Segments.load(once.save(tmp_path / "tiers.parquet"))
    assert kept.names == once.names
    assert words(kept) == words(once)
    pd.testing.assert_frame_equal(told(kept), told(once))


# ---- names ------------------------------------------------------------------------------------------------------

KOREAN = {
    1: ["단일"],
    2: ["최상", "최하"],
    3: ["최상", "중간", "최하"],
    4: ["최상", "높음", "낮음", "최하"],
    5: ["최상", "높음", "중간", "낮음", "최하"],
    6: ["최상", "매우 높음", "높음", "낮음", "매우 낮음", "최하"],
    7: ["최상", "매우 높음", "높음", "중간", "낮음", "매우 낮음", "최하"],
    8: [f"{place}등급" for place in range(1, 9)],
}


def many(size: int, **options: Any) -> Segments:
    frame = pd.DataFrame({"shop": [f"s{place}" for place in range(2 * size)], "x": np.arange(2.0 * size)})
    return tiers(segments_of(frame, "x", [str(place // 2) for place in range(2 * size)]), ["x"], **options)


@pytest.mark.parametrize("size", list(KOREAN))
def test_every_name_has_a_korean_word(size: int) -> None:
    assert [labels.value(name, "segment", "ko") for name in many(size).names] == KOREAN[size]
    assert many(size).names == (DEGREES[size] if size < 8 else tuple(f"tier {place}" for place in range(1, 9)))
    engaged = [labels.segment(name, "ko") for name in many(size, noun="engagement").names]
    assert engaged == [f"참여도 {word}" if size > 1 else word for word in KOREAN[size]]
    assert [labels.segment(name) for name in many(size, noun="value").names] == list(many(size, noun="value").names)


def test_own_names_are_taken_as_they_are() -> None:
    made = tiers(shops(), ["x"], names=["star", "rising", "quiet"])
    assert made.sizes == {"star": 2, "rising": 2, "quiet": 2}
    assert [labels.segment(name, "ko") for name in made.names] == ["star", "rising", "quiet"]


def test_one_tier_ranks_nothing() -> None:
    assert words(many(1)) == "There is one tier alone, so nothing is ranked."


# ---- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rule": []}, "must name the axes"),
        ({"rule": ["-"]}, "must name the axes"),
        ({"rule": ["x", "-x"]}, "names 'x' twice"),
        ({"rule": ["pric"]}, "did you mean 'price'"),
        ({"rule": ["shop"]}, "holds text"),
        ({"rule": ["x"], "confounders": "x"}, "is an axis"),
        ({"rule": ["x"], "confounders": ["siz"]}, "did you mean 'size'"),
        ({"rule": ["x"], "names": ["a", "b"]}, "2 names for 3 segments"),
        ({"rule": ["x"], "names": ["a", "b", "b"]}, "must be different texts"),
        ({"rule": ["x"], "names": ["a", "b", "noise"]}, "none of them empty or 'noise'"),
        ({"rule": ["x"], "names": ["a", "b", "c"], "noun": "value"}, "give one of them"),
        ({"rule": ["x"], "noun": "effect"}, "use 'activity' or 'benefit' or 'engagement' or 'loyalty' or 'value'"),
        ({"rule": ["same"]}, "the same for all units"),
        ({"rule": ["known"]}, "is not known of any unit of segment 'top'"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], said: str) -> None:
    frame = shops().units.table.to_pandas().assign(same=1.0, known=[1.0, 2, 3, 4, None, None])
    with pytest.raises(InputError, match=said):
        tiers(segments_of(frame, "x", ["low", "low", "middle", "middle", "top", "top"]), **options)
