"""Gaussian mixtures by expectation and maximisation, with covariances of four shapes, from given segments."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHAPES: Final = ("full", "tied", "diag", "spherical")
RIDGE: Final = 1e-6  # added to variances, so that none becomes 0
SETTLED: Final = 1e-3  # as in scikit-learn
BLOCK: Final = 512  # units looked at together
_ROUNDING: Final = 1e-12  # share of a variance that may be nothing but rounding
_NOTHING: Final = -50.0  # logarithm of a share that changes no sum
_LEAST: Final = 10 * float(np.finfo(np.float64).eps)  # weight of a component that nothing belongs to


class Mixture(NamedTuple):
    """A mixture: its parameters, every unit's component, and the log-likelihood of all units."""

    weights: Floats
    means: Floats
    covariances: Floats
    labels: Ints
    log_likelihood: float

    def bic(self, shape: str) -> float:
        """Return the Bayesian information criterion, the lower the better."""
        k, features = self.means.shape
        inside = {"full": k * features * (features + 1) / 2, "tied": features * (features + 1) / 2}
        inside |= {"diag": k * features, "spherical": k}
        free = inside[shape] + k * features + k - 1
        return float(-2 * self.log_likelihood + free * np.log(len(self.labels)))


def mixture(values: Floats, begin: Ints, shape: str, *, settled: float = SETTLED, most: int = 300) -> Mixture | None:
    """Fit a mixture that begins with given segments; None if a covariance cannot be inverted.

    Args:
        values: a row per unit.
        begin: the segment of every unit, from 0 without gaps.
        shape: of the covariances: ``full``, one for all (``tied``), ``diag``, or ``spherical``.
        settled: change of the mean log-likelihood at which the search ends.
        most: rounds at most.
    """
    middle = values.mean(axis=0)
    columns = np.ascontiguousarray((values - middle).T)
    parts = [columns[:, begin == one] for one in range(int(begin.max()) + 1)]
    weight = np.array([part.shape[1] for part in parts], np.float64)
    shift, scatter = np.array([part.sum(axis=1) for part in parts]), np.array([part @ part.T for part in parts])
    labels = np.empty(len(values), np.int64)
    found = _search(columns, (weight, shift, scatter), SHAPES.index(shape), settled, most, labels)
    weights, means, covariances, log_likelihood = found
    if np.isnan(log_likelihood):
        return None
    return Mixture(weights, means + middle, covariances, labels, float(log_likelihood))


@kernel
def _search(
    columns: Floats, moments: tuple[Floats, Floats, Floats], shape: int, settled: float, most: int, labels: Ints
) -> tuple[Floats, Floats, Floats, float]:
    """Find parameters from what units add up to, and share the units out anew, until little changes."""
    features, size = columns.shape
    weight, shift, scatter = moments
    k = len(weight)
    means, covariances, factors = np.zeros((k, features)), np.zeros(scatter.shape), np.zeros(scatter.shape)
    heights, weights = np.empty(k), np.empty(k)
    total, before, done = np.nan, -np.inf, False
    for _ in range(most + 1):
        weight += _LEAST
        for one in range(k):
            step = shift[one] / weight[one]
            means[one] += step
            for i in range(features):
                for j in range(features):
                    scatter[one, i, j] -= weight[one] * step[i] * step[j]
        _shape(scatter, weight, shape, covariances)
        for one in range(k):
            weights[one] = weight[one] / weight.sum()
            heights[one] = np.log(weights[one]) + _invert(covariances[one], factors[one])
            if np.isnan(heights[one]):
                return weights, means, covariances, np.nan
        total, weight, shift, scatter = _round(columns, means, factors, heights, shape < 2, labels)
        if done:
            break
        done, before = abs(total / size - before) < settled, total / size
    return weights, means, covariances, total


@kernel
def _shape(scatter: Floats, weight: Floats, shape: int, covariances: Floats) -> None:
    """Make covariances of a shape, by its place in SHAPES."""
    k, features = scatter.shape[:2]
    covariances[:] = 0.0
    for one in range(k):
        for other in range(k):
            if one == other or shape == 1:
                divisor = weight.sum() if shape == 1 else weight[one]
                for i in range(features):
                    for j in range(features):
                        if i == j or shape < 2:
                            covariances[one, i, j] += scatter[other, i, j] / divisor
        mean = 0.0
        for i in range(features):
            mean += covariances[one, i, i] / features
        for i in range(features):
            covariances[one, i, i] = (mean if shape == 3 else covariances[one, i, i]) + RIDGE


