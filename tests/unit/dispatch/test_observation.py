"""What the sensor says after a repair: proven, back again, still on, out of sight; whatever the order of things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from core.alarms import ChangeKind, Severity, alarm_id
from core.cases import Action, CaseState, Conflict, RuleInfo, TaskKind, TaskState
from core.closure import FalseCause, HandlingReport, Outcome, WatchState
from core.ports.cases import TaskCommand
from core.ports.evidence import Occasion
from dispatch import closure_tables, tables
from dispatch.desk import SqlDesk
from dispatch.journal import SqlJournal
from dispatch.observation import DEFAULT, WINDOWS, Course, Judgement, Watch, judge, sight, window_ms
from dispatch.observing import Observer
from dispatch.policy import Policy
from dispatch.reports import of_case
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, build_hall, change, rule, wipe
from tests.unit.dispatch.sensor import STALE, Sensor, samples

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED
HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
WINDOW = 2 * HOUR  # of a sewage pump
PATIENCE = Policy().blind_ms
DAY = 24 * HOUR

SEEN_RULES: Mapping[str, RuleInfo] = {
    **RULES,
    "level": rule("level", Severity.MEDIUM, measurements=("level",)),
    "worse": rule("worse", Severity.CRITICAL, measurements=("level",), family="worse"),
    "lamps": rule("lamps", Severity.MEDIUM, measurements=("level",), family="lamps", gather=RULES["lamp"].gather),
}


@dataclass
class Room:
    """The hall with rules that read a level, and an observer."""

    hall: Hall
    sensor: Sensor
    observer: Observer

    def handled(self, report: HandlingReport | None = None, now_ms: int = MONDAY_9) -> None:
        repairer = self.hall.actor("aa-m1")
        for action in (Action.ACCEPT, Action.ARRIVE):
            self.hall.act(self.hall.tasks()[HANDLE], action, repairer, now_ms=now_ms)
        self.handle(now_ms, report)

    def handle(self, now_ms: int, report: HandlingReport | None = None) -> None:
        self.hall.keys += 1
        command = TaskCommand(
            task=self.hall.tasks()[HANDLE].number,
            action=Action.HANDLE,
            actor=self.hall.actor("aa-m1"),
            key=f"h-{self.hall.keys}",
            report=report,
        )
        self.hall.desk.act(command, now_ms)

    def alarm(self, kind: ChangeKind, now_ms: int, start: int = MONDAY_9, facility: str = "aa-sp-01") -> None:
        stop = max(now_ms, start + 1) if kind is CLOSED else None
        number = self.hall.city.facility(facility)
        self.hall.apply(change(kind, "level", facility=number, start=start, stop=stop), now_ms=now_ms)

    def look(self, *moments_ms: int) -> None:
        for now_ms in moments_ms:
            self.observer.step(now_ms)

    def state(self) -> CaseState:
        return self.hall.cases()[-1].state

    def watches(self) -> list[sa.Row[tuple[object, ...]]]:
        with self.hall.engine.connect() as connection:
            return list(connection.execute(sa.select(closure_tables.watch).order_by(closure_tables.watch.c.number)))

    def told(self) -> list[str]:
        detail = self.hall.queries.case(self.hall.cases()[-1].number)
        assert detail is not None
        return [line.action for line in detail.history]


def room_of(hall: Hall, policy: Policy | None = None) -> Room:
    """The hall with rules that read a level."""
    registry = hall.city.registry
    hall.journal = SqlJournal(hall.engine, rules=SEEN_RULES.get, source=registry, policy=policy)
    hall.desk = SqlDesk(hall.engine, rules=SEEN_RULES.get, source=registry, policy=policy)
    sensor = Sensor()
    observer = Observer(hall.engine, sensor, rules=SEEN_RULES.get, source=registry, policy=policy)
    return Room(hall, sensor, observer)


@pytest.fixture
def room(hall: Hall) -> Room:
    """A case at a pump, on its way."""
    made = room_of(hall)
    made.alarm(OPENED, MONDAY_9)
    return made


# --- the window -------------------------------------------------------------------------------------------------


def test_every_window_has_a_reason_in_both_languages() -> None:
    """The table says why, for every class; and is not an empty promise."""
    for window in (*WINDOWS.values(), DEFAULT):
        assert window.why.zh
        assert window.why.en
        assert 0 <= window.hours <= 24 * 30


def test_how_long_a_rule_is_observed() -> None:
    """By its own word, else by its class; longer where it judges over long; never where people are in danger."""
    level = SEEN_RULES["level"]
    assert window_ms(level, "sewage_pump") == WINDOW
    assert window_ms(level, "never-heard-of") == 24 * HOUR
    assert window_ms(rule("x", Severity.LOW, measurements=("a",), observe_ms=HOUR), "sewage_pump") == HOUR
    assert window_ms(rule("x", Severity.LOW, measurements=("a",), observe_ms=0), "sewage_pump") == 0
    assert window_ms(rule("x", Severity.LOW, measurements=("a",), hold_ms=4 * HOUR), "sewage_pump") == 6 * HOUR
    assert window_ms(rule("x", Severity.LOW, measurements=("a",), hold_ms=HOUR), "gas_indoor") == 0
    assert window_ms(rule("x", Severity.LOW), "sewage_pump") == 0
    assert window_ms(rule("x", Severity.LOW, measurements=("a",), latching=True), "sewage_pump") == 0
    assert window_ms(SEEN_RULES["worse"], "sewage_pump") == 0
    assert window_ms(None, "sewage_pump") == 0


@given(
    times=st.lists(st.integers(0, 100), unique=True, max_size=30).map(sorted),
    bad=st.frozensets(st.integers(0, 100), max_size=10),
    stale=st.integers(1, 30),
    begin=st.integers(0, 60),
    length=st.integers(0, 60),
    begun=st.booleans(),
)
def test_what_is_seen_is_what_a_slow_clock_sees(
    times: list[int], bad: frozenset[int], stale: int, begin: int, length: int, begun: bool
) -> None:
    """Millisecond by millisecond: seen while a good reading is young enough, from the first such moment on."""
    end = begin + length
    series = samples(times, [192 if at in bad else 0 for at in times], stale)
    good = [at for at in times if at not in bad]

    def seen(at: int) -> bool:
        return any(one <= at < one + stale for one in good)

    known = [at for at in good if at + stale > begin]
    first: int | None = begin if begun else max(known[0], begin) if known else None
    found = sight([series], begin, end, begun=begun)
    assert found.from_ms == first
    if first is None:
        assert found.seen_ms == begin
        return
    slow = first
    while slow < end and seen(slow):
        slow += 1
    assert found.seen_ms == slow


def test_all_points_must_be_seen() -> None:
    """One that is out of sight is enough; without any point nothing is seen."""
    always, late = samples(range(0, 100, 2), stale_ms=5), samples(range(40, 60, 2), stale_ms=5)
    assert sight([always, late], 0, 100, begun=False) == (40, 63)
    assert sight([always, late], 0, 100, begun=True) == (0, 0)
    assert sight([always, samples([])], 0, 100, begun=False) == (None, 0)
    assert sight([], 7, 100, begun=True) == (None, 7)


TIMES = st.integers(0, 40)


@given(
    spans=st.lists(st.tuples(TIMES, st.one_of(st.none(), st.integers(1, 30))), max_size=4),
    window=st.integers(1, 20),
    started=st.one_of(st.none(), TIMES),
    seen=TIMES,
    now=TIMES,
    silenced=st.booleans(),
    patience=st.integers(0, 10),
    mix=st.randoms(use_true_random=False),
)
def test_a_judgement_never_claims_too_much(
    spans: list[tuple[int, int | None]],
    window: int,
    started: int | None,
    seen: int,
    now: int,
    silenced: bool,
    patience: int,
    mix: object,
) -> None:
    """Proven means: nothing on since the report, seen, for a whole window; a return is never passed over; any order."""
    since = 10
    courses = [
        Course(str(at), start, None if length is None else start + length)
        for at, (start, length) in enumerate(spans)
        if length is None or start + length > since
    ]
    watch = Watch(since_ms=since, window_ms=window, from_ms=started, seen_ms=max(seen, started or 0, since))

    def judged(some: Sequence[Course]) -> Judgement:
        return judge(watch, some, now, silenced=silenced, patience_ms=patience)

    found = judged(courses)
    shuffled = list(courses)
    mix.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judged(shuffled).state is found.state
    back = [one.start_ms for one in courses if one.start_ms > since]
    if found.state is WatchState.PROVEN:
        assert not silenced
        assert not back
        assert found.until_ms is not None
        quiet = range(found.until_ms - window, found.until_ms)
        assert not any(
            one.start_ms <= at and (one.stop_ms is None or at < one.stop_ms) for at in quiet for one in courses
        )
        assert started is not None
        assert max(since, started) <= quiet[0]
        assert watch.seen_ms >= found.until_ms
    if found.state is WatchState.RETURNED:
        assert found.moment_ms == min(back)
    if back and not silenced:
        assert found.state is WatchState.RETURNED
    if found.state is WatchState.STILL_ON:
        assert now - since >= window
    if found.state is WatchState.BLIND:
        assert now - watch.seen_ms > patience


# --- in the database --------------------------------------------------------------------------------------------


def test_the_sensor_closes_what_it_has_proved(room: Room) -> None:
    """Handled, gone, quiet and seen for two hours: verified and closed by the system, with the curve as proof."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9 + 5 * MINUTE)
    assert room.state() is CaseState.HANDLED
    verify = room.hall.tasks()[VERIFY]
    assert (verify.ready, verify.due_ms) == (False, None)
    until = MONDAY_9 + 5 * MINUTE + WINDOW
    room.look(*range(MONDAY_9, until, 10 * MINUTE))
    assert room.state() is CaseState.HANDLED
    assert room.watches()[0].until_ms == until
    room.look(until)
    (case,) = room.hall.cases()
    assert (case.state, case.closed_ms) == (CaseState.CLOSED, until)
    assert {task.state for task in room.hall.tasks().values()} == {TaskState.DONE}
    assert [what for what in room.told() if what in {"sensor_watches", "sensor_proven", "close"}] == [
        *("sensor_watches", "sensor_proven", "close"),
    ]
    with room.hall.engine.connect() as connection:
        record = connection.execute(
            sa.select(tables.record).where(tables.record.c.occasion == Occasion.CLOSED.value)
        ).one()
    assert (record.from_ms, record.to_ms) == (MONDAY_9 - 10 * MINUTE, until)
    assert record.alarm_id == alarm_id("level", room.hall.city.facility("aa-sp-01"), MONDAY_9)
    room.look(until + HOUR)
    assert room.hall.cases() == (case,)


