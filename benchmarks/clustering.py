"""The clustering kernels against the programs that people use for the same, in one run, taking turns.

    python -m benchmarks.clustering
    python -m benchmarks.clustering --contests pam,linkage --repeats 5

A contest is one question of one table. Everyone answers it once to warm up (compiled code, caches), then in turns;
stated are the median time, the least processor time of all threads, what each found (a loss, the sum of heights, a
mean), and the peak memory of a fresh process that made the table and answered once, less that of one that only made the
table. ``kmedoids``, the Rust program by the authors of FasterPAM, is GPL: it is imported here and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.worker import peak_mb
from dangol.kernels import distances, linkage, means, medoids, silhouettes

Floats = npt.NDArray[np.float64]
NOTHING: Final = "(the table alone)"


@dataclass(frozen=True)
class Contest:
    """One question: the table, and everyone's way to answer it with one number."""

    what: str
    table: Callable[[], Floats]
    tools: Mapping[str, Callable[[Floats], float]]


def schools() -> Floats:
    """4,113 units of 6 skewed features in units of their interquartile range, like counts per school."""
    return lognormal(4113, 6, 1)


def lognormal(size: int, features: int, seed: int) -> Floats:
    """Overlapping log-normal groups, robustly scaled."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(5, features)) * 0.8
    values = np.exp(centres[chance.integers(0, 5, size)] + chance.normal(size=(size, features)) * 0.7)
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    return (values - middle) / (high - low)


def labels(table: Floats) -> npt.NDArray[np.int64]:
    """Five clusters that cost nothing to find."""
    return np.searchsorted(np.quantile(table[:, 0], (0.3, 0.6, 0.8, 0.95)), table[:, 0])


# ---- k-medoids ----------------------------------------------------------------------------------------------------


def square(table: Floats) -> npt.NDArray[np.float32]:
    """The matrix that both search, made once."""
    if not _kept or _kept[0][0] is not table:
        _kept[:] = [(table, distances.pairwise(distances.space(table)))]
    return _kept[0][1]


_kept: list[tuple[Floats, npt.NDArray[np.float32]]] = []


def begin(table: Floats, k: int, start: int = 0) -> npt.NDArray[np.int64]:
    return np.random.default_rng(7 + start).choice(len(table), k, replace=False)


def ours(k: int, starts: int = 1) -> Callable[[Floats], float]:
    return lambda table: min(medoids.fasterpam(square(table), begin(table, k, one)).loss for one in range(starts))


def rust(k: int) -> Callable[[Floats], float]:
    def answer(table: Floats) -> float:
        import kmedoids

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = begin(table, k).astype(np.uint64)
            return float(kmedoids.fasterpam(square(table), start, n_cpu=1, random_state=7).loss)

    return answer


def ours_built(table: Floats) -> float:
    return medoids.fasterpam(square(table), medoids.build(square(table), 5)).loss


def rust_built(table: Floats) -> float:
    import kmedoids

    return float(kmedoids.fasterpam(square(table), 5, init="build", n_cpu=1, random_state=7).loss)


def kmeans_medoids(table: Floats) -> float:
    """Take the unit nearest to each of the centres of k-means."""
    from sklearn.cluster import KMeans

    found = KMeans(5, n_init=1, random_state=0).fit(table)
    nearest = [((table - centre) ** 2).sum(axis=1).argmin() for centre in found.cluster_centers_]
    return float(np.linalg.norm(table[:, None] - table[nearest][None], axis=2).min(axis=1).sum())


def ours_means(table: Floats) -> float:
    return means.means(table, 8, seed=0, starts=10)[1]


def sklearn_means(table: Floats) -> float:
    from sklearn.cluster import KMeans

    return float(KMeans(8, n_init=10, random_state=0).fit(table).inertia_)


# ---- linkage and silhouettes ------------------------------------------------------------------------------------


def ours_linkage(table: Floats) -> float:
    return float(linkage.single_linkage(distances.space(table))[:, 2].sum())


def scipy_linkage(table: Floats) -> float:
    from scipy.cluster.hierarchy import linkage as answer

    return float(answer(table, "single")[:, 2].sum())


def fastcluster_linkage(table: Floats) -> float:
    import fastcluster

    return float(fastcluster.linkage_vector(table, "single")[:, 2].sum())


def sklearn_silhouettes(table: Floats) -> float:
    from sklearn.metrics import silhouette_samples

    return float(silhouette_samples(table, labels(table)).mean())


def ours_silhouettes(table: Floats) -> float:
    return float(silhouettes.silhouettes(distances.space(table), labels(table)).mean())


def ours_squared(table: Floats) -> float:
    return float(silhouettes.squared_silhouettes(table, labels(table)).mean())


def frames_squared(table: Floats) -> float:
    """The same formula, over whole columns."""
    owner = labels(table)
    count = np.bincount(owner).astype(np.float64)
    means = np.array([table[owner == which].mean(axis=0) for which in range(len(count))])
    apart = np.array([((table - mean) ** 2).sum(axis=1) for mean in means]).T
    within = np.bincount(owner, apart[np.arange(len(table)), owner]) / count
    apart += within
    own = apart[np.arange(len(table)), owner] * (count / (count - 1))[owner]
    apart[np.arange(len(table)), owner] = np.inf
    other = apart.min(axis=1)
    return float(((other - own) / np.maximum(own, other)).mean())


DANGOL: Final = "Dangol"
CONTESTS: Final = {
    "pam": Contest(
        "FasterPAM, k = 5, the same matrix and first medoids", schools, {DANGOL: ours(5), "kmedoids (Rust)": rust(5)}
    ),
    "pam20": Contest(
        "FasterPAM, k = 20",
        schools,
        {DANGOL: ours(20), "Dangol, best of 5 starts": ours(20, 5), "kmedoids (Rust)": rust(20)},
    ),
    "build": Contest("BUILD and FasterPAM, k = 5", schools, {DANGOL: ours_built, "kmedoids (Rust)": rust_built}),
    "kmedoids": Contest(
        "k-medoids from the table, k = 5",
        schools,
        {
            DANGOL: lambda table: medoids.kmedoids(distances.space(table), 5).loss,
            "units at k-means' centres": kmeans_medoids,
        },
    ),
    "clara": Contest(
        "CLARA, k = 5",
        lambda: lognormal(100_000, 8, 3),
        {
            DANGOL: lambda table: medoids.kmedoids(distances.space(table), 5).loss,
            "units at k-means' centres": kmeans_medoids,
        },
    ),
    "kmeans": Contest(
        "k-means, k = 8, ten starts",
        lambda: lognormal(100_000, 8, 4),
        {DANGOL: ours_means, "scikit-learn": sklearn_means},
    ),
    "linkage": Contest(
        "single linkage",
        lambda: lognormal(20_000, 4, 5),
        {DANGOL: ours_linkage, "fastcluster.linkage_vector": fastcluster_linkage, "scipy": scipy_linkage},
    ),
    "silhouettes": Contest(
        "silhouettes of 5 clusters",
        lambda: lognormal(20_000, 8, 6),
        {DANGOL: ours_silhouettes, "scikit-learn": sklearn_silhouettes},
    ),
    "squared": Contest(
        "squared silhouettes of 5 clusters",
        lambda: lognormal(1_000_000, 10, 8),
        {DANGOL: ours_squared, "numpy": frames_squared},
    ),
}


def main() -> None:
    """Hold the contests, or answer one question for the measurement of memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contests", default=",".join(CONTESTS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--alone", nargs=2, metavar=("CONTEST", "TOOL"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        name, tool = args.alone
        table = CONTESTS[name].table()
        if tool != NOTHING:
            CONTESTS[name].tools[tool](table)
        print(json.dumps(peak_mb()))
        return
    for name in args.contests.split(","):
        _hold(name, args.repeats)


def _hold(name: str, repeats: int) -> None:
    contest = CONTESTS[name]
    table = contest.table()
    answers = {tool: ask(table) for tool, ask in contest.tools.items()}
    seconds: dict[str, list[float]] = {tool: [] for tool in answers}
    busy: dict[str, list[float]] = {tool: [] for tool in answers}
    for _ in range(repeats):
        for tool, ask in contest.tools.items():
            clock, processor = time.perf_counter(), time.process_time()
            answers[tool] = ask(table)
            seconds[tool].append(time.perf_counter() - clock)
            busy[tool].append(time.process_time() - processor)
    bare = _peak(name, NOTHING)
    print(f"\n{contest.what}; {len(table):,} × {table.shape[1]}")
    print(f"  {'':28}{'time':>10}{'processor':>12}{'of Dangol':>11}{'memory':>11}  found")
    for tool in answers:
        took, ratio = median(seconds[tool]), median(seconds[tool]) / median(seconds[DANGOL])
        memory = _peak(name, tool) - bare
        row = f"{took:8.3f} s{min(busy[tool]):10.3f} s{ratio:10.1f}×{memory:8,.0f} MB  {answers[tool]:.10g}"
        print(f"  {tool:28}{row}", flush=True)


def _peak(name: str, tool: str) -> float:
    """Measure in a fresh process; kernels are compiled by now."""
    command = [sys.executable, "-m", "benchmarks.clustering", "--alone", name, tool]
    folder = Path(__file__).resolve().parent.parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


if __name__ == "__main__":
    main()
