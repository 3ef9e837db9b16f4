"""Long runs add up in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults.proof import add

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize(
    ("proof", "figure", "shown"),
    [
        ("rules", "expressions", "expressions equal to their scalar twin on random columns"),
        ("rules", "rows_equal", "rows compared"),
        ("rules", "rules", "rules judged by the engine over random readings, each compared at one facility"),
        ("rules", "unequal", "expressions or towns that differed"),
        ("parser", "inputs", "texts thrown at the parser and at the reader of files"),
        ("parser", "sound", "of them sound"),
    ],
)
def test_the_page_shows_what_the_runs_added_up_to(proof: str, figure: str, shown: str) -> None:
    """Each figure of ``docs/rules.md`` is the total of its file, and the totals are those of the rows."""
    kept = json.loads((ROOT / "proof" / f"{proof}.json").read_text())
    total = kept["totals"][figure]
    assert total == sum(row["figures"].get(figure, 0) for row in kept["runs"])
    assert f"| {shown} | {total:,.0f} | `proof/{proof}.json` |" in (ROOT / "docs" / "rules.md").read_text(
        encoding="utf-8"
    )