def test_what_comes_back_is_rework_with_the_moment(room: Room) -> None:
    """An alarm within the window: the same case, the same worker, with the moment on the curve; then once more."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9 + 5 * MINUTE)
    room.look(MONDAY_9 + 10 * MINUTE)
    again = MONDAY_9 + HOUR
    room.alarm(OPENED, again + MINUTE, start=again)
    (case,) = room.hall.cases()
    assert case.state is CaseState.REWORK
    handle = room.hall.tasks()[HANDLE]
    assert (handle.state, room.hall.code_of(handle.owner)) == (TaskState.WAITING, "aa-m1")
    assert handle.due_ms is not None
    (watch,) = room.watches()
    assert (watch.state, watch.moment_ms) == (WatchState.RETURNED.value, again)
    assert watch.alarm_id == alarm_id("level", room.hall.city.facility("aa-sp-01"), again)
    assert "sensor_returned" in room.told()
    room.handled(now_ms=again + 10 * MINUTE)
    assert room.state() is CaseState.HANDLED
    assert len(room.watches()) == 2


def test_a_brief_return_found_late_counts_too(room: Room) -> None:
    """A late opening that was over when it was found joins no case; the next look finds it all the same."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9 + 5 * MINUTE)
    facility = room.hall.city.facility("aa-sp-01")
    back = MONDAY_9 + 20 * MINUTE
    room.hall.apply(
        change(OPENED, "level", facility=facility, start=back, stop=back + MINUTE, late=True), now_ms=MONDAY_9 + HOUR
    )
    room.look(MONDAY_9 + HOUR)
    assert room.state() is CaseState.REWORK
    assert room.watches()[0].moment_ms == back


