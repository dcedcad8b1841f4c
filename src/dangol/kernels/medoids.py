"""k-medoids: FasterPAM, two ways to begin, and CLARA where all distances would not fit into memory.

Written from E. Schubert and P. J. Rousseeuw, Fast and eager k-medoids clustering, Information Systems 101 (2021),
doi:10.1016/j.is.2021.101804, and L. Kaufman and P. J. Rousseeuw, Finding Groups in Data (1990), chapters 2 and 3,
doi:10.1002/9780470316801.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .distances import Space, nearest, pairwise, totals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.uint64]
Matrix = npt.NDArray[np.float32]

MATRIX_UNITS: Final = 20_000  # of more units not all distances are held: 1.6 GB
SAMPLES: Final = 5
LANES: Final = 16  # candidates looked at together
TILE: Final = 64  # units whose distances to them are laid side by side: they stay in the nearest cache
BLOCK: Final = 2048  # losses summed at once


class Medoids(NamedTuple):
    """The units that stand for a cluster each, ascending; every unit's place among them; the sum of distances."""

    medoids: Ints
    labels: Ints
    loss: float
    swaps: int


class State(NamedTuple):
    """Each unit's nearest and second nearest medoid, as places, and how far they are; what each medoid's loss costs."""

    first: Places
    second: Places
    near: Floats
    far: Floats
    removal: Floats


class Room(NamedTuple):
    """Where candidates are compared: their distances; what each changes beside the loss of each medoid, and anyway."""

    tile: Matrix
    change: Floats
    gain: Floats


def fasterpam(distance: Matrix, medoids: Ints, *, most: int = 100) -> Medoids:
    """Exchange medoids for other units, each time that it makes the sum of distances smaller, until none does.

    Args:
        distance: all distances, symmetric with zeros on the diagonal.
        medoids: distinct units to begin with.
        most: looks at every unit as a candidate at most so often.

    Returns:
        The medoids found. No single exchange lowers the loss by more than 1e-9 of it, unless ``most`` ended the search.
        A unit belongs to the first of equally near medoids, but a medoid to itself: no cluster is empty.
    """
    square, chosen = np.ascontiguousarray(distance, np.float32), np.array(medoids, np.int64)
    swaps = int(_exchange_all(square, chosen, most))
    chosen.sort()
    near = square[chosen].astype(np.float64)
    labels = near.argmin(axis=0)
    labels[chosen] = np.arange(len(chosen))
    return Medoids(chosen, labels, float(near.min(axis=0).sum()), swaps)


@kernel
def _exchange_all(distance: Matrix, medoids: Ints, most: int) -> int:
    """Look at the units in turn, and take the first that is better than a medoid; change ``medoids``."""
    size, k = len(distance), len(medoids)
    taken = np.zeros(size, np.bool_)
    for medoid in medoids:
        taken[medoid] = True
    state = _new_state(distance, medoids)
    room = Room(np.zeros((TILE, LANES), np.float32), np.zeros((k, LANES)), np.zeros(LANES))
    loss = _sum_up(state)
    swaps, since, start, looks = 0, 0, 0, 0
    while since < size and looks < most * size:
        count = min(LANES, size - start)
        _compare(distance, state, start, count, room)
        lane, place = _better(room, state, taken[start : start + count], loss)
        if lane < count:
            taken[medoids[place]], taken[start + lane] = False, True
            medoids[place] = start + lane
            _exchange(distance, medoids, place, state)
            loss = _sum_up(state)
            swaps, since, count = swaps + 1, 1, lane + 1
        else:
            since += count
        looks += count
        start = (start + count) % size
    return swaps


@kernel
def _new_state(distance: Matrix, medoids: Ints) -> State:
    """Find each unit's two nearest medoids; with one medoid the second is as far as can be."""
    size, k = len(distance), len(medoids)
    farthest = np.inf if k > 1 else float(distance.max())
    first, second = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    near, far = np.full(size, np.inf), np.full(size, farthest)
    for place in range(k):
        row = distance[medoids[place]]
        for unit in range(size):
            if row[unit] < near[unit]:
                if k > 1:
                    second[unit], far[unit] = first[unit], near[unit]
                first[unit], near[unit] = place, row[unit]
            elif row[unit] < far[unit]:
                second[unit], far[unit] = place, row[unit]
    return State(first, second, near, far, np.zeros(k))


@kernel
def _sum_up(state: State) -> float:
    """Sum what each medoid's loss would cost, and return the present loss."""
    first, _, near, far, removal = state
    removal[:] = 0.0
    loss = 0.0
    for unit in range(np.uint64(len(near))):
        loss += near[unit]
        removal[first[unit]] += far[unit] - near[unit]
    return loss


@kernel
def _compare(distance: Matrix, state: State, start: int, count: int, room: Room) -> None:
    """Sum what taking each candidate changes: for all units, and for those of each medoid if it goes.

    Several candidates at once, because a sum for one of them would wait for the step before it, and would have to guess
    at every unit whether it is affected.
    """
    first, _, near, far, _ = state
    tile, change, gain = room
    change[:] = 0.0
    gain[:] = 0.0
    for left in range(0, len(near), TILE):
        width = min(TILE, len(near) - left)
        for lane in range(count):
            row, column = distance[start + lane, left : left + width], tile[:, lane]
            for i in range(np.uint64(width)):
                column[i] = row[i]
        for i in range(np.uint64(width)):
            unit = np.uint64(left) + i
            least, most, own, here = near[unit], far[unit], change[first[unit]], tile[i]
            for lane in range(LANES):
                apart = np.float64(here[lane])
                within = max(apart, least)
                own[lane] += min(within, most) - most
                nearer = apart - least
                gain[lane] += min(nearer, 0.0)


@kernel
def _better(room: Room, state: State, taken: Flags, loss: float) -> tuple[int, int]:
    """Find the first candidate that lowers the loss, and the medoid that it should replace; else the count, 0.

    What is less than the rounding of the sums is no improvement: so units at equal distances cannot change for ever.
    """
    change, gain, removal = room.change, room.gain, state.removal
    for lane in range(len(taken)):
        if taken[lane]:
            continue
        best = 0
        for place in range(1, len(removal)):
            if change[place, lane] + removal[place] < change[best, lane] + removal[best]:
                best = place
        if gain[lane] + change[best, lane] + removal[best] < -1e-9 * loss - 1e-12 * removal[best]:
            return lane, best
    return len(taken), 0


@kernel
def _exchange(distance: Matrix, medoids: Ints, place: int, state: State) -> None:
    """Bring each unit's two nearest medoids up to date after the medoid of a place was replaced."""
    first, second, near, far, _ = state
    new, row = np.uint64(place), distance[medoids[place]]
    for unit in range(len(near)):
        here = np.float64(row[unit])
        if first[unit] == new and here <= far[unit]:
            near[unit] = here
        elif first[unit] != new and here < near[unit]:
            second[unit], far[unit] = first[unit], near[unit]
            first[unit], near[unit] = new, here
        elif first[unit] != new and second[unit] != new:
            if here < far[unit]:
                second[unit], far[unit] = new, here
        else:
            if first[unit] == new:
                first[unit], near[unit] = second[unit], far[unit]
            far[unit] = np.inf
            for other in range(len(medoids)):
                if other != first[unit] and distance[medoids[other], unit] < far[unit]:
                    second[unit], far[unit] = other, distance[medoids[other], unit]


def build(distance: Matrix, k: int) -> Ints:
    """Choose medoids one after another, each the unit that leaves the least sum of distances (BUILD of PAM)."""
    square = np.ascontiguousarray(distance, np.float32)
    near, chosen = np.full(len(square), np.inf), np.zeros(k, np.int64)
    for place in range(k):
        losses = _losses(square, near)
        losses[chosen[:place]] = np.inf
        chosen[place] = losses.argmin()
        np.minimum(near, square[chosen[place]], out=near)
    return chosen


@kernel
def _losses(distance: Matrix, near: Floats) -> Floats:
    """Sum up the distances to the nearest medoid that there would be if each unit were one more."""
    size = len(near)
    losses = np.zeros(size)
    for start in range(0, size, BLOCK):
        sums = losses[start : start + BLOCK]
        for unit in range(size):
            most, row = near[unit], distance[unit, start : start + len(sums)]
            for i in range(len(sums)):
                apart = np.float64(row[i])
                sums[i] += min(apart, most)
    return losses


