"""``python -m bench [name …] [--data DIR]``: measure, print a table, write ``bench/results.json``.

One measurement that fails does not hide the others: its error stands in the table and the exit code is 1. Figures are
ratios taken in one run; the machine's name, load and cores stand beside them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.replay_files import DATA_VARIABLE
from bench.rows import Row

MODULES = (
    "ingest_bench",
    "rules_bench",
    "rule_rivals_bench",
    "sight_bench",
    "backtest_bench",
    "groups_bench",
    "replays_bench",
    "gateway_bench",
    "line_bench",
    "store_bench",
    "bus_bench",
    "plant_room_bench",
    "demo_bench",
)
RESULTS = Path(__file__).parent / "results.json"


def measure(names: tuple[str, ...]) -> tuple[list[Row], list[str]]:
    """(rows, errors) of these modules, one after the other."""
    rows: list[Row] = []
    errors: list[str] = []
    for name in names:
        print(f"… {name}", file=sys.stderr, flush=True)
        begin = time.monotonic()
        try:
            rows += importlib.import_module(f"bench.{name}").rows()
        except Exception as error:  # noqa: BLE001 - the boundary of one measurement; reported, and the exit code says so
            errors.append(f"{name}: {type(error).__name__}: {error}")
        print(f"  {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return rows, errors


def shown(value: float) -> str:
    """A figure with three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    lines = ["| figure | value | unit | ratio | against | shape |", "|---|---:|---|---:|---|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.name} | {shown(row.value)} | {row.unit} | {ratio} | {row.against} | {row.note} |")
    return "\n".join(lines)


def main() -> int:
    """Run and report."""
    asked = _asked()
    if asked.data is not None:
        os.environ[DATA_VARIABLE] = asked.data
    names = tuple(_module(name) for name in asked.name) or MODULES
    rows, errors = measure(names)
    print(table(rows))
    for error in errors:
        print(f"failed: {error}")
    about = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }
    kept = [] if names == MODULES else [row for row in _previous() if row["name"] not in {fresh.name for fresh in rows}]
    RESULTS.write_text(json.dumps({"about": about, "rows": kept + [asdict(row) for row in rows]}, indent=1) + "\n")
    return 1 if errors else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure; without names everything.")
    known = ", ".join(name.removesuffix("_bench") for name in MODULES)
    parser.add_argument("name", nargs="*", help=f"what to measure: {known}, or another module of bench")
    parser.add_argument(
        "--data", metavar="DIR", help=f"folder of recordings for replays; else {DATA_VARIABLE}, else ../shared/data"
    )
    return parser.parse_args()


def _module(name: str) -> str:
    """The module of a measurement; ``rules`` stands for ``rules_bench``."""
    return f"{name}_bench" if f"{name}_bench" in MODULES else name


def _previous() -> list[dict[str, object]]:
    try:
        return list(json.loads(RESULTS.read_text())["rows"])
    except (OSError, ValueError, KeyError):
        return []


if __name__ == "__main__":
    sys.exit(main())