def test_a_condition_that_does_not_go_is_rework(room: Room) -> None:
    """Reported as handled, and on for a whole window after it."""
    room.handled()
    room.look(*range(MONDAY_9, MONDAY_9 + WINDOW, 10 * MINUTE))
    assert room.state() is CaseState.HANDLED
    room.look(MONDAY_9 + WINDOW)
    assert room.state() is CaseState.REWORK
    assert "sensor_still_on" in room.told()


def test_a_sensor_that_goes_out_of_sight_calls_a_person(room: Room) -> None:
    """Half an hour without a good reading: the verification is ready, with its limit; the sensor counts no more."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9 + 5 * MINUTE)
    gone = MONDAY_9 + 30 * MINUTE
    room.sensor.gaps.append((gone, gone + 10 * HOUR))
    room.look(*range(MONDAY_9, gone + PATIENCE, 5 * MINUTE))
    assert not room.hall.tasks()[VERIFY].ready
    room.look(gone + PATIENCE + 10 * MINUTE)
    verify = room.hall.tasks()[VERIFY]
    assert verify.ready
    assert verify.due_ms is not None
    assert room.watches()[0].state == WatchState.BLIND
    assert abs(room.watches()[0].moment_ms - gone) <= STALE
    room.look(gone + 20 * HOUR)
    assert room.state() is CaseState.HANDLED


def test_what_a_gateway_delivers_late_was_seen(room: Room) -> None:
    """A gap that is filled before the patience ends is no gap."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9)
    room.sensor.gaps.append((MONDAY_9 + 30 * MINUTE, MONDAY_9 + 55 * MINUTE))
    room.look(*range(MONDAY_9, MONDAY_9 + 55 * MINUTE, 10 * MINUTE))
    room.sensor.gaps.clear()
    room.look(*range(MONDAY_9 + 55 * MINUTE, MONDAY_9 + WINDOW + 11 * MINUTE, 10 * MINUTE))
    assert room.state() is CaseState.CLOSED


