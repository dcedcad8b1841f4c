"""Transforms: against SciPy, scikit-learn and numpy, shrinking by hand and by simulation; what is said and refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from dangol.core.errors import InputError
from dangol.segments.transform_steps import read_steps
from dangol.segments.transforms import Transformed, transformed
from dangol.segments.units import Units, read_units

Floats = npt.NDArray[np.float64]


def units(columns: Mapping[str, Sequence[Any] | Floats], features: Sequence[str] = (), **options: Any) -> Units:
    table = pd.DataFrame(columns)
    table.insert(0, "account", [f"a{row:04d}" for row in range(len(table))])
    return read_units(table, list(features or columns), **options)


def one(values: Sequence[float] | Floats, steps: str | Sequence[str], scale: str = "none") -> list[float]:
    made = transformed(units({"x": values}), steps, scale=scale).values[:, 0]
    assert made.dtype == np.float64
    return [float(value) for value in made]


def counts(seed: int = 0, size: int = 400) -> dict[str, Floats]:
    draw = np.random.default_rng(seed)
    return {
        "votes": draw.lognormal(2, 1.2, size).round(),
        "minutes": draw.gamma(2, 30, size),
        "age": draw.normal(size=size),
    }


# ---- each step --------------------------------------------------------------------------------------------------


def test_log1p() -> None:
    assert one([0, 1, math.e - 1, -0.5], "log1p") == pytest.approx([0, math.log(2), 1, -math.log(2)])


def test_scales_equal_scikit_learn() -> None:
    # witness: sklearn.preprocessing; its RobustScaler divides by the interquartile range, ours by that / 1.349
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    made = units(counts())
    for scale, witness in (
        ("standard", StandardScaler().fit_transform(made.values)),
        ("robust", RobustScaler().fit_transform(made.values) * 1.349),
        ("minmax", MinMaxScaler().fit_transform(made.values)),
        ("none", made.values),
    ):
        np.testing.assert_allclose(transformed(made, (), scale=scale).values, witness, rtol=1e-10, atol=1e-12)
        if scale != "none":
            np.testing.assert_allclose(transformed(made, scale, scale="none").values, witness, rtol=1e-10, atol=1e-12)


def test_scales_by_hand() -> None:
    assert one([1, 2, 3, 4, 10], "minmax") == pytest.approx([0, 1 / 9, 2 / 9, 1 / 3, 1])
    assert one([1, 2, 3, 4, 10], "standard")[0] == pytest.approx(-3 / math.sqrt(10))  # mean 4, variance 50 / 5
    assert one([1, 2, 3, 4, 10], "robust") == pytest.approx([-2 * 0.6745, -0.6745, 0, 0.6745, 7 * 0.6745])  # IQR 2


def test_robust_where_half_are_equal() -> None:
    # the interquartile range is 0, and so is the median absolute deviation: what is left is the standard deviation
    values = [0, 0, 0, 0, 0, 0, 0, 0, 3, 4]
    made = transformed(units({"x": values}), "robust", scale="none")
    assert made.values[:, 0] == pytest.approx(np.array(values) / np.std(values))
    assert made.account[0].method == "sd"
    assert [str(said) for said in made.sentences()] == [
        "Half of the units or more have the same x; its scale is therefore the standard deviation, which extremes "
        "move, not the interquartile range."
    ]


def test_winsorise_equals_numpy_quantiles() -> None:
    # by hand, type 7: of 0 … 10 the quantile .1 is 1 and .9 is 9; of ten values .05 lies at .45 of the first step
    assert one(range(11), "winsorise(share=0.1)") == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert one(range(10), "winsorise(share=0.05)") == pytest.approx([0.45, 1, 2, 3, 4, 5, 6, 7, 8, 8.55])
    values = counts()["votes"]
    low, high = np.quantile(values, [0.01, 0.99])
    assert one(values, "winsorise") == pytest.approx(np.clip(values, low, high))


def test_winsorise_takes_the_values_as_they_stand() -> None:
    # after log1p its quantiles are those of the logarithms, which differ from logarithms of quantiles
    values = counts(size=57)["votes"]
    low, high = np.quantile(np.log1p(values), [0.02, 0.98])
    after = one(values, "log1p, winsorise(share=0.02)")
    assert after == pytest.approx(np.clip(np.log1p(values), low, high))
    assert max(after) != pytest.approx(np.log1p(np.quantile(values, 0.98)), rel=1e-4)
    before = one(values, "winsorise(share=0.02), log1p")
    assert before == pytest.approx(np.log1p(np.clip(values, *np.quantile(values, [0.02, 0.98]))))
    assert after != before


def test_steps_are_for_the_features_named() -> None:
    columns = counts()
    made = transformed(units(columns), ["log1p(votes,minutes)", "winsorise(age, share=0.1)"], scale="none")
    assert made.steps == ("log1p(votes, minutes)", "winsorise(age, share=0.1)")
    assert made.values[:, 0].tolist() == np.log1p(columns["votes"]).tolist()
    assert made.values[:, 1].tolist() == np.log1p(columns["minutes"]).tolist()
    assert made.values[:, 2].tolist() == np.clip(columns["age"], *np.quantile(columns["age"], [0.1, 0.9])).tolist()
    assert [(change.step, change.feature) for change in made.account] == [
        ("log1p(votes, minutes)", "votes"),
        ("log1p(votes, minutes)", "minutes"),
        ("winsorise(age, share=0.1)", "age"),
    ]
    whole = transformed(units(columns), "log1p(votes), winsorise", scale="robust")
    assert whole.steps == ("log1p(votes)", "winsorise(share=0.01)", "robust")
    assert len(whole.account) == 7
    again = transformed(units(columns), whole.steps[:-1], scale="robust")
    assert again.values.tolist() == whole.values.tolist()


def test_values_given_are_left_as_they_are() -> None:
    made = units(counts())
    before = made.values.copy()
    transformed(made, "log1p(votes), winsorise", scale="standard")
    assert made.values.tolist() == before.tolist()


def test_text_features_are_left_alone() -> None:
    made = units({"votes": [1.0, 2, 3, 4], "place": ["b", "a", "b", "c"]}, categories=True)
    after = transformed(made, "log1p, winsorise(share=0.2)", scale="standard")
    assert after.values[:, 1].tolist() == made.values[:, 1].tolist()
    assert {change.feature for change in after.account} == {"votes"}
    with pytest.raises(InputError, match=r"feature 'place' is text, and log1p takes numbers"):
        transformed(made, "log1p(place)", scale="none")


# ---- shrinking --------------------------------------------------------------------------------------------------


def test_shrink_by_hand() -> None:
    # (n r + m mean) / (n + m) with mean = (10 · .2 + 30 · .4 + 60 · .1) / 100 = .2 and m = 10
    made = units({"rate": [0.2, 0.4, 0.1], "n": [10, 30, 60]}, ["rate"])
    after = transformed(made, "shrink(rate, by=n, strength=10)", scale="none")
    assert after.values[:, 0] == pytest.approx([0.2, (12 + 2) / 40, (6 + 2) / 70])
    assert after.account[0].fitted == pytest.approx({"mean": 0.2, "strength": 10, "below": 0.0})


def test_strength_of_an_exact_pattern() -> None:
    # squares that are exactly tau² + sigma² / n, in pairs above and below the mean: m = sigma² / tau² = 12 by hand
    n = np.repeat([4.0, 6.0, 12.0, 30.0, 100.0], 2)
    rate = 5 + np.tile([1, -1], 5) * np.sqrt(0.25 + 3 / n)
    after = transformed(units({"rate": rate, "n": n}, ["rate"]), "shrink(rate, by=n)", scale="none")
    assert after.account[0].fitted["strength"] == pytest.approx(12)
    assert after.account[0].fitted["mean"] == pytest.approx(5)
    assert after.values[:, 0] == pytest.approx((n * rate + 60) / (n + 12))
    tiny = transformed(units({"rate": 1e-9 * rate, "n": 1e9 * n}, ["rate"]), "shrink(rate, by=n)", scale="none")
    assert tiny.values[:, 0] == pytest.approx(1e-9 * after.values[:, 0])


@pytest.mark.parametrize(("a", "b"), [(2, 48), (20, 480), (30, 30), (0.5, 9.5)])
def test_shrinking_brings_rates_nearer_the_truth(a: float, b: float) -> None:
    # rates drawn from a beta distribution, counts binomial: the best strength is a + b, and errors fall
    raw, shrunk, ideal, strengths = [], [], [], []
    for seed in range(30):
        draw = np.random.default_rng(seed)
        n = np.maximum(3, draw.lognormal(4, 1.2, 600)).round()
        truth = draw.beta(a, b, 600)
        rate = draw.binomial(n.astype(int), truth) / n
        made = transformed(units({"rate": rate, "n": n}, ["rate"]), "shrink(rate, by=n)", scale="none")
        raw.append(((rate - truth) ** 2).mean())
        shrunk.append(((made.values[:, 0] - truth) ** 2).mean())
        strengths.append(made.account[0].fitted["strength"])
        best = (n * rate + a) / (n + a + b)  # knowing the distribution
        ideal.append(((best - truth) ** 2).mean())
        assert shrunk[-1] <= raw[-1]
    assert np.mean(shrunk) < 1.2 * np.mean(ideal)
    assert np.mean(shrunk) < {48: 0.31, 480: 0.06, 30: 0.26, 9.5: 0.67}[b] * np.mean(raw)  # measured
    assert 0.6 * (a + b) < np.median(strengths) < 1.6 * (a + b)


def test_nothing_but_chance_cannot_be_shrunk() -> None:
    draw = np.random.default_rng(1)
    n = np.maximum(3, draw.lognormal(4, 1.2, 600)).round()
    problems, strengths = [], []
    for _ in range(10):
        made = units({"rate": draw.binomial(n.astype(int), 0.2) / n, "n": n}, ["rate"])
        try:
            strengths.append(transformed(made, "shrink(rate, by=n)", scale="none").account[0].fitted["strength"])
        except InputError as problem:
            problems.append(str(problem))
    assert len(problems) >= 3
    for problem in problems:
        assert (
            "units differ no more than chance would make them with such n, so every value would become the" in problem
        )
        assert "leave the feature out, or say how much to shrink with strength=" in problem
    assert min(strengths) > 1000  # the true one is endless


def test_no_chance_leaves_ratios_as_they_are() -> None:
    # spread that does not grow where n is small: nothing to shrink
    n = np.repeat([10.0, 20.0, 400.0], 2)
    rate = 5 + np.array([1, -1, 1, -1, 3, -3])
    made = transformed(units({"rate": rate, "n": n}, ["rate"]), "shrink(rate, by=n)", scale="none")
    assert made.account[0].fitted["strength"] == 0
    assert made.account[0].changed == 0
    assert str(made.sentences()[0]) == "shrink changed no value of rate."


# ---- the account ------------------------------------------------------------------------------------------------


def test_account_equals_scipy() -> None:
    # witness: scipy.stats.skew and kurtosis, by moments, their defaults
    made = transformed(units(counts()), "log1p(votes), winsorise(share=0.05)", scale="none")
    now = units(counts()).values
    for change in made.account:
        place = ["votes", "minutes", "age"].index(change.feature)
        before = now[:, place].copy()
        if change.step == "log1p(votes)":
            now[:, place] = np.log1p(before)
        else:
            now[:, place] = np.clip(before, *np.quantile(before, [0.05, 0.95]))
        assert change.skewness_before == pytest.approx(stats.skew(before))
        assert change.skewness_after == pytest.approx(stats.skew(now[:, place]))
        assert change.kurtosis_before == pytest.approx(stats.kurtosis(before))
        assert change.kurtosis_after == pytest.approx(stats.kurtosis(now[:, place]))
        assert change.changed == (before != now[:, place]).sum()
        assert change.share == change.changed / 400
    table = made.table()
    assert table.columns.tolist() == [
        *("step", "feature", "skewness_before", "skewness_after", "kurtosis_before", "kurtosis_after"),
        *("changed", "share"),
    ]
    assert len(table) == 4
    assert table["changed"].tolist() == [change.changed for change in made.account]
    assert [str(kind) for kind in table.dtypes] == ["str", "str", *["float64"] * 4, "int64", "float64"]
    assert transformed(units(counts()), (), scale="none").table().empty


def test_a_winsorise_that_changes_nothing_is_said() -> None:
    # of 200 units the smallest and the largest three are equal, so that the quantiles .01 and .99 are those values:
    # clipping after log1p has nothing left to do, and it must not look as if it had
    values = np.concatenate([[1, 1, 1], np.linspace(2, 90, 194), [100, 100, 100]])
    made = transformed(units({"votes": values, "minutes": values[::-1]}), "log1p, winsorise", scale="robust")
    assert [(change.changed, change.share) for change in made.account[2:4]] == [(0, 0.0), (0, 0.0)]
    said = [one for one in made.sentences() if "changed no value" in str(one)]
    assert [str(one) for one in said] == ["winsorise changed no value of votes, minutes."]
    assert said[0].write("ko") == "winsorise 단계에서 바뀐 votes, minutes 값은 없습니다."


def test_a_log_that_makes_it_worse_is_said() -> None:
    draw = np.random.default_rng(2)
    columns = {"score": 100 * draw.beta(2, 2, 500), "votes": draw.lognormal(3, 1, 500)}
    made = transformed(units(columns), "log1p", scale="none")
    before, after = stats.skew(columns["score"]), stats.skew(np.log1p(columns["score"]))
    assert before < 0
    assert after < -1
    assert [str(said) for said in made.sentences()] == [
        f"log1p made score more lopsided: skewness −{-before:.3f} before, −{-after:.2f} after; "
        "better leave it out there."
    ]
    assert "왜도" in made.sentences()[0].write("ko")


def test_what_shrinking_did_is_said() -> None:
    made = units({"ER": [0.2, 0.4, 0.1], "follower": [10, 30, 60]}, ["ER"])
    said = transformed(made, "shrink(ER, by=follower, strength=40)", scale="none").sentences()
    assert [str(one) for one in said] == [
        "ER was drawn towards the mean of all, 0.200, the more the smaller follower: more than half of the way where "
        "follower is below 40 (66.7 % of the units)."
    ]
    assert said[0].write("ko") == (
        "ER 값은 follower 값이 작을수록 전체 평균 0.200에 더 가깝게 당겼습니다. "
        "follower 값이 40보다 작은 단위(66.7 %)는 절반 넘게 당겼습니다."
    )


def test_a_feature_that_no_longer_varies() -> None:
    # a core without its extremes may have a feature that is the same everywhere: a scale makes it 0, and says so
    made = units({"refunds": [0.1, 0.1, 0.1, 5], "visits": [1, 2, 3, 4]})
    core = made.taken(np.arange(3))
    for scale in ("standard", "robust", "minmax"):
        after = transformed(core, "winsorise", scale=scale)
        assert after.values[:, 0].tolist() == [0, 0, 0]
        assert after.account[0].skewness_before is None
        assert f"All units have the same refunds when it comes to {scale}, so it tells none of them apart." in [
            str(said) for said in after.sentences()
        ]
        assert np.isnan(after.table()["skewness_before"][0])
    with pytest.raises(InputError, match=r"winsorise with share=0.2 would make feature 'x' 0 for all 20 units"):
        one([0] * 19 + [1], "winsorise(share=0.2)")


# ---- reading and refusing ---------------------------------------------------------------------------------------


def test_steps_are_read_and_written_in_full() -> None:
    assert read_steps(()) == read_steps("") == read_steps([" "]) == ()
    assert read_steps(" log1p ,winsorise( share = .02 )") == ("log1p", "winsorise(share=0.02)")
    assert read_steps(["log1p(a,b), robust", "minmax()"]) == ("log1p(a, b)", "robust", "minmax")
    assert read_steps("shrink(ER, follow through, by=follower (k), strength=5e1)") == (
        "shrink(ER, follow through, by=follower (k), strength=50)",
    )
    for steps in (read_steps("winsorise, log1p(votes (7d))"), read_steps("shrink(a, by=b, strength=0.1)")):
        assert read_steps(steps) == steps


REFUSED = [
    ("lgo1p", r"transform 'lgo1p' is not in the list of transforms; did you mean 'log1p'\?"),
    ("winsorize", r"did you mean 'winsorise'\?"),
    ("log1p(vote)", r"feature 'vote' is not in the features to cluster on, but 'log1p\(vote\)' names it; did you mean"),
    (
        "log1p(age)",
        r"log1p needs values above -1, and feature 'age' has \d+ at or below it, the lowest -\d.*leave it out",
    ),
    ("log1p", r"feature 'age' has"),
    ("standard, log1p(votes), robust, log1p(votes)", r"feature 'votes' has|log1p needs values above -1"),
    ("winsorise(share=0.5)", r"share=0.5 must lie between 0 and 0.5"),
    ("winsorise(share=0)", r"share=0 must lie between"),
    ("winsorise(share=1 %)", r"share='1 %' is not a number"),
    ("winsorise(share=nan)", r"share='nan' is not a number"),
    ("winsorise(votes, votes)", r"names 'votes' twice"),
    ("winsorise(share=0.1, share=0.2)", r"gives share twice"),
    ("winsorise(limit=0.1)", r"winsorise has no option 'limit', it has share"),
    ("log1p(base=2)", r"log1p has no option 'base', it has no options"),
    ("shrink(votes)", r"does not say what the ratio was divided by; write by="),
    ("shrink(votes, by=)", r"does not say what the ratio was divided by"),
    ("shrink(by=n)", r"does not say which ratio to shrink"),
    ("shrink(votes, by=n, strength=0)", r"strength=0 must be above 0, in units of n"),
    ("shrink(votes, by=m)", r"column 'm' is not in the table of units"),
    ("shrink(votes, by=zeros)", r"'zeros' is not above 0 for 400 of 400 units, the first is account 'a0000'"),
    ("shrink(votes, by=holes)", r"'holes' is missing for 2 of 400 units, the first is account 'a0003'; leave these"),
    ("shrink(votes, by=ones)", r"'ones' is 1 for all units, so that chance cannot be told .* strength="),
    ("shrink(votes, by=words)", r"column 'words' holds text"),
    ("log1p(votes", r"the brackets of 'log1p\(votes' do not match"),
    ("log1p)votes(", r"do not match"),
    ("log1p(votes) robust", r"'log1p\(votes\) robust' goes on after its bracket"),
    ("log1p,,robust", r"has a comma with nothing before or after it"),
    (["log1p(votes)", 3], r"must be text"),
]


@pytest.mark.parametrize(("steps", "message"), REFUSED, ids=[str(steps) for steps, _ in REFUSED])
def test_steps_that_cannot_be(steps: Any, message: str) -> None:
    columns: dict[str, Any] = counts()
    columns |= {"zeros": np.zeros(400), "ones": np.ones(400), "holes": np.arange(1.0, 401), "words": ["x"] * 400}
    columns["holes"][[3, 7]] = np.nan
    made = units(columns, ["votes", "minutes", "age"])
    with pytest.raises(InputError, match=message):
        transformed(made, steps, scale="none")


def test_unknown_scale() -> None:
    with pytest.raises(InputError, match=r"scale='robst' is not known; use 'none' or 'standard' or 'robust'"):
        transformed(units(counts()), (), scale="robst")


# ---- real accounts ----------------------------------------------------------------------------------------------


def test_influencers(shared_data: Path) -> None:
    # the account of 929 real accounts, against pandas and SciPy
    path = shared_data / "influencers" / "influencers.csv"
    made: Transformed = transformed(read_units(path, "follower, post, ER"), "log1p, winsorise", scale="robust")
    table = pd.read_csv(path)
    assert len(made.values) == 929
    for place, name in enumerate(("follower", "post", "ER")):
        logged = np.log1p(table[name])
        clipped = logged.clip(logged.quantile(0.01), logged.quantile(0.99))
        expected = (clipped - clipped.median()) / (clipped.quantile(0.75) - clipped.quantile(0.25)) * 1.349
        np.testing.assert_allclose(made.values[:, place], expected, atol=1e-12)
        assert made.account[place].skewness_before == pytest.approx(stats.skew(table[name]))
        assert made.account[3 + place].changed == (clipped != logged).sum() >= 10
