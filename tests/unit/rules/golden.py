"""The world of the kept snapshot: what was judged before it was written, and how it is written once more.

``python -m tests.unit.rules.golden`` writes the file of the magic in force, and refuses to write over one that is
there: a kept file is what an older program left behind, and stays as that program wrote it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.places import ClassMembers, Relation
from core.readings import Readings, concat, readings
from rules.engine import snapshot
from rules.engine.engine import Engine
from rules.rule_set import RuleSet
from tests.unit.rules.test_levels import levelled
from tests.unit.rules.town import KEYS, Store, members, rule_set, rule_text

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "rules"
START_MS = 1_700_000_000_000
HOURS_MS = 7 * 3_600_000
NOW_MS = START_MS + HOURS_MS
"""When the snapshot was taken, wall clock."""
SINCE_MS = NOW_MS - 60_000
"""Since when ``a`` of the first well is too high: a minute of the two that ``held`` asks for have passed."""


def rules() -> RuleSet:
    """A rule of each kind whose state is written in another way."""
    return rule_set(
        rule_text("held", "a > 2", for_="2 min", clear="a < 1", clear_for="1 min"),
        rule_text("long", "mean(b) over 6 h > 3"),
        rule_text("group", "count(a > 2) of community >= 2", for_="2 min"),
        rule_text("silent", "age(c) > 10 h"),
        levelled('{severity: low, when: "a > 4"}', '{severity: high, when: "a > 6", for: "2 min"}', rule_id="steps"),
    )


def town() -> dict[str, ClassMembers]:
    """Two wells of one community."""
    return {"well": members(2, group={Relation.COMMUNITY: ("c", "c")})}


def before() -> Readings:
    """What was judged: the second well is too high from the beginning, the first one for the last minute."""
    times = np.arange(START_MS, NOW_MS - 4_000, 6_000, dtype=np.int64)
    first, second = np.where(times >= SINCE_MS, 5.0, 0.0), np.full(len(times), 7.0)
    columns = {0: first, 1: np.full(len(times), 3.5), 10: second, 11: np.full(len(times), 2.5)}
    parts = [readings(point=[point] * len(times), time_ms=times, value=value) for point, value in columns.items()]
    age = KEYS.index("c")
    parts.append(readings(point=[age, 10 + age], time_ms=[START_MS, START_MS], value=[1.0, 1.0]))
    return concat(parts)


def judged() -> Engine:
    """The engine that has judged it."""
    store, engine = Store(), None
    store.batches.append(before())
    engine = Engine(rules(), town(), store)
    engine.ingest(store.batches[0], NOW_MS)
    engine.advance(NOW_MS)
    engine.changes(NOW_MS)
    return engine


def main() -> None:
    """Write the file of the magic in force."""
    data = judged().snapshot()
    path = FOLDER / f"{snapshot.MAGIC.decode()}.snapshot"
    with path.open("xb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
