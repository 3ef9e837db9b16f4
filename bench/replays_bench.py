"""Recorded data through the shipped rule book: what is found, how late, and how often an alarm is false.

``python -m bench replays [--data DIR]``. What is played stands in ``bench/replay_families.yaml``, how it is counted in
``bench/replay_match.py``, what the figures mean in ``docs/replays.md``, whose tables are renewed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from app.wiring import rule_sources
from bench.replay_files import data_folder
from bench.replay_plan import FAMILIES, load_families
from bench.replay_results import PartResult, page, result, to_json
from bench.replay_run import record
from bench.rows import Row
from registry.classbook import load_classes
from rules.language.load import load_rules

RESULTS = Path(__file__).parent / "replays.json"
PAGE = Path(__file__).parents[1] / "docs" / "replays.md"
GOAL_PER_100_POINTS = 1.0


def played(folder: Path, table: str) -> Iterator[PartResult]:
    """Every part of a table, one after the other.

    Raises:
        WrongTable: if the table is wrong.
        NoRecordings: if a file is missing or not as the table says.
    """
    classes = {name: entry.facility_class for name, entry in load_classes().items()}
    rules = load_rules(rule_sources(None), classes)
    for family in load_families(table, classes):
        for part in family.parts:
            print(f"  {family.id}: {part.id}", file=sys.stderr, flush=True)
            yield result(family, part, record(part, folder, rules, classes), rules)


def told(one: PartResult) -> list[Row]:
    """The figures of a part that ``bench/results.json`` keeps."""
    book, name = one.book, re.sub(r"[^a-z0-9]+", "_", f"{one.family} {one.part}".lower())
    note = (
        f"{one.recordings} files, {book.points} points, {book.days:.1f} days, {book.point_days:.1f} healthy point days"
        f"; {book.alarms} alarms, {book.true} true, {book.false} false ({one.sensor.false} of sensor rules), "
        f"{book.unlabelled} unlabelled"
    )
    rows = [
        Row(
            name=f"replay_{name}_false_per_100_points",
            value=book.false_per_100_points,
            unit="false alarms a day and 100 points",
            against=f"goal {GOAL_PER_100_POINTS:.0f}",
            ratio=book.false_per_100_points / GOAL_PER_100_POINTS,
            note=note,
        )
    ]
    if book.faults:
        delay = "" if book.delay_s is None else f", median delay {book.delay_s / 60:.0f} min"
        rows.append(
            Row(
                name=f"replay_{name}_found",
                value=100 * book.found / book.faults,
                unit="% of the labelled faults",
                against=f"{book.faults} labelled",
                ratio=None,
                note=f"{book.found} found: {one.sensor.found} by sensor rules, {one.process.found} by others{delay}",
            )
        )
    return rows


def rows() -> list[Row]:
    """Play everything, keep the results and renew the page."""
    results = tuple(played(data_folder(None), FAMILIES.read_text(encoding="utf-8")))
    RESULTS.write_text(to_json(results), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    return [row for one in results for row in told(one)]
