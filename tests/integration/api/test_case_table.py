"""Every step of the case table over HTTP on the real dispatch, by everybody: who may, who may not, and who can go on.

Who may is written down here a second time, by hand; tables, guards and permissions of three layers must come to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.models.cases import TaskAction
from core.alarms import ChangeKind
from core.cases import Action, CaseState
from core.people import Login, Role
from dispatch.desk import SqlDesk
from dispatch.drills import SqlDrills
from dispatch.journal import SqlJournal
from dispatch.lifecycle import CASE_TABLE, FOLLOW_UPS
from dispatch.queries import SqlCaseQueries
from dispatch.tables import outbox
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.api.world import HASH
from tests.unit.dispatch.case_world import Town as Roster
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, change, wipe

C, A = CaseState, Action
OWNER, COLLEAGUE, VERIFIER, STRANGER = "aa-m1", "aa-m2", "aa-g1", "bb-m1"
MANAGER, CITY, OFFICE, TECHNICIAN = "mgr-a", "city", "office", "tech"
EVERYBODY = (OWNER, COLLEAGUE, VERIFIER, STRANGER, MANAGER, CITY, OFFICE, TECHNICIAN)
"""A worker of the case's task, three others, the manager of the community, one of the city, an office login of an
administrator who is nobody in the registry, a technician."""
ABOVE = {MANAGER, CITY, OFFICE}
TAKES = {OWNER, COLLEAGUE, MANAGER, CITY}
MAY: Mapping[Action, set[str]] = {
    A.ACCEPT: TAKES,
    A.CONFIRM: TAKES,
    A.ARRIVE: {OWNER},
    A.HANDLE: {OWNER},
    A.VERIFY: {VERIFIER},
    A.REJECT: {VERIFIER},
    A.RETURN: {OWNER, *ABOVE},
    A.SUSPEND: {OWNER, *ABOVE},
    A.RESUME: {OWNER, *ABOVE},
    A.TRANSFER: ABOVE,
    A.CANCEL: ABOVE,
    A.MERGE: ABOVE,
    A.UNMERGE: ABOVE,
    A.DISPATCH: set(),
    A.CLOSE: set(),
    A.REOPEN: set(),
}
"""The last three are the system's."""
PASSING = frozenset({C.VERIFIED, C.TRANSFERRED})
"""No case stays there: the system goes on at once, and whom a case is transferred to is there."""
UNTIL_MS = MONDAY_9 + 48 * HOUR


