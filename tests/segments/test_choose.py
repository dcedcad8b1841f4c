"""``choose_clusters``: planted groups, none at all, all against the extremes; the gap statistic in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import dangol as dg
from dangol.core import labels
from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.kernels.distances import space
from dangol.segments import choose, choose_rows, gap
from dangol.segments.again import ladder_of
from dangol.segments.choose import choose_clusters, read_ks, read_methods
from dangol.segments.choose_rows import Choice, judged
from dangol.segments.gap import Held, noise_of
from dangol.segments.methods import Fit, Plan
from tests.segments.crowds import mixture
from tests.segments.faithful import FAITHFUL

Floats = npt.NDArray[np.float64]


def table_of(values: Any, names: Sequence[str] = ()) -> pd.DataFrame:
    table = pd.DataFrame(values, columns=list(names) or [f"f{place}" for place in range(np.shape(values)[1])])
    table.insert(0, "user", [f"u{place}" for place in range(len(table))])
    return table


def choices(values: Any, **options: Any) -> Result:
    table = table_of(values)
    return choose_clusters(table, list(table.columns[1:]), **options)


def recommended(result: Result) -> pd.DataFrame:
    return result.table[result.table["verdict"] == "recommended"]


@pytest.fixture(scope="module")
def three() -> tuple[Floats, npt.NDArray[np.int64]]:
    return mixture(np.random.default_rng(1), 300, 3)


@pytest.fixture(scope="module")
def answer(three: tuple[Floats, npt.NDArray[np.int64]]) -> Result:
    return choices(three[0], k="2..5", resamples=5)


# ---- how many ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["kmeans", "minibatch", "kmedoids", "hierarchical", "gmm", "dbscan", "hdbscan"])
def test_three_groups_are_three_by_every_method(three: tuple[Floats, npt.NDArray[np.int64]], method: str) -> None:
    found = choices(three[0], methods=method, k="2..6", resamples=5)
    assert recommended(found)["k"].tolist() == [3]
    side = found.tables["map"]["segment"]
    clustered = side != "noise"
    assert clustered.mean() > 0.85
    assert adjusted_rand_score(side[clustered], three[1][clustered]) > 0.95


def test_the_table_of_choices(answer: Result, three: tuple[Floats, npt.NDArray[np.int64]]) -> None:
    table = answer.table
    assert (answer.name, answer.unit, answer.shown) == ("choose", "user", ("best",))
    assert not table.duplicated(["method", "k"]).any()
    assert table.groupby("method", sort=False)["k"].apply(list).to_dict() == {
        **{method: [2, 3, 4, 5] for method in ("kmeans", "kmedoids", "hierarchical", "gmm")},
        "hdbscan": [3],
    }
    assert set(table["silhouette_kind"]) == {"exact"}
    with_gap = table["method"].isin(["kmeans", "kmedoids", "hierarchical"])
    assert table["gap"].notna().equals(with_gap)
    assert table["gap_se"].notna().equals(with_gap)
    assert table["bic"].notna().equals(table["method"] == "gmm")
    assert table["min_size"].notna().equals(table["method"] == "hdbscan")
    assert table.loc[table["k"] == 3, "stability"].tolist() == [1.0] * 5
    by_hand = dg.cluster(table_of(three[0]), ["f0", "f1", "f2"], method="kmedoids", k=4, resamples=0)
    row = table[(table["method"] == "kmedoids") & (table["k"] == 4)].iloc[0]
    for name in ("silhouette", "silhouette_macro", "silhouette_all", "davies_bouldin", "smallest", "largest_share"):
        assert row[name] == pytest.approx(by_hand.quality[name])


def test_the_other_tables(answer: Result) -> None:
    best = answer.tables["best"]
    assert best["verdict"].tolist()[:5] == ["recommended", *["near tie"] * 4]
    assert len(best) == len(answer.table)
    assert answer.tables["elbow"].groupby("method")["loss"].apply(lambda one: one.is_monotonic_decreasing).all()
    widths = answer.tables["silhouettes"]
    best_row = recommended(answer).iloc[0]
    assert widths["silhouette"].mean() == pytest.approx(best_row["silhouette"])
    assert len(answer.tables["tree"]) == len(widths) - 1
    assert answer.tables["sensitivity"]["scale"].tolist() == ["none", "standard", "robust", "minmax"]
    assert answer.tables["sensitivity"]["agreement"].to_numpy() == pytest.approx(1.0)
    own = answer.tables["sensitivity"].set_index("scale").loc["robust", "silhouette"]
    assert own == pytest.approx(best_row["silhouette"])
    assert answer.tables["axes"]["label"].tolist() == ["principal component 1", "principal component 2"]
    assert set(answer.tables["map"]["segment"]) >= {"1", "2", "3"}
    assert answer.tables["transforms"]["step"].unique().tolist() == ["robust"]
    assert answer.tables["excluded"].empty


def test_what_people_are_shown_has_korean_words(answer: Result) -> None:
    for name in ("choices", "best", "elbow", "sensitivity", "tree", "silhouettes", "excluded", "axes"):
        assert labels.caption(name, "ko", "choose") != labels.caption(name, "en", "choose"), name
        for column in answer.tables[name].columns:
            if column not in ("user", "label", "label_ko", "k"):
                assert labels.label(column, "ko", "choose") != labels.label(column, "en", "choose"), column
    for verdict in ("recommended", "near tie", "fragile", "lopsided", "too small", "like noise"):
        assert labels.value(verdict, "verdict", "ko") != verdict


def test_the_same_seed_gives_the_same_answer(three: tuple[Floats, npt.NDArray[np.int64]]) -> None:
    first, second = (choices(three[0][:120], k="2..4", resamples=3, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.summary("ko") == second.summary("ko")


def test_everyone_against_the_extremes_does_not_win() -> None:
    """METHODS section 0, fact 4: 900 units in three overlapping groups and nine far away."""
    rng = np.random.default_rng(0)
    groups = np.repeat([[0.0, 0.0], [3.0, 0.0], [1.5, 2.6]], 300, axis=0) + rng.normal(size=(900, 2))
    values = np.vstack([groups, rng.normal(60, 1, (9, 2))])
    found = choices(values, k="2..6", resamples=10)
    assert recommended(found)["k"].tolist() == [3]
    assert recommended(found)["silhouette"].item() == pytest.approx(0.433, abs=0.01)
    assert "Set aside first, far from all others: 9 users (1.0 %), high f0 and f1 9." in found.summary()
    assert sorted(found.units(segment="extreme: high f0 and f1")) == sorted(f"u{place}" for place in range(900, 909))
    kept = choices(values, methods="kmeans, hierarchical", k="2..6", extremes="keep", resamples=5)
    table = kept.table.set_index(["method", "k"])
    assert table.loc[("kmeans", 2), "silhouette"] == pytest.approx(0.966, abs=0.005)  # it would win by far
    assert table.loc[("kmeans", 2), "verdict"] == "too small"
    assert kept.summary().startswith("No strong structure")


NOTHING = {
    "one normal group": lambda rng: rng.normal(size=(300, 2)),
    "one normal group, correlated": lambda rng: rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4)),
    "uniform noise": lambda rng: rng.uniform(size=(300, 2)),
    "uniform noise in five features": lambda rng: rng.uniform(size=(300, 5)),
    "a long tail": lambda rng: rng.exponential(size=(300, 2)),
    "a longer tail, correlated": lambda rng: np.exp(rng.normal(size=(300, 2)) @ [[1, 0.8], [0, 0.6]]),
    "counts": lambda rng: rng.poisson(1.5, size=(300, 2)).astype(float),
    "shares": lambda rng: rng.beta(0.5, 3, size=(300, 3)),
    "two kinds of zeros": lambda rng: rng.exponential(size=(300, 2)) * (rng.random((300, 2)) < 0.5),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_no_structure_is_said_first(kind: str) -> None:
    found = choices(NOTHING[kind](np.random.default_rng(11)), k="2..6", resamples=10)
    assert recommended(found).empty
    assert found.summary().startswith("No strong structure: none of ")
    assert found.summary("ko").startswith("뚜렷한 구조가 없습니다")


@pytest.mark.slow
@pytest.mark.parametrize("kind", NOTHING)
def test_no_structure_is_said_for_nearly_every_seed(kind: str) -> None:
    found = [choices(NOTHING[kind](np.random.default_rng(seed)), seed=seed) for seed in range(20)]
    assert sum(one.summary().startswith("No strong structure") for one in found) >= 18


APART = {  # three groups of Gaussian and of whole numbers, one with half of the units of the others
    "normal": lambda rng: mixture(rng, 300, 2, apart=5, shares=(0.4, 0.4, 0.2))[0],
    "counts": lambda rng: rng.poisson(np.repeat([[2, 2], [14, 2], [2, 14]], [120, 120, 60], axis=0)).astype(float),
    "tails": lambda rng: np.expm1(mixture(rng, 300, 2, apart=5, shares=(0.4, 0.4, 0.2))[0] / 2 + 4),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", APART)
def test_groups_apart_are_found_for_nearly_every_seed(kind: str) -> None:
    """What is held to data without groups must not be held back where there are some.

    With the default scale the counts are not told apart (8 of 20): the interquartile range of a feature that has two
    groups spans both, so dividing by it presses them together. By standard deviations they are.
    """
    options: dict[str, dict[str, Any]] = {"tails": {"transforms": ["log1p"]}, "counts": {"scale": "standard"}}
    more = options.get(kind, {})
    found = [choices(APART[kind](np.random.default_rng(seed)), k="2..6", **more) for seed in range(20)]
    assert sum(recommended(one)["k"].tolist() == [3] for one in found) >= 18


def test_old_faithful_has_three_components_of_one_shape() -> None:
    """mclust chooses EEE with three components; its BIC, of the other sign, is -2314.316, scikit-learn's -2314.296."""
    found = choices(FAITHFUL, methods="gmm", k="2..9", scale="none", extremes="keep", resamples=0)
    best = found.table.loc[found.table["bic"].idxmin()]
    assert best["k"] == 3
    assert -best["bic"] == pytest.approx(-2314.296, abs=2e-3)


