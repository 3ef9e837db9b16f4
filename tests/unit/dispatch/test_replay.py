"""Whatever is repeated, cut off or crashes: opened once, one open case a key, the same end.

Histories are made by a small model of the rules side: alarms of three rules of one family and one of another, at two
facilities, opened, closed, reopened, moved, split, merged and retracted as the table of differences allows. They are
applied in batches; batches are repeated, and the database is made to fail at any statement.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.alarms import AlarmChange, ChangeKind, Interval, Severity, SeverityStep, alarm_id
from core.cases import Action, CaseState, Conflict, NotPermitted, TaskKind
from core.errors import Invalid, Unavailable
from dispatch import tables
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, Hall, build_hall, change, wipe

KINDS = st.sampled_from(ChangeKind)
SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
RULES = ("medium", "medium-2", "gas", "low", "levels")


@pytest.fixture(scope="module")
def shared() -> Iterator[Hall]:
    """One city for all examples; each example begins with an empty dispatch."""
    with tempfile.TemporaryDirectory() as folder:
        made = build_hall(Path(folder))
        yield made
        made.engine.dispose()


@dataclass
class Model:
    """The rules side: which alarms are announced, with which interval."""

    facilities: list[int]
    known: dict[str, AlarmChange] = field(default_factory=dict)
    clock: int = MONDAY_9

    def step(self, kind: ChangeKind, rule: str, facility: int, choice: int) -> list[AlarmChange]:
        """A change that the table of differences allows now, or nothing."""
        self.clock += MINUTE
        mine = [known for known in self.known.values() if (known.rule_id, known.facility) == (rule, facility)]
        mine.sort(key=lambda known: known.interval.start_ms)
        on = next((known for known in mine if known.interval.stop_ms is None), None)
        if kind is ChangeKind.OPENED:
            steps = [(self.clock, Severity.LOW)] if rule == "levels" else []
            return [] if on else [self._keep(change(kind, rule, facility=facility, start=self.clock, steps=steps))]
        if not mine:
            return []
        chosen = mine[choice % len(mine)]
        if kind is ChangeKind.SEVERITY:
            return self._graded(chosen, choice)
        return self._changed(kind, chosen, on)

    def _graded(self, chosen: AlarmChange, choice: int) -> list[AlarmChange]:
        """One more step, now or (where it is over, or by chance) in its past."""
        interval = chosen.interval
        if not interval.steps:
            return []
        last = interval.steps[-1]
        at_ms = self.clock if interval.stop_ms is None and choice % 2 else last.at_ms + 1
        if interval.stop_ms is not None and at_ms >= interval.stop_ms:
            return []
        severity = next(one for one in SEVERITIES[choice % 3 :] + SEVERITIES if one is not last.severity)
        after = replace(interval, steps=(*interval.steps, SeverityStep(at_ms, severity)))
        kind, shown = ChangeKind.SEVERITY, after.severity(severity)
        return [self._keep(replace(chosen, kind=kind, interval=after, severity=shown, into=""))]

    def _changed(self, kind: ChangeKind, chosen: AlarmChange, on: AlarmChange | None) -> list[AlarmChange]:
        if kind is ChangeKind.CLOSED and chosen.interval.stop_ms is None:
            return [self._with(chosen, kind, stop=self.clock)]
        if kind is ChangeKind.REOPENED and chosen.interval.stop_ms is not None and on is None:
            return [self._with(chosen, kind, stop=None)]
        if kind is ChangeKind.MOVED:
            return [self._with(chosen, kind, start=chosen.interval.start_ms - 1000, stop=chosen.interval.stop_ms)]
        if kind is ChangeKind.RETRACTED:
            del self.known[chosen.alarm_id]
            return [replace(chosen, kind=kind)]
        if kind is ChangeKind.SPLIT and on is not None and on.interval.start_ms < self.clock - MINUTE:
            first = self._with(on, ChangeKind.MOVED, stop=self.clock - MINUTE)
            steps = [(self.clock, Severity.LOW)] if on.interval.steps else []
            second = change(kind, on.rule_id, facility=on.facility, start=self.clock, into=on.alarm_id, steps=steps)
            return [first, self._keep(second)]
        others = [known for known in self.known.values() if known.alarm_id != chosen.alarm_id]
        heir = next((o for o in others if (o.rule_id, o.facility) == (chosen.rule_id, chosen.facility)), None)
        if kind is ChangeKind.MERGED and heir is not None:
            stops = [heir.interval.stop_ms, chosen.interval.stop_ms]
            stop = None if None in stops else max(stop for stop in stops if stop is not None)
            start = min(heir.interval.start_ms, chosen.interval.start_ms)
            del self.known[chosen.alarm_id]
            moved = self._with(heir, ChangeKind.MOVED, start=start, stop=stop)
            return [moved, replace(chosen, kind=kind, into=heir.alarm_id)]
        return []

    def _with(self, old: AlarmChange, kind: ChangeKind, *, stop: int | None, start: int | None = None) -> AlarmChange:
        begin = old.interval.start_ms if start is None else start
        steps = _fitted(old.interval.steps, begin, stop)
        interval = Interval(start_ms=begin, stop_ms=stop, since_ms=begin, steps=steps)
        return self._keep(replace(old, kind=kind, interval=interval, severity=interval.severity(old.severity), into=""))

    def _keep(self, made: AlarmChange) -> AlarmChange:
        self.known[made.alarm_id] = made
        return made


def _fitted(steps: tuple[SeverityStep, ...], start_ms: int, stop_ms: int | None) -> tuple[SeverityStep, ...]:
    """The steps of an alarm whose ends have moved."""
    if not steps:
        return ()
    later = [step for step in steps[1:] if step.at_ms > start_ms and (stop_ms is None or step.at_ms < stop_ms)]
    return (SeverityStep(start_ms, steps[0].severity), *later)


STEPS = st.lists(
    st.tuples(
        st.one_of(st.just(ChangeKind.OPENED), KINDS), st.sampled_from(RULES), st.integers(0, 1), st.integers(0, 5)
    ),
    min_size=1,
    max_size=25,
)


def history(hall: Hall, steps: list[tuple[ChangeKind, str, int, int]]) -> tuple[list[list[AlarmChange]], Model]:
    facilities = [hall.city.facility("aa-sp-01"), hall.city.facility("bb-sp-01")]
    model = Model(facilities)
    batches = [model.step(kind, rule, facilities[place], choice) for kind, rule, place, choice in steps]
    return [batch for batch in batches if batch], model


def check(hall: Hall, model: Model | None = None) -> None:
    """What holds at every moment, and, with a model, that the journal knows exactly its alarms."""
    with hall.engine.connect() as connection:
        case = tables.case
        keys = sa.select(case.c.facility, case.c.family).where(case.c.open)
        rows = connection.execute(keys).all()
        assert len(rows) == len(set(rows)), "two open cases of one key"
        opening = connection.execute(sa.select(case.c.opening_alarm)).scalars().all()
        assert len(opening) == len(set(opening)), "an alarm opened two cases"
        opened = sa.select(tables.history.c.case, sa.func.count()).where(tables.history.c.action == "opened")
        assert all(count == 1 for _, count in connection.execute(opened.group_by(tables.history.c.case)))
        tasks = sa.select(tables.task.c.case, tables.task.c.kind)
        assert len(connection.execute(tasks).all()) == len(set(connection.execute(tasks).all()))
        ids = list(connection.execute(sa.select(tables.feed.c.id).order_by(tables.feed.c.id)).scalars())
        assert ids == list(range(1, len(ids) + 1)), "the feed has gaps"
    if model is not None:
        announced = {(known.alarm_id, known.interval) for known in hall.journal.announced(0)}
        assert announced == {(known.alarm_id, known.interval) for known in model.known.values()}


def end(hall: Hall) -> list[tuple[Any, ...]]:
    """What is the same however we came there."""
    alarm, case = tables.alarm, tables.case
    with hall.engine.connect() as connection:
        shown = sa.select(
            *(alarm.c.alarm_id, alarm.c.active, alarm.c.retracted, alarm.c.merged_into, alarm.c.stop_ms),
            *(alarm.c.severity, alarm.c.steps, alarm.c.say_en),
        )
        alarms = [tuple(row) for row in connection.execute(shown.order_by(alarm.c.alarm_id))]
        cases = sa.select(case.c.facility, case.c.family, case.c.opening_alarm, case.c.open, case.c.severity)
        return alarms + [tuple(row) for row in connection.execute(cases.order_by(case.c.opening_alarm))]


def alarms_of(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The alarms among the rows of ``end``; how many cases a run of short alarms makes depends on the batches."""
    return [row for row in rows if isinstance(row[0], str)]


