"""``python -m bench [name …] [--data DIR]``: measure, print a table, write ``bench/results.json``.

``python -m bench city [--days N] [--seed S …] [--communities K]`` simulates other cities than the default.

One measurement that fails does not hide the others: its error stands in the table and the exit code is 1. Figures are
ratios taken in one run; the machine's name, load and cores stand beside them.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time

from bench.city.command import main as city
from bench.replay_files import DATA_VARIABLE
from bench.rows import Row, keep

MODULES = (
    "ingest_bench",
    "rules_bench",
    "rule_rivals_bench",
    "rule_streams_bench",
    "rule_load_bench",
    "sight_bench",
    "storm_bench",
    "registry_bench",
    "backtest_bench",
    "groups_bench",
    "replays_bench",
    "city_bench",
    "dispatch_city_bench",
    "queue_bench",
    "notification_bench",
    "gateway_bench",
    "line_bench",
    "store_bench",
    "equipment_bench",
    "streams_bench",
    "first_paint_bench",
    "bus_bench",
    "plant_room_bench",
    "demo_bench",
)


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
    """Run and report; ``city`` has options of its own."""
    if sys.argv[1:2] == ["city"]:
        return city(sys.argv[2:])
    asked = _asked()
    if asked.data is not None:
        os.environ[DATA_VARIABLE] = asked.data
    names = tuple(_module(name) for name in asked.name) or MODULES
    rows, errors = measure(names)
    print(table(rows))
    for error in errors:
        print(f"failed: {error}")
    keep(rows, every=names == MODULES)
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


if __name__ == "__main__":
    sys.exit(main())
