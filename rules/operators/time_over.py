"""``time(condition) over w`` and ``share(condition) over w``: how long it was true, and which part of what is known."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held
from rules.operators.folds import Plain
from rules.operators.kinds import Takes, WindowAggregate
from rules.operators.units import plain_number, seconds


def true_ms(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The milliseconds, where it was true."""
    del from_ms
    return value * held_ms


def true_ms_of(held: Held) -> Shares:
    """The milliseconds of stretches."""
    return held.sum(held.value * held.held_ms)


def time_true(total: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """In seconds."""
    del known_ms, begin_ms
    result: Floats = total / 1000
    return result


def share_true(total: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """Of the known time."""
    del begin_ms
    with np.errstate(all="ignore"):
        result: Floats = total / known_ms
        return result


TIME_OVER = WindowAggregate(
    word="time",
    identity=np.array(0.0),
    piece=true_ms,
    fold=Plain(np.add),
    finish=time_true,
    unit=seconds,
    takes=Takes.CONDITION,
    gather=true_ms_of,
)

SHARE_OVER = WindowAggregate(
    word="share",
    identity=np.array(0.0),
    piece=true_ms,
    fold=Plain(np.add),
    finish=share_true,
    unit=plain_number,
    takes=Takes.CONDITION,
    gather=true_ms_of,
)
