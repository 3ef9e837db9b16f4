"""Long runs that add up: ``python -m tests.faults.proof kill|order|input|spool|rules|parser [--minutes M] [--seed S]``.

Each run has a seed and leaves one row in ``proof/<name>.json`` (seed, commit, date, figures) beside the totals. Ending
it at any moment loses at most the run that was under way; starting it again goes on with new seeds.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROOF = Path("proof")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def kill_run(seed: int) -> dict[str, Any]:
    """One campaign of kills; its figures."""
    from tests.faults import campaign
    from tests.faults.lab import Lab
    from tests.faults.test_kills import COUNTS
    from tests.faults.witness import incidents, verdict

    with (
        tempfile.TemporaryDirectory(prefix="twingrid-proof-") as root,
        Lab(Path(root), _free_ports(8), seed=seed) as lab,
    ):
        campaign.run(lab, COUNTS, seed)
        lab.drain()
        data = Path(root) / "data"
        result, readings = verdict(
            lab.world, data / "store", data / "twingrid.sqlite", lab.record.excuses, lab.still_spooled()
        )
        wrong = incidents(lab.world, data / "twingrid.sqlite", readings)
        return {
            "kills": len(lab.record.kills),
            "kills_with_readings_on_the_way": sum(kill.on_the_way > 0 for kill in lab.record.kills),
            "readings_compared": result.stored,
            "lost": result.lost,
            "duplicated": result.dup,
            "altered": result.altered,
            "incidents": len(wrong.expected),
            "incidents_wrong": len(wrong.wrong),
        }


def pytest_run(seed: int, tests: list[str]) -> dict[str, Any]:
    """One run of property or input tests under this seed; fails loudly."""
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "long", "TWINGRID_TEST_ALL": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}", *tests]
    subprocess.run(command, check=True, env=environment)
    return {"runs": 1}


def spool_run(seed: int) -> dict[str, Any]:
    """A spool whose process is killed about a hundred times; its figures."""
    from tests.faults import spool_proof

    logging.disable(logging.ERROR)
    return spool_proof.run(seed)


def rules_run(seed: int) -> dict[str, Any]:
    """Some hundred random rules in random towns, each against its scalar twin; fails at the first that differs."""
    from tests.faults import rules_proof

    return rules_proof.proof_run(seed)


def parser_run(seed: int) -> dict[str, Any]:
    """Ten thousand texts through the parser and the reader of rule files; fails at the first answered wrongly."""
    from tests.faults import parser_proof

    return parser_proof.proof_run(seed)


RUNS: dict[str, Callable[[int], dict[str, Any]]] = {
    "kill": kill_run,
    "order": lambda seed: pytest_run(seed, ["tests/integration/test_order.py", "tests/unit/rules"]),
    "spool": spool_run,
    "rules": rules_run,
    "parser": parser_run,
    "input": lambda seed: pytest_run(seed, ["tests/integration/ingest", "tests/unit/ingest", "tests/unit/registry"]),
}


def _commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def add(path: Path, row: dict[str, Any]) -> dict[str, float]:
    """Append a row to a proof and return the totals of its figures; the file is replaced whole.

    Figures add up; of those that begin with ``most_`` the greatest counts.
    """
    rows = list(json.loads(path.read_text())["runs"]) if path.exists() else []
    rows.append(row)
    totals: dict[str, float] = {}
    for one in rows:
        for name, value in one["figures"].items():
            before = totals.get(name, 0)
            totals[name] = max(before, value) if name.startswith("most_") else before + value
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"totals": totals, "runs": rows}, indent=1) + "\n")
    fresh.replace(path)
    return totals


def main() -> int:
    """Run until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.proof")
    parser.add_argument("name", choices=sorted(RUNS))
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no new run after this (default 60)")
    parser.add_argument("--seed", type=int, default=None, help="one run with this seed, to see it again")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    commit = _commit()  # of the code that was loaded, whatever is committed while it runs
    while True:
        seed = secrets.randbelow(2**31) if options.seed is None else options.seed
        figures = RUNS[options.name](seed)
        row = {"seed": seed, "commit": commit, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        totals = add(PROOF / f"{options.name}.json", {**row, "figures": figures})
        sys.stdout.write(f"seed {seed}: {figures}\ntotal: {totals}\n")
        sys.stdout.flush()
        if options.seed is not None or time.monotonic() > end:
            return (
                1
                if any(
                    totals.get(name, 0)
                    for name in ("lost", "duplicated", "altered", "incidents_wrong", "declared_damaged", "unequal")
                )
                else 0
            )


if __name__ == "__main__":
    sys.exit(main())