# ---- judging ----------------------------------------------------------------------------------------------------


def way(
    method: str, k: int, silhouette: float, stability: float = 0.9, noise: float = 0.0, verdict: str = ""
) -> Choice:
    fit = Fit(np.zeros(1, np.int64), k)
    measures: dict[str, Any] = {"silhouette": silhouette, "noise": noise}
    return Choice(Plan(method, k=k), fit, measures, {"mean": stability, "sd": 0.0}, Held(), verdict)


@pytest.mark.parametrize(
    ("changes", "stability", "verdict"),
    [
        ({}, 0.6, ""),
        ({"smallest": 10}, 0.9, ""),
        ({"smallest": 9}, 0.9, "too small"),
        ({"largest_share": 0.8}, 0.9, ""),
        ({"largest_share": 0.81}, 0.9, "lopsided"),
        ({"largest_share": 0.81, "smallest": 9}, 0.1, "too small"),
        ({"largest_share": 0.81}, 0.1, "lopsided"),
        ({}, 0.59, "fragile"),
        ({"silhouette": 0.29}, 0.59, "fragile"),
        ({"silhouette": 0.29}, None, "like noise"),
        ({"silhouette": 0.4, "noise": 0.3}, 0.9, "like noise"),  # .4 of seven tenths
        ({"silhouette": 0.3}, 0.9, ""),
    ],
)
def test_what_speaks_against_a_way(changes: dict[str, Any], stability: float | None, verdict: str) -> None:
    measures = {"silhouette": 0.5, "noise": 0.0, "smallest": 50, "largest_share": 0.5, **changes}
    one = Choice(Plan("kmeans", k=2), Fit(np.zeros(1, np.int64), 2), measures, {"mean": stability}, Held(0.2, 0.3, 0.0))
    assert choose_rows._against(one, 10) == verdict


def test_where_all_are_like_noise_the_more_stable_of_near_ties_leads() -> None:
    like = {"verdict": "like noise"}
    ways = [way("a", 2, 0.50, 0.7, **like), way("b", 3, 0.49, 0.9, **like), way("c", 4, 0.40, 1.0, **like)]
    lopsided = way("d", 2, 0.9, verdict="lopsided")
    assert choose_rows.leading([lopsided, *ways]) == 2
    assert choose_rows.leading([lopsided, *ways, way("e", 5, 0.3, 0.6, verdict="recommended")]) == 4
    assert choose_rows.leading([lopsided, way("f", 2, 0.95, verdict="too small")]) == 1
    assert choose_rows.leading([]) is None


def verdicts(*ways: Choice) -> list[str]:
    return [one.verdict for one in judged(ways)]


def test_of_near_ties_the_fewest_segments_win_then_the_more_stable() -> None:
    assert verdicts(way("a", 4, 0.50), way("b", 3, 0.485), way("c", 2, 0.47)) == ["near tie", "recommended", ""]
    assert verdicts(way("a", 3, 0.50, 0.8), way("b", 3, 0.49, 0.9)) == ["near tie", "recommended"]
    assert verdicts(way("a", 3, 0.50), way("b", 3, 0.49)) == ["recommended", "near tie"]


