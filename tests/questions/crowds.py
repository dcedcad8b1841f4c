"""Made-up users of unequal activity, for ``drivers``: with a planted cause, or with none."""

from __future__ import annotations

import numpy as np

from dangol.core import durations
from dangol.log.eventlog import EventLog
from tests.logs import make_log

DAY = durations.DAY
NAMES = ("view", "vote", "invite", "share", "search", "profile", "shop", "alarm")


def crowd(
    *, users: int = 300, seed: int = 0, plant: float = 0.0, activity: float = 0.05, mean: float = 8, rare: float = 1
) -> EventLog:
    """Make a log whose users do things for 7 days, and come back in the 14 days that follow, or do not.

    Everybody's activity is drawn from a gamma distribution, far from equal, and active users do more of everything. The
    chance to come back grows with the activity alone (``activity`` = 0: it is 0.4 for all), is multiplied by ``rare``,
    and is raised by ``plant`` for those who invite at least twice within 3 days.
    """
    draw = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(NAMES) + 1)
    liveliness = draw.gamma(0.7, mean / 0.7, users)
    rows = [("zzzz", "view", 60 * DAY)]  # the log goes on; nobody knows yet about this one
    for user in range(users):
        size = 1 + draw.poisson(liveliness[user])
        times = np.sort(np.append(0, draw.uniform(0, 7 * DAY, size - 1))).astype(int) + int(draw.uniform(0, 20 * DAY))
        names = draw.choice(NAMES, size, p=weights / weights.sum())
        chance = rare * (1 - np.exp(-activity * liveliness[user]) if activity else 0.4)
        invites = (names == "invite") & (times < times[0] + 3 * DAY)
        if draw.random() < chance + plant * (invites.sum() >= 2):
            times, names = np.append(times, times[0] + int(draw.uniform(8 * DAY, 20 * DAY))), np.append(names, "view")
        rows += [(f"{user:04d}", str(name), int(time)) for name, time in zip(names, times, strict=True)]
    return make_log(rows)
