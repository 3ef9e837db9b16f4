"""Who gets a task, and why nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.people import Person, Role, Shift
from core.places import Grid, Text
from core.ports.cases import PassedOver, Rung
from core.ports.registry import Post, Roster
from dispatch.arrival import Load
from dispatch.policy import Policy
from dispatch.routing import Request, on_shift, route
from dispatch.worktime import WorkCalendar, monday_to_friday

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar(is_workday=monday_to_friday)
POLICY = Policy(calendar=CALENDAR)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


MONDAY_9 = at("2026-11-23 09:00")
MONDAY_3 = at("2026-11-23 03:00")


def person(number: int, role: Role = Role.MAINTAINER, **changes: object) -> Person:
    values: dict[str, object] = {
        "number": number,
        "code": f"p{number}",
        "name": Text(zh=f"甲{number}", en=f"P{number}"),
        "role": role,
        "communities": frozenset({1}),
        "skills": frozenset({"pump"}),
    }
    return Person(**(values | changes))  # type: ignore[arg-type]


def roster(*people: Person) -> Roster:
    posts = []
    for cell in ("c1", "c2", "c3"):
        holders: list[int | None] = [p.number for p in people if cell in p.cells]
        posts += [Post(cell=cell, grid=Grid.CONSTRUCTION, community=1, holder=n) for n in holders or [None]]
    neighbours = {"c1": ("c2", "c3"), "c2": ("c1",), "c3": ("c1",)}
    return Roster(version=1, people={p.number: p for p in people}, posts=tuple(posts), neighbours=neighbours)


REQUEST = Request(
    grid=Grid.CONSTRUCTION, community=1, cell="c1", skill="pump", severity=Severity.MEDIUM, at_ms=MONDAY_9
)
HOLDER = person(1, cells=frozenset({"c1"}))
NEIGHBOUR = person(2, cells=frozenset({"c2"}))
COLLEAGUE = person(3)
FOREMAN = person(4, supervisor=True, skills=frozenset())
MANAGER = person(5, Role.MANAGER)
CITY = person(6, Role.MANAGER, communities=frozenset(), everywhere=True)
ALL = (HOLDER, NEIGHBOUR, COLLEAGUE, FOREMAN, MANAGER, CITY)


def test_the_holder_of_the_cell_comes_first() -> None:
    """The worker whose cell it is gets the task, even with more on their hands than a neighbour."""
    found = route(REQUEST, roster(*ALL), {1: Load(open=5)}, POLICY)
    assert (found.owner, found.rung) == (1, Rung.CELL)


def test_every_rung_is_climbed_in_order() -> None:
    """Cell, neighbour, community, supervisor, manager, city: whoever is missing is followed by the next."""
    order = [
        (1, Rung.CELL),
        (2, Rung.NEIGHBOUR),
        (3, Rung.COMMUNITY),
        (4, Rung.SUPERVISOR),
        (5, Rung.SUPERVISOR),
        (6, Rung.CITY),
    ]
    for gone in range(len(order)):
        found = route(REQUEST, roster(*ALL[gone:]), {}, POLICY)
        assert (found.owner, found.rung) == order[gone]
    nobody = route(REQUEST, roster(), {}, POLICY)
    assert (nobody.owner, nobody.rung) == (None, Rung.UNSTAFFED)


def test_a_vacant_post_is_listed() -> None:
    """A cell without a holder appears as vacant before the neighbour who got the task."""
    found = route(REQUEST, roster(NEIGHBOUR), {}, POLICY)
    assert [(c.rung, c.person, c.passed_over) for c in found.candidates] == [
        (Rung.CELL, None, PassedOver.VACANT),
        (Rung.NEIGHBOUR, 2, None),
    ]


def test_reasons_are_named() -> None:
    """Everybody passed over has a reason: no skill, off shift, full, returned it, more load."""
    people = (
        replace(HOLDER, skills=frozenset({"lift"})),
        replace(NEIGHBOUR, shifts=(Shift(weekday=5, from_minute=480, to_minute=720),)),
        person(7),
        person(8),
        person(9),
        person(10),
        person(11),
        person(12, active=False, cells=frozenset({"c3"})),
    )
    loads = {7: Load(today=12), 8: Load(hour=3), 10: Load(open=1), 11: Load(open=2)}
    request = replace(REQUEST, excluded={9: PassedOver.RETURNED_IT})
    found = route(request, roster(*people), loads, POLICY)
    reasons = {candidate.person: candidate.passed_over for candidate in found.candidates}
    assert found.owner == 10
    assert reasons == {
        1: PassedOver.NO_SKILL,
        2: PassedOver.OFF_SHIFT,
        12: PassedOver.INACTIVE,
        10: None,
        11: PassedOver.MORE_LOAD,
        7: PassedOver.FULL_DAY,
        8: PassedOver.FULL_HOUR,
        9: PassedOver.RETURNED_IT,
    }


def test_urgent_tasks_ignore_the_burden() -> None:
    """A critical task goes to the holder however full their day is, where nobody else is there as soon."""
    full = {1: Load(open=40, today=40, hour=40)}
    urgent = replace(REQUEST, severity=Severity.CRITICAL)
    assert route(urgent, roster(HOLDER, FOREMAN, MANAGER, CITY), full, POLICY).owner == 1
    assert route(REQUEST, roster(*ALL), full, POLICY).owner == 2


def test_at_night_the_supervisor_answers() -> None:
    """A critical alarm at three in the morning finds the foreman; a worker with a night shift comes before."""
    urgent = replace(REQUEST, severity=Severity.CRITICAL, at_ms=MONDAY_3)
    assert route(urgent, roster(*ALL), {}, POLICY).owner == 4
    night = replace(NEIGHBOUR, shifts=(Shift(weekday=6, from_minute=1200, to_minute=1440 + 480),))
    assert route(urgent, roster(HOLDER, night, FOREMAN), {}, POLICY).owner == 2


def test_shifts_over_midnight() -> None:
    """A shift from Saturday 20:00 to Sunday 08:00 holds on Sunday morning and on no other morning."""
    night = person(1, shifts=(Shift(weekday=5, from_minute=1200, to_minute=1440 + 480),))
    assert on_shift(night, CALENDAR, at("2026-11-28 20:00"))
    assert on_shift(night, CALENDAR, at("2026-11-29 07:59"))
    assert not on_shift(night, CALENDAR, at("2026-11-29 08:00"))
    assert not on_shift(night, CALENDAR, at("2026-11-28 07:59"))


def test_governance_needs_no_skill() -> None:
    """A look needs no trade."""
    worker = person(1, Role.GRID_WORKER, skills=frozenset())
    assert route(replace(REQUEST, grid=Grid.GOVERNANCE, cell=""), roster(worker), {}, POLICY).owner == 1


def test_nobody_of_the_other_grid_is_asked_to_repair() -> None:
    """Governance workers never get a construction task."""
    worker = person(1, Role.GRID_WORKER, supervisor=True)
    assert route(REQUEST, roster(worker), {}, POLICY).owner is None


PEOPLE = st.lists(
    st.builds(
        lambda number, role, cell, skill, supervisor, active, everywhere: person(
            number,
            role,
            cells=frozenset({cell} if cell and role.grid is Grid.CONSTRUCTION else ()),
            skills=frozenset({skill}),
            supervisor=supervisor,
            active=active,
            everywhere=everywhere,
        ),
        st.integers(1, 30),
        st.sampled_from(Role),
        st.sampled_from(["", "c1", "c2", "c3"]),
        st.sampled_from(["pump", "lift"]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda found: found.number,
)
LOADS = st.dictionaries(st.integers(1, 30), st.builds(Load, st.integers(0, 20), st.integers(0, 20), st.integers(0, 5)))


@given(PEOPLE, LOADS, st.sampled_from(Severity), st.integers(MONDAY_3, MONDAY_9 + 7 * 86_400_000))
def test_routing_is_deterministic_and_never_gives_up_on_managers(
    people: list[Person], loads: dict[int, Load], severity: Severity, now_ms: int
) -> None:
    """The order of the roster does not matter, the owner is active, and while a manager is there somebody is found."""
    request = replace(REQUEST, severity=severity, at_ms=now_ms)
    found = route(request, roster(*people), loads, POLICY)
    assert found == route(request, roster(*reversed(people)), loads, POLICY)
    owners = [candidate.person for candidate in found.candidates if candidate.passed_over is None]
    assert owners == ([] if found.owner is None else [found.owner])
    by_number = {p.number: p for p in people}
    if found.owner is not None:
        assert by_number[found.owner].active
        assert by_number[found.owner].grid is not Grid.GOVERNANCE
    assert (found.owner is not None) or not any(p.active and p.role is Role.MANAGER for p in people)
