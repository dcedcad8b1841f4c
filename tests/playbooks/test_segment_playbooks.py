"""The playbooks of segments: what they say is true of the data whose truth is known, and equals what was published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.datasets import school_sns
from dangol.playbooks.clusters import make_segments
from dangol.playbooks.read import Playbook, read
from dangol.playbooks.source import Source, open_source
from dangol.segments.segments import Segments

# ---- influencers --------------------------------------------------------------------------------------------------


def influencers(name: str, *left_out: str) -> tuple[Segments | None, dict[str, Result]]:
    """Make one of the segments of the playbook, some of what is seen of it left out."""
    plan = read("influencer")
    place = next(at for at, one in enumerate(plan.segments) if one["name"] == name)
    kept = {key: value for key, value in plan.segments[place].items() if key not in left_out}
    return make_segments(replace(plan, segments=[kept]), 0, open_source(plan, Path(), progress=False), "en")


def test_the_published_tiers_are_made_again() -> None:
    """Sizes and means of ER as published (the data's README); the first sentence says that they are hardly tiers."""
    made, found = influencers("published")
    assert made is not None
    tiers = found["cluster"].tables["tiers"].set_index("cluster")
    assert tiers["units"].sort_values().tolist() == [1, 3, 7, 24, 38, 856]
    means = {3: 2.4558, 1: 23.3559, 856: 2.0270, 24: 3.8400, 38: 13.4935, 7: 28.2071}
    assert {int(row.units): row.mean_ER for row in tiers.itertuples()} == pytest.approx(means, abs=1e-4)
    assert tiers["segment"].iloc[[0, -1]].tolist() == ["highest benefit", "lowest benefit"]
    said = found["cluster"].sentences[0]
    assert said.write().startswith("No strong structure: 92.1 % of the units are in one segment; ")
    assert said.write("ko").startswith("뚜렷한 구조가 없습니다. 전체의 92.1 %가 한 세그먼트에 몰려 있습니다.")
    assert made.told["stability"]["mean"] == pytest.approx(0.72, abs=0.04)  # the README, other resamples
    assert found["stability"].sentences[0].write().startswith("Not to be relied on: ")


def test_the_names_of_kinds_say_what_is_true_of_them() -> None:
    """Both playbook's lists of names stand in the order of the ranks; what they say is looked up in the medians."""
    made, found = influencers("kind", "choose", "stability")
    assert made is not None
    tiers = found["cluster"].tables["tiers"].set_index("segment")
    all_er, all_rate = (float(np.median(made.units.number(name))) for name in ("ER", "active_rate"))
    assert tiers.loc["both far above", "median_ER"] > 10 * all_er
    assert tiers.loc["both far above", "median_active_rate"] > 10 * all_rate
    assert tiers.loc["comments far above", "median_active_rate"] > 10 * all_rate
    assert tiers.loc["engagement far above", "median_ER"] > 10 * all_er
    assert tiers.loc["engaging", "median_ER"] > 5 * all_er > 5 * tiers.loc["engaging", "median_active_rate"] / all_rate
    assert tiers.loc["talkative", "median_active_rate"] > 3 * all_rate
    assert tiers.loc["ordinary", ["median_ER", "median_active_rate"]].to_numpy() == pytest.approx(
        [all_er, all_rate], rel=0.2
    )
    assert made.told["stability"]["mean"] > 0.9


@pytest.mark.slow
def test_what_is_clustered_is_the_best_and_neither_scale_shows_separate_kinds() -> None:
    """Both rates have long tails: three segments come back in every resample, as those of one crowd with such tails."""
    _, found = influencers("kind", "cluster", "tiers", "stability")
    assert found["choose"].table.query("verdict == 'recommended'").empty
    assert found["choose"].tables["best"].loc[0, ["method", "k", "verdict"]].tolist() == ["kmeans", 3, "like noise"]
    assert found["choose"].tables["best"].loc[0, "stability"] > 0.95
    assert "on this scale they show no separate kinds" in found["choose"].sentences[0].write()
    none, found = influencers("log_scale")
    assert none is None
    assert found["choose"].table.query("verdict == 'recommended'").empty
    assert found["choose"].sentences[0].write().startswith("No strong structure: none of ")


# ---- schools ------------------------------------------------------------------------------------------------------


def schools(folder: Path, seed: int, **changes: object) -> tuple[Playbook, Source]:
    """Open the playbook of another seed or size, without the sections that take long."""
    plan = read("activation")
    one = {key: value for key, value in plan.segments[0].items() if key not in ("choose", "stability")}
    plan = replace(plan, source={**plan.source, "seed": seed, **changes}, segments=[one])
    return plan, open_source(plan, folder, progress=False)


def lively(made: Segments, users: int, seed: int) -> tuple[float, float]:
    """Of the schools with enough pupils: the share of the lively ones that were found, and of the found ones lively."""
    truth = school_sns(users, seed=seed).truth_tables["schools"].to_pandas().set_index("school")["lively"]
    is_lively = made.table["group"].map(truth).to_numpy(bool)
    found = (made.table["segment"] == "inviting").to_numpy()
    both = (found & is_lively).sum()
    return both / is_lively.sum(), both / found.sum()


def surest(profile: Result) -> list[str]:
    """What sets the inviting schools apart, the largest difference that holds first."""
    table: pd.DataFrame = profile.table.query("segment == 'inviting' and evidence == 'holds'")
    return table.sort_values("difference", key=abs, ascending=False)["feature"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_lively_schools_are_found_and_what_newcomers_do_there(tmp_path: Path, seed: int) -> None:
    """12 % of schools are lively. Found by a week of ten or more pupils each, half of it before anybody has three days
    behind them; by chance an eighth of the schools found would be lively.

    The profile is of pupils who joined later, so it is no consequence of how the segments were made.
    """
    plan, source = schools(tmp_path, seed)
    made, found = make_segments(plan, 0, source, "en")
    assert made is not None
    recall, precision = lively(made, 20_000, seed)
    assert recall > 0.65
    assert precision > 0.65
    assert surest(found["profile"])[0] == "invite"
    assert found["profile"].sentences[0].values["feature"] == "invite"
    assert found["profile"].sentences[0].values["segment"] == "inviting"
    told = found["profile"].table.set_index(["segment", "feature"])
    assert told.loc[("inviting", "inviters"), "evidence"] == "made"
    for act in ("vote", "receive_vote", "app_open", "view_hint"):  # activity sets the busy schools apart, not these
        assert told.loc[("inviting", act), "evidence"] == "none"


@pytest.mark.slow
def test_what_the_playbook_clusters_comes_back_though_it_is_part_of_a_continuum(tmp_path: Path) -> None:
    """Lively schools overlap with the others, so their silhouettes are those of one crowd with such tails."""
    plan = read("activation")
    one = {key: value for key, value in plan.segments[0].items() if key not in ("cluster", "names", "profile")}
    one.pop("stability")
    source = open_source(plan, tmp_path, progress=False)
    _, found = make_segments(replace(plan, segments=[one]), 0, source, "en")
    (way,) = found["choose"].table.query("method == 'kmeans' and k == 3").to_dict("records")
    assert way["stability"] > 0.9
    assert way["verdict"] == "like noise"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_no_school_is_lively_none_is_made_up(tmp_path: Path, seed: int) -> None:
    """Schools then differ in inviters as chance has it, which drawing small shares to the mean of all lays bare."""
    plan, source = schools(tmp_path, seed, plant=False)
    with pytest.raises(InputError, match="units differ no more than chance would make them"):
        make_segments(plan, 0, source, "en")


@pytest.mark.slow
def test_lively_schools_are_found_in_the_whole_network(tmp_path: Path) -> None:
    plan, source = schools(tmp_path, 1, users=98_789)
    made, found = make_segments(plan, 0, source, "en")
    assert made is not None
    assert min(lively(made, 98_789, 1)) > 0.65
    assert surest(found["profile"])[0] == "invite"
