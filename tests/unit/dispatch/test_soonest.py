"""Who is there first: the urgent work before somebody, their way, and who is passed over for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.cases import TaskKind
from core.people import Role, Shift
from core.ports.cases import PassedOver, Rung
from core.ports.registry import Roster
from dispatch.announcing import Seeking, announce, announce_to
from dispatch.arrival import Load, Urgent, wait_ms, way_ms
from dispatch.assignment import routing_of, routing_text
from dispatch.diary import Diary
from dispatch.routing import Request, route
from tests.unit.dispatch.test_routing import ALL, MANAGER, MONDAY_3, MONDAY_9, POLICY, REQUEST, person, roster

MINUTE_MS = 60_000
HERE = (112.2, 31.7)
KILOMETRE = 1 / 111.195
"""Degrees of latitude."""
CRITICAL = replace(REQUEST, severity=Severity.CRITICAL, spot=HERE)
HIGH = replace(CRITICAL, severity=Severity.HIGH)
REPAIR = Urgent(TaskKind.HANDLE, Severity.HIGH)


def north(metres: float) -> tuple[float, float]:
    """A place so far north of the facility."""
    return HERE[0], HERE[1] + metres / 1000 * KILOMETRE


def named(request: Request, town: Roster, loads: dict[int, Load]) -> dict[int | None, PassedOver | None]:
    """Everybody who was looked at, and why not."""
    return {one.person: one.passed_over for one in route(request, town, loads, POLICY).candidates}


def test_whoever_is_busy_with_urgent_work_is_passed_over() -> None:
    """The holder of the cell repairs something urgent, a neighbour is free: the neighbour goes, and it says why."""
    loads = {1: Load(spot=HERE, urgent=(replace_begun(REPAIR, MONDAY_9),)), 2: Load(spot=north(900))}
    found = route(CRITICAL, roster(*ALL), loads, POLICY)
    assert (found.owner, found.rung) == (2, Rung.NEIGHBOUR)
    assert named(CRITICAL, roster(*ALL), loads)[1] is PassedOver.BUSY
    assert {one.person: one.there_min for one in found.candidates if one.person in {1, 2}} == {1: 40, 2: 9}
    assert routing_of(routing_text(found)) == found.candidates


def test_work_that_is_not_urgent_keeps_nobody() -> None:
    """Ten ordinary tasks are put aside: the holder of the cell goes."""
    assert route(CRITICAL, roster(*ALL), {1: Load(open=10, spot=HERE)}, POLICY).owner == 1


def test_what_is_high_waits_a_little_for_whose_it_is() -> None:
    """A high task stays in its cell if somebody beyond is not much sooner; a critical one does not."""
    loads = {1: Load(spot=north(1500)), 2: Load(spot=HERE)}
    assert route(HIGH, roster(*ALL), loads, POLICY).owner == 1
    assert named(HIGH, roster(*ALL), loads)[2] is PassedOver.NO_SOONER
    assert route(CRITICAL, roster(*ALL), loads, POLICY).owner == 2
    assert named(CRITICAL, roster(*ALL), loads)[1] is PassedOver.FARTHER


def test_somebody_of_another_community_comes_by_night() -> None:
    """Nobody of the community is on shift: the other community's duty worker is fetched before a supervisor."""
    night = replace(CRITICAL, at_ms=MONDAY_3)
    duty = person(20, communities=frozenset({2}), shifts=(Shift(weekday=6, from_minute=480, to_minute=1920),))
    far = {20: Load(spot=north(3000))}
    found = route(night, roster(*ALL, duty), far, POLICY)
    assert (found.owner, found.rung) == (20, Rung.ELSEWHERE)
    assert route(night, roster(*ALL, duty), {}, POLICY).owner == 4, "nobody knows how long the way is"
    assert route(replace(night, elsewhere=False), roster(*ALL, duty), far, POLICY).owner == 4
    assert route(night, roster(*ALL, replace(duty, skills=frozenset())), far, POLICY).owner == 4
    assert route(night, roster(*ALL, replace(duty, role=Role.GRID_WORKER)), far, POLICY).owner == 4


def test_what_is_not_urgent_stays_in_its_community() -> None:
    """However near somebody of another community is."""
    other = person(20, communities=frozenset({2}))
    assert route(replace(REQUEST, spot=HERE), roster(ALL[3], other), {20: Load(spot=HERE)}, POLICY).owner == 4


FULL = Load(spot=HERE, hour=3)


def test_a_fourth_urgent_task_within_the_hour_is_the_next_ones() -> None:
    """Three tasks within the hour, or twelve on the day: a high one goes to the neighbour, and it says why."""
    for load, why in ((FULL, PassedOver.FULL_HOUR), (Load(spot=HERE, today=12), PassedOver.FULL_DAY)):
        loads = {1: load, 2: Load(spot=north(2900)), 3: Load(spot=north(5500))}
        found = route(HIGH, roster(*ALL), loads, POLICY)
        assert (found.owner, found.rung) == (2, Rung.NEIGHBOUR)
        assert named(HIGH, roster(*ALL), loads)[1] is why
        assert routing_of(routing_text(found)) == found.candidates


