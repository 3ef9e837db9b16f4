"""bytewax and river under one threshold and one window, run by the Python of an environment of their own.

Prints readings a CPU second as JSON. Each is used in the quickest way it offers for this: bytewax with one stateful
step a key that holds the latch, or the last ten minutes with their running sum (its sliding windows would hold every
reading sixty times); river with its mean over a period of time, one a series, and the latch beside it.
"""

from __future__ import annotations

import importlib
import json
import random
import resource
import sys
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

Latch = tuple[int | None, bool]
Step = Callable[[Any, tuple[int, float]], tuple[Any, bool]]

SERIES, ROUNDS, STEP_S, LIMIT, HOLD_S, WINDOW_S = 2_000, 100, 10, 90.0, 60, 600
BEGIN_S = 1_760_000_000


def readings() -> Iterator[tuple[str, int, float]]:
    """(series, second, value) in the order of time; one series in fifty is in trouble for a while."""
    rng = random.Random(1)
    usual = [rng.gauss(75, 4) for _ in range(SERIES)]
    for number in range(ROUNDS):
        for series in range(SERIES):
            trouble = 20.0 if (series + number // 20) % 50 == 0 else 0.0
            yield str(series), BEGIN_S + number * STEP_S, usual[series] + trouble + rng.gauss(0, 1)


def latch(state: Latch, at: int, over: bool) -> tuple[Latch, bool]:
    """(since, on) after a moment at which the condition holds or not; whether it came on."""
    since, on = state
    if not over:
        return (None, False), False
    since = at if since is None else since
    return (since, True if on else at - since >= HOLD_S), not on and at - since >= HOLD_S


def threshold(state: Latch | None, reading: tuple[int, float]) -> tuple[Latch, bool]:
    """A step of bytewax: ``value > 90`` for a minute."""
    at, value = reading
    return latch(state or (None, False), at, value > LIMIT)


def window(state: Any, reading: tuple[int, float]) -> tuple[Any, bool]:
    """A step of bytewax: the mean over ten minutes above 90 for a minute."""
    held, total, inner = state or (deque[tuple[int, float]](), 0.0, (None, False))
    at, value = reading
    held.append(reading)
    total += value
    while held[0][0] <= at - WINDOW_S:
        total -= held.popleft()[1]
    inner, opened = latch(inner, at, total / len(held) > LIMIT)
    return (held, total, inner), opened


def with_bytewax(step: Step) -> tuple[float, int]:
    """Alarms that a dataflow with one stateful step finds."""
    op = importlib.import_module("bytewax.operators")
    testing = importlib.import_module("bytewax.testing")

    every = [(series, (at, value)) for series, at, value in readings()]
    found: list[Any] = []
    begun = cpu()
    flow = importlib.import_module("bytewax.dataflow").Dataflow("rules")
    stream = op.input("in", flow, testing.TestingSource(every, batch_size=1_000))
    judged = op.stateful_map("judge", stream, step)
    op.output("out", op.filter("opened", judged, lambda pair: pair[1]), testing.TestingSink(found))
    testing.run_main(flow)
    return len(every) / (cpu() - begun), len(found)


def with_river() -> tuple[float, int]:
    """Alarms found with river's statistics, one object a series."""
    stats, utils = importlib.import_module("river.stats"), importlib.import_module("river.utils")
    every = [
        (series, datetime.fromtimestamp(at, UTC).replace(tzinfo=None), at, value) for series, at, value in readings()
    ]
    begun, alarms = cpu(), 0
    period = timedelta(seconds=WINDOW_S)
    means = {str(series): utils.TimeRolling(stats.Mean, period=period) for series in range(SERIES)}
    states: dict[str, Latch] = dict.fromkeys(means, (None, False))
    for series, moment, at, value in every:
        means[series].update(value, t=moment)
        states[series], opened = latch(states[series], at, means[series].get() > LIMIT)
        alarms += opened
    return len(every) / (cpu() - begun), alarms


def cpu() -> float:
    """CPU seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    found = {
        "bytewax_threshold": with_bytewax(threshold),
        "bytewax_window": with_bytewax(window),
        "river_window": with_river(),
    }
    sys.stdout.write(json.dumps(found))
