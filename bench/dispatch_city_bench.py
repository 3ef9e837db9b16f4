"""The dispatch of a simulated city for a season, two seeds, beside naive routing (``docs/dispatch.md``)."""

from __future__ import annotations

import time
from pathlib import Path

from bench.dispatch_city.page import page
from bench.dispatch_city.season import Season, Wish, season
from bench.rows import Row

SEEDS = (1, 2)
PAGE = Path(__file__).resolve().parent.parent / "docs" / "dispatch.md"
LIMIT_S = 300.0


def rows() -> list[Row]:
    """Simulate, write the page, answer the figures."""
    seasons, took_s = [], []
    for seed in SEEDS:
        began_s = time.monotonic()
        seasons.append(season(Wish(seed=seed)))
        took_s.append(time.monotonic() - began_s)
    PAGE.write_text(page(seasons), encoding="utf-8")
    return [line for one, spent_s in zip(seasons, took_s, strict=True) for line in _rows(one, spent_s)]


def _rows(one: Season, spent_s: float) -> list[Row]:
    ours, *others = one.ways
    size = f"{one.people} workers, {one.vacant} of {one.posts} posts vacant, {one.facilities:,} facilities"
    note = f"seed {one.wish.seed}: {one.wish.days} days, {size}"

    def row(name: str, value: float, unit: str, against: str, ratio: float | None = None) -> Row:
        return Row(
            name=f"dispatch_city_{name}_{one.wish.seed}",
            value=value,
            unit=unit,
            against=against,
            ratio=ratio,
            note=note,
        )

    in_time = ", ".join(f"{way.name}: {way.on_time:.1%}" for way in others)
    spread = ", ".join(f"{way.name}: {way.gini:.2f}" for way in others)
    hours = ", ".join(f"{way.name}: {way.workers.hours_over:,}" for way in others)
    days = ", ".join(f"{way.name}: {way.workers.days_over:,}" for way in others)
    much = f"twice the median; explained all but {len(ours.unexplained)}"
    return [
        row("unowned", ours.unowned, "tasks", "limit 0"),
        row("on_time", 100 * ours.on_time, "%", in_time),
        row("gini", ours.gini, "", spread),
        row("days_over", ours.workers.days_over, "worker-days", f"limit 0; {days}"),
        row(
            "hours_over",
            ours.workers.hours_over,
            "tasks",
            f"limit 0, {ours.workers.plain} beyond any bound without urgent ones; {hours}",
        ),
        row("above", len(ours.much), "workers", much),
        row("wall_s", spent_s, "s", f"limit {LIMIT_S:.0f} s, three ways", spent_s / LIMIT_S),
    ]
