"""One measured row, as it is printed and written to ``bench/results.json``."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


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


def keep(rows: Sequence[Row], *, every: bool = False, file: Path = RESULTS) -> None:
    """Write rows to ``bench/results.json``: instead of those of the same names, or (``every``) of all."""
    names = {row.name for row in rows}
    old = [] if every else [row for row in _previous(file) if row["name"] not in names]
    about = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }
    file.write_text(json.dumps({"about": about, "rows": old + [asdict(row) for row in rows]}, indent=1) + "\n")


def _previous(file: Path) -> list[dict[str, object]]:
    try:
        return list(json.loads(file.read_text())["rows"])
    except (OSError, ValueError, KeyError):
        return []