@dataclass
class Stage:
    """The small city, with a browser for everybody; people may leave the registry, and come back."""

    town: Town
    roster: Roster
    browsers: dict[str, TestClient]
    case: int = 0

    def does(self, who: str, action: Action) -> Any:
        """Take a step with the case, or with the task it is for."""
        if action in {A.MERGE, A.UNMERGE}:
            body: dict[str, object] = {"reason": "because"}
            if action is A.MERGE:
                body["into"] = self._heir()
            return self.browsers[who].post(f"/api/v1/cases/{self.case}/{action.value}", json=body)
        body = {"note": "because"}
        if action is A.TRANSFER:
            body["to_person"] = self.town.hall.city.person(COLLEAGUE)
        if action is A.SUSPEND:
            body["until_ms"] = UNTIL_MS
        return self.town.step(self.browsers[who], self.task(action), action.value, **body)

    def task(self, action: Action) -> int:
        """The task that a step is taken with."""
        kind = "verify" if action in {A.VERIFY, A.REJECT} else "handle"
        return next(int(one["id"]) for one in self.shown()["tasks"] if one["kind"] == kind)

    def shown(self) -> Any:
        """The case as the city's manager sees it."""
        answer = self.browsers[CITY].get(f"/api/v1/cases/{self.case}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> CaseState:
        return CaseState(self.shown()["state"])

    def offered(self, who: str, action: Action) -> bool:
        """Whether somebody's page has the button."""
        answer = self.browsers[who].get(f"/api/v1/tasks/{self.task(action)}")
        return answer.status_code == 200 and action.value in answer.json()["actions"]

    def raised(self, facility: str = "aa-sp-01") -> int:
        number = self.town.hall.city.facility(facility)
        self.town.hall.apply(change(ChangeKind.OPENED, "high", facility=number), now_ms=MONDAY_9)
        return self.town.hall.cases()[-1].number

    def nobody(self) -> None:
        """Everybody has left."""
        self.roster.gone = set(self.roster.whole.people)

    def begin(self, state: CaseState, action: Action | None = None) -> None:
        """A fresh case in this state, fit for the action."""
        wipe(self.town.hall)
        self.roster.gone = set()
        if state is C.FILED:
            self.nobody()
        if action is A.CONFIRM:
            source, facility = self.roster, self.town.hall.city.facility("aa-sp-01")
            SqlDrills(self.town.hall.engine, rules=RULES.get, source=source).open("call", facility, "medium", MONDAY_9)
            (self.case,) = self._drills()
            self.roster.gone = set()
        else:
            self.case = self.raised()
        steps = WAY[state]
        if state is C.CANCELLED and action is A.UNMERGE:
            steps = ((MANAGER, A.MERGE),)
        for who, step in steps:
            if state is C.RETURNED and step is A.RETURN:
                self.nobody()
            self.ready(step)
            answer = self.does(who, step)
            assert answer.status_code == 200, (who, step, answer.text)
        assert self.state() is state
        if action is not None:
            self.ready(action)

    def ready(self, action: Action) -> None:
        """Whoever verifies has accepted that."""
        if action in {A.VERIFY, A.REJECT}:
            answer = self.town.step(self.browsers[VERIFIER], self.task(action), "accept")
            assert answer.status_code == 200, answer.text

    def _heir(self) -> int:
        others = [case.number for case in self.town.hall.cases() if case.number != self.case]
        return others[0] if others else self.raised("aa-sp-02")

    def _drills(self) -> list[int]:
        answer = self.browsers[CITY].get("/api/v1/cases?drill=true")
        return [one["id"] for one in answer.json()["items"]]


_TO_SITE = ((OWNER, A.ACCEPT), (OWNER, A.ARRIVE))
_HANDLED = (*_TO_SITE, (OWNER, A.HANDLE))


def _look(action: Action) -> tuple[tuple[str, Action], ...]:
    return (*_HANDLED, (VERIFIER, action))


WAY: Mapping[CaseState, tuple[tuple[str, Action], ...]] = {
    C.FILED: (),
    C.DISPATCHED: (),
    C.ACCEPTED: _TO_SITE[:1],
    C.ON_SITE: _TO_SITE,
    C.SUSPENDED: (_TO_SITE[0], (OWNER, A.SUSPEND)),
    C.HANDLED: _HANDLED,
    C.REWORK: _look(A.REJECT),
    C.RETURNED: (_TO_SITE[0], (OWNER, A.RETURN)),
    C.CLOSED: _look(A.VERIFY),
    C.CANCELLED: ((MANAGER, A.CANCEL),),
}
"""What leads to a state; filed and returned stay when nobody is there to take the case."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One city for all rows."""
    with open_town(tmp_path_factory.mktemp("town")) as town, ExitStack() as stack:
        hall = town.hall
        people = hall.city.registry
        town.give_login("tech", Role.TECHNICIAN)
        for name, role, person in ((CITY, Role.MANAGER, "mgr"), (OFFICE, Role.ADMINISTRATOR, "")):
            number = hall.city.person(person) if person else None
            login = Login(username=name, password_hash=HASH, role=role, everywhere=True, person=number)
            town.commands.put_login(login, "test", MONDAY_9)
        source = Roster(people.roster(), set())
        hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=source)
        hall.desk = SqlDesk(hall.engine, rules=RULES.get, source=source)
        hall.queries = SqlCaseQueries(hall.engine, source)
        browsers = {who: stack.enter_context(town.browser(who)) for who in EVERYBODY}
        yield Stage(town, source, browsers)


