"""Why stream processors find more alarms in the comparison: docs/rules.md, "Beside others"."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache

import pytest

from bench import stream_rivals
from bench.rule_streams_bench import ours
from bench.stream_rivals import BEGIN_S, HOLD_S, LIMIT, STEP_S, WINDOW_S, Latch, latch

Reading = tuple[int, float]
Mean = Callable[[list[Reading], Reading], float | None]
"""The mean of the window, from its earlier readings and the one that arrives; ``None``: unknown."""

_OFF: Latch = (None, False)


@cache
def series() -> dict[str, list[Reading]]:
    """The readings of the comparison, by series."""
    found: dict[str, list[Reading]] = {}
    for name, at, value in stream_rivals.readings():
        found.setdefault(name, []).append((at, value))
    return found


def of_all(before: list[Reading], new: Reading) -> float:
    """Of what the window holds, the new reading with the others: what bytewax and river are given."""
    held = [value for at, value in [*before, new] if at > new[0] - WINDOW_S]
    return sum(held) / len(held)


def of_half(before: list[Reading], new: Reading) -> float | None:
    """The same, unknown until half of the window is known."""
    return of_all(before, new) if new[0] - BEGIN_S >= WINDOW_S / 2 else None


def of_held(before: list[Reading], new: Reading) -> float | None:
    """By the time that each value held: the new one has held for none yet."""
    held = [value for at, value in before if at >= new[0] - WINDOW_S]
    return sum(held) / len(held) if len(held) * STEP_S >= WINDOW_S / 2 else None


def openings(mean: Mean) -> list[int]:
    """When alarms open, in seconds since the beginning."""
    found = []
    for readings in series().values():
        before, state = deque[Reading](maxlen=WINDOW_S // STEP_S), _OFF
        for new in readings:
            value = mean(list(before), new)
            if value is not None:
                state, opened = latch(state, new[0], value > LIMIT)
                found += [new[0] - BEGIN_S] if opened else []
            before.append(new)
    return sorted(found)


def test_a_step_of_the_rival_is_the_plain_mean() -> None:
    """The quick step with the running sum finds what the slow words above say."""
    found, states = 0, dict[str, object]()
    for name, at, value in stream_rivals.readings():
        states[name], opened = stream_rivals.window(states.get(name), (at, value))
        found += opened
    assert found == len(openings(of_all)) == 43


def test_most_of_the_difference_is_the_beginning() -> None:
    """Of the 43 alarms 39 open before the window is half known and a minute has passed; then 14 are left."""
    assert sum(at < WINDOW_S / 2 + HOLD_S for at in openings(of_all)) == 39
    assert len(openings(of_half)) == 14


@pytest.mark.parametrize(("kind", "count"), [("threshold", 170), ("window", 17)])
def test_the_rest_is_how_long_a_value_counts(kind: str, count: int) -> None:
    """By the time that values held the same loop finds what the engine finds; a threshold has no such question."""
    assert ours(kind)[1] == count
    if kind == "window":
        assert len(openings(of_held)) == count
