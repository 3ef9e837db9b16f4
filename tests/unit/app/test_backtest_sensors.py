"""How far sensors of the past were seen: out of stored readings, read once for all that is asked after a repair."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.backtest_sensors import PastSensors
from core.alarms import SIGHT_POINT, AlarmKind, Severity
from core.cases import Elsewhere
from core.places import ClassMembers, Relation, Text
from core.ports.registry import FacilityPlace
from core.readings import Int32s, Readings, readings
from dispatch.foresight_watch import Watched
from dispatch.observation import Sight
from tests.unit.dispatch.hall import HOUR, MINUTE, rule

BEGIN = 100 * HOUR
STALE = 3 * MINUTE
OWN = rule("own", Severity.MEDIUM, measurements=("level",))
GROUP = rule("g", Severity.MEDIUM, elsewhere=(Elsewhere(relation=Relation.COMMUNITY, keys=("level",)),))
SIGHT = rule("sight.device", Severity.MEDIUM, kind=AlarmKind.SIGHT)
POINT = rule(SIGHT_POINT, Severity.MEDIUM, kind=AlarmKind.SIGHT)


class Past:
    """Pump 1 has a level (point 11) and a flow (12), pump 2 a level (21); a good reading each minute."""

    def __init__(self, last: dict[int, int]) -> None:
        self.last, self.reads = last, 0

    def stretch(self, points: Int32s, from_ms: int, to_ms: int, points_at_once: int) -> Iterator[Readings]:
        del points_at_once
        self.reads += 1
        for point in points.tolist():
            times = np.arange(-(-from_ms // MINUTE) * MINUTE, min(to_ms, self.last[point]), MINUTE, dtype=np.int64)
            yield readings(point=[point] * len(times), time_ms=times, value=np.ones(len(times)))

    def raw_from_ms(self) -> int:
        return 0


def place(number: int) -> FacilityPlace:
    return FacilityPlace(
        number=number, code=str(number), name=Text(zh="泵", en="Pump"), class_id="pump", community=1, cells={}
    )


def sensors(past: Past) -> PastSensors:
    stale = np.array([STALE, STALE], np.int64)
    pumps = ClassMembers(
        class_id="pump",
        facility=np.array([1, 2], np.int32),
        code=("1", "2"),
        point={"level": np.array([11, 21], np.int32), "flow": np.array([12, -1], np.int32)},
        stale_after_ms={"level": stale, "flow": stale},
        unit={"level": "m", "flow": "m3/h"},
    )
    return PastSensors(past, {"pump": pumps}, {number: place(number) for number in (1, 2)})


END = BEGIN + 2 * HOUR
GONE = BEGIN + HOUR


def test_each_rule_is_seen_as_far_as_all_that_it_reads() -> None:
    """Its own level; all points of what could not be seen, of one point that one; the levels of the whole group."""
    known = sensors(Past({11: END + HOUR, 12: GONE, 21: GONE + MINUTE}))
    assert known.sight([Watched(OWN, 1)], BEGIN, END, begun=False) == Sight(BEGIN, END)
    assert known.sight([Watched(SIGHT, 1)], BEGIN, END, begun=False) == Sight(BEGIN, GONE - MINUTE + STALE)
    assert known.sight([Watched(POINT, 1, "level")], BEGIN, END, begun=False) == Sight(BEGIN, END)
    assert known.sight([Watched(POINT, 1, "flow")], BEGIN, END, begun=False) == Sight(BEGIN, GONE - MINUTE + STALE)
    assert known.sight([Watched(GROUP, 1)], BEGIN, END, begun=False) == Sight(BEGIN, GONE + STALE)
    assert known.sight([Watched(OWN, 1), Watched(OWN, 9)], BEGIN, END, begun=False) is None


def test_the_store_is_read_once_for_what_is_asked_after_a_repair() -> None:
    """The first look, the one ahead and the last one: one read; other points are read anew."""
    past = Past({11: END + HOUR, 12: END, 21: END})
    known = sensors(past)
    for begin_ms, end_ms, begun in ((BEGIN, BEGIN, False), (BEGIN, END, True), (BEGIN + HOUR, END, True)):
        assert known.sight([Watched(OWN, 1)], begin_ms, end_ms, begun=begun) == Sight(begin_ms, end_ms)
    assert past.reads == 1
    known.sight([Watched(OWN, 2)], BEGIN, END, begun=False)
    assert past.reads == 2
