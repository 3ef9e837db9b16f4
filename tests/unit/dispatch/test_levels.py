"""What dispatch does when the severity of an alarm rises and falls."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmState, ChangeKind, Interval, Severity
from core.cases import Action, CaseState, TaskKind
from core.ports.cases import AlarmDetail, AlarmRow
from core.ports.feed import FeedKind
from core.ports.flags import FlagFilter
from core.ports.registry import PageRequest
from dispatch import tables
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change

LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
WORKER, BOSS = "aa-m1", "mgr"


class Level:
    """One alarm of the rule with levels, told step by step."""

    def __init__(self, hall: Hall, facility: str = "aa-sp-01") -> None:
        self.hall = hall
        self.facility = hall.city.facility(facility)
        self.steps: list[tuple[int, Severity]] = []
        self.opened = ""

    def to(self, severity: Severity, minute: int, *, at_minute: float | None = None) -> AlarmRow:
        """The severity becomes another one."""
        at_ms = MONDAY_9 + round((minute if at_minute is None else at_minute) * MINUTE)
        self.steps.append((at_ms, severity))
        kind = ChangeKind.SEVERITY if self.opened else ChangeKind.OPENED
        return self.tell(kind, minute)

    def close(self, minute: int) -> AlarmRow:
        """It is over."""
        return self.tell(ChangeKind.CLOSED, minute, stop=MONDAY_9 + minute * MINUTE)

    def tell(self, kind: ChangeKind, minute: int, stop: int | None = None) -> AlarmRow:
        """Let the journal record what is known now."""
        made = self.change(kind, stop)
        self.opened = made.alarm_id
        self.hall.apply(made, now_ms=MONDAY_9 + minute * MINUTE)
        return self.detail().alarm

    def change(self, kind: ChangeKind, stop: int | None = None) -> AlarmChange:
        """The change as the rules would say it."""
        return change(kind, "levels", facility=self.facility, start=self.steps[0][0], stop=stop, steps=self.steps)

    def detail(self) -> AlarmDetail:
        """The alarm as it stands in the journal."""
        found = self.hall.queries.alarm(self.opened)
        assert found is not None
        return found

    def acknowledge(self, minute: int) -> AlarmRow:
        """Somebody has seen it."""
        return self.hall.desk.acknowledge(self.opened, self.hall.actor(WORKER), MONDAY_9 + minute * MINUTE)


def history_of(hall: Hall, number: int) -> list[tuple[str, str]]:
    """Actions and notes in the history of a case."""
    table = tables.history
    with hall.engine.connect() as connection:
        rows = connection.execute(sa.select(table).where(table.c.case == number).order_by(table.c.id))
        return [(row.action, row.note) for row in rows]


def messages(hall: Hall, kind: str) -> Sequence[sa.Row[tuple[object, ...]]]:
    """Notifications of a kind."""
    table = tables.outbox
    with hall.engine.connect() as connection:
        return connection.execute(sa.select(table).where(table.c.kind == kind)).all()


def test_a_rise_annunciates_again_and_a_fall_does_not(hall: Hall) -> None:
    """Acknowledged at medium, it is unacknowledged at high; falling back takes no acknowledgement away."""
    level = Level(hall)
    assert level.to(MEDIUM, 0).state is AlarmState.UNACKNOWLEDGED
    assert level.acknowledge(1).state is AlarmState.ACKNOWLEDGED
    assert level.to(LOW, 2).state is AlarmState.ACKNOWLEDGED
    risen = level.to(HIGH, 3)
    assert (risen.state, risen.severity) == (AlarmState.UNACKNOWLEDGED, HIGH)
    assert level.acknowledge(4).state is AlarmState.ACKNOWLEDGED
    fallen = level.to(MEDIUM, 5)
    assert (fallen.state, fallen.severity) == (AlarmState.ACKNOWLEDGED, MEDIUM)
    over = level.close(6)
    assert (over.state, over.severity) == (AlarmState.NORMAL, HIGH)
    assert [step.severity for step in over.steps] == [MEDIUM, LOW, HIGH, MEDIUM]


def test_the_history_says_which_way_it_went(hall: Hall) -> None:
    """Each change is a line with its direction and the severity shown after it."""
    level = Level(hall)
    for minute, severity in enumerate((LOW, HIGH, MEDIUM)):
        level.to(severity, minute)
    level.close(3)
    lines = [(row.change, row.event, row.severity) for row in level.detail().history]
    assert lines == [
        (ChangeKind.OPENED, "enter", LOW),
        (ChangeKind.SEVERITY, "rise", HIGH),
        (ChangeKind.SEVERITY, "fall", MEDIUM),
        (ChangeKind.CLOSED, "clear", HIGH),
    ]


def test_the_feed_tells_a_rise_as_a_rise(hall: Hall) -> None:
    """Pages mark an alarm that has just become worse as they mark one that has just begun."""
    level = Level(hall)
    for minute, severity in enumerate((LOW, HIGH, LOW)):
        level.to(severity, minute)
    told = [entry.what for entry in hall.queries.feed(0) if entry.kind is FeedKind.ALARM]
    assert told == ["opened", "rise", "severity"]


def test_what_it_says_and_what_to_do_go_with_the_level(hall: Hall) -> None:
    """The words of the level that is shown, and of the rule where the level has none."""
    level = Level(hall)
    assert level.to(LOW, 0).say.en == "Rule levels"
    assert level.to(HIGH, 1).say.en == "About to overflow"
    assert [text.en for text in level.detail().do] == ["Stop at once", "Fence it off"]
    assert level.to(LOW, 2).say.en == "Rule levels"
    assert level.close(3).say.en == "About to overflow"


def test_a_rise_opens_the_case_that_a_low_alarm_had_not_yet(hall: Hall) -> None:
    """Low waits for half an hour, medium does not."""
    level = Level(hall)
    level.to(LOW, 0)
    assert not hall.cases()
    assert level.to(MEDIUM, 5).case is not None
    (case,) = hall.cases()
    assert (case.severity, case.say.en) == (MEDIUM, "Rule levels")


def test_a_rise_raises_the_case_with_its_limit_and_tells_its_worker(hall: Hall) -> None:
    """Severity, words and the nearer limit of the level; one message; a fall is a note and lowers nothing."""
    level = Level(hall)
    level.to(MEDIUM, 0)
    level.to(HIGH, 10)
    (case,) = hall.cases()
    assert (case.severity, case.say.en) == (HIGH, "About to overflow")
    assert case.due_ms == MONDAY_9 + 10 * MINUTE + HOUR
    assert hall.tasks()[TaskKind.HANDLE].due_ms == case.due_ms
    told = messages(hall, "raised")
    assert told
    assert all("About to overflow" in row.title_en and "High" in row.title_en for row in told)
    level.to(LOW, 20)
    (fallen,) = hall.cases()
    assert (fallen.severity, fallen.due_ms) == (HIGH, case.due_ms)
    assert ("fallen", "low") in history_of(hall, case.number)
    level.to(MEDIUM, 30)
    assert ("risen", "medium") in history_of(hall, case.number)
    assert messages(hall, "raised") == told
    assert len(hall.cases()) == 1


def test_a_level_without_support_gets_it_when_the_alarm_rises(hall: Hall) -> None:
    """A low alarm that has lasted is one grid's work alone; at medium the other one is asked to look, once."""
    level = Level(hall)
    level.to(LOW, 0)
    hall.journal.tick(MONDAY_9 + 31 * MINUTE)
    assert set(hall.tasks()) == {TaskKind.HANDLE}
    level.to(MEDIUM, 40)
    assert set(hall.tasks()) == {TaskKind.HANDLE, TaskKind.VERIFY}
    level.to(LOW, 45)
    level.to(HIGH, 50)
    assert len(hall.tasks()) == 2
    assert hall.cases()[0].support is not None


def test_a_rise_ends_the_shelving(hall: Hall) -> None:
    """It was put aside as something lesser, for a time that high is not put aside for."""
    level = Level(hall)
    level.to(MEDIUM, 0)
    hall.desk.shelve(level.opened, hall.actor(WORKER), MONDAY_9 + 8 * HOUR, "known", MONDAY_9)
    assert level.to(LOW, 5).shelved_until_ms is not None
    risen = level.to(HIGH, 10)
    assert (risen.shelved_until_ms, risen.state) == (None, AlarmState.UNACKNOWLEDGED)
    assert "shelving_outgrown" in [row.event for row in level.detail().history]
    assert hall.queries.flags(FlagFilter(standing=True), PageRequest()).items == ()


def test_a_case_that_a_person_cancelled_is_reopened_only_by_something_worse(hall: Hall) -> None:
    """Cancelled at medium: medium again leaves it, high reopens it; it stays the only case of the alarm."""
    level = Level(hall)
    level.to(MEDIUM, 0)
    boss = hall.actor(BOSS, supervises=True)
    hall.act(hall.tasks()[TaskKind.HANDLE], Action.CANCEL, boss, note="known works", now_ms=MONDAY_9 + MINUTE)
    level.to(LOW, 5)
    level.to(MEDIUM, 10)
    assert [case.state for case in hall.cases()] == [CaseState.CANCELLED]
    level.to(HIGH, 15)
    (case,) = hall.cases()
    assert case.state in {CaseState.FILED, CaseState.DISPATCHED}
    assert (case.severity, case.say.en) == (HIGH, "About to overflow")


def test_a_peak_that_lies_in_the_past_changes_the_record_alone(hall: Hall) -> None:
    """Late readings show that it was high for a minute: no annunciation, no raised case, but the worst is kept."""
    level = Level(hall)
    level.to(MEDIUM, 0)
    level.acknowledge(1)
    level.steps += [(MONDAY_9 + MINUTE, HIGH), (MONDAY_9 + 2 * MINUTE, MEDIUM)]
    row = level.tell(ChangeKind.SEVERITY, 10)
    assert (row.state, row.severity) == (AlarmState.ACKNOWLEDGED, MEDIUM)
    assert [case.severity for case in hall.cases()] == [MEDIUM]
    assert level.detail().history[-1].event == ""
    assert level.close(11).severity is HIGH


def test_a_repeated_step_is_recognised_and_an_equal_one_is_not(hall: Hall) -> None:
    """Up, down and up again are three changes of the same ends; each is applied once, however often it comes."""
    level = Level(hall)
    level.to(LOW, 0)
    batch = []
    for minute, severity in ((1, MEDIUM), (2, LOW), (3, MEDIUM)):
        level.steps.append((MONDAY_9 + minute * MINUTE, severity))
        batch.append(level.change(ChangeKind.SEVERITY))
    for upto in (1, 2, 3, 3):
        hall.apply(*batch[:upto], now_ms=MONDAY_9 + 5 * MINUTE)
    assert [row.event for row in level.detail().history] == ["enter", "rise", "fall", "rise"]
    assert len(hall.cases()) == 1


def test_the_journal_gives_the_steps_back(hall: Hall) -> None:
    """After a restart the rules find the alarm with its steps and its severity."""
    level = Level(hall)
    level.to(LOW, 0)
    level.to(HIGH, 1)
    (alarm,) = hall.journal.announced(0)
    assert [tuple(step) for step in alarm.interval.steps] == level.steps
    assert alarm.severity is HIGH


def test_a_rule_that_gets_levels_takes_its_alarm_along(hall: Hall) -> None:
    """An alarm opened without steps shows them from the first change that carries some."""
    level = Level(hall)
    plain = change(ChangeKind.OPENED, "levels", facility=level.facility)
    hall.apply(plain)
    level.opened, level.steps = plain.alarm_id, [(MONDAY_9, MEDIUM)]
    row = level.tell(ChangeKind.SEVERITY, 1)
    assert (row.severity, len(row.steps)) == (MEDIUM, 1)
    assert plain.severity is HIGH


def test_an_interval_refuses_steps_that_are_none() -> None:
    """The first at the start, ascending, the last before the stop."""
    for steps in (((1, LOW),), ((0, LOW), (0, HIGH)), ((0, LOW), (5, HIGH))):
        with pytest.raises(ValueError, match="not the steps"):
            change(ChangeKind.OPENED, "levels", facility=1, start=0, stop=5, steps=steps)
    assert Interval(start_ms=0, stop_ms=5, since_ms=0).severity(HIGH) is HIGH
