"""The table of differences: each row of docs/alarms.md section 5, and what holds for all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind, Interval, Severity, alarm_id
from rules.differences import TABLE, Compared, Many, compare

NOW_MS = 10_000_000


def interval(start: int, stop: int | None) -> Interval:
    """An interval whose condition began when it started."""
    return Interval(start_ms=start, stop_ms=stop, since_ms=start)


def announced(*ends: tuple[int, int | None]) -> list[AnnouncedAlarm]:
    """Alarms announced at their present starts."""
    return [
        AnnouncedAlarm(alarm_id=alarm_id("r", 7, start), rule_id="r", facility=7, interval=interval(start, stop))
        for start, stop in ends
    ]


def run(old: list[AnnouncedAlarm], *new: tuple[int, int | None]) -> Compared:
    """Compare with intervals given by their ends."""
    intervals = [interval(start, stop) for start, stop in new]
    return compare(old, intervals, rule_id="r", facility=7, severity=Severity.HIGH, now_ms=NOW_MS)


def kinds(compared: Compared) -> list[ChangeKind]:
    """What happened, in order."""
    return [change.kind for change in compared.changes]


def test_none_to_one_opens() -> None:
    """A new interval opens an alarm under the id of its start, closed at once if it is over, late if long ago."""
    live, over = run([], (NOW_MS - 1_000, None)), run([], (100, 200))
    assert kinds(live) == [ChangeKind.OPENED]
    assert not live.changes[0].late
    assert live.changes[0].alarm_id == alarm_id("r", 7, NOW_MS - 1_000)
    assert kinds(over) == [ChangeKind.OPENED, ChangeKind.CLOSED]
    assert all(change.late for change in over.changes)
    assert over.changes[0].interval.stop_ms is None


def test_one_to_one_closes_reopens_or_moves() -> None:
    """The same start with a stop closes, without one reopens; any other change moves; no change says nothing."""
    assert kinds(run(announced((100, None)), (100, 200))) == [ChangeKind.CLOSED]
    assert kinds(run(announced((100, 200)), (100, None))) == [ChangeKind.REOPENED]
    assert kinds(run(announced((100, 200)), (100, 250))) == [ChangeKind.MOVED]
    assert kinds(run(announced((100, 200)), (90, 200))) == [ChangeKind.MOVED]
    assert kinds(run(announced((100, None)), (90, 200))) == [ChangeKind.MOVED]
    assert kinds(run(announced((100, 200)), (100, 200))) == []


def test_touching_ends_overlap_and_a_millisecond_between_does_not() -> None:
    """[100, 200) and [200, 300) are one alarm that moved; with a gap the old one is withdrawn and another opened."""
    assert kinds(run(announced((100, 200)), (200, 300))) == [ChangeKind.MOVED]
    assert kinds(run(announced((100, 200)), (201, None))) == [ChangeKind.RETRACTED, ChangeKind.OPENED]


def test_one_to_several_splits() -> None:
    """The first keeps the id, each other gets a new one that names it."""
    compared = run(announced((100, None)), (100, 200), (300, 400), (500, None))
    assert kinds(compared) == [ChangeKind.MOVED, ChangeKind.SPLIT, ChangeKind.SPLIT]
    root = alarm_id("r", 7, 100)
    assert [change.into for change in compared.changes] == ["", root, root]
    assert len({change.alarm_id for change in compared.changes}) == 3


def test_several_to_one_merges() -> None:
    """The earliest id stays, the others are merged into it."""
    compared = run(announced((100, 200), (300, None)), (100, None))
    assert kinds(compared) == [ChangeKind.MOVED, ChangeKind.MERGED]
    assert compared.changes[1].into == alarm_id("r", 7, 100)
    assert [alarm.alarm_id for alarm in compared.announced] == [alarm_id("r", 7, 100)]


def test_one_to_none_retracts() -> None:
    """What never was is withdrawn."""
    compared = run(announced((100, None)))
    assert kinds(compared) == [ChangeKind.RETRACTED]
    assert compared.announced == ()


def test_several_to_several_in_a_chain_are_paired_in_order() -> None:
    """Chained by overlap: pairwise, the surplus split or merged."""
    fewer = run(announced((0, 10), (20, 30), (40, 50)), (5, 25), (28, 45))
    assert kinds(fewer) == [ChangeKind.MOVED, ChangeKind.MOVED, ChangeKind.MERGED]
    more = run(announced((5, 25), (28, 45)), (0, 10), (20, 30), (40, 50))
    assert kinds(more) == [ChangeKind.MOVED, ChangeKind.MOVED, ChangeKind.SPLIT]


def test_a_moved_alarm_keeps_its_id_and_nobody_else_gets_it() -> None:
    """An id taken by an alarm that has moved away from its start is not given to another that starts there."""
    first = run(announced((100, 200)), (50, 99), (100, 200))
    assert len({alarm.alarm_id for alarm in first.announced}) == 2
    moved = run(announced((100, None)), (50, 60), (100, None))
    ids = [alarm.alarm_id for alarm in moved.announced]
    assert len(set(ids)) == 2


def test_the_table_is_total() -> None:
    """There is an entry for every pair of counts."""
    assert set(TABLE) == {(old, new) for old in Many for new in Many}


@st.composite
def intervals(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    """Intervals with gaps between them, the last perhaps on."""
    ends = sorted(draw(st.sets(st.integers(0, 40), max_size=8)))
    pairs: list[tuple[int, int | None]] = [(ends[i], ends[i + 1]) for i in range(0, len(ends) - 1, 2)]
    if len(ends) % 2:
        pairs.append((ends[-1], None))
    return pairs


def apply(journal: dict[str, Interval], changes: tuple[AlarmChange, ...]) -> None:
    """What a journal does."""
    for change in changes:
        if change.kind in {ChangeKind.RETRACTED, ChangeKind.MERGED}:
            journal.pop(change.alarm_id, None)
        else:
            journal[change.alarm_id] = change.interval


@given(st.lists(intervals(), min_size=1, max_size=6))
def test_the_journal_always_arrives_at_the_intervals(steps: list[list[tuple[int, int | None]]]) -> None:
    """Step after step: the journal ends where the intervals are, ids are never shared, comparing again says nothing,
    and never more alarms are opened than there are intervals that no announced one touches.
    """
    journal: dict[str, Interval] = {}
    told: list[AnnouncedAlarm] = []
    for step in steps:
        compared = run(told, *step)
        apply(journal, compared.changes)
        told = list(compared.announced)
        assert sorted(i.start_ms for i in journal.values()) == [start for start, _ in step]
        assert {i.start_ms: i.stop_ms for i in journal.values()} == dict(step)
        assert {alarm.alarm_id for alarm in told} == set(journal)
        assert run(told, *step).changes == ()
        before = dict(journal)
        apply(journal, compared.changes)
        assert journal == before
