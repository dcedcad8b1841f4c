"""``measures``: scikit-learn's silhouettes and indices, the influencers' published silhouettes, textbook numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.datasets import load_iris, make_moons
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score

from dangol.kernels.distances import space
from dangol.segments import quality
from dangol.segments.methods import Plan, fit, ladder
from dangol.segments.prepare import Prepared, prepare
from dangol.segments.quality import measures
from dangol.segments.units import read_units
from tests.segments.crowds import mixture

INFLUENCERS = Path(__file__).parents[3] / "shared" / "data" / "influencers" / "influencers.csv"


def ready(values: Any, **plan: Any) -> Prepared:
    names = [f"f{place}" for place in range(np.shape(values)[1])]
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "user", [f"u{place}" for place in range(len(table))])
    return prepare(read_units(table, names), Plan(**{"method": "kmeans", "extremes": "keep", "scale": "none", **plan}))


def test_iris_as_scikit_learn_measures_it() -> None:
    """KMeans(k, n_init=10, random_state=0) of scikit-learn: inertia 152.348, 78.8514; silhouettes .681, .5528."""
    iris = load_iris().data
    for k, inertia, silhouette in ((2, 152.348, 0.681), (3, 78.8514, 0.5528)):
        found = fit(space(iris), Plan("kmeans", k=k))
        told = measures(ready(iris), found.labels)
        assert found.loss == pytest.approx(inertia, abs=1e-3)
        assert told["silhouette"] == pytest.approx(silhouette, abs=5e-4)
        assert told["silhouette"] == pytest.approx(silhouette_score(iris, found.labels), abs=1e-12)
        assert told["davies_bouldin"] == pytest.approx(davies_bouldin_score(iris, found.labels))
        assert told["calinski_harabasz"] == pytest.approx(calinski_harabasz_score(iris, found.labels))
        means = pd.Series(silhouette_samples(iris, found.labels)).groupby(found.labels).mean()
        assert told["silhouette_macro"] == pytest.approx(means.mean())
        sizes = np.bincount(found.labels)
        assert (told["k"], told["smallest"], told["noise"]) == (k, sizes.min(), 0)
        assert told["largest_share"] == pytest.approx(sizes.max() / 150)
        assert told["silhouette_all"] == told["silhouette"]  # nobody was set aside
        assert told["silhouette_kind"] == "exact"


def test_published_silhouettes_of_the_influencers() -> None:
    """../shared/data/README.md; raw values, extremes kept. Its k-means stopped a little above the least inertia."""
    if not INFLUENCERS.exists():
        pytest.skip("the optional folder ../shared/data with influencers/influencers.csv is absent")
    raw = pd.read_csv(INFLUENCERS)[["ER", "active_rate"]].to_numpy()
    fits = ladder(space(raw), Plan("kmeans", starts=100), range(2, 9))
    found = [measures(ready(raw), one.labels)["silhouette"] for one in fits]
    assert found == pytest.approx([0.6657, 0.6559, 0.5863, 0.5156, 0.4623, 0.4694, 0.4318], abs=2e-3)
    six = fit(space(raw), Plan("hierarchical", linkage="single", k=4))
    assert sorted(np.bincount(six.labels)) == [1, 1, 3, 924]
    assert measures(ready(raw), six.labels)["silhouette"] == pytest.approx(0.831, abs=5e-4)  # METHODS section 0, fact 4


def test_noise_is_left_out_of_silhouettes_and_counted() -> None:
    iris = load_iris().data
    labels = np.repeat([0, 1, 2], 50)
    labels[::10] = -1
    told = measures(ready(iris), labels)
    kept = labels >= 0
    assert told["silhouette"] == pytest.approx(silhouette_score(iris[kept], labels[kept]))
    assert told["davies_bouldin"] == pytest.approx(davies_bouldin_score(iris[kept], labels[kept]))
    assert (told["noise"], told["largest_share"], told["smallest"]) == (0.1, 45 / 150, 45)


def test_extremes_are_segments_of_silhouette_all_alone() -> None:
    """Witness: scikit-learn on all points, scaled as they are with the extremes."""
    values, truth = mixture(np.random.default_rng(5), 600, 2)
    far = np.vstack([values, [[80.0, 80.0], [81.0, 80.0], [80.0, 81.0], [-90.0, 5.0]]])
    made = ready(far, extremes="own", scale="robust")
    assert made.extremes is not None
    assert np.flatnonzero(made.extremes.names != "").tolist() == [600, 601, 602, 603]
    told = measures(made, truth)
    assert told["silhouette"] == pytest.approx(silhouette_score(made.space.values, truth))
    names = np.unique(made.extremes.names[600:].astype(str), return_inverse=True)[1]
    assert told["silhouette_all"] == pytest.approx(silhouette_score(made.everybody, [*truth, *(names + 3)]))
    assert told["k"] == 3


@pytest.mark.parametrize("labels", [[0] * 10, [-1] * 10])
def test_without_two_segments_there_is_nothing_to_measure(labels: list[int]) -> None:
    told = measures(ready(np.arange(20.0).reshape(10, 2) ** 2), np.array(labels))
    assert told["silhouette"] is told["silhouette_macro"] is told["silhouette_all"] is told["davies_bouldin"] is None
    assert told["k"] == max(labels) + 1


def test_many_units_are_measured_by_squared_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "EXACT", 100)
    iris = load_iris().data
    labels = np.repeat([0, 1, 2], 50)
    told = measures(ready(iris), labels)
    assert told["silhouette_kind"] == "squared"
    assert told["silhouette"] == pytest.approx(silhouette_score(iris, labels, metric="sqeuclidean"))


def test_many_units_with_another_metric_are_measured_in_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "EXACT", 100)
    iris = load_iris().data
    labels = np.repeat([0, 1, 2], 50)
    told = measures(ready(iris, metric="manhattan", method="kmedoids"), labels)
    some = np.linspace(0, 149, 50).astype(int)
    assert told["silhouette_kind"] == "sample"
    assert told["silhouette"] == pytest.approx(silhouette_score(iris[some], labels[some], metric="manhattan"))
    assert told["davies_bouldin"] is None  # an index of Euclidean distances


def test_density_finds_the_textbook_groups() -> None:
    """HDBSCAN on iris with segments of at least 4: 50 and 100 (R's dbscan::hdbscan, minPts 4; so does scikit-learn)."""
    iris = load_iris().data
    found = fit(space(iris), Plan("hdbscan", min_size=4))
    assert sorted(np.bincount(found.labels[found.labels >= 0])) == [50, 100]
    moons = make_moons(400, noise=0.05, random_state=3)[0]
    found = fit(space(moons), Plan("hdbscan", min_size=5))
    witness = HDBSCAN(min_cluster_size=5, copy=True).fit(moons).labels_
    assert found.labels.tolist() == witness.tolist()