def test_a_sensor_that_comes_back_after_the_work_is_waited_for(room: Room) -> None:
    """Power was off while they worked: the window begins when the sensor is seen again."""
    room.sensor.gaps.append((MONDAY_9 - HOUR, MONDAY_9 + 15 * MINUTE))
    room.handled()
    room.alarm(CLOSED, MONDAY_9)
    room.look(*range(MONDAY_9, MONDAY_9 + WINDOW, 5 * MINUTE))
    assert room.watches()[0].until_ms == MONDAY_9 + 15 * MINUTE + WINDOW
    room.look(MONDAY_9 + 15 * MINUTE + WINDOW)
    assert room.state() is CaseState.CLOSED


def test_without_a_sensor_a_person_looks(room: Room) -> None:
    """A rule that reads nothing calls the verifier at once, one without points as soon as that is known."""
    room.sensor.without = True
    room.handled()
    room.look(MONDAY_9 + 1)
    assert room.hall.tasks()[VERIFY].ready
    room.hall.apply(change(OPENED, "medium", facility=room.hall.city.facility("bb-sp-01")))
    worker = room.hall.actor("bb-m1")
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        room.hall.act(room.hall.tasks()[HANDLE], action, worker)
    assert room.hall.tasks()[VERIFY].ready


def test_a_false_alarm_is_verified_by_a_person(room: Room) -> None:
    """What the sensor says is just what is in doubt."""
    room.handled(HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.SENSOR_FAULT))
    assert room.hall.tasks()[VERIFY].ready
    assert room.watches() == []
    with room.hall.engine.connect() as connection:
        (row,) = of_case(connection, room.hall.cases()[-1].number)
    assert (row.report.outcome, row.report.cause) == (Outcome.FALSE_ALARM, FalseCause.SENSOR_FAULT)