def lab(distance: Matrix, k: int, seed: int) -> Ints:
    """Choose medoids as BUILD does, each from a new sample of 10 + sqrt(n) units and for these alone (LAB)."""
    chance = np.random.default_rng(seed)
    near, free = np.full(len(distance), np.inf), np.ones(len(distance), np.bool_)
    chosen = np.zeros(k, np.int64)
    for place in range(k):
        units = np.flatnonzero(free)
        sample = chance.choice(units, min(len(units), 10 + int(np.ceil(np.sqrt(len(distance))))), replace=False)
        apart = distance[np.ix_(sample, sample)].astype(np.float64)
        chosen[place] = sample[np.minimum(apart, near[sample]).sum(axis=1).argmin()]
        free[chosen[place]] = False
        np.minimum(near, distance[chosen[place]], out=near)
    return chosen


def kmedoids(space: Space, k: int, *, seed: int = 0, starts: int = 1, distance: Matrix | None = None) -> Medoids:
    """Find k medoids of a space: FasterPAM from LAB's medoids, for more than 20,000 units in samples (CLARA).

    LAB costs next to nothing, and the search ends about as well from it as from BUILD, which takes longer than the
    search itself. Where a search ends depends on where it begins, by one or two per cent of the loss: of several the
    best is taken, and the second is BUILD's.

    Args:
        space: the units, k at least.
        k: the number of medoids.
        seed: where chance begins.
        starts: searches at least. Small spaces get up to ten, as many as they need a few milliseconds for; above 20,000
            units there are at least five samples.
        distance: all distances, where ``pairwise`` has told them already.
    """
    size, chance = len(space.values), np.random.default_rng(seed)
    if size > MATRIX_UNITS:
        return _clara(space, k, chance, max(starts, SAMPLES))
    distance = pairwise(space) if distance is None else distance
    seeds = chance.integers(2**62, size=max(starts, min(10, 2000**2 // size**2))).tolist()
    begins = (build(distance, k) if start == 1 else lab(distance, k, seed) for start, seed in enumerate(seeds))
    found = min((fasterpam(distance, begin) for begin in begins), key=lambda one: one.loss)
    return _settled(space, found.medoids, found.swaps)


def _settled(space: Space, medoids: Ints, swaps: int) -> Medoids:
    chosen = np.sort(medoids)
    labels, distance = nearest(space, chosen)
    return Medoids(chosen, labels, float(distance.sum()), swaps)


def _clara(space: Space, k: int, chance: np.random.Generator, samples: int) -> Medoids:
    """Find medoids in samples, each with the best so far in it; keep the best for all units, and refine them."""
    size, best = len(space.values), None
    for _ in range(samples):
        sample = chance.choice(size, min(size, max(1000, 40 + 20 * k)), replace=False)
        if best is not None:
            sample = np.union1d(sample, best.medoids)
        distance = pairwise(space._replace(values=space.values[sample]))
        found = fasterpam(distance, lab(distance, k, int(chance.integers(2**62))))
        here = _settled(space, sample[found.medoids], found.swaps)
        if best is None or here.loss < best.loss:
            best = here
    assert best is not None
    while (better := _refined(space, best, chance)).loss < best.loss:
        best = better
    return best


def _refined(space: Space, found: Medoids, chance: np.random.Generator) -> Medoids:
    """Look among all units of each cluster for a better medoid.

    A sample holds few units, and none of them may be near the middle. So all units of the cluster are tried against a
    few of it, and the best of them, with the present medoid, against many.
    """
    medoids = found.medoids.copy()
    for place in range(len(medoids)):
        members = np.flatnonzero(found.labels == place)
        few, many = (chance.choice(members, min(len(members), number), replace=False) for number in (50, 2000))
        tried = members[np.argsort(totals(space, members, few), kind="stable")[:50]]
        tried = np.append(medoids[place], tried)
        medoids[place] = tried[totals(space, tried, many).argmin()]
    return _settled(space, medoids, found.swaps)
