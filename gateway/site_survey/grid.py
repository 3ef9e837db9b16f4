"""The live grid: what every word could mean, the plausible meanings first.

A number is plausible when it could come from a sensor: finite, of a size that people write on displays, and smooth
from read to read. A wrong word order turns the noise of the low word into jumps of the high one, so smoothness
separates what size alone does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.readings import Float64s
from gateway.profile import Order
from gateway.site_survey.forms import FORMS, Form, values
from gateway.site_survey.words import Snapshot


@dataclass(frozen=True, slots=True)
class Meaning:
    """One way to read the words at an address.

    Attributes:
        form: type and order.
        value: in the newest snapshot.
        plausibility: 0 to 1.
    """

    form: Form
    value: float
    plausibility: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One address.

    Attributes:
        function, address: the place.
        word: in the newest snapshot.
        meanings: all forms that fit the words that follow, the most plausible first.
    """

    function: int
    address: int
    word: int
    meanings: tuple[Meaning, ...]


def grid(history: Sequence[Snapshot]) -> tuple[Cell, ...]:
    """Every address of the newest snapshot with all its meanings; older snapshots tell how smooth each one is.

    Raises:
        ValueError: if there is no snapshot.
    """
    if not history:
        raise ValueError("a grid needs at least one snapshot")
    cells = []
    for function, start, words in history[-1].blocks():
        columns = [_columns(history, function, start, len(words), form) for form in FORMS]
        scores = [plausibility(column, form) for column, form in zip(columns, FORMS, strict=True)]
        for index, word in enumerate(words.tolist()):
            found = [
                Meaning(form, float(column[-1, index]), float(score[index]))
                for form, column, score in zip(FORMS, columns, scores, strict=True)
                if np.isfinite(column[-1, index])
            ]
            found.sort(key=lambda meaning: -meaning.plausibility)
            cells.append(Cell(function, start + index, word, tuple(found)))
    return tuple(cells)


def _columns(history: Sequence[Snapshot], function: int, start: int, count: int, form: Form) -> Float64s:
    """float64[s, n]: the form at n addresses in s snapshots; NaN where a snapshot lacks a word."""
    rows = []
    for snapshot in history:
        places = [(function, start + index) for index in range(count)]
        present = np.array([place in snapshot.words for place in places])
        words = np.array([snapshot.words.get(place, 0) for place in places], np.uint16)
        row = values(words, form)
        whole = np.ones(count, np.bool_)
        for shift in range(min(form.words, count)):
            whole[: count - shift] &= present[shift:]
        row[~whole] = np.nan
        rows.append(row)
    return np.array(rows)


def plausibility(column: Float64s, form: Form) -> Float64s:
    """How likely each number comes from a sensor.

    Args:
        column: float64[s, n], n numbers in s snapshots, oldest first.
        form: how they were read.

    Returns:
        float64[n], 0 to 1; 0 where the newest is NaN.
    """
    newest = np.abs(column[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.log10(newest)
    # Displays show 0.001 to 10 million; beyond, belief falls by a decade of size, and never to nothing.
    beyond = np.maximum(0, np.maximum(-3 - magnitude, magnitude - 7))
    size = np.where(newest == 0, 0.5, np.exp(-beyond))
    size = np.where(np.isnan(newest), 0.0, size) * _prior(form)
    return size * _smoothness(column)


def _prior(form: Form) -> float:
    """How usual a form is, and how seldom other words look like it.

    Every word is an integer, but few pairs of words are a float of a size that people write: where one is, it is meant.
    64 bits are rare, and so are bytes swapped within words.
    """
    swapped = form.order in (Order.BADC, Order.DCBA)
    kind = 1.0 if form.floating else 0.6 if form.words == 1 else 0.5
    return kind * (0.7 if form.words == 4 else 1.0) * (0.8 if swapped else 1.0)


def _smoothness(column: Float64s) -> Float64s:
    """1 for what stands still or moves a little, towards 0 for what jumps by its own size."""
    if len(column) < 2:
        return np.ones(column.shape[1])
    steps = np.abs(np.diff(column, axis=0))
    scale = np.abs(column[:-1]) + np.abs(column[1:]) + 1e-9
    relative = np.where(np.isnan(steps), 1.0, steps / scale).mean(axis=0)
    result: Float64s = 1 / (1 + 10 * relative)
    return result