def test_a_flag_over_the_facility_calls_a_person(room: Room) -> None:
    """Out of service within the window: silence proves nothing."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9)
    boss = room.hall.actor("mgr", supervises=True)
    facility = room.hall.city.facility("aa-sp-01")
    room.hall.desk.take_out_facility(facility, boss, MONDAY_9 + HOUR, "painting", MONDAY_9 + MINUTE)
    room.look(MONDAY_9 + 2 * MINUTE)
    assert room.hall.tasks()[VERIFY].ready
    assert room.watches()[0].state == WatchState.SILENCED


def test_a_verifier_may_conclude_before_and_never_their_own(room: Room) -> None:
    """A person who is there decides at once; the repairer may not, and no later look changes it."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9)
    boss, repairer = room.hall.actor("mgr", supervises=True), room.hall.city.person("aa-m1")
    with pytest.raises(Conflict) as caught:
        room.hall.act(room.hall.tasks()[VERIFY], Action.TRANSFER, boss, note="you", to_person=repairer)
    assert caught.value.code == "own_repair"
    looker = room.hall.actor("aa-g1")
    room.hall.act(room.hall.tasks()[VERIFY], Action.ACCEPT, looker)
    room.hall.act(room.hall.tasks()[VERIFY], Action.REJECT, looker, note="still wet")
    assert room.state() is CaseState.REWORK
    assert room.watches()[0].state == WatchState.OVERTAKEN
    room.look(MONDAY_9 + DAY)
    assert room.state() is CaseState.REWORK


def test_nobody_verifies_their_own_repair_of_a_joint_case(hall: Hall) -> None:
    """Two pumps of one joint case, repaired by one: the sensor observes both; the repairer cannot conclude."""
    room = room_of(hall)
    for code in ("aa-sp-01", "aa-sp-02"):
        hall.apply(change(OPENED, "lamps", facility=hall.city.facility(code)))
    assert len(hall.cases()) == 1
    boss = hall.actor("aa-m3", supervises=True)
    hall.act(hall.tasks()[HANDLE], Action.TRANSFER, boss, note="mine", to_person=boss.person)
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[HANDLE], action, boss)
    verify = hall.tasks()[VERIFY]
    with pytest.raises(Conflict) as caught:
        hall.act(verify, Action.TRANSFER, hall.actor("mgr", supervises=True), note="x", to_person=boss.person)
    assert caught.value.code == "own_repair"
    hall.apply(change(CLOSED, "lamps", facility=hall.city.facility("aa-sp-01"), stop=MONDAY_9 + MINUTE))
    room.look(*range(MONDAY_9, MONDAY_9 + WINDOW + 1, 10 * MINUTE))
    assert room.state() is CaseState.REWORK, "the second has never gone"


# --- any order --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Iterator[Room]:
    """One city for all examples."""
    with TemporaryDirectory() as folder:
        made = build_hall(Path(folder))
        yield room_of(made)
        made.engine.dispose()


