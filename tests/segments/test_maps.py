"""``map_of``: scikit-learn's principal components, features as they were given, and text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from dangol.segments.maps import map_of
from dangol.segments.units import Units, read_units


def units(table: pd.DataFrame) -> Units:
    given = table.assign(user=[f"u{place}" for place in range(len(table))])
    return read_units(given, [str(name) for name in table.columns], categories=True)


def test_more_than_two_features_are_drawn_on_principal_components() -> None:
    """Witness: scikit-learn's PCA, up to the side to which an axis points."""
    values = np.random.default_rng(1).normal(size=(200, 4)) @ np.diag([3.0, 1.0, 2.0, 0.5])
    made = map_of(units(pd.DataFrame(values, columns=list("abcd"))), values)
    witness = PCA(2).fit(values)
    for drawn, expected in zip((made.x, made.y), witness.transform(values).T, strict=True):
        assert np.abs(drawn) == pytest.approx(np.abs(expected), abs=1e-9)
    assert made.axes["share"].to_numpy() == pytest.approx(witness.explained_variance_ratio_)
    assert made.axes["axis"].tolist() == ["x", "y"]
    assert made.axes["label_ko"].tolist() == ["제1 주성분", "제2 주성분"]
    assert np.corrcoef(made.x, values[:, 0])[0, 1] > 0.9  # to the right the heaviest feature grows
    assert np.corrcoef(made.y, values[:, 2])[0, 1] > 0.9


def test_two_features_are_drawn_as_they_were_given() -> None:
    table = pd.DataFrame({"ER": [1.0, 2.0, 30.0], "active_rate": [5.0, 1.0, 2.0]})
    made = map_of(units(table), np.log(table.to_numpy()))
    assert (made.x.tolist(), made.y.tolist()) == ([1, 2, 30], [5, 1, 2])
    assert made.axes["label"].tolist() == ["ER", "active_rate"]
    assert made.axes["share"].isna().all()


def test_one_feature_has_nothing_for_the_other_axis() -> None:
    made = map_of(units(pd.DataFrame({"votes": [3.0, 1.0, 2.0]})), np.zeros((3, 1)))
    assert (made.x.tolist(), made.y.tolist()) == ([3, 1, 2], [0, 0, 0])
    assert made.axes["label"].tolist() == ["votes", ""]


def test_each_value_of_a_text_pulls_its_own_way() -> None:
    table = pd.DataFrame({"plan": ["free", "paid", "free", "paid"], "votes": [0.0, 0.0, 0.1, 0.1]})
    read = units(table)
    made = map_of(read, read.values)
    assert made.x[0] == pytest.approx(made.x[2], abs=0.1)
    assert abs(made.x[0] - made.x[1]) > 1
    assert made.axes["share"].sum() == pytest.approx(1)
