"""Stability: the adjusted Rand index of scikit-learn, overlaps in plain Python, and what must or cannot come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import dangol as dg
from dangol.core.errors import InputError
from dangol.segments.again import ladder_of
from dangol.segments.methods import Plan, fit
from dangol.segments.prepare import points
from dangol.segments.stability import MOST, adjusted_rand, agreement, draws, part_plan, stability
from dangol.segments.units import Units, read_units
from tests.segments.crowds import mixture

INFLUENCERS = Path(__file__).parents[3] / "shared" / "data" / "influencers" / "influencers.csv"


def units(values: Any) -> Units:
    names = [f"f{place}" for place in range(np.shape(values)[1])]
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "user", [f"u{place}" for place in range(len(table))])
    return read_units(table, names)


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), min_size=2, max_size=60))
def test_the_adjusted_rand_index_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    assert adjusted_rand(first, second) == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)


def test_groups_far_apart_come_back_and_halves_of_one_group_do_not() -> None:
    apart, truth = mixture(np.random.default_rng(1), 300, 2)
    plan = Plan("kmeans", k=3, extremes="keep")
    told = agreement(units(apart), truth, plan, resamples=10, seed=4)
    assert (told["mean"], told["sd"], told["resamples"], told["units_drawn"]) == (1, 0, 10, 270)
    one = units(np.random.default_rng(2).normal(size=(300, 6)))
    labels = fit(points(one, Plan("kmeans")), Plan("kmeans", k=4)).labels
    assert agreement(one, labels, Plan("kmeans", k=4), resamples=10, seed=4)["mean"] < 0.6


def test_every_resample_is_fitted_anew() -> None:
    """Witness: SciPy and scikit-learn on the same draws, scaled by their own quartiles."""
    values, _ = mixture(np.random.default_rng(3), 200, 2, apart=3)
    labels = KMeans(3, n_init=10, random_state=0).fit(values).labels_
    told = agreement(units(values), labels, Plan("hierarchical", k=3), resamples=4, seed=9)
    again = []
    for rows in draws(200, 4, 9):
        low, middle, high = np.quantile(values[rows], [0.25, 0.5, 0.75], axis=0)
        scaled = (values[rows] - middle) / ((high - low) / 1.349)
        found = fcluster(linkage(scaled, "ward"), 3, "maxclust")
        again.append(adjusted_rand_score(labels[rows], found))
    assert told["scores"] == pytest.approx(again)
    assert told["mean"] == pytest.approx(np.mean(again))
    assert told["sd"] == pytest.approx(np.std(again, ddof=1))


def test_without_resamples_nothing_is_told() -> None:
    values, truth = mixture(np.random.default_rng(1), 60, 2)
    told = agreement(units(values), truth, Plan("kmeans", k=3), resamples=0, seed=0)
    assert told == {"mean": None, "sd": None, "resamples": 0, "units_drawn": 0, "scores": []}
    with pytest.raises(InputError, match="resamples=-1 must be a whole number"):
        agreement(units(values), truth, Plan("kmeans", k=3), resamples=-1, seed=0)


def test_resamples_are_ninety_percent_and_two_thousand_at_most() -> None:
    for n, size in ((10, 9), (1_000, 900), (50_000, MOST)):
        (rows,) = draws(n, 1, 3)
        assert len(rows) == size == len(set(rows.tolist()))
        assert rows.tolist() == sorted(rows.tolist())
        assert 0 <= rows[0] <= rows[-1] < n


def test_a_smallest_size_shrinks_with_the_resample() -> None:
    assert part_plan(Plan("hdbscan", min_size=100), 2_000, 40_000).min_size == 5
    assert part_plan(Plan("hdbscan", min_size=5), 2_000, 40_000).min_size == 2
    assert part_plan(Plan("kmeans", k=3), 2_000, 40_000) == Plan("kmeans", k=3)


def test_what_cannot_be_divided_anew_has_not_come_back() -> None:
    """Three different places, one of them a single unit: a resample without it cannot be divided into three."""
    values = np.array([[0.0, 0.0]] * 9 + [[5.0, 5.0]] * 10 + [[9.0, 0.0]])
    labels = np.array([0] * 9 + [1] * 10 + [2])
    plan = Plan("kmeans", k=3, scale="none")
    told = agreement(units(values), labels, plan, resamples=40, seed=0)
    with_it = [19 in rows.tolist() for rows in draws(20, 40, 0)]
    assert told["scores"] == [float(one) for one in with_it]
    assert 0 < sum(with_it) < 40
    found = ladder_of(points(units(values), plan), plan, [2, 3, 4, 5])
    assert [one is None for one in found] == [False, False, True, True]


def test_mixtures_keep_their_shape_where_it_is_told() -> None:
    values, truth = mixture(np.random.default_rng(1), 300, 2)
    space = points(units(values), Plan("gmm"))
    assert [one.chosen["covariances"] for one in ladder_of(space, Plan("gmm"), [2, 3], ["diag", "full"]) if one] == [
        "diag",
        "full",
    ]
    told = agreement(units(values), truth, Plan("gmm", k=3), resamples=5, seed=1, covariances="tied")
    assert told["mean"] == 1


# ---- segment by segment -----------------------------------------------------------------------------------------


def test_what_came_back_of_each_segment_is_the_best_overlap() -> None:
    """Witness: sets in plain Python, the resamples clustered with the same method."""
    values, _ = mixture(np.random.default_rng(8), 150, 2, apart=3)
    names = ["x", "y"]
    table = pd.DataFrame(values, columns=names).assign(user=[f"u{place:03d}" for place in range(150)])
    made = dg.cluster(table, names, method="hierarchical", linkage="average", k=4, extremes="keep", resamples=0)
    result = stability(made, 12, seed=3)
    core = read_units(table, names)
    best: dict[str, list[float]] = {name: [] for name in made.names}
    for rows in draws(150, 12, 3):
        again = fit(points(core.taken(rows), made.plan), made.plan).labels
        new = [set(rows[again == label].tolist()) for label in range(4)]
        for code, name in enumerate(made.names):
            old = set(np.flatnonzero(made.codes == code).tolist()) & set(rows.tolist())
            best[name].append(max(len(old & one) / len(old | one) for one in new))
    found = result.table.set_index("segment")
    assert found["recovered"].to_dict() == pytest.approx({name: np.mean(one) for name, one in best.items()})
    assert found["upper"].to_dict() == pytest.approx({name: np.quantile(one, 0.975) for name, one in best.items()})
    assert found["units"].to_dict() == made.sizes
    assert result.tables["scores"]["resample"].tolist() == list(range(1, 13))
    assert result.units(segment="2").tolist() == made.result.units(segment="2").tolist()
    assert made.stability(12, seed=3).table.equals(result.table)


def test_the_six_of_the_influencers() -> None:
    """../shared/data/README.md: adjusted Rand index about .72 over 90 % subsamples, cut at the same height."""
    if not INFLUENCERS.exists():
        pytest.skip("the optional folder ../shared/data with influencers/influencers.csv is absent")
    pair = ["ER", "active_rate"]
    made = dg.cluster(INFLUENCERS, pair, method="hierarchical", linkage="complete", cut=20, resamples=0)
    result = made.stability(60)
    assert result.tables["scores"]["agreement"].mean() == pytest.approx(0.72, abs=0.03)
    assert result.table["segment"].tolist() == ["1", "2", "3", "4", "5", "6"]
    assert result.summary().startswith("Not to be relied on: 1 of 6 segments, recovered below 0.6")
    assert result.summary("ko").startswith("그대로 믿기 어렵습니다")


def test_extremes_and_noise_are_not_tried() -> None:
    values, _ = mixture(np.random.default_rng(5), 300, 2)
    far = np.vstack([values, [[90.0, 90.0], [91.0, 90.0]]])
    table = pd.DataFrame(far, columns=["x", "y"]).assign(user=[f"u{place}" for place in range(302)])
    made = dg.cluster(table, ["x", "y"], k=3, resamples=0)
    assert len(made.names) == 4
    assert stability(made, 5).table["segment"].tolist() == ["1", "2", "3"]
    loose = dg.cluster(table, ["x", "y"], method="dbscan", eps=0.3, min_size=5, resamples=0)
    assert "noise" in loose.names
    assert "noise" not in stability(loose, 5).table["segment"].tolist()
    assert stability(made, 5).summary().startswith("All segments come back")
    with pytest.raises(InputError, match="resamples=0 tries nothing"):
        stability(made, 0)
