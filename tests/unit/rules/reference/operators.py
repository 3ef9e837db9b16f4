"""Scalar twins of the operators: one value at a time, ``None`` is unknown. Written from docs/alarms.md alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import median
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

Held = list[tuple[float, int, int]]
"""What was held in a window: (value, from, until) in milliseconds, in time order, until later than from."""


def _exact(held: Held) -> list[tuple[Fraction, Fraction, Fraction]]:
    """(value, length, middle) of every piece, in fractions: nothing is rounded before the end."""
    return [(Fraction(value), Fraction(stop - start), Fraction(start + stop, 2)) for value, start, stop in held]


def _mean(held: Held) -> float:
    return sum(value * (stop - start) for value, start, stop in held) / sum(stop - start for _, start, stop in held)


def _stddev(held: Held) -> float:
    pieces = _exact(held)
    total = sum(length for _, length, _ in pieces)
    mean = sum(value * length for value, length, _ in pieces) / total
    return math.sqrt(sum((value - mean) ** 2 * length for value, length, _ in pieces) / total)


def _slope(held: Held) -> float:
    """Integrals of (t - mean t)(x - mean x) and (t - mean t)² over the known time, the quotient per second."""
    pieces = _exact(held)
    total = sum(length for _, length, _ in pieces)
    mean = sum(value * length for value, length, _ in pieces) / total
    moment = sum(middle * length for _, length, middle in pieces) / total
    products = sum((value - mean) * (middle - moment) * length for value, length, middle in pieces)
    squares = sum((middle - moment) ** 2 * length + length**3 / 12 for _, length, middle in pieces)
    return float(products / squares * 1000)


def _increase(held: Held) -> float:
    values = [value for value, _, _ in held]
    return float(sum(after - before if after >= before else after for before, after in pairwise(values)))


def _changes(held: Held) -> float:
    return float(sum(before != after for (before, _, _), (after, _, _) in pairwise(held)))


def _stuck(held: Held, begin_ms: int) -> Number:
    if len({value for value, _, _ in held}) > 1:
        return 0.0
    return 1.0 if held[0][1] == begin_ms else None


def _runs(held: Held) -> list[float]:
    """The values one after the other, the same ones in a row as one."""
    return [value for value, _ in groupby(value for value, _, _ in held)]


def _spike(held: Held) -> float:
    """The farthest that any value lies outside the band of the two beside it."""
    runs = _runs(held)
    outside = [max(b - max(a, c), min(a, c) - b, 0.0) for a, b, c in zip(runs, runs[1:], runs[2:], strict=False)]
    return max(outside, default=0.0)


def _travel(held: Held) -> float:
    return float(sum(abs(Fraction(after) - Fraction(before)) for before, after in pairwise(_runs(held))))


def _missing(held: Held) -> float:
    return 1 - sum(stop - start for _, start, stop in held) / (held[-1][2] - held[0][1])


def _true_s(held: Held) -> float:
    return sum(stop - start for value, start, stop in held if value == 1.0) / 1000


def _true_share(held: Held) -> float:
    true = sum(stop - start for value, start, stop in held if value == 1.0)
    return true / sum(stop - start for _, start, stop in held)


def _starts(held: Held) -> float:
    return float(sum((before, after) == (0.0, 1.0) for (before, _, _), (after, _, _) in pairwise(held)))


def usual(samples: Sequence[Number]) -> Number:
    """The median, if at least half of the samples are known."""
    known = [value for value in samples if value is not None]
    return median(known) if known and 2 * len(known) >= len(samples) else None


def strange(samples: Sequence[Number], last: Number) -> Number:
    """How many usual scatters a value lies from the usual."""
    centre = usual(samples)
    if centre is None or last is None:
        return None
    scatter = usual([None if value is None else abs(value - centre) for value in samples])
    return (last - centre) / (1.4826 * scatter) if scatter else None


LEARNED_TWINS: dict[str, Callable[[Sequence[Number], Number], Number]] = {
    "baseline": lambda samples, _: usual(samples),
    "deviation": strange,
}
"""Of the means of the same hours in the weeks before, and the mean of the hour that has ended."""

WINDOW_TWINS: dict[str, Callable[[Held, int], Number]] = {
    "mean": lambda held, _: _mean(held),
    "min": lambda held, _: min(value for value, _, _ in held),
    "max": lambda held, _: max(value for value, _, _ in held),
    "range": lambda held, _: max(value for value, _, _ in held) - min(value for value, _, _ in held),
    "stddev": lambda held, _: _stddev(held),
    "slope": lambda held, _: _slope(held),
    "delta": lambda held, _: held[-1][0] - held[0][0],
    "increase": lambda held, _: _increase(held),
    "rate": lambda held, _: _increase(held) / (held[-1][2] - held[0][1]) * 1000,
    "changes": lambda held, _: _changes(held),
    "stuck": _stuck,
    "spike": lambda held, _: _spike(held),
    "travel": lambda held, _: _travel(held),
    "missing": lambda held, _: _missing(held),
    "baseline": lambda held, _: _mean(held),
    "deviation": lambda held, _: _mean(held),
    "time": lambda held, _: _true_s(held),
    "share": lambda held, _: _true_share(held),
    "count": lambda held, _: _starts(held),
}


def at_least(count: int, parts: Sequence[Truth]) -> Truth:
    """Of several conditions at least so many: unknown ones may turn out either way."""
    if sum(part is True for part in parts) >= count:
        return True
    return False if sum(part is not False for part in parts) < count else None


GROUP_TWINS: dict[str, Callable[[list[float]], float]] = {
    "count": lambda known: float(sum(value == 1 for value in known)),
    "share": lambda known: sum(value == 1 for value in known) / len(known),
    "sum": sum,
    "mean": lambda known: sum(known) / len(known),
    "min": min,
    "max": max,
    "median": median,
}
"""Of the values of the members that are known, at least one; conditions are 1 and 0."""