STEPS = st.lists(st.sampled_from(["open", "close", "handle", "look", "tick", "gap", "back"]), min_size=3, max_size=14)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.lists(st.sampled_from([5, 25, 70, 130]), min_size=14, max_size=14))
@example(["handle", "close", "look", "look", "open", "look"], [5, 5, 70, 70, 5, 5] + [5] * 8)
@example(["handle", "close", "open", "look", "close", "handle", "look", "look"], [5, 5, 25, 5, 5, 5, 130, 5] + [5] * 6)
@example(["close", "handle", "open", "close", "look", "handle", "look", "look"], [5, 5, 5, 5, 130, 5, 130, 5] + [5] * 6)
def test_in_any_order_nothing_closes_without_a_seen_quiet_window(
    shared: Room, steps: list[str], minutes: list[int]
) -> None:
    """Alarms, reports, looks and gaps in any order: a case that the sensor closes was quiet and seen for two hours; one
    with an alarm after the report goes back to its worker at once; there is one open case at most, with its tasks."""
    wipe(shared.hall)
    shared.sensor.gaps.clear()
    shared.alarm(OPENED, MONDAY_9)
    for action in (Action.ACCEPT, Action.ARRIVE):
        shared.hall.act(shared.hall.tasks()[HANDLE], action, shared.hall.actor("aa-m1"))
    now, start, on = MONDAY_9, MONDAY_9, True
    spans: list[list[int | None]] = [[MONDAY_9, None]]
    for step, wait in zip(steps, minutes, strict=False):
        now += wait * MINUTE
        if step == "open" and not on:
            start, on = now, True
            shared.alarm(OPENED, now, start=start)
            spans.append([now, None])
        elif step == "close" and on:
            on = False
            shared.alarm(CLOSED, now, start=start)
            spans[-1][1] = now
        elif step == "handle":
            _handle_if_possible(shared, now)
        elif step == "gap":
            shared.sensor.gaps.append((now, now + 4 * HOUR))
        elif step == "back":
            shared.sensor.gaps = [(a, min(b, now)) for a, b in shared.sensor.gaps]
        elif step == "tick":
            shared.hall.journal.tick(now)
        else:
            shared.look(now)
        _check(shared, spans, now)


def _handle_if_possible(room: Room, now: int) -> None:
    handle = room.hall.tasks()[HANDLE]
    if handle.state is TaskState.ON_SITE:
        room.handle(now)
    elif handle.state is TaskState.WAITING and room.hall.cases()[-1].state is not CaseState.CANCELLED:
        room.handled(now_ms=now)


def _check(room: Room, spans: Sequence[Sequence[int | None]], now: int) -> None:
    cases = room.hall.cases()
    assert sum(case.state not in {CaseState.CLOSED, CaseState.CANCELLED} for case in cases) <= 1
    for watch in room.watches():
        since, state = int(str(watch.since_ms)), watch.state
        event(f"an observation was {state}")
        came = [one[0] for one in spans if one[0] is not None and since < one[0] <= int(str(watch.ended_ms or now))]
        if state == WatchState.PROVEN:
            until = int(str(watch.until_ms))
            assert not came
            for first, last in spans:
                assert first is not None
                assert last is not None or first > until
                assert last is None or last <= until - WINDOW or first > until
            held = [(a + STALE, b) for a, b in room.sensor.gaps]
            assert not any(a < until and b > until - WINDOW and b - a > MINUTE for a, b in held)
        if state == WatchState.WATCHING:
            assert not came, "whatever comes back ends the observation at once"
    for case in cases:
        tasks = room.hall.tasks(case.number)
        if case.state is CaseState.HANDLED:
            assert tasks[HANDLE].state is TaskState.DONE
        if case.state in {CaseState.CLOSED, CaseState.CANCELLED}:
            assert not any(task.state in {TaskState.WAITING, TaskState.ACCEPTED} for task in tasks.values())
        if case.state is CaseState.REWORK:
            assert tasks[HANDLE].state is TaskState.WAITING


def test_a_sensor_that_fails_shortly_before_the_end_calls_a_person(room: Room) -> None:
    """Twenty minutes before the window ends nothing comes any more: it is not observed for ever."""
    room.handled()
    room.alarm(CLOSED, MONDAY_9)
    gone = MONDAY_9 + WINDOW - 20 * MINUTE
    room.sensor.gaps.append((gone, gone + DAY))
    room.look(*range(MONDAY_9, MONDAY_9 + WINDOW + HOUR, 10 * MINUTE))
    assert room.hall.tasks()[VERIFY].ready
    assert room.watches()[0].state == WatchState.BLIND