def test_a_worker_of_elsewhere_with_room_comes_before_a_supervisor() -> None:
    """Everybody of the community has had three; whoever of another community is near enough has it."""
    other = person(20, communities=frozenset({2}))
    loads = {1: FULL, 2: FULL, 3: FULL, 20: Load(spot=north(2500))}
    assert route(HIGH, roster(*ALL, other), loads, POLICY).owner == 20
    assert named(HIGH, roster(*ALL, other), loads)[3] is PassedOver.FULL_HOUR
    loads[20] = Load(spot=north(3500))
    found = route(HIGH, roster(*ALL, other), loads, POLICY)
    assert (found.owner, found.rung) == (4, Rung.SUPERVISOR)
    assert named(HIGH, roster(*ALL, other), loads)[20] is PassedOver.FARTHER


def test_the_soonest_with_room_is_named_however_many_are_sooner() -> None:
    """Six of another community have had three: the seventh has it, and stands among the candidates."""
    others = [person(20 + at, communities=frozenset({2})) for at in range(7)]
    loads = {20 + at: Load(spot=north(1000 + 100 * at), hour=3 if at < 6 else 0) for at in range(7)}
    found = route(HIGH, roster(*ALL[3:], *others), loads, POLICY)
    assert (found.owner, found.rung) == (26, Rung.ELSEWHERE)
    assert [one.person for one in found.candidates if one.passed_over is None] == [26]


def test_supervisors_of_other_communities_have_what_those_of_the_community_have_no_room_for() -> None:
    """Workers, foreman and manager have had three: whoever supervises the grid next door has a high task, not before.

    The other grid's supervisor is not asked, and nothing critical is theirs.
    """
    next_door = person(40, supervisor=True, communities=frozenset({2}))
    other = person(41, supervisor=True, communities=frozenset({2}), role=Role.GRID_WORKER)
    town, full = roster(*ALL, next_door, other), Load(hour=3)
    loads = dict.fromkeys((1, 2, 3), FULL) | {4: full, 5: full, 40: Load(open=9)}
    found = route(HIGH, town, loads, POLICY)
    assert (found.owner, found.rung) == (40, Rung.SUPERVISOR)
    assert named(HIGH, town, loads)[4] is PassedOver.FULL_HOUR
    assert 41 not in named(HIGH, town, loads)
    assert route(HIGH, town, loads | {4: Load(open=20)}, POLICY).owner == 4
    assert 40 not in named(HIGH, town, loads | {4: Load(open=20)})
    assert route(CRITICAL, town, loads, POLICY).owner == 1


def test_where_nobody_has_room_a_high_task_stays_with_the_soonest() -> None:
    """Workers, foreman and manager have had three: it is the holder's, at once, and the fourth."""
    loads = dict.fromkeys((1, 2, 3), FULL) | dict.fromkeys((4, 5), Load(hour=3))
    assert route(HIGH, roster(*ALL), loads, POLICY).owner == 1


def test_a_critical_task_is_never_passed_to_somebody_later() -> None:
    """It goes to whoever is there first, the fourth within the hour or not; of two as near to the one with room."""
    loads = {1: FULL, 2: Load(spot=north(200)), 3: Load(spot=north(2000))}
    assert route(CRITICAL, roster(*ALL), loads, POLICY).owner == 1
    assert route(CRITICAL, roster(*ALL), loads | {2: Load(spot=HERE)}, POLICY).owner == 2
    assert route(CRITICAL, roster(*ALL), dict.fromkeys((1, 2, 3), FULL), POLICY).owner == 1, "never a supervisor's"


def test_what_did_not_hold_is_somebody_elses_when_they_have_had_three() -> None:
    """A high repair that did not hold goes back to whoever did it; if they have had three, to somebody with room."""
    for told, owner in ((2, 3), (3, 1)):
        diary = Diary(POLICY.calendar)
        for _ in range(told):
            diary.write(3, MONDAY_9)
        seeking = Seeking(
            request=HIGH,
            place=None,
            latest=MONDAY_9,
            roster=roster(*ALL),
            diary=diary,
            waiting=lambda person: (),
            policy=POLICY,
        )
        found = announce_to(3, announce, seeking)
        assert found.assignment.owner == owner
        assert found.at_ms == MONDAY_9


HAD = st.builds(Load, hour=st.integers(0, 4), today=st.sampled_from([0, 11, 12]), open=st.integers(0, 3))


@given(
    st.lists(st.tuples(st.sampled_from(["c1", "c2", ""]), st.booleans(), st.integers(0, 8000), HAD), max_size=6),
    st.lists(st.tuples(st.booleans(), HAD), max_size=3),
    st.sampled_from([Severity.HIGH, Severity.CRITICAL]),
)
def test_no_urgent_task_is_without_owner_and_a_fourth_one_has_its_reason(
    crew: list[tuple[str, bool, int, Load]], foremen: list[tuple[bool, Load]], severity: Severity
) -> None:
    """Whoever there is: it has an owner at once, and one without room only if nobody with room is there in time.

    What is critical has whoever is there first.
    """
    people = [
        person(10 + at, cells=frozenset({cell} if cell else ()), communities=frozenset({1 if near else 2}))
        for at, (cell, near, _, _) in enumerate(crew)
    ]
    people += [
        person(30 + at, supervisor=True, skills=frozenset(), communities=frozenset({1 if near else 2}))
        for at, (near, _) in enumerate(foremen)
    ]
    loads = {10 + at: replace(had, spot=north(metres)) for at, (_, _, metres, had) in enumerate(crew)}
    loads |= {30 + at: had for at, (_, had) in enumerate(foremen)}
    found = route(replace(CRITICAL, severity=severity), roster(*people, MANAGER), loads, POLICY)
    assert found.owner is not None
    there = {10 + at: way_ms(round(metres, -1), POLICY) for at, (_, _, metres, _) in enumerate(crew)}
    room = {number for number, load in loads.items() if load.hour < 3 and load.today < 12}
    assert sum(one.passed_over is None for one in found.candidates) == 1
    if severity is Severity.CRITICAL and there:
        assert there[found.owner] == min(there.values())
    elif there and found.owner in there and found.owner not in room:
        spare_ms = there[found.owner] + POLICY.spare_ms[Severity.HIGH]
        assert not [one for one, way in there.items() if one in room and way <= spare_ms]
        assert not [one for one in range(30, 30 + len(foremen)) if one in room]


def replace_begun(one: Urgent, begun_ms: int | None) -> Urgent:
    """The same, begun then."""
    return one._replace(begun_ms=begun_ms)


def slow_wait_ms(line: Sequence[Urgent], severity: Severity, at_ms: int) -> int:
    """``wait_ms`` by saying for each task in words what it costs."""
    total = 0
    for one in line:
        usual = {TaskKind.HANDLE: 40, TaskKind.VERIFY: 15}[one.kind] * MINUTE_MS
        if one.begun_ms is None and one.severity < severity:
            continue
        if one.begun_ms is None:
            total += usual
            continue
        left = usual - (at_ms - one.begun_ms)
        if one.kind is TaskKind.HANDLE and left < usual / 2:
            left = usual // 2
        total += left if left > 0 else 0
    return total


LINES = st.lists(
    st.builds(
        Urgent,
        kind=st.sampled_from(list(TaskKind)),
        severity=st.sampled_from([Severity.HIGH, Severity.CRITICAL]),
        begun_ms=st.none() | st.integers(0, 120).map(lambda minutes: MONDAY_9 - minutes * MINUTE_MS),
        spot=st.none(),
    ),
    max_size=4,
)


@given(line=LINES, severity=st.sampled_from([Severity.HIGH, Severity.CRITICAL]))
def test_the_wait_is_that_of_the_slow_way(line: list[Urgent], severity: Severity) -> None:
    """What somebody is at, what goes before the new task, and nothing else."""
    assert wait_ms(line, severity, MONDAY_9, POLICY) == slow_wait_ms(line, severity, MONDAY_9)


@given(
    people=st.lists(st.tuples(st.sampled_from(["c1", "c2", ""]), LINES, st.integers(0, 5000)), min_size=1, max_size=6),
    severity=st.sampled_from([Severity.HIGH, Severity.CRITICAL]),
)
def test_nobody_much_sooner_is_passed_over(people: list[tuple[str, list[Urgent], int]], severity: Severity) -> None:
    """Whoever gets it is there within the grace of the soonest, and nobody of a nearer rung is."""
    crew = [person(10 + at, cells=frozenset({cell} if cell else ())) for at, (cell, _, _) in enumerate(people)]
    loads = {10 + at: Load(spot=north(metres), urgent=tuple(line)) for at, (_, line, metres) in enumerate(people)}
    request = replace(CRITICAL, severity=severity)
    found = route(request, roster(*crew), loads, POLICY)
    there = {
        10 + at: wait_ms(line, severity, MONDAY_9, POLICY) + way_ms(round(metres, -1), POLICY)
        for at, (_, line, metres) in enumerate(people)
    }
    grace_ms = POLICY.sooner_ms[severity] + MINUTE_MS
    assert found.owner is not None
    assert there[found.owner] <= min(there.values()) + grace_ms
    assert sum(one.passed_over is None for one in found.candidates) == 1
    assert {one.person for one in found.candidates if one.person is not None} == set(there)
