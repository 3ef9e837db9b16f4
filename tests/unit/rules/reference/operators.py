"""Scalar twins of the operators: one value at a time, ``None`` is unknown. Written from docs/alarms.md alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Number = float | None
Truth = bool | None


def _finite(value: float) -> Number:
    return value if math.isfinite(value) else None


def _known(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Unknown in, unknown out."""

    def twin(*args: Any) -> Any:
        return None if any(arg is None for arg in args) else compute(*args)

    return twin


def _divide(left: float, right: float) -> Number:
    return None if right == 0 else _finite(left / right)


def _not(operand: Truth) -> Truth:
    return None if operand is None else not operand


def _and(left: Truth, right: Truth) -> Truth:
    if left is False or right is False:
        return False
    return True if left and right else None


def _or(left: Truth, right: Truth) -> Truth:
    if left or right:
        return True
    return False if left is False and right is False else None


def _inside(value: Number, low: Number, high: Number) -> Truth:
    """Is it at least low and at most high, in Kleene's sense."""
    return _and(_known(lambda a, b: a >= b)(value, low), _known(lambda a, b: a <= b)(value, high))


TWINS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Comparison", ">"): _known(lambda a, b: a > b),
    ("Comparison", ">="): _known(lambda a, b: a >= b),
    ("Comparison", "<"): _known(lambda a, b: a < b),
    ("Comparison", "<="): _known(lambda a, b: a <= b),
    ("Comparison", "=="): _known(lambda a, b: a == b),
    ("Comparison", "!="): _known(lambda a, b: a != b),
    ("RangeTest", "in"): _inside,
    ("RangeTest", "outside"): lambda value, low, high: _not(_inside(value, low, high)),
    ("Connective", "and"): _and,
    ("Connective", "or"): _or,
    ("Connective", "not"): _not,
    ("Arithmetic", "+"): _known(lambda a, b: _finite(a + b)),
    ("Arithmetic", "-"): _known(lambda a, b: _finite(a - b)),
    ("Arithmetic", "*"): _known(lambda a, b: _finite(a * b)),
    ("Arithmetic", "/"): _known(_divide),
    ("Function", "abs"): _known(abs),
    ("Function", "min"): _known(min),
    ("Function", "max"): _known(max),
}

Held = list[tuple[float, int]]
"""What was held in a window: (value, milliseconds > 0), in time order."""


def _mean(held: Held) -> float:
    return sum(value * held_ms for value, held_ms in held) / sum(held_ms for _, held_ms in held)


WINDOW_TWINS: dict[str, Callable[[Held], float]] = {
    "mean": _mean,
    "min": lambda held: min(value for value, _ in held),
    "max": lambda held: max(value for value, _ in held),
}