@kernel
def _invert(covariance: Floats, factor: Floats) -> float:
    """Write the inverse of a covariance's Cholesky factor, and return the logarithm of its determinant, or NaN."""
    features, determinant = len(covariance), 0.0
    lower = np.zeros((features, features))
    for i in range(features):
        for j in range(i + 1):
            rest = covariance[i, j]
            for inner in range(j):
                rest -= lower[i, inner] * lower[j, inner]
            if i > j:
                lower[i, j] = rest / lower[j, j]
            elif rest > _ROUNDING * covariance[i, i]:
                lower[i, i] = np.sqrt(rest)
            else:
                return np.nan
    for j in range(features):
        factor[j, j] = 1.0 / lower[j, j]
        determinant += np.log(factor[j, j])
        for i in range(j + 1, features):
            rest = 0.0
            for inner in range(j, i):
                rest -= lower[i, inner] * factor[inner, j]
            factor[i, j] = rest / lower[i, i]
    return determinant


@kernel
def _round(
    columns: Floats, means: Floats, factors: Floats, heights: Floats, full: bool, labels: Ints
) -> tuple[float, Floats, Floats, Floats]:
    """Share every unit out among the components, and add up what each gets."""
    features, size = columns.shape
    total, k = 0.0, len(means)
    weight, shift, scatter = np.zeros(k), np.zeros((k, features)), np.zeros((k, features, features))
    shares, away, line = np.empty((k, BLOCK)), np.empty((k, features, BLOCK)), np.empty(BLOCK)
    for start in range(0, size, BLOCK):
        n = min(BLOCK, size - start)
        for one in range(k):
            for i in range(features):
                _subtract(columns[i, start : start + n], means[one, i], away[one, i])
            _density(away[one], factors[one], heights[one], full, line, shares[one, :n])
        total += _share_out(shares[:, :n], features, labels[start : start + n])
        for one in range(k):
            share = shares[one, :n]
            weight[one] += share.sum()
            for i in range(features):
                first = away[one, i]
                for unit in range(n):
                    line[unit] = first[unit] * share[unit]
                shift[one, i] += np.dot(share, first[:n])
                for j in range(0 if full else i, i + 1):
                    scatter[one, i, j] += np.dot(line[:n], away[one, j, :n])
    for one in range(k):
        for i in range(features):
            for j in range(i):
                scatter[one, j, i] = scatter[one, i, j]
    return total, weight, shift, scatter


@kernel
def _subtract(values: Floats, mean: float, out: Floats) -> None:
    for unit in range(len(values)):
        out[unit] = values[unit] - mean


@kernel
def _density(away: Floats, factor: Floats, height: float, full: bool, line: Floats, out: Floats) -> None:
    """Write the logarithm of a component's weight times its density at some units, less what all components share."""
    n = len(out)
    out[:] = height
    for i in range(len(factor)):
        line[:n] = 0.0
        for j in range(0 if full else i, i + 1):
            scale, column = factor[i, j], away[j]
            for unit in range(n):
                line[unit] += scale * column[unit]
        for unit in range(n):
            out[unit] -= 0.5 * line[unit] * line[unit]


@kernel
def _share_out(shares: Floats, features: int, labels: Ints) -> float:
    """Turn logarithms of densities into shares that add up to 1; return the log-likelihood."""
    k, n = shares.shape
    highest, norm = shares[0].copy(), np.zeros(n)
    labels[:] = 0
    for one in range(1, k):
        row = shares[one]
        for unit in range(n):
            if row[unit] > highest[unit]:
                highest[unit], labels[unit] = row[unit], one
    for one in range(k):
        row = shares[one]
        for unit in range(n):
            below = row[unit] - highest[unit]
            row[unit] = np.exp(below) if below > _NOTHING else 0.0
            norm[unit] += row[unit]
    total: float = -0.5 * features * n * np.log(2 * np.pi)
    for unit in range(n):
        total += highest[unit] + np.log(norm[unit])
        norm[unit] = 1.0 / norm[unit]
    for one in range(k):
        row = shares[one]
        for unit in range(n):
            row[unit] *= norm[unit]
    return total
