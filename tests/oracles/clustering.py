"""Clustering, the slow way: distances, PAM, silhouettes and single linkage from their definitions, over lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

Rows = Sequence[Sequence[float]]
Matrix = list[list[float]]


def distances(rows: Rows, metric: str, text: Sequence[bool] | None = None) -> Matrix:
    """All distances between rows; ``text`` says which columns are codes (Gower's distance only)."""
    text = text or [False] * len(rows[0])
    spans = [max(column) - min(column) for column in zip(*rows, strict=True)]

    def apart(one: Sequence[float], two: Sequence[float]) -> float:
        pairs = list(zip(one, two, strict=True))
        if metric == "euclidean":
            return math.dist(one, two)
        if metric == "manhattan":
            return math.fsum(abs(a - b) for a, b in pairs)
        if metric == "cosine":
            return cosine(one, two)
        parts = [
            float(a != b) if code else abs(a - b) / span if span else 0.0
            for (a, b), code, span in zip(pairs, text, spans, strict=True)
        ]
        return math.fsum(parts) / len(parts)

    return [[apart(one, two) if i != j else 0.0 for j, two in enumerate(rows)] for i, one in enumerate(rows)]


def cosine(one: Sequence[float], two: Sequence[float]) -> float:
    """1 less the cosine of two rows, from exact sums; a row of zeros is like rows of zeros alone."""
    a, b = [Fraction(x) for x in one], [Fraction(x) for x in two]
    lengths = sum(x * x for x in a), sum(x * x for x in b)
    if 0 in lengths:
        return float(lengths != (0, 0))
    product = sum(x * y for x, y in zip(a, b, strict=True))
    square = product**2 / (lengths[0] * lengths[1])
    cosine = math.copysign(math.sqrt(square), product)
    return float(1 - square) / (1 + cosine) if cosine > 0 else 1 - cosine


def loss(apart: Matrix, medoids: Sequence[int]) -> float:
    """The sum of the distances to the nearest medoid."""
    return math.fsum(min(apart[medoid][unit] for medoid in medoids) for unit in range(len(apart)))


def build(apart: Matrix, k: int) -> list[int]:
    """PAM's BUILD: one medoid after another, each leaving the least loss; the first of equally good ones."""
    chosen: list[int] = []
    while len(chosen) < k:
        free = [unit for unit in range(len(apart)) if unit not in chosen]
        chosen.append(min(free, key=lambda unit: loss(apart, [*chosen, unit])))
    return chosen


def best_swap(apart: Matrix, medoids: Sequence[int]) -> tuple[float, list[int]]:
    """The least loss that exchanging one medoid can reach, and the medoids then; the present ones if none is free."""
    found = (math.inf, list(medoids))
    for place in range(len(medoids)):
        for unit in range(len(apart)):
            if unit not in medoids:
                changed = [*medoids[:place], unit, *medoids[place + 1 :]]
                found = min(found, (loss(apart, changed), changed))
    return found


def pam(apart: Matrix, k: int) -> list[int]:
    """BUILD, then the best swap until none makes the loss smaller."""
    medoids = build(apart, k)
    while (better := best_swap(apart, medoids))[0] < loss(apart, medoids) * (1 - 1e-12):
        medoids = better[1]
    return sorted(medoids)


def silhouettes(apart: Matrix, labels: Sequence[int]) -> list[float]:
    """Each unit's silhouette; label -1 is no cluster."""
    clusters = {label: [unit for unit, one in enumerate(labels) if one == label] for label in set(labels) if label >= 0}

    def one(unit: int, label: int) -> float:
        if label < 0:
            return math.nan
        own = [apart[unit][other] for other in clusters[label] if other != unit]
        if not own or len(clusters) == 1:
            return 0.0
        a = math.fsum(own) / len(own)
        b = min(
            math.fsum(apart[unit][other] for other in units) / len(units)
            for name, units in clusters.items()
            if name != label
        )
        return (b - a) / max(a, b) if max(a, b) > 0 else 0.0

    return [one(unit, label) for unit, label in enumerate(labels)]


def single_linkage(apart: Matrix) -> list[float]:
    """The distance of each merge: always the two clusters whose nearest units are nearest."""
    clusters = [[unit] for unit in range(len(apart))]
    heights = []
    while len(clusters) > 1:
        height, i, j = min(
            (min(apart[a][b] for a in clusters[i] for b in clusters[j]), i, j)
            for i in range(len(clusters))
            for j in range(i)
        )
        heights.append(height)
        clusters[j] += clusters.pop(i)
    return heights


def flat(apart: Matrix, cut: float) -> set[frozenset[int]]:
    """The groups within which one can walk by steps of at most ``cut``."""
    left, groups = set(range(len(apart))), set()
    while left:
        group, waiting = set(), [min(left)]
        while waiting:
            unit = waiting.pop()
            if unit in left:
                left.remove(unit)
                group.add(unit)
                waiting += [other for other in left if apart[unit][other] <= cut]
        groups.add(frozenset(group))
    return groups
