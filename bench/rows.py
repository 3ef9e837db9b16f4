"""One measured row, as it is printed and written to ``bench/results.json``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A figure beside what it is to be compared with.

    Attributes:
        name: stable name of the figure, such as ``rules_inorder_readings_s``.
        value: the figure.
        unit: its unit.
        against: what was measured beside it in the same run (rival or limit), in words with its own figure.
        ratio: value divided by the rival's figure; ``None`` where a ratio says nothing.
        note: shape of the load, number of runs, spread.
    """

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None
    note: str = ""
