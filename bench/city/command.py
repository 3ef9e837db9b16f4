"""``python -m bench city``: simulate for some seeds, keep the figures in ``bench/city.json``, write ``docs/city.md`` from them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from app.backtest import Progress
from bench.city.page import page
from bench.city.run import Wish, run
from bench.city.told import told

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
    runs = [] if asked.page else [_one(seed, asked) for seed in asked.seed]
    kept = _kept()
    for one in runs:
        kept = [old for old in kept if old["seed"] != one["seed"]] + [one]
    kept.sort(key=lambda one: one["seed"])
    RESULTS.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")
    for one in runs or kept:
        print(json.dumps({key: one[key] for key in ("seed", "days", "bounds", "faults", "found")}, ensure_ascii=False))
    return 0 if all(bound["held"] for one in runs or kept for bound in one["bounds"]) else 1


def _one(seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    def tell(progress: Progress) -> None:
        print(f"seed {seed}: {progress.share:.0%}, {progress.spent_s:.0f} s", file=sys.stderr, flush=True)

    return told(run(Wish(days=asked.days, seed=seed, communities=asked.communities), tell))


def _kept() -> list[dict[str, Any]]:
    try:
        return list(json.loads(RESULTS.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []
