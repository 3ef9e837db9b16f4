"""Long runs add up in a file."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.proof import add


def test_runs_add_up_and_keep_their_seeds(tmp_path: Path) -> None:
    """Totals grow with every row, and no row is forgotten."""
    path = tmp_path / "proof" / "kill.json"
    add(path, {"seed": 1, "figures": {"kills": 200, "lost": 0}})
    assert add(path, {"seed": 2, "figures": {"kills": 210, "lost": 1}}) == {"kills": 410, "lost": 1}
    kept = json.loads(path.read_text())
    assert [row["seed"] for row in kept["runs"]] == [1, 2]
    assert kept["totals"] == {"kills": 410, "lost": 1}


def test_the_greatest_of_a_figure_is_kept_where_it_is_no_sum(tmp_path: Path) -> None:
    """Figures that begin with ``most_`` are bounds: the total is the greatest of all runs."""
    path = tmp_path / "rules.json"
    every = [add(path, {"seed": 1, "figures": {"most_load_s": most, "rules": 5}}) for most in (0.2, 0.7, 0.1)]
    assert every[-1] == {"most_load_s": 0.7, "rules": 15}
