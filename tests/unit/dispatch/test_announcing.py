"""What is not urgent is announced when its owner has room, in the order in which it may wait, and always in time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.cases import DeadlineClock, TaskKind
from core.people import Person, Role
from core.places import Grid
from core.ports.cases import PassedOver, Rung
from dispatch.announcing import Seeking, Waiting, announce, latest_ms, moved_up
from dispatch.arrival import Load
from dispatch.deciding import announce_ms
from dispatch.diary import Diary
from dispatch.loads import ForeseenTask, Loads
from dispatch.routing import Request
from dispatch.worktime import due
from tests.unit.dispatch.test_routing import (
    CITY,
    COLLEAGUE,
    FOREMAN,
    HOLDER,
    MANAGER,
    NEIGHBOUR,
    POLICY,
    at,
    person,
    roster,
)

HOUR = 3_600_000
MINUTE = 60_000
MONDAY = at("2026-11-23 00:00")
QUIET = (Severity.MEDIUM, Severity.LOW)
CROWD = (HOLDER, NEIGHBOUR, COLLEAGUE, FOREMAN, MANAGER, CITY)


class Office:
    """Files tasks with the people there are; every task is on one pump."""

    def __init__(self, *people: Person) -> None:
        self.loads = Loads(roster(*people), POLICY)
        self.tasks: list[ForeseenTask] = []

    def file(self, now_ms: int, severity: Severity, clock: DeadlineClock = DeadlineClock.WORK) -> ForeseenTask:
        """File one task with the usual limit of its severity."""
        task = ForeseenTask(TaskKind.HANDLE, Grid.CONSTRUCTION, severity, now_ms, now_ms, None, Rung.UNSTAFFED, "c1")
        wanted_ms = announce_ms(severity, now_ms, POLICY)
        self.loads.limit(task, replace(POLICY.handle[severity], clock=clock), wanted_ms, nearer=False)
        request = Request(
            grid=Grid.CONSTRUCTION, community=1, cell="c1", skill="pump", severity=severity, at_ms=wanted_ms
        )
        self.loads.give(task, request, None, now_ms)
        self.tasks.append(task)
        return task

    def told(self, *, quiet: bool) -> dict[int, list[int]]:
        """Person to the instants of what they hear of, ascending; ``quiet``: what is not urgent alone."""
        found: dict[int, list[int]] = {}
        for task in self.tasks:
            if task.owner is not None and task.heard and (not quiet or task.severity in QUIET):
                found.setdefault(task.owner, []).append(task.given_ms)
        return {person: sorted(moments) for person, moments in found.items()}


def most_an_hour(moments: list[int]) -> int:
    """The most within any hour, counted the slow way."""
    return max(sum(end - HOUR < one <= end for one in moments) for end in moments)


def most_a_day(moments: list[int]) -> int:
    """The most on any local day."""
    return max(Counter(POLICY.calendar.day_of(one) for one in moments).values())


def clock_of(moments: list[int]) -> list[str]:
    """Instants as local times of day."""
    return [datetime.fromtimestamp(one / 1000, POLICY.calendar.zone).strftime("%H:%M") for one in moments]


def test_a_night_of_a_supervisor_is_told_over_the_hours() -> None:
    """Ten tasks that rest by night, and one supervisor: two an hour from 8 on, and their limits stay.

    Two more have no other time within half of their limit: they take the places that are kept, third of an hour.
    """
    office = Office(FOREMAN)
    tasks = [office.file(MONDAY + number * MINUTE, Severity.MEDIUM) for number in range(10)]
    hours = ["08:00", "09:00", "10:00", "11:00", "14:00"]
    assert clock_of([task.given_ms for task in tasks]) == [hour for hour in hours for _ in range(2)]
    tasks += [office.file(MONDAY + HOUR, Severity.MEDIUM) for _ in range(2)]
    told = clock_of(sorted(task.given_ms for task in tasks))
    assert told == sorted([*(hour for hour in hours for _ in range(2)), "08:00", "09:00"])
    assert {task.owner for task in tasks} == {FOREMAN.number}
    assert {task.due_ms for task in tasks} == {due(POLICY.calendar, DeadlineClock.WORK, at("2026-11-23 08:00"), 8)}


def test_what_may_wait_least_comes_first_in_any_order() -> None:
    """Three low and three medium tasks of one night: medium ones at 8, low ones after them, however they are filed."""
    wanted = (Severity.LOW, Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.MEDIUM)
    for order in sorted(set(permutations(wanted))):
        office = Office(FOREMAN)
        for severity in order:
            office.file(MONDAY, severity)
        told = {
            severity: clock_of(sorted(one.given_ms for one in office.tasks if one.severity is severity))
            for severity in QUIET
        }
        assert told == {Severity.MEDIUM: ["08:00", "08:00", "09:00"], Severity.LOW: ["09:00", "10:00", "10:00"]}


def test_a_low_task_makes_room_into_the_next_day() -> None:
    """Ten low tasks fill the day of the only one there; a medium one is told in time, and the last low one moves."""
    office = Office(FOREMAN)
    low = [office.file(MONDAY, Severity.LOW) for _ in range(10)]
    medium = office.file(MONDAY, Severity.MEDIUM)
    assert clock_of([medium.given_ms]) == ["08:00"]
    assert low[-1].given_ms == at("2026-11-24 08:00")
    assert most_a_day([task.given_ms for task in office.tasks]) == 10


def test_critical_and_high_never_wait() -> None:
    """Ten at once in the night, and each is announced at once."""
    office = Office(FOREMAN)
    tasks = [office.file(MONDAY, severity) for severity in (Severity.CRITICAL, Severity.HIGH) * 5]
    assert {task.given_ms for task in tasks} == {MONDAY}


def test_workers_come_before_waiting_and_waiting_before_managers() -> None:
    """The holder, the neighbour, the colleague, the foreman at 8; then the holder again at 9; no manager is asked."""
    office = Office(*CROWD)
    owners = [office.file(MONDAY, Severity.MEDIUM).owner for _ in range(9)]
    people = [HOLDER, NEIGHBOUR, COLLEAGUE, FOREMAN]
    assert owners[:8] == [person.number for person in people for _ in range(2)]
    assert owners[8] == HOLDER.number
    assert clock_of([office.tasks[8].given_ms]) == ["09:00"]


def test_a_worker_alone_is_told_later_too() -> None:
    """Nobody else is there: the third task of the hour waits an hour instead of for ever."""
    office = Office(HOLDER)
    tasks = [office.file(at("2026-11-23 09:10"), Severity.MEDIUM) for _ in range(3)]
    assert clock_of([task.given_ms for task in tasks]) == ["09:10", "09:10", "10:10"]
    assert tasks[2].owner == HOLDER.number


def test_the_third_of_an_hour_is_kept_for_what_is_urgent() -> None:
    """The morning after long holidays: the only one there is told of two at 8, and a high task at 8:49 is the third.

    What rests keeps its other hours, and no bound is passed; the next one within that hour is the supervisor's.
    """
    office = Office(HOLDER, FOREMAN)
    for _ in range(20):
        office.file(MONDAY, Severity.LOW)
    high = office.file(at("2026-11-23 08:49"), Severity.HIGH)
    assert (high.owner, clock_of([high.given_ms])) == (HOLDER.number, ["08:49"])
    assert office.file(at("2026-11-23 08:51"), Severity.HIGH).owner == FOREMAN.number
    for moments in office.told(quiet=False).values():
        assert most_an_hour(moments) == 3
        assert most_a_day(moments) <= 11


def test_what_is_kept_gives_way_to_a_limit() -> None:
    """A task that must be announced by 10 finds two told each hour: it takes a kept place, no supervisor is asked."""
    office = Office(HOLDER, CITY)
    for _ in range(4):
        office.file(MONDAY, Severity.MEDIUM)
    pressing = office.file(at("2026-11-23 08:00"), Severity.MEDIUM, DeadlineClock.CONTINUOUS)
    assert pressing.owner == HOLDER.number
    assert pressing.given_ms <= latest_ms(pressing.wanted_ms, pressing.due_ms, pressing.clock, POLICY)


def test_the_limit_counts_more_than_the_burden() -> None:
    """Thirteen medium tasks for the only one there: the last is announced within half of its limit all the same."""
    office = Office(FOREMAN)
    tasks = [office.file(MONDAY, Severity.MEDIUM) for _ in range(13)]
    assert max(task.given_ms for task in tasks) <= at("2026-11-23 14:00")
    assert most_a_day([task.given_ms for task in tasks]) == 13
    office = Office(FOREMAN, CITY)
    owners = [office.file(MONDAY, Severity.MEDIUM).owner for _ in range(14)]
    assert owners == [FOREMAN.number] * 12 + [CITY.number] * 2


def test_those_above_are_told_over_the_hours_before_a_supervisor_passes_a_bound() -> None:
    """The morning after a holiday: whoever supervises the city takes three an hour as long as the limits allow.

    Only what finds both full until then passes a bound; what may wait for days is told on the following ones.
    """
    office = Office(FOREMAN, CITY)
    tasks = [office.file(MONDAY, Severity.MEDIUM) for _ in range(24)]
    told = office.told(quiet=True)
    assert {owner: len(moments) for owner, moments in told.items()} == {FOREMAN.number: 12, CITY.number: 12}
    assert max(most_an_hour(moments) for moments in told.values()) == 3
    assert max(task.given_ms for task in tasks) <= at("2026-11-23 14:00")
    tasks += [office.file(MONDAY, Severity.LOW) for _ in range(6)]
    told = office.told(quiet=True)
    assert max(most_a_day(moments) for moments in told.values()) == 12
    assert max(most_an_hour(moments) for moments in told.values()) == 3
    assert max(task.given_ms for task in tasks) == at("2026-11-24 08:00")
    for task in tasks:
        assert task.given_ms <= latest_ms(task.wanted_ms, task.due_ms, task.clock, POLICY)


def test_supervisors_of_other_communities_help_before_the_city_does() -> None:
    """The morning after a holiday: what the supervisor there has no room for goes to a colleague of the same grid.

    Nobody passes a bound, the other grid's supervisor is not asked, and of one hour the city has what is left.
    """
    colleague = person(40, supervisor=True, communities=frozenset({2}))
    other = person(41, supervisor=True, communities=frozenset({1}), role=Role.GRID_WORKER)
    office = Office(FOREMAN, colleague, other, CITY)
    tasks = [office.file(MONDAY, Severity.MEDIUM) for _ in range(36)]
    told = office.told(quiet=True)
    assert {owner: len(moments) for owner, moments in told.items()} == {
        FOREMAN.number: 12,
        colleague.number: 12,
        CITY.number: 12,
    }
    assert [task.owner for task in tasks[12:18]] == [colleague.number] * 3 + [CITY.number] * 3
    assert max(most_an_hour(moments) for moments in told.values()) == 3
    assert max(task.given_ms for task in tasks) <= at("2026-11-23 14:00")


def test_what_ends_before_it_is_told_makes_room() -> None:
    """One of the two of 8 o'clock clears in the night: the first of 9 o'clock moves up, and it is never told of."""
    office = Office(FOREMAN)
    tasks = [office.file(MONDAY, Severity.MEDIUM) for _ in range(4)]
    moved = office.loads.ended(tasks[1], MONDAY + HOUR)
    assert [task is tasks[2] for task in moved] == [True]
    assert clock_of([task.given_ms for task in tasks]) == ["08:00", "08:00", "08:00", "09:00"]
    assert not tasks[1].heard
    assert len(office.told(quiet=True)[FOREMAN.number]) == 3


def test_why_somebody_waits_is_listed() -> None:
    """The explanation names who was full, and then who is told later."""
    morning = at("2026-11-23 08:00")
    diary = Diary(POLICY.calendar)
    for _ in range(3):
        diary.write(FOREMAN.number, morning)
    found = announce(
        Seeking(
            request=Request(
                grid=Grid.CONSTRUCTION, community=1, cell="c1", skill="pump", severity=Severity.MEDIUM, at_ms=morning
            ),
            place=None,
            latest=morning + 4 * HOUR,
            roster=roster(FOREMAN),
            diary=diary,
            waiting=lambda person: (),
            policy=POLICY,
        )
    )
    named = [(one.person, one.passed_over) for one in found.assignment.candidates if one.person is not None]
    assert named == [(FOREMAN.number, PassedOver.FULL_HOUR), (FOREMAN.number, None)]
    assert found.at_ms == morning + HOUR


@pytest.mark.parametrize(
    ("base", "due_at", "clock", "latest"),
    [
        ("2026-11-23 08:00", "2026-11-23 18:00", DeadlineClock.WORK, "2026-11-23 14:00"),
        ("2026-11-23 17:00", "2026-11-24 17:00", DeadlineClock.WORK, "2026-11-24 11:00"),
        ("2026-11-23 08:00", "2026-11-23 12:00", DeadlineClock.CONTINUOUS, "2026-11-23 10:00"),
        ("2026-11-23 08:00", "2026-11-23 07:00", DeadlineClock.WORK, "2026-11-23 08:00"),
    ],
)
def test_a_task_waits_half_its_limit_at_most(base: str, due_at: str, clock: DeadlineClock, latest: str) -> None:
    """By the clock of its limit; what is overdue does not wait."""
    assert latest_ms(at(base), at(due_at), clock, POLICY) == at(latest)
    assert latest_ms(at(base), None, clock, POLICY) == at(base)


FILINGS = st.lists(
    st.tuples(
        st.integers(0, 5 * 24 * 60),
        st.sampled_from([Severity.MEDIUM, Severity.MEDIUM, Severity.LOW, Severity.LOW, Severity.HIGH]),
        st.sampled_from(DeadlineClock),
        st.one_of(st.none(), st.integers(1, 900)),
    ),
    max_size=60,
)
STAFF = st.sampled_from([(FOREMAN,), (HOLDER,), (HOLDER, FOREMAN), CROWD])


@given(FILINGS, STAFF)
def test_nobody_hears_of_more_than_three_an_hour_and_twelve_a_day(
    filings: list[tuple[int, Severity, DeadlineClock, int | None]], staff: tuple[Person, ...]
) -> None:
    """Whatever is filed and cleared when, in any order: the bounds hold wherever the limits leave room for them.

    No task is lost, none is announced after half of its limit, none in the night; beyond a bound goes only what found
    everybody full until then.
    """
    office = Office(*staff)
    steps: list[tuple[int, int, ForeseenTask | None, tuple[Severity, DeadlineClock, int | None] | None]] = [
        (MONDAY + minute * MINUTE, 1, None, (severity, clock, lasts)) for minute, severity, clock, lasts in filings
    ]
    forced: list[ForeseenTask] = []
    while steps:
        steps.sort(key=lambda step: step[:2])
        now_ms, _, over, filing = steps.pop(0)
        if filing is None:
            assert over is not None
            office.loads.ended(over, now_ms)
            continue
        severity, clock, lasts = filing
        task = office.file(now_ms, severity, clock)
        if severity in QUIET and is_over(office, now_ms):
            forced.append(task)
            assert owner_is_full(office, task)
        if lasts is not None:
            steps.append((now_ms + lasts * MINUTE, 0, task, None))
    for task in office.tasks:
        assert task.owner is not None or (task.severity not in QUIET and staff == (HOLDER,))  # who sleeps
        assert task.given_ms < task.due_ms
        assert task.given_ms >= task.made_ms
        if task.severity in QUIET:
            assert POLICY.calendar.works_at(task.given_ms)
            assert task.given_ms <= latest_ms(task.wanted_ms, task.due_ms, task.clock, POLICY)
        else:
            assert task.given_ms == task.made_ms
    if not forced:
        for moments in office.told(quiet=True).values():
            assert most_an_hour(moments) <= POLICY.most_an_hour
            assert most_a_day(moments) <= POLICY.most_a_day


def is_over(office: Office, now_ms: int) -> bool:
    """Whether somebody hears of too much that is not urgent, from now on."""
    told = office.told(quiet=True).values()
    hours = (most_an_hour([one for one in moments if one > now_ms - HOUR] or [now_ms]) for moments in told)
    midnight = POLICY.calendar.instant(POLICY.calendar.day_of(now_ms), 0)
    days = (most_a_day([one for one in moments if one >= midnight] or [now_ms]) for moments in told)
    return any(hour > POLICY.most_an_hour for hour in hours) or any(day > POLICY.most_a_day for day in days)


def owner_is_full(
    office: Office, task: ForeseenTask, a_day: int = POLICY.most_a_day, an_hour: int = POLICY.most_an_hour
) -> bool:
    """Whether whoever got the task has no room for one more until it must be announced, counted the slow way."""
    latest = latest_ms(task.wanted_ms, task.due_ms, task.clock, POLICY)
    every = office.told(quiet=False).get(task.owner or 0, [])
    for ahead in range((latest - task.wanted_ms) // (15 * MINUTE) + 1):
        at_ms = task.wanted_ms + ahead * 15 * MINUTE
        day = [one for one in every if POLICY.calendar.day_of(one) == POLICY.calendar.day_of(at_ms)]
        room = len(day) < a_day and most_an_hour(sorted([*every, at_ms])) <= an_hour
        if room and POLICY.calendar.works_at(at_ms):
            return False
    return True


A_DAY, AN_HOUR = POLICY.most_a_day - POLICY.kept_a_day, POLICY.most_an_hour - POLICY.kept_an_hour


def places_taken(office: Office) -> int:
    """How many that are not urgent have been told in places that are kept."""
    told = office.told(quiet=True).values()
    hours = [sum(end - HOUR < one <= end for one in moments) > AN_HOUR for moments in told for end in moments]
    days = [Counter(POLICY.calendar.day_of(one) for one in moments) for moments in told]
    return sum(hours) + sum(max(0, count - A_DAY) for counts in days for count in counts.values())


@given(FILINGS, STAFF)
def test_a_kept_place_is_taken_only_where_a_limit_asks_for_it(
    filings: list[tuple[int, Severity, DeadlineClock, int | None]], staff: tuple[Person, ...]
) -> None:
    """Whatever is filed: two an hour and ten a day, and more only for what finds its owner so full until it must be."""
    office = Office(*staff)
    for minute, severity, clock, _ in sorted(filings, key=lambda one: one[0]):
        before = places_taken(office)
        task = office.file(MONDAY + minute * MINUTE, severity, clock)
        if severity in QUIET and places_taken(office) > before:
            assert owner_is_full(office, task, A_DAY, AN_HOUR)


@given(st.lists(st.sampled_from(QUIET), min_size=1, max_size=12), st.randoms(use_true_random=False), STAFF)
def test_the_order_of_one_instant_does_not_matter(
    severities: list[Severity], shuffle: object, staff: tuple[Person, ...]
) -> None:
    """Filed in another order at the same instant, as much is announced at each time, and to the same people."""
    other = list(severities)
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    offices = [Office(*staff), Office(*staff)]
    for office, order in zip(offices, (severities, other), strict=True):
        for severity in order:
            office.file(MONDAY + 5 * HOUR, severity)
    assert offices[0].told(quiet=True) == offices[1].told(quiet=True)
    if len(staff) == 1:
        told = [sorted((task.given_ms, task.severity) for task in office.tasks) for office in offices]
        assert told[0] == told[1]


@given(st.lists(st.integers(0, 3 * 24 * 60), max_size=40), st.integers(0, 3 * 24 * 60))
def test_a_diary_counts_like_the_slow_way(minutes: list[int], minute: int) -> None:
    """The most within one hour with an instant, the tasks of its local day, and those that count for a turn."""
    diary, at_ms = Diary(POLICY.calendar, 24 * HOUR), MONDAY + minute * MINUTE
    moments = [MONDAY + one * MINUTE for one in minutes]
    for one in moments:
        diary.write(1, one)
    diary.opened(1)
    near = [one for one in moments if at_ms - HOUR < one < at_ms + HOUR]
    hour = max(sum(end - HOUR < one <= end for one in near) for end in [at_ms, *(one for one in near if one >= at_ms)])
    day = sum(POLICY.calendar.day_of(one) == POLICY.calendar.day_of(at_ms) for one in moments)
    turns = sum(one > at_ms - 24 * HOUR for one in moments)
    assert diary.at(at_ms)[1] == Load(1, day, hour, turns)
    assert 2 not in diary.at(at_ms)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60), st.integers(0, 40), st.integers(0, 40))
def test_a_diary_knows_every_moment_once(steps: list[tuple[int, bool]], first: int, last: int) -> None:
    """After any writing and striking out: as many instants as there are, and how many are told then as the slow way."""
    diary, kept = Diary(POLICY.calendar), list[int]()
    for minute, writes in steps:
        at_ms = MONDAY + 10 * minute * MINUTE
        if writes:
            diary.write(1, at_ms)
            kept.append(at_ms)
        elif at_ms in kept:
            diary.strike(1, at_ms)
            kept.remove(at_ms)
    from_ms, to_ms = (MONDAY + 10 * one * MINUTE for one in (first, last))
    assert diary.after(1, from_ms, to_ms) == sorted({one for one in kept if from_ms < one <= to_ms})
    near = [one for one in kept if from_ms - HOUR < one < from_ms + HOUR]
    ends = [from_ms, *(one for one in near if one >= from_ms)]
    if kept:
        assert diary.at(from_ms)[1].hour == max(sum(end - HOUR < one <= end for one in near) for end in ends)
    assert diary.after(2, from_ms, to_ms) == []


def test_nothing_moves_up_behind_itself() -> None:
    """An instant that is free later than everything that waits changes nothing."""
    waits = [
        Waiting(number=number, severity=Severity.LOW, at_ms=MONDAY + number * HOUR, latest_ms=MONDAY + 9 * HOUR)
        for number in range(3)
    ]
    assert moved_up(waits, MONDAY + 5 * HOUR) == {}
    assert moved_up(waits, MONDAY + HOUR) == {2: MONDAY + HOUR}


def test_a_task_that_comes_again_counts_twice_in_the_hour() -> None:
    """Who was told of three at nine, one of which comes again ten minutes later, hears of it at ten."""
    nine, again = at("2026-11-23 09:00"), at("2026-11-23 09:10")
    office = Office(HOLDER, FOREMAN)
    first, *_ = [office.file(nine, Severity.MEDIUM) for _ in range(3)]
    office.loads.ended(first, again)
    office.loads.limit(first, POLICY.handle[Severity.MEDIUM], again, nearer=False)
    request = Request(
        grid=Grid.CONSTRUCTION, community=1, cell="c1", skill="pump", severity=Severity.MEDIUM, at_ms=again
    )
    office.loads.give(first, request, None, again, HOLDER.number)
    assert (first.owner, first.given_ms) == (HOLDER.number, nine + HOUR)
