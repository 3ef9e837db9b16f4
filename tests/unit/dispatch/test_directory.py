"""What is sorted out or worked out once says the same as looking every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.cases import TaskKind
from core.people import Leave, Person, Role
from core.places import Grid
from core.ports.cases import PassedOver
from core.ports.registry import Roster
from dispatch.arrival import Load, Urgent
from dispatch.diary import Diary
from dispatch.directory import Directory, directory_of
from dispatch.routing import FULL, Bound, all_are_full, route
from tests.unit.dispatch.test_announcing import CROWD
from tests.unit.dispatch.test_routing import HOLDER, MONDAY_9, POLICY, REQUEST, person, roster

HOUR = 3_600_000
AWAY = (Leave(first_day="2026-11-23", last_day="2026-11-23"),)
VOLUNTEER = person(7, volunteer=True)
OTHERS = (
    VOLUNTEER,
    person(8, Role.GRID_WORKER),
    person(9, communities=frozenset({2}), cells=frozenset({"c3"})),
    person(10, active=False),
    person(11, skills=frozenset({"lift"})),
)


def people() -> st.SearchStrategy[tuple[Person, ...]]:
    """Some of everybody, some of them on leave."""

    def drawn(chosen: list[tuple[Person, bool]]) -> tuple[Person, ...]:
        return tuple(replace(one, leave=AWAY) if away else one for one, away in chosen)

    each = st.tuples(st.sampled_from([*CROWD, *OTHERS]), st.booleans())
    return st.lists(each, unique_by=lambda pair: pair[0].number).map(drawn)


def loads_of(those: Sequence[Person]) -> st.SearchStrategy[dict[int, Load]]:
    """Most are full."""
    full = st.sampled_from([Load(today=12), Load(hour=3), Load(open=1), Load(open=2, today=13, hour=4)])
    return st.fixed_dictionaries({one.number: full for one in those})


@given(st.data(), people(), st.sampled_from([Bound.PATIENT, Bound.EVERYBODY]), st.integers(0, 24), st.booleans())
def test_nobody_is_looked_for_where_all_are_full(
    data: st.DataObject, those: tuple[Person, ...], bound: Bound, hours: int, volunteers: bool
) -> None:
    """Just then routing finds nobody, for the burden of somebody."""
    loads = data.draw(loads_of(those))
    back = {one.number: PassedOver.RETURNED_IT for one in data.draw(st.lists(st.sampled_from(those or [HOLDER])))}
    request = replace(REQUEST, bound=bound, at_ms=MONDAY_9 + hours * HOUR, excluded=back, volunteers=volunteers)
    found = route(request, roster(*those), loads, POLICY)
    burdened = any(one.passed_over in FULL for one in found.candidates)
    assert all_are_full(request, roster(*those), loads, POLICY) == (found.owner is None and burdened)


@given(people())
def test_a_directory_lists_whom_a_look_at_everybody_finds(those: tuple[Person, ...]) -> None:
    """People of a rung and holders of a cell, in the order of the roster, and who is on leave."""
    whole = roster(*those)
    found = Directory(whole)
    here = [one for one in those if one.active]
    for grid in Grid:
        mine = [one for one in here if one.grid is grid and one.works_in(1)]
        assert found.workers(grid, 1) == [one for one in mine if not one.supervisor and not one.volunteer]
        assert found.supervisors(grid, 1) == [one for one in mine if one.supervisor]
    managers = [one for one in here if one.role is Role.MANAGER]
    assert found.any_manager() == managers
    assert found.city() == [one for one in managers if one.everywhere]
    assert found.managers(1) == [one for one in managers if 1 in one.communities]
    assert found.volunteers(1) == [one for one in here if one.volunteer]
    for cell in ("c1", "c2", "c3"):
        holders = [one for one in those if cell in one.cells]
        assert list(found.holders(Grid.CONSTRUCTION, cell)) == holders
    for day in ("2026-11-23", "2026-11-24"):
        assert all(found.is_away(one, day) == one.on_leave(day) for one in those)


def test_each_roster_has_its_own_directory() -> None:
    """However many there are, and whatever was asked before."""
    rosters: list[Roster] = [roster(person(number)) for number in range(1, 9)]
    for whole in rosters * 2:
        assert directory_of(whole).roster is whole
        assert [one.number for one in directory_of(whole).workers(Grid.CONSTRUCTION, 1)] == list(whole.people)


DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["open", "write", "strike", "turn", "go", "urgent", "calm", "look"]),
        st.integers(1, 2),
        st.integers(0, 30),
    )
)


@given(DOINGS)
def test_a_load_is_what_a_fresh_diary_works_out(doings: list[tuple[str, int, int]]) -> None:
    """Asked again and again while more is written, it is never out of date."""
    asked, told = Diary(POLICY.calendar, POLICY.turn_ms), set[tuple[int, int]]()
    done: list[tuple[str, int, int]] = []
    for what, who, hours in doings:
        if what == "strike" and (who, hours) not in told:
            continue
        if what == "write":
            told.add((who, hours))
        if what == "strike":
            told.discard((who, hours))
        _do(asked, what, who, hours)
        done.append((what, who, hours))
        fresh = Diary(POLICY.calendar, POLICY.turn_ms)
        for doing in done:
            _do(fresh, *doing)
        for hour in (0, 1, hours, 40):
            at_ms = MONDAY_9 + hour * HOUR
            assert {one: asked.at(at_ms).get(one) for one in (1, 2)} == {
                one: fresh.at(at_ms).get(one) for one in (1, 2)
            }


def _do(diary: Diary, what: str, who: int, hours: int) -> None:
    at_ms = MONDAY_9 + hours * HOUR
    if what == "open":
        diary.opened(who, hours - 10)
    elif what == "write":
        diary.write(who, at_ms)
    elif what == "strike":
        diary.strike(who, at_ms)
    elif what == "turn":
        diary.turned(who, hours)
    elif what == "go":
        diary.went(who, (112.0, 31.0 + hours / 100), at_ms)
    elif what in {"urgent", "calm"}:
        diary.urgent(who, hours, Urgent(TaskKind.HANDLE, Severity.HIGH) if what == "urgent" else None)
