"""An expression over columns: series × moments, one pass per node. Pure.

Windows are open on the left, (t − range, t], as in Prometheus 3; a value at a moment is the newest reading that still
holds then by its own point, where Prometheus takes five minutes for everything, and there is none while the newest
reading is not good. ``rate`` and its kin extrapolate as Prometheus does.
Source: Prometheus, ``promql/functions.go`` (``extrapolatedRate``), ``promql/engine.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.prometheus import findings as say
from api.prometheus.tree import Each, Expression, Group, Number, Over, QueryError, Selector, Sum
from core.readings import Float64s, Int64s

Bools = NDArray[np.bool_]
Labels = Mapping[str, str]

_NAME: Final = "__name__"
_KEEP_NAME: Final = frozenset({"last_over_time"})
_MOST_WINDOW_READINGS: Final = 40_000_000
_NEAR: Final = 1.1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Course:
    """What is known of one series: readings, or buckets that stand at their end; columns of one length, ascending.

    Attributes:
        labels: of the series, with ``__name__``.
        hold_ms: how long a value holds.
        time_ms: int64[n].
        good: bool[n], whether there is a number.
        last, low, high, total: float64[n]; of a reading all the same.
        count: int64[n], good readings.
    """

    labels: Labels
    hold_ms: int
    time_ms: Int64s
    good: Bools
    last: Float64s
    low: Float64s
    high: Float64s
    total: Float64s
    count: Int64s


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Vector:
    """Series over moments: ``value`` and ``there`` are [series, moments]; a value that is not there means nothing."""

    labels: Sequence[Labels]
    value: Float64s
    there: Bools


Scalar = Float64s
Fetch = Callable[[Selector], Sequence[Course]]


def evaluate(tree: Expression, times_ms: Int64s, fetch: Fetch) -> Scalar | Vector:
    """The value of an expression at each moment.

    Args:
        tree: as ``grammar.parse`` makes it.
        times_ms: int64[t], ascending.
        fetch: brings the courses of a selector over all moments, its range and what holds before it.

    Returns:
        float64[t] where it has no series, else a vector without series that are nowhere there.

    Raises:
        QueryError: if it asks for too much.
    """
    with np.errstate(all="ignore"):
        found = _Evaluation(times_ms, fetch).of(tree)
    if not isinstance(found, Vector):
        return found
    kept = np.flatnonzero(found.there.any(axis=1))
    return Vector(labels=[found.labels[row] for row in kept.tolist()], value=found.value[kept], there=found.there[kept])


class _Evaluation:
    """One query; counts what its windows cost."""

    def __init__(self, times_ms: Int64s, fetch: Fetch) -> None:
        self._times_ms = times_ms
        self._fetch = fetch
        self._work = 0

    def of(self, tree: Expression) -> Scalar | Vector:
        match tree:
            case Number():
                return np.full(len(self._times_ms), tree.value)
            case Selector():
                return self._at_moments(tree)
            case Over():
                return self._over(tree)
            case Each():
                return _each(tree.function, self.of(tree.of))
            case Group():
                return _group(tree, self.of(tree.of))
            case Sum():
                return _sum(tree.operator, self.of(tree.left), self.of(tree.right))

    def _at_moments(self, selector: Selector) -> Vector:
        courses = self._fetch(selector)
        vector = _nothing([one.labels for one in courses], len(self._times_ms))
        at_ms = self._times_ms - selector.offset_ms
        for row, one in enumerate(courses):
            if not len(one.time_ms):
                continue
            index = np.searchsorted(one.time_ms, at_ms, side="right") - 1
            newest = np.maximum(index, 0)
            holds = (index >= 0) & (one.time_ms[newest] > at_ms - one.hold_ms) & one.good[newest]
            vector.there[row] = holds
            vector.value[row, holds] = one.last[newest[holds]]
        return vector

    def _over(self, tree: Over) -> Vector:
        courses = self._fetch(tree.of)
        keep = tree.function in _KEEP_NAME
        vector = _nothing([one.labels if keep else _nameless(one.labels) for one in courses], len(self._times_ms))
        at_ms = self._times_ms - tree.of.offset_ms
        for row, one in enumerate(courses):
            rows = np.flatnonzero(one.good)
            time_ms = one.time_ms[rows]
            begin = np.searchsorted(time_ms, at_ms - tree.of.range_ms, side="right")
            end = np.searchsorted(time_ms, at_ms, side="right")
            self._work += int((end - begin).sum())
            if self._work > _MOST_WINDOW_READINGS:
                raise QueryError(say.MUCH_WORK, "execution")
            window = _Windows(one, rows, begin, end)
            least = 2 if tree.function in _SLOPES else 1
            there = end - begin >= least
            if there.any():
                vector.there[row] = there
                made = _WINDOWED[tree.function](window, there, at_ms[there], tree.of.range_ms)
                vector.value[row, there] = made
        return vector


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """The windows of one course: rows [begin, end) of its good readings for each moment."""

    course: Course
    rows: NDArray[np.intp]
    begin: NDArray[np.intp]
    end: NDArray[np.intp]

    def reduce(self, ufunc: np.ufunc, column: NDArray[np.generic], there: Bools) -> Float64s:
        """``ufunc`` over each window that is there; float64 of as many."""
        taken = np.append(column[self.rows].astype(np.float64), 0.0)
        bounds = np.column_stack((self.begin[there], self.end[there])).ravel()
        found: Float64s = ufunc.reduceat(taken, bounds)[::2]
        return found

    def edge(self, column: NDArray[np.generic], there: Bools, *, first: bool) -> NDArray[np.generic]:
        """The first or last row of each window that is there."""
        index = self.begin[there] if first else self.end[there] - 1
        found: NDArray[np.generic] = column[self.rows[index]]
        return found


Windowed = Callable[[_Windows, Bools, Int64s, int], Float64s]


def _total(window: _Windows, there: Bools, _at_ms: Int64s, _range_ms: int) -> Float64s:
    return window.reduce(np.add, window.course.total, there)


def _count(window: _Windows, there: Bools, _at_ms: Int64s, _range_ms: int) -> Float64s:
    return window.reduce(np.add, window.course.count, there)


def _average(window: _Windows, there: Bools, at_ms: Int64s, range_ms: int) -> Float64s:
    return _total(window, there, at_ms, range_ms) / _count(window, there, at_ms, range_ms)


def _least(window: _Windows, there: Bools, _at_ms: Int64s, _range_ms: int) -> Float64s:
    return window.reduce(np.fmin, window.course.low, there)


def _most(window: _Windows, there: Bools, _at_ms: Int64s, _range_ms: int) -> Float64s:
    return window.reduce(np.fmax, window.course.high, there)


def _last(window: _Windows, there: Bools, _at_ms: Int64s, _range_ms: int) -> Float64s:
    return window.edge(window.course.last, there, first=False).astype(np.float64)


def _present(_window: _Windows, there: Bools, _at_ms: Int64s, _range_ms: int) -> Float64s:
    return np.ones(int(there.sum()))


def _deviation(window: _Windows, there: Bools, at_ms: Int64s, range_ms: int) -> Float64s:
    # Around the middle of the whole course, so that squares of large values do not eat the difference.
    middle = float(np.mean(window.course.last[window.rows]))
    centred = window.course.last - middle
    n = window.reduce(np.add, np.ones(len(centred)), there)
    mean = window.reduce(np.add, centred, there) / n
    squares = window.reduce(np.add, centred * centred, there) / n
    found: Float64s = np.sqrt(np.maximum(squares - mean * mean, 0.0))
    return found


def _slope(
    window: _Windows, there: Bools, at_ms: Int64s, range_ms: int, *, counter: bool, per_second: bool
) -> Float64s:
    """Difference over the window, extrapolated to its ends; resets of a counter are added back."""
    course, rows = window.course, window.rows
    first = window.edge(course.last, there, first=True).astype(np.float64)
    last = window.edge(course.last, there, first=False).astype(np.float64)
    begin_ms = window.edge(course.time_ms, there, first=True).astype(np.int64)
    end_ms = window.edge(course.time_ms, there, first=False).astype(np.int64)
    moved = last - first
    if counter:
        value = course.last[rows]
        lost = np.append(0.0, np.where(value[1:] < value[:-1], value[:-1], 0.0))
        fallen = np.cumsum(lost)
        moved = moved + fallen[window.end[there] - 1] - fallen[window.begin[there]]
    # Differences first: seconds since 1970 have few digits left behind the point.
    sampled_s = (end_ms - begin_ms) / 1000
    between_s = sampled_s / (window.end[there] - window.begin[there] - 1)
    before_s = (begin_ms - (at_ms - range_ms)) / 1000
    after_s = (at_ms - end_ms) / 1000
    if counter:
        to_zero_s = np.where((moved > 0) & (first >= 0), sampled_s * first / moved, np.inf)
        before_s = np.minimum(before_s, to_zero_s)
    near_s = between_s * _NEAR
    reach_s = sampled_s + np.where(before_s < near_s, before_s, between_s / 2)
    reach_s = reach_s + np.where(after_s < near_s, after_s, between_s / 2)
    found: Float64s = moved * (reach_s / sampled_s)
    return found / (range_ms / 1000) if per_second else found


def _rate(window: _Windows, there: Bools, at_ms: Int64s, range_ms: int) -> Float64s:
    return _slope(window, there, at_ms, range_ms, counter=True, per_second=True)


def _increase(window: _Windows, there: Bools, at_ms: Int64s, range_ms: int) -> Float64s:
    return _slope(window, there, at_ms, range_ms, counter=True, per_second=False)


def _delta(window: _Windows, there: Bools, at_ms: Int64s, range_ms: int) -> Float64s:
    return _slope(window, there, at_ms, range_ms, counter=False, per_second=False)


_SLOPES: Final = frozenset({"rate", "increase", "delta"})
_WINDOWED: Final[Mapping[str, Windowed]] = {
    "avg_over_time": _average,
    "min_over_time": _least,
    "max_over_time": _most,
    "sum_over_time": _total,
    "count_over_time": _count,
    "last_over_time": _last,
    "present_over_time": _present,
    "stddev_over_time": _deviation,
    "rate": _rate,
    "increase": _increase,
    "delta": _delta,
}


def _half_up(value: Float64s) -> Float64s:
    """Prometheus rounds halves up; NumPy to the even one."""
    found: Float64s = np.floor(value + 0.5)
    return found


_EACH: Final[Mapping[str, Callable[[Float64s], Float64s]]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "round": _half_up,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "ln": np.log,
}


def _each(function: str, found: Scalar | Vector) -> Scalar | Vector:
    if not isinstance(found, Vector):
        return found
    return Vector(labels=_all_nameless(found.labels), value=_EACH[function](found.value), there=found.there)


_OPERATORS: Final[Mapping[str, Callable[[Float64s, Float64s], Float64s]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
}


def _sum(operator: str, left: Scalar | Vector, right: Scalar | Vector) -> Scalar | Vector:
    work = _OPERATORS[operator]
    if isinstance(left, Vector):
        other = right.value if isinstance(right, Vector) else right[np.newaxis, :]
        return Vector(labels=_all_nameless(left.labels), value=work(left.value, other), there=left.there)
    if isinstance(right, Vector):
        return Vector(
            labels=_all_nameless(right.labels), value=work(left[np.newaxis, :], right.value), there=right.there
        )
    return work(left, right)


def _group(tree: Group, found: Scalar | Vector) -> Scalar | Vector:
    if not isinstance(found, Vector):
        return found
    members: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for row, labels in enumerate(found.labels):
        kept = {
            name: value
            for name, value in labels.items()
            if (name not in tree.labels and name != _NAME if tree.without else name in tree.labels)
        }
        members.setdefault(tuple(sorted(kept.items())), []).append(row)
    made = _nothing([dict(key) for key in members], found.value.shape[1])
    for row, rows in enumerate(members.values()):
        there = found.there[rows]
        made.there[row] = there.any(axis=0)
        made.value[row] = _grouped(tree.function, found.value[rows], there)
    return made


def _grouped(function: str, value: Float64s, there: Bools) -> Float64s:
    """[members, moments] to [moments]; where no member is there the number means nothing."""
    n = there.sum(axis=0)
    known = np.where(there, value, 0.0)
    match function:
        case "sum":
            return np.asarray(known.sum(axis=0))
        case "avg":
            return np.asarray(known.sum(axis=0) / n)
        case "min":
            return np.asarray(np.fmin.reduce(np.where(there, value, np.nan), axis=0))
        case "max":
            return np.asarray(np.fmax.reduce(np.where(there, value, np.nan), axis=0))
        case "count":
            return np.asarray(n.astype(np.float64))
        case "stddev":
            mean = known.sum(axis=0) / n
            apart = np.where(there, value - mean, 0.0)
            return np.asarray(np.sqrt((apart * apart).sum(axis=0) / n))
        case _:
            return np.ones(value.shape[1])


def _nothing(labels: Sequence[Labels], moments: int) -> Vector:
    shape = (len(labels), moments)
    return Vector(labels=labels, value=np.zeros(shape), there=np.zeros(shape, np.bool_))


def _nameless(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if name != _NAME}


def _all_nameless(every: Sequence[Labels]) -> Sequence[Labels]:
    return [_nameless(labels) for labels in every]
