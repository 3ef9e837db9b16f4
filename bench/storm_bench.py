"""A storm: 2,000 pumps cross their limit at once and flap at 1 Hz for ten minutes, through rules, journal and cases.

Each run is a process of its own, so that its peak of memory and its processor time are the storm's alone. Measured are
the storm, the same with a death in its middle (the engine goes on from a snapshot twenty seconds old, what the journal
holds, and what was stored since), and the same pumps calm. A run fails unless every alarm, case and task is closed in
the end, and unless the death changes none of the numbers.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.rows import Row

PUMPS = 2_000
DIED_AT_S = 300
_VARIABLE = "TWINGRID_STORM_PUMPS"


def run(kind: str) -> dict[str, float]:
    """One run in this process: ``storm``, ``death`` or ``calm``."""
    from core.alarms import ChangeKind
    from dispatch import tables
    from tests.integration import test_storm as town_of

    with tempfile.TemporaryDirectory() as folder:
        made = town_of.town(Path(folder))
        begun_s = time.process_time()
        snapshot = 0
        if kind == "calm":
            for at_ms in range(0, town_of.FLAP_S * 1000, town_of.STEP_MS):
                made.round(at_ms, 1.0)
        else:
            town_of.flap(made, DIED_AT_S if kind == "death" else None)
            snapshot = len(made.engine.snapshot())
        spent_s = time.process_time() - begun_s
        raging = [case for case in made.rows(tables.case) if case.open]
        for at_ms in range(town_of.FLAP_S * 1000, (town_of.FLAP_S + 20 * 60) * 1000, 5_000):
            made.round(at_ms, 1.0)
        alarms, cases, tasks = (made.rows(table) for table in (tables.alarm, tables.case, tables.task))
        found = {
            "alarms": len(alarms),
            "openings": sum(alarm.flaps for alarm in alarms),
            "changes": sum(made.kinds.values()),
            "opened": made.kinds[ChangeKind.OPENED],
            "cases": len(cases),
            "members": sum(case.members for case in raging),
            "tasks": len(tasks),
            "messages": len(made.rows(tables.outbox)),
            "left": sum(row.active for row in alarms) + sum(row.open for row in (*cases, *tasks)),
            "most_pieces": made.most_pieces,
            "snapshot_mb": snapshot / 1e6,
            "cpu_s": spent_s,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        }
        made.database.dispose()
    return found


def rows() -> list[Row]:
    """The three runs, one after the other."""
    storm, death, calm = (_child(kind) for kind in ("storm", "death", "calm"))
    same = [name for name in storm if name not in {"cpu_s", "peak_mb", "snapshot_mb", "most_pieces"}]
    differing = {name: (storm[name], death[name]) for name in same if storm[name] != death[name]}
    if differing:
        raise ValueError(f"the death in the middle has changed what came of the storm: {differing}")
    if storm["left"] or death["left"]:
        raise ValueError(f"still open in the end: {storm['left']:.0f} and {death['left']:.0f}")
    note = f"{PUMPS:,} pumps in 4 cells cross at once and flap at 1 Hz for 600 s: {PUMPS * 600:,} openings"
    died = f"the same with a death after {DIED_AT_S} s, from a snapshot 20 s old"

    def row(name: str, value: float, unit: str, against: str, of: float | None = None) -> Row:
        return Row(name=f"storm_{name}", value=value, unit=unit, against=against, ratio=of, note=note)

    pieces = f"openings of a pump: 600; with a death: {death['most_pieces']:.0f}"
    peak = f"calm: {calm['peak_mb']:.0f} MB; with a death: {death['peak_mb']:.0f} MB"
    spent = f"calm: {calm['cpu_s']:.1f} s; with a death: {death['cpu_s']:.0f} s"
    left = f"20 min later; with a death: {death['left']:.0f}"
    return [
        row("cases", storm["cases"], "cases", f"one a cell: 4; {died}: {death['cases']:.0f}"),
        row("tasks", storm["tasks"], "tasks", f"two a case; with a death: {death['tasks']:.0f}"),
        row("messages", storm["messages"], "messages", f"with a death: {death['messages']:.0f}"),
        row("alarms", storm["alarms"], "alarms", f"5 a pump: {5 * PUMPS:,}; with a death: {death['alarms']:.0f}"),
        row("changes", storm["changes"], "changes", f"openings: {PUMPS * 600:,}", storm["changes"] / (PUMPS * 600)),
        row("left_open", storm["left"], "alarms, cases and tasks", left),
        row("pieces", storm["most_pieces"], "pieces of a pump", pieces),
        row("snapshot_mb", storm["snapshot_mb"], "MB", "at the end of the storm"),
        row("peak_mb", storm["peak_mb"], "MB", peak, storm["peak_mb"] / calm["peak_mb"]),
        row("cpu_s", storm["cpu_s"], "s of 600 s", spent, storm["cpu_s"] / calm["cpu_s"]),
    ]


def _child(kind: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.storm_bench", kind],
        env={**os.environ, _VARIABLE: str(PUMPS)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=3_600,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1])))
