"""What is foreseen for alarms of the past is what dispatch makes of them: the same cases, tasks and owners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Severity, SeverityStep
from core.cases import Action, TaskKind, TaskState
from core.ports.evidence import SampleRequest
from dispatch import closure_tables, tables
from dispatch.desk import SqlDesk
from dispatch.foldwork import of_element
from dispatch.foreseen import Crew, Ending, ForeseenCase, PastAlarm
from dispatch.foresight import foresee
from dispatch.foresight_watch import ALWAYS_SEEN, Watched
from dispatch.journal import SqlJournal
from dispatch.observation import Sight, sight
from dispatch.observing import Observer
from dispatch.policy import Policy
from dispatch.workload import workload
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change
from tests.unit.dispatch.sensor import Sensor

CREW = Crew(accept_ms=15 * MINUTE, work_ms=HOUR, verify_ms=30 * MINUTE)
FACILITIES = ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01", "bb-sp-01")
DAY = 24 * HOUR


@pytest.fixture
def hall(file_hall: Hall) -> Hall:
    """Hours of a city for each test: what it asks of a database the tests of the journal and the desk ask of both."""
    return file_hall


def random_alarms(hall: Hall, seed: int, count: int) -> list[PastAlarm]:
    """Alarms over three days and nights, most of them short, on whole minutes; no two of a rule and place overlap."""
    rng = np.random.default_rng(seed)
    found: list[PastAlarm] = []
    free: dict[tuple[str, int], int] = {}
    starts = np.sort(rng.integers(0, 3 * DAY // MINUTE, count)) * MINUTE + MONDAY_9
    for start_ms in starts.tolist():
        info = RULES[str(rng.choice([*RULES, "levels", "levels"]))]
        facility = hall.city.facility(str(rng.choice(FACILITIES)))
        if free.get((info.rule_id, facility), 0) > start_ms:
            continue
        length = int(rng.choice([2, 8, 20, 45, 200, 900])) * MINUTE
        stop_ms = None if rng.random() < 0.03 else start_ms + length
        free[info.rule_id, facility] = 1 << 60 if stop_ms is None else stop_ms + MINUTE
        end_ms = start_ms + length if stop_ms is None else stop_ms
        steps = random_steps(rng, start_ms, end_ms) if info.levels else ()
        severity = steps[0].severity if steps else info.severity
        found.append(
            PastAlarm(info=info, facility=facility, severity=severity, start_ms=start_ms, stop_ms=stop_ms, steps=steps)
        )
    return found


def random_steps(rng: np.random.Generator, start_ms: int, end_ms: int) -> tuple[SeverityStep, ...]:
    """Severities from low to high that rise and fall on whole minutes."""
    steps = [SeverityStep(start_ms, Severity(int(rng.integers(1, 4))))]
    for at_ms in range(start_ms + MINUTE, end_ms, MINUTE):
        others = [one for one in (Severity.LOW, Severity.MEDIUM, Severity.HIGH) if one is not steps[-1].severity]
        if rng.random() < 0.1 and len(steps) < 6:
            steps.append(SeverityStep(at_ms, others[int(rng.integers(0, 2))]))
    return tuple(steps)


class Live:
    """The same alarms through the journal, people who do what the crew is assumed to do, and sensors."""

    def __init__(
        self, hall: Hall, alarms: Sequence[PastAlarm], until_ms: int, observer: Observer | None = None
    ) -> None:
        self.hall = hall
        self.observer = observer
        self.done_ms: dict[tuple[int, TaskState], int] = {}
        self.called_ms: dict[int, int] = {}
        moments = {alarm.start_ms for alarm in alarms}
        moments |= {alarm.start_ms + 30 * MINUTE for alarm in alarms if alarm.severity is Severity.LOW}
        moments |= {step.at_ms for alarm in alarms for step in alarm.steps}
        moments |= {alarm.stop_ms for alarm in alarms if alarm.stop_ms is not None}
        while moments and (now_ms := min(moments)) < until_ms:
            moments.remove(now_ms)
            hall.apply(*self._changes(alarms, now_ms), now_ms=now_ms)
            hall.journal.tick(now_ms)
            self._observe(now_ms)
            while (due := self._due(now_ms)) is not None:
                self._act(due, now_ms)
                self._observe(now_ms)
            moments |= {at_ms for at_ms in (*self._planned(), *self._looks()) if at_ms > now_ms}

    def _observe(self, now_ms: int) -> None:
        """Whatever has to be looked at; and who is called to verify by now."""
        while self.observer is not None and self.observer.step(now_ms):
            pass
        ready = {task.case for task in self._open_tasks() if task.kind == TaskKind.VERIFY and task.ready}
        self.called_ms = {case: self.called_ms.get(case, now_ms) for case in ready}

    def _looks(self) -> list[int]:
        table = closure_tables.watch
        return [int(row.look_ms) for row in self.rows(table, table.c.ended_ms.is_(None))]

    def rows(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> Sequence[Any]:
        """Rows of a table, oldest first."""
        with self.hall.engine.connect() as connection:
            query = sa.select(table).where(*conditions).order_by(*table.primary_key.columns)
            return connection.execute(query).all()

    def _changes(self, alarms: Sequence[PastAlarm], now_ms: int) -> list[AlarmChange]:
        over = [one for one in alarms if one.stop_ms == now_ms]
        begun = [one for one in alarms if one.start_ms == now_ms]
        turned = [one for one in alarms if now_ms in [step.at_ms for step in one.steps[1:]]]
        told = ((ChangeKind.CLOSED, over), (ChangeKind.OPENED, begun), (ChangeKind.SEVERITY, turned))
        return [
            change(
                kind,
                one.info.rule_id,
                facility=one.facility,
                start=one.start_ms,
                stop=one.stop_ms if kind is ChangeKind.CLOSED else None,
                steps=[step for step in one.steps if step.at_ms <= now_ms],
            )
            for kind, some in told
            for one in some
        ]

    def _open_tasks(self) -> Sequence[Any]:
        return self.rows(tables.task, tables.task.c.open, tables.task.c.owner.is_not(None))

    def _planned(self) -> list[int]:
        return [at_ms for task in self._open_tasks() if (at_ms := self._when(task)) is not None]

    def _when(self, task: Any) -> int | None:
        """When the next step of a task is due."""
        if task.kind == TaskKind.VERIFY:
            called_ms = self.called_ms.get(task.case)
            return None if called_ms is None else called_ms + CREW.verify_ms
        if task.state == TaskState.WAITING:
            return int(task.assigned_ms) + CREW.accept_ms
        return self.done_ms[task.case, TaskState.ACCEPTED] + CREW.work_ms

    def _due(self, now_ms: int) -> Any | None:
        """A task whose next step is to be taken now; nobody leaves a case whose alarm is on."""
        for task in self._open_tasks():
            when_ms = self._when(task)
            accepting = task.kind == TaskKind.HANDLE and task.state == TaskState.WAITING
            on = (tables.alarm.c.case == task.case, tables.alarm.c.active)
            if when_ms is not None and when_ms <= now_ms and (accepting or not self.rows(tables.alarm, *on)):
                return task
        return None

    def _act(self, task: Any, now_ms: int) -> None:
        actor = self.hall.actor(self.hall.code_of(task.owner))
        row = self.hall.tasks(task.case)[TaskKind(task.kind)]
        if task.kind == TaskKind.HANDLE and task.state == TaskState.WAITING:
            steps, reached = [Action.ACCEPT], TaskState.ACCEPTED
        elif task.kind == TaskKind.HANDLE:
            steps, reached = [Action.ARRIVE, Action.HANDLE], TaskState.DONE
        else:
            steps, reached = [Action.ACCEPT, Action.VERIFY], TaskState.SUSPENDED
        for action in steps:
            row = self.hall.act(row, action, actor, now_ms=now_ms)
        self.done_ms[task.case, reached] = now_ms


def told(case: ForeseenCase) -> tuple[object, ...]:
    """A foreseen case as a row of the comparison."""
    tasks = [(task.kind.value, task.owner, task.given_ms, task.open) for task in case.tasks]
    ending = {Ending.OPEN: "open", Ending.SELF_CLEARED: "cancelled", Ending.CLOSED: "closed"}[case.ending]
    key = (case.opened_ms, case.facility, case.info.family)
    return (*key, int(case.severity), ending, case.closed_ms, tuple(sorted(tasks)))


def happened(live: Live, case: Any) -> tuple[object, ...]:
    """A case of the database as a row of the comparison."""
    tasks = [
        (task.kind, task.owner, task.assigned_ms, task.open)
        for task in live.rows(tables.task, tables.task.c.case == case.number)
    ]
    ending = "open" if case.open else case.state
    key = (case.opened_ms, case.facility, case.family.removeprefix("joint/"))
    return (*key, case.severity, ending, case.closed_ms, tuple(sorted(tasks)))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_foreseen_is_what_dispatch_makes(hall: Hall, seed: int) -> None:
    """Three days of random alarms through the journal, with people at work, and foreseen: row by row the same."""
    alarms, until_ms = random_alarms(hall, seed, 60), MONDAY_9 + 4 * DAY
    live = Live(hall, alarms, until_ms)
    found = foresee(alarms, hall.city.registry.roster(), Policy(), CREW, MONDAY_9, until_ms)
    expected = sorted(happened(live, case) for case in live.rows(tables.case))
    assert len(expected) > 15
    assert {row[4] for row in expected} >= {"cancelled", "closed"}
    assert sorted(told(case) for case in found.cases) == expected


SEEN = {
    name: replace(info, measurements=("level",), observe_ms=None if name == "medium" else 3 * HOUR)
    for name, info in RULES.items()
    if name not in {"high", "critical"}
}
"""The rules of the hall as rules that read a level, but for two that a person verifies."""


@dataclass(frozen=True)
class Told:
    """The sensors of a foretelling, out of the same readings as the observer's."""

    sensor: Sensor

    def sight(self, watched: Sequence[Watched], begin_ms: int, end_ms: int, *, begun: bool) -> Sight | None:
        to_ms = max(end_ms, begin_ms + 1)
        asked = [
            SampleRequest(facility=one.facility, keys=one.info.measurements, from_ms=begin_ms, to_ms=to_ms)
            for one in watched
        ]
        taken = self.sensor.samples(asked)
        return sight([one for part in taken for one in part], begin_ms, end_ms, begun=begun) if all(taken) else None


