"""``cluster``: the influencers' published clusters, textbook data, and options that do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score, silhouette_score

import dangol as dg
from dangol.core.errors import InputError
from dangol.core.words import number
from tests.segments.crowds import corners

PUBLISHED = ["ER", "active_rate"]


@pytest.fixture(scope="module")
def influencers() -> Path:
    """The 929 accounts of ../shared/data/influencers, where they are; else the two columns that ship."""
    file = Path(__file__).parents[3] / "shared" / "data" / "influencers" / "influencers.csv"
    if not file.exists():
        pytest.skip("the optional folder ../shared/data with influencers/influencers.csv is absent")
    return file


def blobs(sizes: tuple[int, ...] = (90, 60, 30), seed: int = 3) -> pd.DataFrame:
    """Groups so far apart that every method must find them."""
    rng = np.random.default_rng(seed)
    centres = corners(len(sizes), 2, 20.0)
    points = np.vstack([rng.normal(centre, 1.0, (n, 2)) for centre, n in zip(centres, sizes, strict=True)])
    ids = [f"u{place:03d}" for place in range(len(points))]
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return pd.DataFrame({"user": ids, "x": points[:, 0], "y": points[:, 1], "truth": truth}).sample(
        frac=1, random_state=1
    )


# ---- published numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cut", "sizes", "silhouette"),
    [  # ../shared/data/README.md
        (20, [856, 38, 24, 7, 3, 1], 0.644),
        (25, [880, 38, 7, 4], 0.645),
        (30, [880, 45, 4], 0.696),
    ],
)
def test_complete_linkage_of_the_influencers(
    influencers: Path, cut: float, sizes: list[int], silhouette: float
) -> None:
    made = dg.cluster(influencers, PUBLISHED, method="hierarchical", linkage="complete", cut=cut, resamples=0)
    assert list(made.sizes.values()) == sizes
    assert made.quality["silhouette"] == pytest.approx(silhouette, abs=5e-4)
    raw = pd.read_csv(influencers)[PUBLISHED]
    assert made.quality["silhouette"] == pytest.approx(silhouette_score(raw, made.codes), abs=1e-12)


def test_means_and_stability_of_the_six(influencers: Path) -> None:
    """Means of ER by size as ../shared/data/README.md has them; stability .72 with the spread that it allows."""
    made = dg.cluster(influencers, PUBLISHED, method="hierarchical", linkage="complete", cut=20, resamples=60)
    means = dict(zip(made.sizes.values(), made.centers["mean_ER"], strict=True))
    published = {3: 2.4558, 1: 23.3559, 856: 2.0270, 24: 3.8400, 38: 13.4935, 7: 28.2071}
    assert means == pytest.approx(published, abs=1e-4)
    assert made.told["stability"]["mean"] == pytest.approx(0.72, abs=0.03)
    assert made.summary().startswith("No strong structure: 92.1 % of the units are in one segment")
    assert made.summary("ko").startswith("뚜렷한 구조가 없습니다")


def test_single_linkage_makes_a_chain(influencers: Path) -> None:
    made = dg.cluster(influencers, PUBLISHED, method="hierarchical", linkage="single", cut=20, resamples=0)
    assert list(made.sizes.values()) == [928, 1]
    six = dg.cluster(
        influencers, PUBLISHED, method="hierarchical", linkage="single", k=6, scale="none", extremes="keep", resamples=0
    )
    assert list(six.sizes.values()) == [923, 2, 1, 1, 1, 1]  # METHODS section 7


def test_iris_as_k_means_has_it() -> None:
    """scikit-learn: inertia 152.348 (k = 2) and 78.8514 (k = 3), silhouettes .681 and .5528."""
    data = load_iris(as_frame=True)
    frame = data.data.set_axis(["a", "b", "c", "d"], axis=1).assign(flower=[f"f{i}" for i in range(150)])
    for k, silhouette in ((2, 0.681), (3, 0.5528)):
        made = dg.cluster(frame, list("abcd"), k=k, scale="none", extremes="keep", unit="flower", resamples=0)
        assert made.quality["silhouette"] == pytest.approx(silhouette, abs=5e-5)
        inertia = sum(((frame[one] - frame.groupby(made.codes)[one].transform("mean")) ** 2).sum() for one in "abcd")
        assert inertia == pytest.approx({2: 152.348, 3: 78.8514}[k], abs=1e-3)


# ---- every method -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        *({"method": one, "k": 3} for one in ("kmeans", "minibatch", "kmedoids", "gmm")),
        *(
            {"method": "hierarchical", "k": 3, "linkage": one}
            for one in ("ward", "complete", "average", "weighted", "single", "centroid", "median")
        ),
        {"method": "hierarchical", "linkage": "single", "cut": 6.0},
        {"method": "dbscan", "eps": 1.0},
        {"method": "hdbscan", "min_size": 10},
        *({"method": "kmedoids", "k": 3, "metric": one} for one in ("manhattan", "gower")),
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_every_method_finds_groups_that_are_apart(options: dict[str, Any]) -> None:
    frame = blobs()
    made = dg.cluster(frame, ["x", "y"], resamples=5, **options)
    assert [made.sizes[name] for name in "123"] == pytest.approx([90, 60, 30], abs=3)
    inside = made.labels.to_numpy() != "noise"
    assert adjusted_rand_score(frame["truth"][inside], made.codes[inside]) > 0.98
    assert made.told["stability"]["mean"] > 0.9
    assert made.quality["silhouette"] > 0.8
    assert "No strong structure" not in made.summary()


def test_the_same_seed_gives_the_same_segments_and_the_order_of_rows_does_not_matter() -> None:
    frame = blobs()
    one, two = (dg.cluster(frame, ["x", "y"], k=3, seed=5) for _ in range(2))
    assert one.table.equals(two.table)
    assert one.told == two.told
    turned = dg.cluster(frame.iloc[::-1], ["x", "y"], k=3, seed=5, resamples=0)
    both = one.table.merge(turned.table, on="user")
    assert (both["segment_x"] == both["segment_y"]).all()


def test_extremes_are_segments_of_their_own_and_named() -> None:
    frame = blobs()
    far = pd.DataFrame({"user": ["rich", "richer"], "x": [900.0, 950.0], "y": [0.0, 1.0], "truth": [9, 9]})
    made = dg.cluster(pd.concat([frame, far]), ["x", "y"], k=3, resamples=0)
    assert made.sizes == {"1": 90, "2": 60, "3": 30, "extreme: high x": 2}
    assert list(made.result.units(segment="extreme: high x")) == ["rich", "richer"]
    assert made.result.units(segment="1").name == "user"
    kept = dg.cluster(pd.concat([frame, far]), ["x", "y"], k=3, extremes="keep", scale="none", resamples=0)
    assert 2 in kept.sizes.values()  # one of the three segments is taken by two users


def test_equal_sizes_follow_their_first_unit() -> None:
    frame = pd.DataFrame({"user": list("abcd"), "x": [9.0, 9.1, 1.0, 1.1]})
    made = dg.cluster(frame, "x", k=2, scale="none", extremes="keep", resamples=0)
    assert made.table["segment"].tolist() == ["1", "1", "2", "2"]


def test_a_merge_at_the_height_of_the_cut_is_made() -> None:
    frame = pd.DataFrame({"user": list("abc"), "x": [0.0, 2.0, 5.0]})
    for cut, count in ((1.99, 3), (2.0, 2), (3.0, 1)):
        made = dg.cluster(frame, "x", method="hierarchical", linkage="single", cut=cut, resamples=0)
        assert len(made.sizes) == count
    assert made.quality["silhouette"] is None
    assert made.summary().startswith("No strong structure")


# ---- what does not go together ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "kmeans needs k"),
        ({"k": 0}, "k=0 must be a whole number of at least 1"),
        ({"k": 2.5}, "k=2.5 must be a whole number"),
        ({"k": True}, "k=True must be"),
        ({"k": 181}, "k=181 is more than the 180 units"),
        ({"k": 3, "method": "kmean"}, "method='kmean' is not known"),
        ({"k": 3, "metric": "manhattan"}, "kmeans works with means"),
        ({"k": 3, "method": "hierarchical", "metric": "gower"}, "linkage='ward' works with means"),
        ({"k": 3, "method": "hierarchical", "cut": 2.0}, "k=3 and cut=2.0 both say"),
        ({"cut": 2.0}, "cut=2.0 is a height of a tree"),
        ({"k": 3, "method": "hdbscan"}, "hdbscan finds the number of segments itself"),
        ({"k": 3, "eps": 0.5}, "eps=0.5 is the reach of dbscan"),
        ({"k": 3, "min_size": 5}, "min_size=5 is for dbscan and hdbscan"),
        ({"method": "dbscan", "eps": -1}, "eps=-1 must be a number of at least 0"),
        ({"k": 3, "scale": "log"}, "scale='log'"),
        ({"k": 3, "extremes": "drop"}, "extremes='drop' is not known"),
        ({"k": 3, "transforms": "log2p"}, "log2p"),
        ({"k": 3, "resamples": -1}, "resamples=-1"),
    ],
)
def test_what_does_not_go_together_is_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as found:
        dg.cluster(blobs(), ["x", "y"], **options)
    assert told in str(found.value)


def test_more_segments_than_units_that_differ() -> None:
    frame = pd.DataFrame({"user": [f"u{i}" for i in range(20)], "x": [0.0, 1.0] * 10})
    for method in ("kmeans", "kmedoids", "gmm"):
        with pytest.raises(InputError, match="k=3 is more than the 2 different units"):
            dg.cluster(frame, "x", k=3, method=method, extremes="keep")


def test_a_table_that_has_segments_already() -> None:
    with pytest.raises(InputError, match="has a column 'segment' already"):
        dg.cluster(blobs().assign(segment="a"), ["x", "y"], k=3)


def test_a_long_tail_is_told() -> None:
    """Exponential noise is cut into stable segments though it has no groups: the first two sentences say so."""
    values = np.random.default_rng(2).exponential(size=(400, 2))
    frame = pd.DataFrame(values, columns=["x", "y"]).assign(user=[f"u{i}" for i in range(400)])
    raw = dg.cluster(frame, "x, y", k=3, extremes="keep", resamples=0)
    skew = ((frame["x"] - frame["x"].mean()) ** 3).mean() / frame["x"].std(ddof=0) ** 3
    assert raw.told["skewness"]["x"] == pytest.approx(skew)
    assert raw.quality["clearer"] is False
    assert raw.summary().startswith("No strong structure: the segments are not clearly above data without groups")
    assert raw.summary("ko").startswith(
        "뚜렷한 구조가 없습니다. 세그먼트가 값의 범위와 분포는 같지만 집단이 없는 데이터보다"
    )
    assert raw.result.sentences[1].write().startswith("With a long tail where it was clustered: ‘x’, ‘y’")
    kinds = np.repeat(["a", "b"], 200)
    other = dg.choose_clusters(frame.assign(kind=kinds), "x, y, kind", methods="kmedoids", metric="gower", k="2..4")
    assert "long tail" in other.summary()  # with other distances nothing is held to data without groups
    logged = dg.cluster(frame, "x, y", k=3, transforms="log1p", extremes="keep", resamples=0)
    assert "long tail" not in logged.summary()


def test_units_in_no_segment_count_as_nothing_where_segments_are_judged(tmp_path: Path) -> None:
    """The silhouette that is held to data without groups is the one that is shown; it can be saved and read again."""
    chance = np.random.default_rng(100)
    blobs = [
        chance.normal(0, 0.35, (60, 2)),
        chance.normal((2.5, 0), 0.35, (60, 2)),
        chance.uniform(-4, 6, (130, 2)),
    ]
    frame = pd.DataFrame(np.vstack(blobs), columns=["a", "b"]).assign(user=[f"u{place}" for place in range(250)])
    made = dg.cluster(frame, "a, b", method="hdbscan", min_size=8, resamples=0)
    shown = made.quality["silhouette"] * (1 - made.quality["noise"])
    assert made.quality["clearer"] is (shown >= made.quality["silhouette_limit"]) is False
    assert f"(silhouette {number(shown)}, units in no segment counted as 0; without groups " in made.summary()
    again = dg.Segments.load(made.save(tmp_path / "made.parquet"))
    assert again.summary("ko") == made.summary("ko")
    other = dg.cluster(frame, "a, b", method="kmedoids", metric="manhattan", k=2, resamples=0)
    assert other.quality["clearer"] is None
    assert "it is not known whether data without groups would be divided as clearly" in other.summary()
    noise = dg.choose_clusters(frame, "a, b", methods="kmedoids", metric="manhattan", k="2..3", resamples=2)
    assert "이 거리로는 집단이 없는 데이터도 이만큼 갈리는지 비교하지 못했습니다." in noise.summary("ko")