def test_what_has_something_against_it_is_not_recommended() -> None:
    assert verdicts(way("a", 2, 0.9, verdict="too small"), way("b", 3, 0.4)) == ["too small", "recommended"]
    assert verdicts(way("a", 2, 0.9, verdict="fragile")) == ["fragile"]


def test_units_left_as_noise_count_as_nothing_gained() -> None:
    """0.8 over half of the units is worth 0.4."""
    assert verdicts(way("a", 2, 0.8, noise=0.5), way("b", 3, 0.5)) == ["", "recommended"]


def test_a_smallest_segment_may_be_asked_for(three: tuple[Floats, npt.NDArray[np.int64]]) -> None:
    found = choices(three[0], methods="kmeans", k="2..4", resamples=0, least=101)
    assert found.table["verdict"].tolist() == ["too small"] * 3
    assert "its smallest segment has only" in found.summary()
    found = choices(three[0], methods="kmeans", k="2..4", resamples=0, least=60)
    assert recommended(found)["k"].tolist() == [3]
    assert found.table["stability"].isna().all()
    assert "whether they come back in resamples was not tried" in found.summary()


# ---- noise ------------------------------------------------------------------------------------------------------


def pooled(values: Floats, own: npt.NDArray[np.int64]) -> float:
    """The sum over segments of all squared distances, by pairs, divided by twice the size (Tibshirani et al. 2001)."""
    total = 0.0
    for name in set(own.tolist()):
        inside = values[own == name]
        total += sum(float(((one - inside) ** 2).sum()) for one in inside) / (2 * len(inside))
    return total


def to_medoids(values: Floats, medoids: npt.NDArray[np.int64]) -> float:
    return sum(min(math.dist(one, values[place]) for place in medoids) for one in values)


def test_the_gap_statistic_in_plain_python() -> None:
    """Witness: the definition, with the losses of all pairs, on the same noise."""
    values = mixture(np.random.default_rng(4), 90, 2, apart=4)[0]
    ks = [2, 3, 4]
    ways = [
        (Plan(method, k=k), fit)
        for method in ("kmeans", "kmedoids", "hierarchical", "gmm")
        for k, fit in zip(ks, ladder_of(space(values), Plan(method), ks), strict=True)
        if fit is not None
    ]
    held = noise_of(space(values), ways, squared=False, seed=6)
    found = {(plan.method, plan.k): one for plan, one in held.items() if one.gap == one.gap}
    noise = gap.boxes(values, gap.SETS, 6)
    assert {method for method, _ in found} == {"hierarchical", "kmeans", "kmedoids"}
    for method in ("hierarchical", "kmeans", "kmedoids"):
        losses = []
        for one in (values, *noise):
            fits = [
                fit
                for fit in ladder_of(space(one), Plan(method, starts=gap.STARTS.get(method, 1)), ks)
                if fit is not None
            ]
            loss = [pooled(one, fit.labels) if fit.medoids is None else to_medoids(one, fit.medoids) for fit in fits]
            losses.append([math.log(each) for each in loss])
        for place in range(len(ks)):
            of_noise = [row[place] for row in losses[1:]]
            mean = sum(of_noise) / 10
            spread = math.sqrt(sum((one - mean) ** 2 for one in of_noise) / 10) * math.sqrt(1 + 1 / 10)
            one = found[method, ks[place]]
            assert one.gap == pytest.approx(mean - losses[0][place], rel=1e-6)
            assert one.gap_se == pytest.approx(spread, rel=1e-5)
    assert max(ks, key=lambda k: found["kmeans", k].gap) == 3  # three groups


def test_noise_fills_the_box_along_the_principal_axes() -> None:
    """A line at 45 degrees has a thin box, not a square."""
    along = np.linspace(-1, 1, 500)
    values = np.column_stack([along, along]) + np.random.default_rng(1).normal(0, 0.01, (500, 2))
    turn = np.array([[1, 1], [-1, 1]]) / math.sqrt(2)  # the axes, to two digits
    real, noise = values @ turn.T, gap.boxes(values, gap.SETS, 0)
    assert len(noise) == gap.SETS
    assert np.ptp(real, axis=0).min() < 0.1 < np.ptp(real, axis=0).max()
    for one in noise:
        assert np.ptp(one @ turn.T, axis=0) == pytest.approx(np.ptp(real, axis=0), rel=0.05)
        assert (one @ turn.T).std(axis=0) == pytest.approx(np.ptp(real, axis=0) / math.sqrt(12), rel=0.1)
    assert len(gap._sample(values, 100, 0)) == 100