def lines_of(hall: Hall) -> tuple[int, ...]:
    """How much has been written down."""
    return tuple(hall.count(table) for table in (tables.history, tables.alarm_history, tables.outbox, tables.feed))


quick = settings(
    max_examples=settings().max_examples * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(STEPS, st.data())
def test_repeating_batches_changes_nothing(
    shared: Hall, steps: list[tuple[ChangeKind, str, int, int]], data: st.DataObject
) -> None:
    """Each batch applied once or several times, alone or together with the next: the same end, opened once."""
    wipe(shared)
    batches, model = history(shared, steps)
    for batch in batches:
        shared.journal.apply(batch, MONDAY_9)
        check(shared)
    check(shared, model)
    once = end(shared)
    wipe(shared)
    at = 0
    while at < len(batches):
        many = data.draw(st.integers(1, 3))
        joined = [found for batch in batches[at : at + many] for found in batch]
        shared.journal.apply(joined, MONDAY_9)
        before = lines_of(shared)
        for _ in range(data.draw(st.integers(0, 2))):
            shared.journal.apply(joined, MONDAY_9)
            check(shared)
            assert lines_of(shared) == before
        at += many
    check(shared, model)
    assert alarms_of(end(shared)) == alarms_of(once)


@quick
@given(STEPS, st.integers(0, 24))
def test_replaying_from_any_earlier_moment(
    shared: Hall, steps: list[tuple[ChangeKind, str, int, int]], position: int
) -> None:
    """The batches since any earlier moment applied again, one by one: the same alarms, and no case more."""
    wipe(shared)
    batches, model = history(shared, steps)
    for batch in batches:
        shared.journal.apply(batch, MONDAY_9)
    whole, cases = end(shared), shared.count(tables.case)
    for batch in batches[position % max(1, len(batches)) :]:
        shared.journal.apply(batch, MONDAY_9)
        check(shared)
    check(shared, model)
    assert alarms_of(end(shared)) == alarms_of(whole)
    assert shared.count(tables.case) == cases


class Crash(Exception):
    """The process dies here."""


@contextmanager
def dying(engine: sa.Engine, at: int) -> Iterator[list[int]]:
    """The ``at``-th statement that writes does not happen any more, nor anything after it."""
    seen = [0]

    def die(*args: Any) -> None:
        if str(args[2]).lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            seen[0] += 1
            if seen[0] >= at:
                raise Crash

    sa.event.listen(engine, "before_cursor_execute", die)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", die)


@quick
@given(STEPS, st.lists(st.integers(1, 60), min_size=25, max_size=25))
def test_a_crash_anywhere_leaves_all_or_nothing(
    shared: Hall, steps: list[tuple[ChangeKind, str, int, int]], deaths: list[int]
) -> None:
    """Die at any statement of any batch, apply the batch again: as if nothing had happened."""
    wipe(shared)
    batches, model = history(shared, steps)
    for batch in batches:
        shared.journal.apply(batch, MONDAY_9)
    whole = end(shared)
    lines = lines_of(shared)
    wipe(shared)
    for batch, death in zip(batches, deaths, strict=False):
        before = (*lines_of(shared), shared.count(tables.case), shared.count(tables.task))
        with dying(shared.engine, death):
            try:
                shared.journal.apply(batch, MONDAY_9)
            except Crash:
                assert (*lines_of(shared), shared.count(tables.case), shared.count(tables.task)) == before
        shared.journal.apply(batch, MONDAY_9)
        check(shared)
    check(shared, model)
    assert end(shared) == whole
    assert lines_of(shared) == lines


SAYS_MORE = {Action.TRANSFER, Action.SUPERVISE, Action.EXTEND}
"""Allowed, and refused all the same where it is not said to whom, how strictly, or until when."""
DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["aa-m1", "aa-m2", "aa-m3", "aa-g1", "aa-g3", "mgr"]),
        st.sampled_from(TaskKind),
        st.sampled_from(Action),
        st.booleans(),
    ),
    min_size=5,
    max_size=40,
)