def come_again(alarms: Sequence[PastAlarm], rng: np.random.Generator) -> list[PastAlarm]:
    """Every other alarm that ends comes again within two hours, where nothing of its rule follows before."""
    found = list(alarms)
    for one in alarms:
        others = [other.start_ms for other in alarms if (other.info, other.facility) == (one.info, one.facility)]
        if one.stop_ms is None or any(one.stop_ms < start_ms < one.stop_ms + 5 * HOUR for start_ms in others):
            continue
        start_ms = one.stop_ms + int(rng.choice([45, 80, 110])) * MINUTE
        steps = (SeverityStep(start_ms, one.severity),) if one.steps else ()
        if rng.random() < 0.5:
            found.append(replace(one, start_ms=start_ms, stop_ms=start_ms + 8 * MINUTE, steps=steps))
    return found


def with_sensors(hall: Hall, sensor: Sensor) -> Observer:
    """The hall with rules that read a level."""
    rules = {**RULES, **SEEN}.get
    hall.journal = SqlJournal(hall.engine, rules=rules, source=hall.city.registry)
    hall.desk = SqlDesk(hall.engine, rules=rules, source=hall.city.registry)
    return Observer(hall.engine, sensor, rules=rules, source=hall.city.registry)


@pytest.mark.parametrize("seed", range(4))
def test_what_sensors_verify_is_foreseen(hall: Hall, seed: int) -> None:
    """The same days with sensors that are now and then out of sight: what is proven, comes back, is left to people."""
    alarms, until_ms = random_alarms(hall, seed, 40), MONDAY_9 + 4 * DAY
    rng = np.random.default_rng(100 + seed)
    alarms = come_again([replace(one, info=SEEN.get(one.info.rule_id, one.info)) for one in alarms], rng)
    starts = MONDAY_9 + rng.integers(0, 4 * DAY // MINUTE, 30) * MINUTE
    gaps = [(int(at), int(at + rng.choice([5, 25, 90, 300]) * MINUTE)) for at in starts]
    sensor = Sensor(gaps=gaps if seed else [])
    live = Live(hall, alarms, until_ms, with_sensors(hall, sensor))
    found = foresee(alarms, hall.city.registry.roster(), Policy(), CREW, MONDAY_9, until_ms, Told(sensor))
    expected = sorted(happened(live, case) for case in live.rows(tables.case))
    assert sorted(told(case) for case in found.cases) == expected
    states = {row.state for row in live.rows(closure_tables.watch)}
    assert states >= ({"proven", "returned", "blind"} if seed else {"proven", "returned"}), states
    proven = [row for row in live.rows(closure_tables.watch) if row.state == "proven"]
    assert sum(case.proven for case in found.cases) == len(proven)


def test_without_sensors_a_person_is_foreseen(hall: Hall) -> None:
    """The sensor spares the verification of a rule without support; without sensors the supervisor is sent."""
    info = replace(RULES["alone"], measurements=("level",))
    pump, start_ms = hall.city.facility("aa-sp-01"), MONDAY_9
    alarm = PastAlarm(info=info, facility=pump, severity=info.severity, start_ms=start_ms, stop_ms=start_ms + HOUR)
    roster = hall.city.registry.roster()
    for sensors, kinds in ((ALWAYS_SEEN, ["handle"]), (None, ["handle", "verify"])):
        found = foresee([alarm], roster, Policy(), CREW, start_ms, start_ms + DAY, sensors)
        (case,) = found.cases
        assert [task.kind.value for task in case.tasks] == kinds
        assert (case.ending, case.proven) == (Ending.CLOSED, sensors is not None)


def test_more_readings_than_one_observation_looks_at_are_left_to_a_person(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rules of a case, each of one facility: together they are more than the bound, as in operation."""
    pump, start_ms = hall.city.facility("aa-sp-01"), MONDAY_9
    alarms = [
        PastAlarm(info=info, facility=pump, severity=info.severity, start_ms=start_ms, stop_ms=start_ms + HOUR)
        for info in (SEEN["medium"], replace(SEEN["medium"], rule_id="other"))
    ]
    roster = hall.city.registry.roster()
    for most, proven in ((2, True), (1, False)):
        monkeypatch.setattr("dispatch.foresight_watch.MOST_PARTS", most)
        (case,) = foresee(alarms, roster, Policy(), CREW, start_ms, start_ms + DAY).cases
        assert (case.alarms, case.ending, case.proven) == (2, Ending.CLOSED, proven)


def test_each_element_of_a_facility_is_observed_for_itself(hall: Hall) -> None:
    """A second bus of a facility fails while the first is observed: a case of its own; the first is proven."""
    info = replace(RULES["medium"], rule_id="sight.device", family="sight", kind=AlarmKind.SIGHT)
    pump, stop_ms = hall.city.facility("aa-sp-01"), MONDAY_9 + HOUR
    first, second = (
        PastAlarm(
            info=of_element(info, element),
            facility=pump,
            severity=info.severity,
            start_ms=start_ms,
            stop_ms=start_ms + HOUR,
            element=element,
        )
        for element, start_ms in (("g/n/bus-1", MONDAY_9), ("g/n/bus-2", stop_ms + 50 * MINUTE))
    )
    again = replace(first, start_ms=second.start_ms, stop_ms=second.stop_ms)
    roster, until_ms = hall.city.registry.roster(), MONDAY_9 + DAY
    assert len({first.info.family, second.info.family}) == 2
    found = foresee([first, second], roster, Policy(), CREW, MONDAY_9, until_ms)
    assert [(case.alarms, case.proven, case.reworks) for case in found.cases] == [(1, True, 0), (1, True, 0)]
    found = foresee([first, again], roster, Policy(), CREW, MONDAY_9, until_ms)
    assert [(case.alarms, case.proven, case.reworks) for case in found.cases] == [(2, True, 1)]


def test_low_and_informational_alarms_that_never_needed_anybody_are_counted(hall: Hall) -> None:
    """A low alarm of ten minutes and an info alarm of ten hours make no case; both are counted as unheard."""
    pump = hall.city.facility("aa-sp-01")
    alarms = [
        PastAlarm(info=RULES[name], facility=pump, severity=RULES[name].severity, start_ms=MONDAY_9, stop_ms=stop_ms)
        for name, stop_ms in (("low", MONDAY_9 + 10 * MINUTE), ("info", MONDAY_9 + 10 * HOUR))
    ]
    found = foresee(alarms, hall.city.registry.roster(), Policy(), CREW, MONDAY_9, MONDAY_9 + DAY)
    assert (found.cases, found.unheard) == ((), 2)


def test_the_figures_say_how_much_work_it_is(hall: Hall) -> None:
    """Twenty ordinary alarms one after the other on a Monday morning: by hour, by cell, and who is at the bound.

    Whoever is full is told of the rest an hour later, when two of them are over.
    """
    pump = hall.city.facility("aa-sp-01")
    alarms = [
        PastAlarm(
            info=replace(RULES["medium"], family=f"f{number}"),
            facility=pump,
            severity=Severity.MEDIUM,
            start_ms=MONDAY_9 + number * MINUTE,
            stop_ms=MONDAY_9 + number * MINUTE + (5 if number < 7 else 90) * MINUTE,
        )
        for number in range(20)
    ]
    night = replace(alarms[0], start_ms=MONDAY_9 + 15 * HOUR, stop_ms=None)
    every = [*alarms, night]
    found = foresee(every, hall.city.registry.roster(), Policy(), CREW, MONDAY_9, MONDAY_9 + DAY)
    figures = workload(found, every, Policy(), MONDAY_9, MONDAY_9 + DAY)
    assert (figures.cases, figures.short, figures.self_cleared, figures.at_night) == (21, 7, 14, 1)
    assert (figures.by_hour[9], figures.by_hour[0], figures.open_at_end) == (20, 1, 1)
    assert figures.by_cell == [("aa-c-0", (21, 1, 7))]
    assert [(week.isoformat(), count) for week, count in figures.by_week] == [("2026-11-23", 21)]
    by_code = {hall.code_of(burden.person): burden for burden in figures.burdens}
    assert (by_code["aa-m1"].most_an_hour, by_code["aa-m1"].hours_over) == (2, 0)
    assert (by_code["aa-m3"].most_an_hour, by_code["aa-m3"].hours_over) == (2, 0)
    assert by_code["aa-m1"].most_plain_an_hour == 2
    assert figures.facilities[0].facility == pump
    assert figures.alarms[Severity.MEDIUM] == 21


def test_what_cannot_wait_is_counted_apart_in_an_hour(hall: Hall) -> None:
    """Five ordinary and ten critical alarms of one site at once: critical ones have no bound, ordinary ones do."""
    pump = hall.city.facility("aa-sp-01")
    alarms = [
        PastAlarm(
            info=replace(RULES[name], family=f"{name}{number}", severity=severity),
            facility=pump,
            severity=severity,
            start_ms=MONDAY_9 + number * MINUTE,
            stop_ms=None,
        )
        for name, severity, count in (("medium", Severity.MEDIUM, 5), ("critical", Severity.CRITICAL, 10))
        for number in range(count)
    ]
    found = foresee(alarms, hall.city.registry.roster(), Policy(), CREW, MONDAY_9, MONDAY_9 + DAY)
    burdens = workload(found, alarms, Policy(), MONDAY_9, MONDAY_9 + DAY).burdens
    assert max(burden.most_an_hour for burden in burdens) > 3
    assert max(burden.most_plain_an_hour for burden in burdens) == 2


def test_what_comes_again_soon_is_foreseen_as_one_case(hall: Hall) -> None:
    """A pump that flaps alone: four short alarms and one that stays are one case, here as in the journal."""
    pump, minutes = hall.city.facility("aa-sp-01"), [(0, 1), (2, 3), (4, 5), (6, 7), (8, 30)]
    alarms = [
        PastAlarm(
            info=RULES["medium"],
            facility=pump,
            severity=Severity.MEDIUM,
            start_ms=MONDAY_9 + start * MINUTE,
            stop_ms=MONDAY_9 + stop * MINUTE,
        )
        for start, stop in minutes
    ]
    crew = Crew(accept_ms=300 * MINUTE)
    found = foresee(alarms, hall.city.registry.roster(), Policy(), crew, MONDAY_9, MONDAY_9 + DAY)
    assert [(case.alarms, case.ending) for case in found.cases] == [(5, Ending.SELF_CLEARED)]
    for start, stop in minutes:
        start_ms, stop_ms = MONDAY_9 + start * MINUTE, MONDAY_9 + stop * MINUTE
        hall.apply(change(ChangeKind.OPENED, facility=pump, start=start_ms), now_ms=start_ms)
        hall.apply(change(ChangeKind.CLOSED, facility=pump, start=start_ms, stop=stop_ms), now_ms=stop_ms)
    assert [case.note for case in hall.cases()] == ["self-cleared"]
    apart = [alarms[0], replace(alarms[1], start_ms=alarms[0].start_ms + 12 * MINUTE, stop_ms=None)]
    found = foresee(apart, hall.city.registry.roster(), Policy(), crew, MONDAY_9, MONDAY_9 + DAY)
    assert len(found.cases) == 2