def test_what_is_held_to_noise_is_held_to_the_stricter_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand calculation: two sets of each kind and two k, and what two pairs leave of the squared distances."""
    monkeypatch.setattr(gap, "SETS", 2)
    worths = np.array([[0.4, 0.1], [0.6, 0.1], [0.5, 0.3], [0.5, 0.3]])
    means, spreads = gap._kinds(worths)
    assert means == pytest.approx(np.array([[0.5, 0.1], [0.5, 0.3]]))
    assert spreads[0] == pytest.approx([math.sqrt(0.02 * 1.5), 0])
    assert spreads[1] == pytest.approx([0, 0])
    line = np.array([[0.0], [2.0], [6.0], [8.0]])  # squared distances to 4: 16 + 4 + 4 + 16; to 1 and 7: 4 times 1
    assert gap._left(line, Fit(np.array([0, 0, 1, 1]), 2)) == pytest.approx(4 / 40)
    assert math.isnan(gap._left(line, Fit(np.array([0, 0, 1, -1]), 2)))
    assert math.isnan(gap._left(line, None))


def test_choosing_and_clustering_hold_segments_to_the_same(answer: Result, three: tuple[Floats, Any]) -> None:
    table = table_of(three[0])
    for method in ("kmeans", "hierarchical", "gmm"):
        made = dg.cluster(table, list(table.columns[1:]), method=method, k=3, resamples=0)  # type: ignore[arg-type]
        (row,) = answer.table.query(f"method == '{method}' and k == 3").to_dict("records")
        assert made.quality["silhouette"] == pytest.approx(row["silhouette"])
        assert made.quality["silhouette_noise"] == pytest.approx(row["silhouette_noise"])


@pytest.mark.parametrize(
    ("worth", "tighter", "clear"),
    [(0.5, 0.0, True), (0.49, 4.9, False), (0.49, 5.0, True), (0.49, math.nan, False), (0.51, math.nan, True)],
)
def test_segments_are_clearer_than_noise_by_silhouette_or_by_tightness(
    worth: float, tighter: float, clear: bool
) -> None:
    assert gap.Held(silhouette=0.3, limit=0.5, tighter=tighter).beaten(worth) is clear
    assert gap.Held().beaten(worth)  # nothing is known of noise


# ---- other data -------------------------------------------------------------------------------------------------


def test_text_is_a_feature_with_gower() -> None:
    rng = np.random.default_rng(2)
    groups = np.repeat([0, 1], 40)
    table = table_of(np.column_stack([groups * 5 + rng.normal(size=80)]), ["votes"])
    table["plan"] = np.where(groups == 0, "free", "paid")
    found = choose_clusters(table, ["votes", "plan"], metric="gower", linkage="average", k="2..4", resamples=4)
    assert found.table["method"].unique().tolist() == ["kmedoids", "hierarchical", "hdbscan"]
    assert recommended(found)["k"].tolist() == [2]
    assert found.table["silhouette_noise"].isna().all()  # noise is known for Euclidean distances
    assert found.table["davies_bouldin"].isna().all()


def test_many_units_are_held_to_fewer_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_methods(None, 20_000, "euclidean", "ward") == ("kmeans", "kmedoids", "hierarchical", "gmm", "hdbscan")
    assert read_methods(None, 20_001, "euclidean", "ward") == ("kmeans", "kmedoids", "minibatch")
    assert read_methods(None, 20_001, "manhattan", "ward") == ("kmedoids",)
    assert read_methods("gmm, kmeans,gmm", 9, "euclidean", "ward") == ("gmm", "kmeans")
    monkeypatch.setattr("dangol.segments.choose_rows.EXACT", 200)
    monkeypatch.setattr("dangol.segments.quality.EXACT", 200)
    found = choices(mixture(np.random.default_rng(1), 300, 2)[0], methods="kmeans", k="2..4", resamples=4)
    assert set(found.table["silhouette_kind"]) == {"squared"}
    assert recommended(found)["k"].tolist() == [3]
    assert "silhouettes are those of squared distances" in found.summary()


def test_density_that_finds_nothing_is_told() -> None:
    one = np.random.default_rng(1).normal(size=(200, 2))
    found = choices(one, methods=["kmeans", "dbscan"], k=[2], resamples=3, extremes="keep")
    assert found.table["method"].tolist() == ["kmeans"]
    assert "DBSCAN found no two segments." in found.summary()
    alone = choices(one, methods="dbscan", resamples=3, extremes="keep")
    assert alone.summary() == "No strong structure: the 200 users do not fall into two segments by any method."
    assert alone.summary("ko").startswith("뚜렷한 구조가 없습니다. 어떤 방법으로도 사용자 200명이 두 세그먼트로")
    for name in ("choices", "best", "elbow", "silhouettes", "tree", "sensitivity"):
        assert alone.tables[name].empty
    assert set(alone.tables["map"]["segment"]) == {""}
    with pytest.raises(InputError, match="is no way that was tried"):
        alone.units()


# ---- options and errors -----------------------------------------------------------------------------------------


def test_numbers_of_segments_are_read_in_every_form() -> None:
    assert read_ks("2..4") == read_ks("4, 3,2") == read_ks(range(2, 5)) == read_ks([2, 3, 4]) == (2, 3, 4)
    assert read_ks(np.array([3, 2])) == (2, 3)
    assert read_ks(3) == read_ks("3") == (3,)


@pytest.mark.parametrize(
    ("k", "said"),
    [
        (1, "k=1 is no division into segments"),
        ("1..4", "k=1 is no division into segments"),
        ([0, 2], "k=0 is no division into segments"),
        ("5..2", r"k='5..2' must be numbers of segments"),
        ("two", "k='two' must be numbers of segments"),
        ([2.5], r"k=\[2.5\] must be numbers of segments"),
        (True, "k=True must be numbers of segments"),
        (None, "k=None must be numbers of segments"),
        ([], r"k=\[\] must be numbers of segments"),
        (200, "k=200 is more than the 100 units"),
    ],
)
def test_numbers_of_segments_that_cannot_be(k: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        choices(np.random.default_rng(1).normal(size=(100, 2)), k=k, methods="hierarchical", extremes="keep")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": "kmean"}, "method 'kmean' is not in the methods; did you mean 'kmeans'"),
        ({"methods": []}, "must be names of methods"),
        ({"methods": 3}, "methods=3 must be names of methods"),
        ({"methods": "kmeans", "metric": "manhattan"}, "kmeans works with means"),
        ({"scale": "log"}, "scale='log' is not known"),
        ({"linkage": "wards"}, "linkage='wards' is not known"),
        ({"extremes": "drop"}, "extremes='drop' is not known"),
        ({"resamples": -2}, "resamples=-2 must be a whole number"),
        ({"resamples": 2.5}, "resamples=2.5 must be a whole number"),
        ({"least": 0}, "least=0 must be a whole number"),
        ({"seed": -1}, "seed=-1 must be a whole number"),
        ({"transforms": "log9"}, "log9"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        choices(np.random.default_rng(1).normal(size=(60, 2)), **options)


def test_more_segments_than_different_units() -> None:
    values = np.repeat([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], 20, axis=0)
    with pytest.raises(InputError, match="k=4 is more than the 3 different units"):
        choices(values, methods="kmeans", k="2..4")


def test_units_of_a_segment_of_any_way(answer: Result) -> None:
    whole = answer.tables["map"].set_index("user")["segment"]
    assert sorted(answer.units(segment="2")) == sorted(whole[whole == "2"].index)
    assert len(answer.units()) == 300
    two = [len(answer.units(segment=name, method="kmeans", k=2)) for name in ("1", "2")]
    row = answer.table[(answer.table["method"] == "kmeans") & (answer.table["k"] == 2)].iloc[0]
    assert min(two) == row["smallest"]
    assert len(answer.units(method="hdbscan")) == 300
    with pytest.raises(InputError, match="names several ways"):
        answer.units(k=3)
    with pytest.raises(InputError, match="is no way that was tried"):
        answer.units(method="gmm", k=9)
    with pytest.raises(InputError, match="segment '9' is not in this way"):
        answer.units(segment="9")


def test_the_recipe_asks_again(answer: Result, three: tuple[Floats, npt.NDArray[np.int64]]) -> None:
    asked = answer.recipe["parameters"]
    again = choose.choose_clusters(table_of(three[0]), **asked)
    pd.testing.assert_frame_equal(again.table, answer.table)