ROWS = [row for row in CASE_TABLE if row[0] not in PASSING]


def test_the_table_of_who_may_covers_every_step() -> None:
    """A step that is added to the table stands here too, and every state has a way that leads there."""
    assert {action for _, action in CASE_TABLE} == MAY.keys()
    assert WAY.keys() == set(CaseState) - PASSING


@pytest.mark.parametrize(("state", "action"), ROWS, ids=lambda one: one.value)
def test_who_takes_a_step_of_the_table(stage: Stage, state: CaseState, action: Action) -> None:
    """Everybody tries it: whoever may not is refused and moves nothing; whoever may has the button, and it moves."""
    stage.begin(state, action)
    if not MAY[action]:
        assert action.value not in set(TaskAction)
    for who in sorted(set(EVERYBODY) - MAY[action]):
        answer = stage.does(who, action)
        assert answer.status_code in {403, 404, 422}, (who, answer.text)
        assert MAY[action] == set() or answer.status_code != 422, (who, answer.text)
        assert stage.state() is state
        assert not stage.offered(who, action), who
    target = CASE_TABLE[state, action]
    while target in FOLLOW_UPS and not stage.roster.gone:
        target = CASE_TABLE[target, FOLLOW_UPS[target]]
    for who in sorted(MAY[action]):
        stage.begin(state, action)
        assert action in {A.MERGE, A.UNMERGE} or stage.offered(who, action), who
        answer = stage.does(who, action)
        assert answer.status_code == 200, (who, answer.text)
        assert stage.state() is target, who


GOES_ON: Mapping[CaseState, tuple[tuple[str, Action], ...]] = {
    C.DISPATCHED: ((OWNER, A.ACCEPT), (MANAGER, A.TRANSFER), (OFFICE, A.RETURN)),
    C.ACCEPTED: ((OWNER, A.ARRIVE), (MANAGER, A.TRANSFER), (OFFICE, A.RETURN)),
    C.ON_SITE: ((OWNER, A.HANDLE), (MANAGER, A.TRANSFER), (OFFICE, A.RETURN)),
    C.SUSPENDED: ((OWNER, A.RESUME), (MANAGER, A.RESUME), (OFFICE, A.RESUME)),
    C.HANDLED: ((VERIFIER, A.VERIFY), (VERIFIER, A.REJECT)),
    C.REWORK: ((OWNER, A.ACCEPT), (MANAGER, A.TRANSFER), (OFFICE, A.RETURN)),
}
"""Who takes a case on, short of ending it: the owner, and where a task can change hands somebody above."""


@pytest.mark.parametrize("state", GOES_ON, ids=lambda one: one.value)
def test_somebody_can_go_on(stage: Stage, state: CaseState) -> None:
    """From every state where a case waits for people it comes to its end, whichever of them takes the next step."""
    for who, action in GOES_ON[state]:
        stage.begin(state, action)
        assert stage.does(who, action).status_code == 200, (who, action)
        _finish(stage)
        assert stage.state() is C.CLOSED, (who, action)


@pytest.mark.parametrize("state", [C.FILED, C.RETURNED], ids=lambda one: one.value)
def test_the_system_goes_on_when_somebody_comes(stage: Stage, state: CaseState) -> None:
    """Nobody was there: within five minutes of somebody's coming the case is theirs."""
    stage.begin(state)
    stage.roster.gone = set()
    for minutes in (1, 7):
        stage.town.hall.journal.tick(MONDAY_9 + minutes * MINUTE)
    assert stage.state() is C.DISPATCHED
    assert FOLLOW_UPS[state] is A.DISPATCH


def test_every_state_has_somebody_who_goes_on() -> None:
    """Whatever state a case is in: people, the system, or it has ended."""
    ended = {C.CLOSED, C.CANCELLED}
    assert {*GOES_ON, C.FILED, C.RETURNED, *PASSING, *ended} == set(CaseState)
    assert FOLLOW_UPS.keys() >= PASSING


