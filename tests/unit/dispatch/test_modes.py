"""Routing by paper, leave, way, mode; and what volunteers may have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.cases import TaskKind
from core.people import Certificate, Leave, Person, Role, Shift
from core.places import Grid, Text
from core.ports.cases import Mode, PassedOver, Rung
from core.ports.registry import FacilityPlace, Post, Roster
from dispatch.announcing import Seeking, announce
from dispatch.arrival import Load
from dispatch.assignment import routing_of, routing_text
from dispatch.deciding import request_for
from dispatch.diary import Diary
from dispatch.modes import ClassWishes
from dispatch.policy import Policy
from dispatch.routing import Request, route
from dispatch.worktime import HOUR_MS, WorkCalendar, monday_to_friday

CALENDAR = WorkCalendar(is_workday=monday_to_friday)
POLICY = Policy(calendar=CALENDAR)
MONDAY_9 = int(datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
ALWAYS = tuple(Shift(weekday=day, from_minute=0, to_minute=1440) for day in range(7))
HERE = (112.0, 31.7)
NEAR, FAR = (112.001, 31.7), (112.02, 31.7)


def person(number: int, **changes: object) -> Person:
    values: dict[str, object] = {
        "number": number,
        "code": f"p{number}",
        "name": Text(zh=f"甲{number}", en=f"P{number}"),
        "role": Role.MAINTAINER,
        "communities": frozenset({1}),
        "skills": frozenset({"lift"}),
    }
    return Person(**(values | changes))  # type: ignore[arg-type]


def roster(*people: Person) -> Roster:
    posts: list[Post] = []
    for grid, cell in ((Grid.CONSTRUCTION, "c1"), (Grid.CONSTRUCTION, "c2"), (Grid.GOVERNANCE, "g1")):
        held: list[int | None] = [one.number for one in people if cell in one.cells and one.grid is grid]
        posts += [Post(cell=cell, grid=grid, community=1, holder=holder) for holder in held or [None]]
    return Roster(
        version=1,
        people={one.number: one for one in people},
        posts=tuple(posts),
        neighbours={"c1": ("c2",), "c2": ("c1",)},
        centres={"c1": HERE, "c2": NEAR},
    )


REQUEST = Request(
    grid=Grid.CONSTRUCTION, community=1, cell="c1", skill="lift", severity=Severity.MEDIUM, at_ms=MONDAY_9, spot=HERE
)
LOOK = replace(REQUEST, grid=Grid.GOVERNANCE, cell="g1", skill="", volunteers=True)
FOREMAN = person(90, supervisor=True)
MANAGER = person(91, role=Role.MANAGER, everywhere=True, communities=frozenset())


def reasons(
    request: Request, town: Roster, loads: dict[int, Load] | None = None
) -> dict[int | None, PassedOver | None]:
    """Everybody who was looked at, and why not."""
    return {one.person: one.passed_over for one in route(request, town, loads or {}, POLICY).candidates}


def test_a_paper_must_hold_on_the_day() -> None:
    """Without the certificate, or with one that has run out, somebody is passed over; on its last day it holds."""
    ran_out = person(1, cells=frozenset({"c1"}), certificates=(Certificate(name="T", valid_to="2026-11-22"),))
    other = person(2, certificates=(Certificate(name="Q"),))
    holds = person(3, certificates=(Certificate(name="T", valid_to="2026-11-23"),))
    asked = replace(REQUEST, certificate="T")
    assert route(asked, roster(ran_out, other, holds), {}, POLICY).owner == 3
    assert reasons(asked, roster(ran_out, other, holds)) == {
        1: PassedOver.NO_CERTIFICATE,
        None: PassedOver.VACANT,
        2: PassedOver.NO_CERTIFICATE,
        3: None,
    }
    assert route(REQUEST, roster(ran_out, other, holds), {}, POLICY).owner == 1


def test_whoever_is_on_leave_is_passed_over() -> None:
    """Leave counts on the day of the announcement, at every rung; urgent tasks are no exception."""
    away = person(1, cells=frozenset({"c1"}), leave=(Leave(first_day="2026-11-20", last_day="2026-11-23"),))
    boss = replace(FOREMAN, leave=away.leave)
    urgent = replace(REQUEST, severity=Severity.CRITICAL)
    found = route(urgent, roster(away, boss, MANAGER), {}, POLICY)
    assert (found.owner, found.rung) == (91, Rung.CITY)
    assert reasons(urgent, roster(away, boss, MANAGER))[90] is PassedOver.ON_LEAVE
    tomorrow = replace(urgent, at_ms=MONDAY_9 + 24 * HOUR_MS)
    assert route(tomorrow, roster(away, boss, MANAGER), {}, POLICY).owner == 1


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.LOW])
def test_somebody_answers_though_all_are_on_leave(severity: Severity) -> None:
    """If everybody above the workers is away too, the last of them has it all the same: never nobody."""
    leave = (Leave(first_day="2026-11-01", last_day="2026-12-31"),)
    town = roster(*(replace(one, leave=leave) for one in (person(1, cells=frozenset({"c1"})), FOREMAN, MANAGER)))
    request = replace(REQUEST, severity=severity)
    assert route(request, town, {}, POLICY).owner == 91
    seeking = Seeking(
        request=request,
        place=None,
        latest=MONDAY_9 + HOUR_MS,
        roster=town,
        diary=Diary(CALENDAR),
        waiting=lambda _: [],
        policy=POLICY,
    )
    told = announce(seeking)
    assert told.assignment.owner == 91


def test_the_shorter_way_decides_between_equals() -> None:
    """Load comes before distance, distance before number; where somebody went last counts more than their post."""
    one, two = person(1), person(2)
    town = roster(one, two)
    assert route(REQUEST, town, {1: Load(spot=FAR), 2: Load(spot=NEAR)}, POLICY).owner == 2
    assert reasons(REQUEST, town, {1: Load(spot=FAR), 2: Load(spot=NEAR)})[1] is PassedOver.FARTHER
    assert route(REQUEST, town, {1: Load(spot=FAR), 2: Load(open=1, spot=NEAR)}, POLICY).owner == 1
    assert reasons(REQUEST, town)[2] is PassedOver.TIE
    posted = roster(person(3, cells=frozenset({"c2"})), person(2, cells=frozenset({"c2"})))
    found = route(REQUEST, posted, {3: Load(spot=HERE)}, POLICY)
    assert [(item.person, item.distance_m) for item in found.candidates if item.person] == [(3, 0), (2, 90)]


def test_a_claim_is_offered_to_all_who_are_fit() -> None:
    """Cell, neighbours and community are offered it; the nearest by rung has it unless somebody takes it."""
    people = [
        person(1, cells=frozenset({"c1"})),
        person(2, cells=frozenset({"c2"})),
        person(3),
        person(4, skills=frozenset({"pump"})),
        FOREMAN,
    ]
    found = route(replace(REQUEST, mode=Mode.CLAIM), roster(*people), {1: Load(open=5)}, POLICY)
    assert (found.owner, found.rung, found.offered) == (1, Rung.CELL, (1, 2, 3))
    assert 90 not in {one.person for one in found.candidates}
    alone = route(replace(REQUEST, mode=Mode.CLAIM), roster(people[3], FOREMAN), {}, POLICY)
    assert (alone.owner, alone.offered) == (90, ())


def test_what_is_assigned_is_offered_to_nobody() -> None:
    """Only the owner has it."""
    assert route(REQUEST, roster(person(1), person(2)), {}, POLICY).offered == ()


def test_turns_go_round() -> None:
    """Whoever has had the fewest lately is next, whosever cell it is, and everybody has one before anybody two.

    Between equals the way decides; whoever holds no cell is believed to be in the middle of their community.
    """
    town = roster(person(1, cells=frozenset({"c1"})), person(2, cells=frozenset({"c2"})), person(3))
    diary, order = Diary(CALENDAR, POLICY.turn_ms), []
    for _ in range(6):
        found = route(replace(REQUEST, mode=Mode.ROTATE), town, diary.at(MONDAY_9), replace(POLICY, most_an_hour=9))
        assert found.owner is not None
        order.append(found.owner)
        diary.write(found.owner, MONDAY_9)
    assert order == [1, 3, 2, 1, 3, 2]


def test_turns_are_forgotten_in_time() -> None:
    """Tasks from before the time over which turns are counted do not count, except what somebody says of before."""
    diary = Diary(CALENDAR, POLICY.turn_ms)
    diary.write(1, MONDAY_9 - POLICY.turn_ms)
    diary.write(1, MONDAY_9 - HOUR_MS)
    assert diary.at(MONDAY_9)[1].turns == 1
    diary.turned(1, 4)
    assert diary.at(MONDAY_9)[1].turns == 5


def test_a_place_is_forgotten_over_night() -> None:
    """Where somebody went counts for that day, and the newest place counts."""
    diary = Diary(CALENDAR)
    diary.went(1, FAR, MONDAY_9)
    diary.went(1, NEAR, MONDAY_9 + 1)
    diary.went(1, HERE, MONDAY_9)
    assert diary.at(MONDAY_9 + HOUR_MS)[1].spot == NEAR
    assert diary.at(MONDAY_9 + 24 * HOUR_MS)[1].spot is None


def volunteer(number: int = 50) -> Person:
    """A volunteer of the community, who is there at all hours."""
    return person(number, role=Role.GRID_WORKER, volunteer=True, skills=frozenset({"lift"}), shifts=ALWAYS)


def test_a_volunteer_looks_when_no_worker_can() -> None:
    """After the workers of the grid and before the supervisors, and only where the class is fit for them."""
    worker = person(1, role=Role.GRID_WORKER, cells=frozenset({"g1"}))
    boss = replace(FOREMAN, role=Role.GRID_WORKER)
    assert route(LOOK, roster(worker, volunteer(), boss), {}, POLICY).owner == 1
    gone = replace(worker, active=False)
    found = route(LOOK, roster(gone, volunteer(), boss), {}, POLICY)
    assert (found.owner, found.rung) == (50, Rung.VOLUNTEER)
    assert route(replace(LOOK, volunteers=False), roster(gone, volunteer(), boss), {}, POLICY).owner == 90


@given(
    st.sampled_from(TaskKind),
    st.sampled_from(Severity),
    st.sampled_from(Grid),
    st.sampled_from([None, *Grid]),
    st.sampled_from(Mode),
    st.booleans(),
)
def test_no_volunteer_ever_repairs(
    kind: TaskKind, severity: Severity, grid: Grid, support: Grid | None, mode: Mode, supervises: bool
) -> None:
    """Whatever task and mode, a volunteer has only looks of the governance grid that are no worse than allowed."""
    wishes = ClassWishes(volunteers=Severity.LOW, modes={severity: mode})
    place = FacilityPlace(
        number=1, code="f", name=Text(zh="", en=""), class_id="lamp", community=1, cells={Grid.CONSTRUCTION: "c1"}
    )
    request = request_for(
        kind=kind,
        grid=grid,
        support=support,
        place=place,
        community=1,
        severity=severity,
        at_ms=MONDAY_9,
        excluded={},
        policy=replace(POLICY, classes={"lamp": wishes}),
    )
    town = roster(replace(volunteer(), supervisor=supervises, cells=frozenset({"c1", "g1"})))
    found = route(request, town, {}, POLICY)
    looks = kind is TaskKind.VERIFY and grid is Grid.GOVERNANCE and support is not None
    assert (found.owner == 50) == (looks and severity <= Severity.LOW)
    assert found.offered == ()


def test_urgent_tasks_are_always_assigned() -> None:
    """Whatever a city wishes, nobody is waited for when it is urgent."""
    wishes = Policy(calendar=CALENDAR, modes=dict.fromkeys(Severity, Mode.CLAIM))
    assert [wishes.mode("x", severity) for severity in Severity] == [Mode.CLAIM] * 3 + [Mode.ASSIGN] * 2


def test_a_class_has_its_own_way() -> None:
    """What a class says goes before what the city says; volunteers are refused for what is dangerous."""
    lamps = ClassWishes(modes={Severity.LOW: Mode.ROTATE})
    city = Policy(calendar=CALENDAR, modes={Severity.LOW: Mode.CLAIM}, classes={"lamp": lamps})
    assert city.mode("lamp", Severity.LOW) is Mode.ROTATE
    assert city.mode("well", Severity.LOW) is Mode.CLAIM
    with pytest.raises(ValueError, match="volunteers"):
        ClassWishes(volunteers=Severity.HIGH)


def test_the_candidates_are_kept_with_their_ways() -> None:
    """What is stored with a task reads back the same; that of earlier versions has no distances."""
    found = route(replace(REQUEST, mode=Mode.CLAIM), roster(person(1), person(2)), {1: Load(spot=NEAR)}, POLICY)
    assert routing_of(routing_text(found)) == found.candidates
    old = routing_of('[["cell", "c1", 7, 2, null], ["neighbour", "c2", null, 0, "vacant"]]')
    assert [(one.person, one.distance_m) for one in old] == [(7, None), (None, None)]