@quick
@given(DOINGS)
def test_no_doing_closes_without_verification_by_another(
    shared: Hall, doings: list[tuple[str, TaskKind, Action, bool]]
) -> None:
    """Random people do random things, alarms clear and return in between: closed means verified by another person."""
    wipe(shared)
    facility = shared.city.facility("aa-sp-01")
    shared.apply(change(ChangeKind.OPENED, facility=facility))
    flip = [ChangeKind.CLOSED, ChangeKind.REOPENED]
    for number, (code, kind, action, alarm_moves) in enumerate(doings):
        if alarm_moves:
            stop = MONDAY_9 + MINUTE if flip[0] is ChangeKind.CLOSED else None
            shared.apply(change(flip[0], facility=facility, stop=stop))
            flip.reverse()
        actor = shared.actor(code, supervises=code in {"aa-m3", "mgr"})
        task = shared.tasks().get(kind)
        if task is not None:
            detail = shared.queries.task(task.number, actor)
            assert detail is not None
            try:
                shared.act(task, action, actor, note="n", key=f"k{number}", to_person=shared.city.person("aa-m2"))
                assert action in detail.actions
            except (Conflict, NotPermitted, Invalid):
                assert action not in detail.actions or action in SAYS_MORE
        check(shared)
    for case in shared.cases():
        seen = shared.queries.case(case.number)
        assert seen is not None
        rows = [row for row in seen.history if row.action in {"handle", "verify"}]
        if case.state is CaseState.CLOSED:
            verifier = [row.person for row in rows if row.action == "verify"][-1]
            repairer = [row.person for row in rows if row.action == "handle"][-1]
            assert verifier is not None
            assert verifier != repairer


def test_a_full_database_records_nothing(shared: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, apply says so and nothing of the batch is there; afterwards it goes through."""
    wipe(shared)
    batch = [change(ChangeKind.OPENED, facility=shared.city.facility("aa-sp-01"))]
    with shared.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.rollback()

    def limit(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    shared.engine.dispose()
    sa.event.listen(shared.engine, "connect", limit)
    facilities = [shared.city.facility("aa-sp-01"), shared.city.facility("aa-sp-02")]
    many = [
        change(ChangeKind.OPENED, f"rule-{number}", facility=place) for number in range(150) for place in facilities
    ]
    with pytest.raises(Unavailable):
        shared.journal.apply(many, MONDAY_9)
    sa.event.remove(shared.engine, "connect", limit)
    shared.engine.dispose()
    assert shared.count(tables.alarm) == 0
    shared.journal.apply(batch, MONDAY_9)
    assert [known.alarm_id for known in shared.journal.announced(0)] == [alarm_id("medium", facilities[0], MONDAY_9)]