def _finish(stage: Stage) -> None:
    """By whoever has the tasks now."""
    codes = {stage.town.hall.city.person(code): code for code in (OWNER, COLLEAGUE, VERIFIER)}
    ways: Mapping[CaseState, tuple[Callable[[], str], Action]] = {
        C.DISPATCHED: (lambda: _whose(stage, codes, "handle"), A.ACCEPT),
        C.REWORK: (lambda: _whose(stage, codes, "handle"), A.ACCEPT),
        C.ACCEPTED: (lambda: _whose(stage, codes, "handle"), A.ARRIVE),
        C.ON_SITE: (lambda: _whose(stage, codes, "handle"), A.HANDLE),
        C.HANDLED: (lambda: _whose(stage, codes, "verify"), A.VERIFY),
    }
    for _ in range(8):
        state = stage.state()
        if state is C.CLOSED:
            return
        whose, action = ways[state]
        if action is A.VERIFY:  # again after a rework; who has accepted before is told so
            stage.town.step(stage.browsers[whose()], stage.task(action), "accept")
        answer = stage.does(whose(), action)
        assert answer.status_code == 200, (state, action, answer.text)


def _whose(stage: Stage, codes: Mapping[int, str], kind: str) -> str:
    return next(codes[one["owner"]["id"]] for one in stage.shown()["tasks"] if one["kind"] == kind)


def test_case_and_task_say_until_when_they_are_suspended(stage: Stage) -> None:
    """The end that was given, in lists and details, while it stands; after it nothing, and no second suspension."""
    stage.begin(C.ACCEPTED)
    assert stage.shown()["suspended_until_ms"] is None
    assert stage.does(OWNER, A.SUSPEND).json()["suspended_until_ms"] == UNTIL_MS
    shown = stage.shown()
    assert (shown["suspended_until_ms"], shown["deadline"]["due_ms"]) == (UNTIL_MS, None)
    assert {one["kind"]: one["suspended_until_ms"] for one in shown["tasks"]} == {"handle": UNTIL_MS, "verify": None}
    (mine,) = stage.browsers[OWNER].get("/api/v1/tasks?mine=true").json()["items"]
    (listed,) = stage.browsers[MANAGER].get("/api/v1/cases").json()["items"]
    assert mine["suspended_until_ms"] == listed["suspended_until_ms"] == UNTIL_MS
    assert stage.does(OWNER, A.RESUME).json()["suspended_until_ms"] is None
    assert stage.shown()["suspended_until_ms"] is None
    assert stage.does(OWNER, A.SUSPEND).json()["code"] == "TG-4098"


@pytest.mark.parametrize(
    ("suspends", "resumes", "told"),
    [
        (OWNER, OWNER, [("suspended", "aa-m3"), ("taken_up", "aa-m3")]),
        (OWNER, OFFICE, [("suspended", "aa-m3"), ("taken_up", OWNER)]),
        (MANAGER, CITY, [("suspended", OWNER), ("taken_up", OWNER)]),
    ],
)
def test_the_other_one_hears_of_a_suspension(
    stage: Stage, suspends: str, resumes: str, told: list[tuple[str, str]]
) -> None:
    """What the owner does the foreman hears, what somebody above does the owner: nobody's clock stops unseen."""
    stage.begin(C.ACCEPTED)
    assert stage.does(suspends, A.SUSPEND).status_code == 200
    assert stage.does(resumes, A.RESUME).status_code == 200
    table, hall = outbox, stage.town.hall
    query = sa.select(table.c.kind, table.c.person).where(table.c.kind.in_(("suspended", "taken_up")))
    with hall.engine.connect() as connection:
        found = connection.execute(query.order_by(table.c.id)).all()
    assert list(dict.fromkeys((row.kind, hall.code_of(row.person)) for row in found)) == told
