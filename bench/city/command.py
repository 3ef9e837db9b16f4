"""``python -m bench city``: simulate for some seeds, keep the figures, and write ``docs/city.md`` from them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.backtest import Progress
from bench.city.page import Kept, page
from bench.city.run import Wish, run
from bench.city.told import told
from bench.rows import Row, keep

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "city.json"
PAGE = HERE.parent.parent / "docs" / "city.md"


def main(arguments: list[str]) -> int:
    """Run; 0 if every bound held for every seed."""
    parser = argparse.ArgumentParser(prog="python -m bench city", description=__doc__)
    parser.add_argument("--days", type=int, default=14, help="days that are counted (default 14)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one run for each (default 1)")
    parser.add_argument("--communities", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--page", action="store_true", help="only write docs/city.md anew from bench/city.json")
    asked = parser.parse_args(arguments)
    if asked.days < 1 or asked.communities < 1:
        parser.error("days and communities must be at least 1")
    kept = _kept()
    if asked.page:
        PAGE.write_text(page(kept), encoding="utf-8")
        return 0
    runs = [simulated(Wish(days=asked.days, seed=seed, communities=asked.communities)) for seed in asked.seed]
    rows = renew(runs)
    keep(rows)
    for row in rows:
        print(f"{row.name}: {row.value:g} {row.unit} ({row.against}; {row.note})")
    return 0 if all(bound["held"] for one in runs for bound in one["bounds"]) else 1


def simulated(wish: Wish) -> dict[str, Any]:
    """One run as data, with its progress on the standard error."""

    def tell(progress: Progress) -> None:
        print(f"  seed {wish.seed}: {progress.share:.0%}, {progress.spent_s:.0f} s", file=sys.stderr, flush=True)

    return told(run(wish, tell))


def renew(runs: Sequence[Kept]) -> list[Row]:
    """Keep these runs instead of those of the same seeds, write the page, and return the rows of all that are kept."""
    fresh = {one["seed"] for one in runs}
    kept = sorted([old for old in _kept() if old["seed"] not in fresh] + list(runs), key=lambda one: int(one["seed"]))
    RESULTS.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")
    return [row for one in kept for row in rows_of(one)]


_NAMES = ("false_per_100_points", "tasks_a_day", "tasks_an_hour", "plain_tasks_an_hour", "night_below_high")
_UNITS = ("false alarms a day and 100 points", "tasks", "tasks", "tasks", "tasks")


def rows_of(one: Kept) -> list[Row]:
    """The figures of a run that ``bench/results.json`` keeps."""
    prefix = f"city_seed_{one['seed']}"
    note = (
        f"{one['days']} days, {one['communities']} communities, {one['facilities']} facilities, {one['points']} points"
    )
    rows = [
        Row(
            name=f"{prefix}_{name}",
            value=bound["value"],
            unit=unit,
            against=f"at most {bound['most']:g}",
            ratio=bound["value"] / bound["most"] if bound["most"] else None,
            note=f"{bound['what']}; {note}",
        )
        for name, unit, bound in zip(_NAMES, _UNITS, one["bounds"], strict=True)
    ]
    return [
        *rows,
        Row(
            name=f"{prefix}_found",
            value=one["found"],
            unit="faults",
            against=f"{one['faults']} scripted",
            ratio=one["found"] / one["faults"] if one["faults"] else None,
            note=f"{one['alarms']} alarms, {one['false']} of them false; {note}",
        ),
    ]


def _kept() -> list[Kept]:
    try:
        return list(json.loads(RESULTS.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []
