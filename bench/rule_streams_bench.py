"""Rules beside stream processors for Python in one run: bytewax and river, the same readings and rules.

The rivals run in an environment of their own (``.rivals``, not kept in the repository), made the first time it is
wanted. All figures are readings a CPU second of the process, so that what else the machine does weighs on none.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from bench import stream_rivals
from bench.rows import Row
from bench.rule_rivals_bench import engine_of
from core.readings import readings

VERSIONS: Final = {"bytewax": "0.21.1", "river": "0.26.1"}
FOLDER: Final = Path(__file__).parents[1] / ".rivals" / "streams"
CONDITIONS: Final = {"threshold": "value > 90", "window": "mean(value) over 10 min > 90"}


def installed() -> Path | None:
    """The Python of the rivals' environment, made if need be; None if it cannot be installed here."""
    python, ready = FOLDER / "bin" / "python", FOLDER / "ready"
    if not ready.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        packages = [f"{name}=={version}" for name, version in VERSIONS.items()]
        for command in (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
        ):
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
                return None
        ready.touch()
    return python


def ours(kind: str) -> tuple[float, int]:
    """Readings a CPU second through ``ingest``, ``advance``, ``changes``, and the alarms opened."""
    every = list(stream_rivals.readings())
    point = np.array([int(series) for series, _, _ in every], np.int32)
    time_ms = np.array([at * 1000 for _, at, _ in every], np.int64)
    value = np.array([value for _, _, value in every])
    engine, size, opened = engine_of([CONDITIONS[kind]], stream_rivals.SERIES), stream_rivals.SERIES, 0
    begun = time.process_time()
    for start in range(0, len(every), size):
        part = slice(start, start + size)
        offset = np.arange(start, start + size)
        engine.ingest(
            readings(point=point[part], time_ms=time_ms[part], value=value[part], offset=offset), int(time_ms[start])
        )
        engine.advance(int(time_ms[start]))
        opened += sum(change.kind == "opened" for change in engine.changes(int(time_ms[start])))
    return len(every) / (time.process_time() - begun), opened


def rows(runs: int = 3) -> list[Row]:
    """Ours beside each rival, for a threshold and for a window."""
    python = installed()
    theirs: dict[str, list[tuple[float, int]]] = {}
    for _ in range(runs if python else 0):
        script = Path(__file__).with_name("stream_rivals.py")
        run = subprocess.run([str(python), str(script)], capture_output=True, text=True, check=True)
        for name, figure in json.loads(run.stdout).items():
            theirs.setdefault(name, []).append((figure[0], figure[1]))
    own = {kind: [ours(kind) for _ in range(runs)] for kind in CONDITIONS}
    wanted = ("bytewax_threshold", "bytewax_window", "river_window")
    return [_row(name, own[name.split("_")[1]], theirs.get(name)) for name in wanted]


def _row(name: str, own: list[tuple[float, int]], theirs: list[tuple[float, int]] | None) -> Row:
    rival, kind = name.split("_")
    mine = float(np.median([figure for figure, _ in own]))
    rule = "value > 90 for 1 min" if kind == "threshold" else "mean of 10 min > 90 for 1 min"
    shape = f"{stream_rivals.SERIES} series every 10 s, {stream_rivals.ROUNDS} rounds, in order; {rule}"
    told = f"{shape}; {own[0][1]} alarms"
    if theirs is None:
        against, ratio = f"{rival} {VERSIONS[rival]} cannot be installed here", None
    else:
        figure = float(np.median([figure for figure, _ in theirs]))
        against = f"{rival} {VERSIONS[rival]}: {figure / 1e6:.2f} M/s, {theirs[0][1]} alarms"
        ratio = mine / figure
    return Row(
        name=f"rules_vs_{name}",
        value=mine,
        unit="readings/CPU s",
        against=against,
        ratio=ratio,
        note=f"{told}; median of {len(own)} runs",
    )
