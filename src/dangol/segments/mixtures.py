"""Gaussian mixtures as a method: begun by k-means, with the shape of covariances that has the lowest BIC."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.kernels.means import means
from dangol.kernels.mixtures import SETTLED, SHAPES, mixture

from .methods import Fit, compact, distinct

Floats = npt.NDArray[np.float64]

_WORK: Final = 3_000  # units over all starts, so that only small cores get several
_SETTLED: Final = 1e-6  # change of the mean log-likelihood at which the search for the mixture that is kept ends


def gmm(values: Floats, k: int, *, seed: int, starts: int = 10, shape: str | None = None) -> Fit:
    """Fit a mixture of k components with each shape of covariances, and keep that of the lowest BIC.

    Where a search ends depends on where it begins: of several starts from k-means the likeliest counts. The mixture
    that is kept is then fitted closely. With a shape given, only that is fitted, and as it came.

    Raises:
        InputError: if fewer than k units differ, or no covariances can be inverted.
    """
    distinct(values, k)
    seeds = range(seed, seed + max(1, min(starts, 5, _WORK // len(values))))
    begins = [means(values, k, seed=one)[0] for one in seeds]
    known = []
    for one in SHAPES if shape is None else (shape,):
        made = [(found.bic(one), place) for place, begin in enumerate(begins) if (found := mixture(values, begin, one))]
        known += [(*min(made), one)] if made else []
    if not known:
        raise InputError(f"k={k}: no covariances of gmm can be inverted; scale the features, or leave one out")
    _, place, best = min(known)
    kept = mixture(values, begins[place], best, settled=_SETTLED if shape is None else SETTLED)
    assert kept is not None
    labels = compact(kept.labels)
    return Fit(labels, int(labels.max()) + 1, bic=kept.bic(best), chosen={"covariances": best})
