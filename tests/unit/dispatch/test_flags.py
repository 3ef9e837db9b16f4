"""Flags beside an alarm's state: silence while one stands, annunciation when the last falls, and nobody forgets."""

from __future__ import annotations

import pytest

from core.alarms import AlarmState, ChangeKind, Severity, alarm_id
from core.cases import Action, CaseState, Conflict, TaskKind, UnknownItem
from core.errors import Invalid
from core.flags import Cause, FlagKind, FlagScope, FlagState, Suppression
from core.ports.cases import AlarmFilter, AlarmRow
from core.ports.flags import FlagFilter, FlagRow
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.journal import SqlJournal
from dispatch.outbox import Outbox
from dispatch.performance_queries import SqlPerformanceQueries
from dispatch.suppression import SqlSuppression
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

OPENED, CLOSED, REOPENED = ChangeKind.OPENED, ChangeKind.CLOSED, ChangeKind.REOPENED
DAY = 24 * HOUR


def opened(hall: Hall, rule: str = "medium", now_ms: int = MONDAY_9, place: str = "aa-sp-01") -> str:
    """An alarm that is on; its id."""
    facility = hall.city.facility(place)
    hall.apply(change(OPENED, rule, facility=facility, start=now_ms), now_ms=now_ms)
    return alarm_id(rule, facility, now_ms)


def seen(hall: Hall, number: str) -> AlarmRow:
    """The alarm as pages see it."""
    found = hall.queries.alarm(number)
    assert found is not None
    return found.alarm


def steps(hall: Hall, number: str) -> list[tuple[str, str, str | None, str, str]]:
    """What an alarm's audit says: event, who, from, to, why."""
    found = hall.queries.alarm(number)
    assert found is not None
    return [(one.change or one.event, one.actor, one.from_state, str(one.state), one.note) for one in found.history]


def standing(hall: Hall) -> tuple[FlagRow, ...]:
    """The flags that stand, newest first."""
    return hall.queries.flags(FlagFilter(standing=True), PageRequest()).items


def design(hall: Hall) -> SqlSuppression:
    """How logic keeps alarms silent."""
    return SqlSuppression(hall.engine, rules=RULES.get, source=hall.city.registry)


def test_a_shelf_holds_for_one_alarm_or_for_its_rule(hall: Hall) -> None:
    """Shelved alone, the next alarm of the rule speaks; shelved as a rule, it does not, and another rule does."""
    boss, first = hall.actor("mgr", supervises=True), opened(hall)
    hall.desk.shelve(first, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9, FlagScope.ALARM)
    hall.apply(change(CLOSED, facility=hall.city.facility("aa-sp-01"), stop=MONDAY_9 + MINUTE))
    second = opened(hall, now_ms=MONDAY_9 + 2 * MINUTE)
    assert seen(hall, first).shelved_until_ms == MONDAY_9 + HOUR
    assert seen(hall, second).shelved_until_ms is None
    hall.desk.shelve(second, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9 + 3 * MINUTE)
    other = opened(hall, "medium-2", now_ms=MONDAY_9 + 4 * MINUTE)
    hall.apply(
        change(CLOSED, facility=hall.city.facility("aa-sp-01"), start=MONDAY_9 + 2 * MINUTE, stop=MONDAY_9 + 5 * MINUTE)
    )
    third = opened(hall, now_ms=MONDAY_9 + 6 * MINUTE)
    assert seen(hall, third).shelved_until_ms == MONDAY_9 + HOUR
    assert seen(hall, other).shelved_until_ms is None


def test_nobody_keeps_an_alarm_silent_by_shelving_it_again_and_again(hall: Hall) -> None:
    """The longest time counts from the first shelving; once it has spoken it may be shelved anew."""
    boss, number = hall.actor("mgr", supervises=True), opened(hall)
    hall.desk.shelve(number, boss, MONDAY_9 + 4 * HOUR, "exchange", MONDAY_9)
    hall.desk.shelve(number, boss, MONDAY_9 + 8 * HOUR, "part is late", MONDAY_9 + 3 * HOUR)
    with pytest.raises(Conflict):
        hall.desk.shelve(number, boss, MONDAY_9 + 9 * HOUR, "still late", MONDAY_9 + 7 * HOUR)
    hall.journal.tick(MONDAY_9 + 8 * HOUR)
    assert seen(hall, number).state is AlarmState.UNACKNOWLEDGED
    again = hall.desk.shelve(number, boss, MONDAY_9 + 12 * HOUR, "still late", MONDAY_9 + 8 * HOUR)
    assert again.shelved_until_ms == MONDAY_9 + 12 * HOUR


def test_what_stays_on_beneath_a_shelf_is_annunciated_anew(hall: Hall) -> None:
    """An acknowledged alarm is unacknowledged again when its shelf falls, by time or by hand; a cleared one is not."""
    boss, number = hall.actor("mgr", supervises=True), opened(hall)
    hall.desk.acknowledge(number, boss, MONDAY_9, "on my way")
    hall.desk.shelve(number, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9)
    assert seen(hall, number).state is AlarmState.ACKNOWLEDGED
    hall.journal.tick(MONDAY_9 + HOUR - 1)
    assert seen(hall, number).shelved_until_ms is not None
    hall.journal.tick(MONDAY_9 + HOUR)
    assert (seen(hall, number).state, seen(hall, number).shelved_until_ms) == (AlarmState.UNACKNOWLEDGED, None)
    assert steps(hall, number) == [
        ("opened", "system", None, "unacknowledged", ""),
        ("acknowledge", "mgr", "unacknowledged", "acknowledged", "on my way"),
        ("shelved", "mgr", "acknowledged", "acknowledged", "exchange"),
        ("shelving_ended", "system", "acknowledged", "unacknowledged", ""),
    ]
    hall.desk.acknowledge(number, boss, MONDAY_9 + HOUR)
    hall.desk.shelve(number, boss, MONDAY_9 + 2 * HOUR, "once more", MONDAY_9 + HOUR)
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(CLOSED, facility=facility, stop=MONDAY_9 + HOUR + MINUTE), now_ms=MONDAY_9 + HOUR + MINUTE)
    hall.desk.unshelve(number, boss, MONDAY_9 + HOUR + 2 * MINUTE, "done")
    assert seen(hall, number).state is AlarmState.NORMAL


@pytest.mark.parametrize("flag", list(FlagKind))
def test_no_case_is_opened_and_nobody_is_told_while_a_flag_stands(hall: Hall, flag: FlagKind) -> None:
    """Under each kind of flag an alarm opens silently; when it falls the case is opened, once, and people told."""
    boss, facility = hall.actor("mgr", supervises=True), hall.city.facility("aa-sp-01")
    wanted = Suppression(facility=facility, rule_id="medium", ref="parent", reason="gateway is down")
    if flag is FlagKind.SHELVED:
        old = opened(hall, now_ms=MONDAY_9 - HOUR)
        hall.desk.shelve(old, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9 - HOUR)
        hall.apply(change(CLOSED, facility=facility, start=MONDAY_9 - HOUR, stop=MONDAY_9 - HOUR // 2))
    elif flag is FlagKind.SUPPRESSED:
        design(hall).hold(Cause.TOPOLOGY, [wanted], MONDAY_9)
    else:
        hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    cases, told = len(hall.cases()), hall.count(tables.outbox)
    number = opened(hall)
    hall.journal.tick(MONDAY_9 + 40 * MINUTE)
    assert (len(hall.cases()), hall.count(tables.outbox)) == (cases, told)
    assert seen(hall, number).state is AlarmState.UNACKNOWLEDGED
    attention = hall.queries.alarms(AlarmFilter(needs_attention=True), PageRequest()).items
    assert number not in {one.alarm_id for one in attention}
    later = MONDAY_9 + 50 * MINUTE
    if flag is FlagKind.SHELVED:
        hall.desk.unshelve(number, boss, later)
    elif flag is FlagKind.SUPPRESSED:
        design(hall).hold(Cause.TOPOLOGY, [], later)
    else:
        hall.desk.put_back(standing(hall)[0].number, boss, "running again", later)
    assert len(hall.cases()) == cases + 1
    assert hall.count(tables.outbox) > told
    assert seen(hall, number).case == hall.cases()[-1].number
    hall.journal.tick(later)
    assert len(hall.cases()) == cases + 1


def test_an_open_case_is_marked_while_a_flag_stands(hall: Hall) -> None:
    """Case and task say that a flag stands over their alarm, the history too, and no longer when it has fallen."""
    boss, number = hall.actor("mgr", supervises=True), opened(hall)
    out = hall.desk.take_out(number, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    (case,) = hall.cases()
    assert (case.flagged, hall.tasks()[TaskKind.HANDLE].flagged) == ("out_of_service", "out_of_service")
    hall.desk.put_back(out.number, boss, "", MONDAY_9 + MINUTE)
    (case,) = hall.cases()
    assert case.flagged == ""
    detail = hall.queries.case(case.number)
    assert detail is not None
    told = [(row.action, row.note) for row in detail.history if "flagged" in row.action]
    assert told == [("flagged", "out_of_service"), ("unflagged", "")]


def test_out_of_service_stays_until_somebody_returns_it(hall: Hall) -> None:
    """After its planned end it still stands, is overdue, and reminds whoever took it out once a day."""
    boss, facility = hall.actor("aa-m3", supervises=True), hall.city.facility("aa-sp-01")
    out = hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    number = opened(hall)
    for hours in (24, 24, 30, 48, 49):
        hall.journal.tick(MONDAY_9 + hours * HOUR)
    (flag,) = standing(hall)
    assert (flag.state, flag.scope, flag.kind) == (FlagState.OVERDUE, FlagScope.FACILITY, FlagKind.OUT_OF_SERVICE)
    assert seen(hall, number).out_of_service
    messages = [one for one in Outbox(hall.engine).waiting(MONDAY_9 + 60 * HOUR) if one.ref == f"flag-{out.number}"]
    assert [one.since_ms for one in messages if hall.code_of(one.person) == "aa-m3"] == [
        MONDAY_9 + 24 * HOUR,
        MONDAY_9 + 48 * HOUR,
    ]
    assert "overhaul" in messages[0].body.en
    hall.desk.extend(out.number, boss, MONDAY_9 + 4 * DAY, "part is late", MONDAY_9 + 50 * HOUR)
    assert standing(hall)[0].state is FlagState.STANDING
    hall.desk.put_back(out.number, boss, "runs", MONDAY_9 + 60 * HOUR)
    assert hall.desk.put_back(out.number, boss, "runs", MONDAY_9 + 61 * HOUR).state is FlagState.DOWN
    detail = hall.queries.flag(out.number)
    assert detail is not None
    assert [(one.event, one.actor, str(one.to_state)) for one in detail.steps] == [
        ("raise", "aa-m3", "standing"),
        ("expire", "system", "overdue"),
        ("reminded", "system", "overdue"),
        ("extend", "aa-m3", "standing"),
        ("lower", "aa-m3", "down"),
    ]
    assert seen(hall, number).state is AlarmState.UNACKNOWLEDGED


def test_out_of_service_needs_a_reason_and_an_end_that_is_near(hall: Hall) -> None:
    """Everything that is wrong is said at once; what is not there cannot be extended."""
    boss, facility = hall.actor("mgr", supervises=True), hall.city.facility("aa-sp-01")
    with pytest.raises(Invalid) as caught:
        hall.desk.take_out_facility(facility, boss, MONDAY_9 + 31 * DAY, " ", MONDAY_9)
    assert [finding.code for finding in caught.value.findings] == ["TG-3101", "TG-3105"]
    with pytest.raises(Invalid):
        hall.desk.take_out_facility(facility, boss, MONDAY_9, "overhaul", MONDAY_9)
    with pytest.raises(UnknownItem):
        hall.desk.take_out_facility(99_999, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    with pytest.raises(UnknownItem):
        hall.desk.extend(99, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    out = hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    hall.desk.put_back(out.number, boss, "", MONDAY_9)
    with pytest.raises(Conflict):
        hall.desk.extend(out.number, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)


def test_the_same_asked_twice_is_done_once(hall: Hall) -> None:
    """Out of service, suppression and comments repeated leave one flag and one line each."""
    boss, number, facility = hall.actor("mgr", supervises=True), opened(hall), hall.city.facility("aa-sp-01")
    for _ in range(2):
        hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
        hall.desk.comment(number, boss, "float switch sticks", MONDAY_9)
        wanted = [Suppression(facility=facility, ref="parent", reason="gateway is down")]
        design(hall).hold(Cause.TOPOLOGY, wanted, MONDAY_9)
        design(hall).change(Cause.STORM, wanted, [], MONDAY_9)
    assert len(standing(hall)) == 3
    events = [event for event, *_ in steps(hall, number)]
    assert sorted(events) == ["comment", "opened", "out_of_service", "suppressed", "suppressed"]


def test_a_flag_of_one_cause_does_not_lift_that_of_another(hall: Hall) -> None:
    """While any flag stands the alarm is silent; only the last one that falls lets it speak."""
    boss, facility = hall.actor("mgr", supervises=True), hall.city.facility("aa-sp-01")
    book, wanted = design(hall), [Suppression(facility=facility, ref="p", reason="r")]
    book.hold(Cause.TOPOLOGY, wanted, MONDAY_9)
    book.hold(Cause.PLANNED_WORK, wanted, MONDAY_9)
    out = hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    number = opened(hall)
    book.hold(Cause.TOPOLOGY, [], MONDAY_9 + MINUTE)
    hall.desk.put_back(out.number, boss, "", MONDAY_9 + MINUTE)
    assert hall.cases() == ()
    assert seen(hall, number).suppressed
    book.change(Cause.PLANNED_WORK, [], wanted, MONDAY_9 + 2 * MINUTE)
    assert len(hall.cases()) == 1
    assert not seen(hall, number).suppressed


def test_suppression_with_an_end_ends_by_itself_after_a_restart(hall: Hall) -> None:
    """What stands is in the database: another journal over it lets it fall in time, and the alarm speaks."""
    facility = hall.city.facility("aa-sp-01")
    until = MONDAY_9 + HOUR
    design(hall).hold(Cause.PLANNED_WORK, [Suppression(facility=facility, reason="works", until_ms=until)], MONDAY_9)
    number = opened(hall)
    other = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry)
    other.tick(until - 1)
    assert hall.cases() == ()
    other.tick(until)
    assert seen(hall, number).case is not None


def test_what_gets_worse_than_it_was_shelved_for_speaks(hall: Hall) -> None:
    """A shelf that was given for a medium alarm keeps nothing critical silent."""
    boss, facility = hall.actor("mgr", supervises=True), hall.city.facility("aa-sp-01")
    number = opened(hall)
    hall.desk.shelve(number, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9)
    with hall.engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        worse = tables.alarm.update().where(tables.alarm.c.alarm_id == number)
        connection.execute(worse.values(severity=Severity.CRITICAL.value, state="acknowledged"))
    hall.apply(change(ChangeKind.MOVED, facility=facility, opened=MONDAY_9, start=MONDAY_9 - MINUTE))
    assert (seen(hall, number).shelved_until_ms, seen(hall, number).state) == (None, AlarmState.UNACKNOWLEDGED)


def test_nothing_is_acknowledged_or_reset_beneath_a_flag(hall: Hall) -> None:
    """Silent alarms ask for nobody; acknowledging and resetting are refused and say what to do first."""
    boss, gas = hall.actor("mgr", supervises=True), opened(hall, "gas")
    facility = hall.city.facility("aa-sp-01")
    out = hall.desk.take_out(gas, boss, MONDAY_9 + DAY, "calibration", MONDAY_9)
    with pytest.raises(Conflict) as caught:
        hall.desk.acknowledge(gas, boss, MONDAY_9)
    assert caught.value.code == "silent"
    hall.apply(change(CLOSED, "gas", facility=facility, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert seen(hall, gas).state is AlarmState.LATCHED_UNACKNOWLEDGED
    hall.desk.put_back(out.number, boss, "", MONDAY_9 + 2 * MINUTE)
    hall.desk.acknowledge(gas, boss, MONDAY_9 + 2 * MINUTE)
    assert hall.desk.reset(gas, boss, MONDAY_9 + 3 * MINUTE, "aired").state is AlarmState.NORMAL


def test_a_second_acknowledgement_keeps_its_words(hall: Hall) -> None:
    """Acknowledging what is acknowledged changes nothing, but what somebody wrote is not lost, and not doubled."""
    number = opened(hall)
    hall.desk.acknowledge(number, hall.actor("aa-m1"), MONDAY_9, "seen")
    for _ in range(2):
        hall.desk.acknowledge(number, hall.actor("aa-g1"), MONDAY_9 + 1, "the yard is flooded")
    assert steps(hall, number)[1:] == [
        ("acknowledge", "aa-m1", "unacknowledged", "acknowledged", "seen"),
        ("comment", "aa-g1", "acknowledged", "acknowledged", "the yard is flooded"),
    ]
    with pytest.raises(Invalid):
        hall.desk.comment(number, hall.actor("aa-g1"), "  ", MONDAY_9)


def test_counts_are_those_of_the_lists(hall: Hall) -> None:
    """Each count equals the length of its list, and flags over what is calm are counted, too."""
    boss = hall.actor("mgr", supervises=True)
    first, _, third = opened(hall), opened(hall, "medium-2"), opened(hall, place="aa-sp-02")
    opened(hall, "gas", place="bb-sp-01")
    hall.desk.shelve(first, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9)
    hall.desk.take_out(third, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9, FlagScope.FACILITY)
    bb = hall.city.facility("bb-sp-01")
    design(hall).hold(Cause.STORM, [Suppression(facility=bb, reason="rain")], MONDAY_9)
    counts = hall.queries.alarm_counts(AlarmFilter())
    lists = {
        "attention": AlarmFilter(needs_attention=True),
        "active": AlarmFilter(on=True),
        "shelved": AlarmFilter(flags=frozenset({FlagKind.SHELVED})),
        "suppressed": AlarmFilter(flags=frozenset({FlagKind.SUPPRESSED})),
        "out_of_service": AlarmFilter(flags=frozenset({FlagKind.OUT_OF_SERVICE})),
    }
    for name, where in lists.items():
        assert getattr(counts, name) == len(hall.queries.alarms(where, PageRequest()).items), name
    assert (counts.attention, counts.active, counts.unacknowledged) == (1, 4, 1)
    assert (counts.flags_shelved, counts.flags_out_of_service, counts.overdue) == (1, 1, 0)


def test_a_case_that_ended_is_not_reopened_beneath_a_flag(hall: Hall) -> None:
    """An alarm that comes back while its facility is out of service wakes nobody; returned to service it does."""
    boss, facility = hall.actor("mgr", supervises=True), hall.city.facility("aa-sp-01")
    number = opened(hall)
    hall.apply(change(CLOSED, facility=facility, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert hall.cases()[0].state is CaseState.CANCELLED
    out = hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9 + MINUTE)
    hall.apply(change(REOPENED, facility=facility), now_ms=MONDAY_9 + 2 * MINUTE)
    assert (hall.cases()[0].state, seen(hall, number).out_of_service) == (CaseState.CANCELLED, True)
    hall.desk.put_back(out.number, boss, "", MONDAY_9 + 3 * MINUTE)
    (case,) = hall.cases()
    assert case.state is CaseState.DISPATCHED


def test_only_what_was_annunciated_is_counted_as_load(hall: Hall) -> None:
    """An alarm that opened in silence asked nobody; it counts when its last flag falls, as others do at once."""
    boss, facility = hall.actor("mgr", supervises=True), hall.city.facility("aa-sp-01")
    opened(hall)
    out = hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9 + 1)
    opened(hall, "medium-2", now_ms=MONDAY_9 + MINUTE)

    def moments() -> list[int]:
        found = SqlPerformanceQueries(hall.engine).annunciations(0, MONDAY_9 + DAY)
        return [int(at_ms) - MONDAY_9 for at_ms in found.at_ms]

    assert moments() == [0]
    hall.desk.put_back(out.number, boss, "", MONDAY_9 + HOUR)
    assert moments() == [0, HOUR, HOUR]


def test_a_worker_goes_on_with_a_marked_case(hall: Hall) -> None:
    """A flag over an alarm takes nothing out of anybody's hands: the case is worked on and closed as ever."""
    boss, number = hall.actor("mgr", supervises=True), opened(hall)
    hall.desk.shelve(number, boss, MONDAY_9 + HOUR, "exchange", MONDAY_9)
    repairer, looker = hall.actor("aa-m1"), hall.actor("aa-g1")
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[TaskKind.HANDLE], action, repairer, note="exchanged")
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(CLOSED, facility=facility, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    for action in (Action.ACCEPT, Action.VERIFY):
        hall.act(hall.tasks()[TaskKind.VERIFY], action, looker, now_ms=MONDAY_9 + MINUTE)
    hall.journal.tick(MONDAY_9 + HOUR)
    assert [case.state for case in hall.cases()] == [CaseState.CLOSED]
