"""FasterPAM, its beginnings and CLARA against PAM over lists, R's cluster package, and planted groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.kernels import medoids as kernels
from dangol.kernels.distances import nearest, pairwise, space
from dangol.kernels.medoids import Medoids, build, fasterpam, kmedoids, lab
from dangol.kernels.silhouettes import silhouettes
from tests.kernels.tables import groups, ruspini, tables
from tests.oracles import clustering as oracle


@st.composite
def questions(draw: st.DrawFn, whole: bool | None = None) -> tuple[np.ndarray, int]:
    """Draw the distances between some units, and how many medoids are wanted: one, all, or between."""
    rows = draw(tables(whole=whole))
    distance = pairwise(space(rows, draw(st.sampled_from(("euclidean", "manhattan")))))
    return distance, draw(st.sampled_from((1, len(rows), draw(st.integers(1, len(rows))))))


def check(distance: np.ndarray, found: Medoids, k: int) -> None:
    """Check that what was found is a clustering, and that its loss is what it says."""
    medoids, labels = found.medoids, found.labels
    assert medoids.tolist() == sorted(set(medoids.tolist()))
    assert len(medoids) == k
    assert (labels[medoids] == np.arange(k)).all()
    near = distance[medoids].astype(np.float64)
    assert (near[labels, np.arange(len(distance))] == near.min(axis=0)).all()
    assert found.loss == pytest.approx(math.fsum(near.min(axis=0)), rel=1e-14)


def best_loss_after_a_swap(distance: np.ndarray, medoids: np.ndarray) -> float:
    """Try every swap, with arrays: for tables too large for lists."""
    least = np.inf
    for place in range(len(medoids)):
        others = distance[np.delete(medoids, place)].min(axis=0, initial=np.inf)
        least = min(least, np.minimum(distance, others).sum(axis=1, dtype=np.float64).min())
    return least


@given(questions(), st.integers(0, 9))
def test_no_swap_improves_what_is_found(question: tuple[np.ndarray, int], seed: int) -> None:
    distance, k = question
    begin = np.random.default_rng(seed).choice(len(distance), k, replace=False)
    before = begin.copy()
    found = fasterpam(distance, begin)
    assert (begin == before).all()
    check(distance, found, k)
    apart = distance.astype(np.float64).tolist()
    assert found.loss <= oracle.loss(apart, begin.tolist()) * (1 + 1e-14)
    assert oracle.best_swap(apart, found.medoids.tolist())[0] >= found.loss * (1 - 1e-8)
    if k == 1:
        assert found.loss == pytest.approx(min(math.fsum(row) for row in apart), rel=1e-8)


@given(questions())
def test_what_pam_finds_is_left_alone(question: tuple[np.ndarray, int]) -> None:
    distance, k = question
    medoids = oracle.pam(distance.astype(np.float64).tolist(), k)
    found = fasterpam(distance, np.array(medoids))
    assert found.swaps == 0
    assert found.medoids.tolist() == medoids


@given(questions(whole=True))
def test_build_is_that_of_pam(question: tuple[np.ndarray, int]) -> None:
    distance, k = question
    found, apart = build(distance, k), distance.astype(np.float64).tolist()
    chosen: list[int] = []
    for unit in found.tolist():  # roots of whole numbers: sums that are equal may differ by their rounding
        least = min(oracle.loss(apart, [*chosen, one]) for one in range(len(apart)) if one not in chosen)
        assert oracle.loss(apart, [*chosen, unit]) == pytest.approx(least, rel=1e-12, abs=1e-12)
        chosen.append(unit)
    assert len(set(chosen)) == k


@given(questions(), st.integers(0, 99))
def test_lab_chooses_distinct_units_by_its_seed(question: tuple[np.ndarray, int], seed: int) -> None:
    distance, k = question
    found = lab(distance, k, seed)
    assert sorted(set(found.tolist())) == sorted(found.tolist())
    assert set(found.tolist()) <= set(range(len(distance)))
    assert (lab(distance, k, seed) == found).all()


def test_lab_is_build_where_the_sample_holds_all_units() -> None:
    distance = pairwise(space(np.random.default_rng(4).normal(size=(12, 3))))
    assert lab(distance, 5, 0).tolist() == build(distance, 5).tolist()


@pytest.mark.parametrize("size", [15, 16, 17, 63, 64, 65, 130, 1100])
@pytest.mark.parametrize("k", [1, 2, 7])
def test_sizes_around_those_of_tiles(size: int, k: int) -> None:
    rows, _ = groups(size, size, 3, 5, apart=1.0)
    distance = pairwise(space(rows))
    for begin in (build(distance, k), lab(distance, k, 1), np.arange(k)):
        found = fasterpam(distance, begin)
        check(distance, found, k)
        assert best_loss_after_a_swap(distance, found.medoids) >= found.loss * (1 - 1e-8)
    expected = oracle.build(distance.astype(np.float64).tolist(), k) if size < 100 else build(distance, k).tolist()
    assert build(distance, k).tolist() == expected


def test_the_search_ends_only_after_a_whole_round_without_a_swap() -> None:
    chance = np.random.default_rng(6)
    for size in range(4, 40):
        for k in range(2, 5):
            distance = pairwise(space(chance.normal(size=(size, 2))))
            found = fasterpam(distance, chance.choice(size, k, replace=False))
            assert best_loss_after_a_swap(distance, found.medoids) >= found.loss * (1 - 1e-8)


def test_many_medoids_leave_the_second_nearest_right() -> None:
    distance = pairwise(space(np.random.default_rng(8).normal(size=(300, 2))))
    found = fasterpam(distance, np.arange(40))
    check(distance, found, 40)
    assert found.swaps > 40
    assert best_loss_after_a_swap(distance, found.medoids) >= found.loss * (1 - 1e-8)


def test_units_at_equal_distances_are_not_exchanged_for_ever() -> None:
    for distance in (
        np.ones((50, 50), np.float32),
        np.full((50, 50), 1e30, np.float32),
        np.zeros((50, 50), np.float32),
    ):
        np.fill_diagonal(distance, 0)
        found = fasterpam(distance, np.array([7, 3, 30]))
        assert found.swaps == 0
        assert found.medoids.tolist() == [3, 7, 30]
        assert found.labels[[3, 7, 30]].tolist() == [0, 1, 2]


def test_two_points_many_times_and_more_medoids_than_points() -> None:
    rows = np.repeat([[0.0], [1.0]], 20, axis=0)
    found = fasterpam(pairwise(space(rows)), np.array([0, 1, 2]))
    assert found.loss == 0
    assert np.bincount(found.labels).min() >= 1
    assert fasterpam(pairwise(space(rows)), np.array([0, 1])).loss == 0


def test_most_limits_the_passes() -> None:
    rows, _ = groups(3, 500, 2, 6)
    distance = pairwise(space(rows))
    losses = [fasterpam(distance, np.arange(6), most=most).loss for most in (0, 1, 100)]
    assert losses[0] > losses[1] >= losses[2]
    assert fasterpam(distance, np.arange(6), most=0).swaps == 0


# ---- what other programs found ------------------------------------------------------------------------------------

# R: cluster::pam(ruspini, k); $objective["swap"], $id.med, $silinfo$avg.width
R_PAM = {
    3: (21.59293, (17, 32, 52), 0.632705),
    4: (11.48637, (10, 32, 52, 70), 0.737657),
    5: (10.39579, (10, 32, 47, 52, 70), 0.713479),
}


@pytest.mark.parametrize("k", R_PAM)
def test_ruspini_as_in_r(k: int) -> None:
    objective, medoids, silhouette = R_PAM[k]
    rows = space(ruspini())
    found = kmedoids(rows, k)
    assert found.loss / 75 == pytest.approx(objective, abs=5e-6)
    assert tuple(found.medoids + 1) == medoids
    assert silhouettes(rows, found.labels).mean() == pytest.approx(silhouette, abs=5e-7)


@pytest.mark.parametrize("k", [3, 4])
def test_ruspini_from_build(k: int) -> None:
    distance = pairwise(space(ruspini()))
    found = fasterpam(distance, build(distance, k))
    assert found.loss / 75 == pytest.approx(R_PAM[k][0], abs=5e-6)
    assert tuple(found.medoids + 1) == R_PAM[k][1]


def test_the_oracle_is_as_good_as_r() -> None:
    apart = oracle.distances(ruspini().tolist(), "euclidean")
    medoids = oracle.pam(apart, 3)
    assert tuple(medoid + 1 for medoid in medoids) == R_PAM[3][1]
    assert oracle.loss(apart, medoids) / 75 == pytest.approx(R_PAM[3][0], abs=5e-6)


# ---- k-medoids as it is asked for ---------------------------------------------------------------------------------


@given(tables(), st.data(), st.sampled_from(("euclidean", "manhattan", "cosine", "gower")))
def test_kmedoids_is_as_good_as_pam(rows: np.ndarray, data: st.DataObject, metric: str) -> None:
    k = data.draw(st.integers(1, len(rows)))
    apart = oracle.distances(rows.tolist(), metric)
    found = kmedoids(space(rows, metric), k, starts=20)
    assert found.loss == pytest.approx(oracle.loss(apart, found.medoids.tolist()), rel=1e-12, abs=1e-14)
    again = kmedoids(space(rows, metric), k, starts=20)
    assert (again.medoids == found.medoids).all()
    least = oracle.best_swap(apart, found.medoids.tolist())[0]
    assert least >= found.loss * (1 - 1e-6) - 1e-6 * np.max(apart)  # distances were compared in single precision


def test_more_starts_are_never_worse() -> None:
    rows = space(ruspini())
    losses = [kmedoids(rows, 7, seed=3, starts=starts).loss for starts in (1, 20, 60)]
    assert losses == sorted(losses, reverse=True)


def test_samples_of_many_units_find_planted_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, owner = groups(11, 4000, 4, 5)
    made = space(rows)
    whole = kmedoids(made, 5)
    monkeypatch.setattr(kernels, "MATRIX_UNITS", 500)
    for seed in range(3):
        found = kmedoids(made, 5, seed=seed)
        assert found.loss <= 1.001 * whole.loss
        labels, distance = nearest(made, found.medoids)
        assert (found.labels == labels).all()
        assert found.loss == distance.sum()
        assert (kmedoids(made, 5, seed=seed).medoids == found.medoids).all()
    agreement = np.unique(np.column_stack([found.labels, owner]), axis=0, return_counts=True)[1]
    assert np.sort(agreement)[-5:].sum() > 0.95 * len(rows)


def test_samples_may_ask_for_as_many_medoids_as_a_sample_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "MATRIX_UNITS", 10)
    rows = np.random.default_rng(2).normal(size=(60, 2))
    assert kmedoids(space(rows), 60).loss == 0
    equal = kmedoids(space(np.ones((2000, 2))), 3)
    assert equal.loss == 0
    assert len(set(equal.medoids.tolist())) == 3
