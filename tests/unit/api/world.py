"""A small world for the API's tests: two communities, a login of every role in each, one alarm, case and task in each.

The registry and dispatch are stood in for by dictionaries; the store is the in-memory twin, the sessions a real SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.application import create_app
from api.passwords import Passwords
from api.ports import ApiPorts, PartStatus, PromiseCount, RuleLimit, RuleText
from api.settings import ApiSettings, PasswordCost
from api.tables import metadata
from core.alarms import AlarmKind, AlarmState, Severity
from core.cases import (
    OPEN_CASE_STATES,
    OPEN_TASK_STATES,
    Action,
    CaseState,
    Conflict,
    DeadlineClock,
    DeadlineWhat,
    NotPermitted,
    RuleInfo,
    TaskKind,
    TaskState,
)
from core.clock import ManualClock
from core.errors import Invalid, Refused
from core.findings import kind
from core.flags import FlagKind, FlagScope, FlagState
from core.people import Language, Login, Person, Role
from core.places import ClassMembers, FacilityClass, Grid, Measurement, PointKind, Text
from core.ports import cases as rows
from core.ports import feed as feed_rows
from core.ports.configurations import ConfigurationVersion, RunningConfiguration, VersionState
from core.ports.evidence import EvidenceRecord
from core.ports.flags import AlarmCounts, FlagDetail, FlagFilter, FlagRow, FlagStep
from core.ports.folding import Folding
from core.ports.nodes import NodeStatus
from core.ports.performance import Annunciations, Performance, Source
from core.ports.receivers import Receiver
from core.ports.registry import (
    Cell,
    Community,
    Facility,
    FacilityDetail,
    FacilityFilter,
    Gateway,
    Page,
    PageRequest,
    Point,
    Provenance,
)
from core.sparkplug.topics import NodeId
from dispatch.performance import measure
from store.duckdb_store import DuckDBStore
from store.memory import MemoryStore
from tests.databases import Databases

NOW_MS = 1_795_000_000_000
PASSWORD = "correct horse battery"
COST = PasswordCost(memory_kib=8, passes=1, lanes=1)
HASH = Passwords(COST).hash(PASSWORD)
HOSTILE = "<script>alert(1)</script>"


def text(en: str) -> Text:
    return Text(zh=f"中{en}", en=en)


def paged(items: Sequence[Any], page: PageRequest) -> Page[Any]:
    """Plain paging by position."""
    if page.cursor and not page.cursor.isdigit():
        raise Refused("no such cursor")
    start = int(page.cursor or 0)
    end = start + page.limit
    return Page(items=tuple(items[start:end]), next_cursor=str(end) if end < len(items) else "")


@dataclass
class FakeRegistry:
    """Registry queries and commands over dictionaries."""

    login_by_name: dict[str, Login]
    known_facilities: dict[int, FacilityDetail]
    known_people: dict[int, Person]
    number: int = 1

    def version(self) -> int:
        return self.number

    def classes(self) -> Mapping[str, FacilityClass]:
        level = Measurement(
            key="level", unit="m", low=0, high=5, interval_s=10, kind=PointKind.GAUGE, name=text("Level")
        )
        return {"sewage_pump": FacilityClass(id="sewage_pump", name=text("Sewage pump"), measurements={"level": level})}

    def communities(self) -> Sequence[Community]:
        return [
            Community(
                number=n, code=f"c{n}", name=text(f"Community {n}"), street=text("Street"), valid_from="2020-01-01"
            )
            for n in (1, 2)
        ]

    def cells(self, community: int | None = None, grid: Grid | None = None) -> Sequence[Cell]:
        ring = ((121.0, 31.0), (121.1, 31.0), (121.1, 31.1), (121.0, 31.0))
        return [
            Cell(code=f"{g.value[0]}{n}", grid=g, community=n, name=text(f"Cell {n}"), polygon=ring)
            for n in (1, 2)
            for g in Grid
            if community in (None, n) and grid in (None, g)
        ]

    def facilities(self, where: FacilityFilter, page: PageRequest) -> Page[Facility]:
        found = [
            one.facility
            for one in self.known_facilities.values()
            if (where.communities is None or one.facility.community in where.communities)
            and where.class_id in ("", one.facility.class_id)
            and (where.numbers is None or one.facility.number in where.numbers)
            and where.parent in (None, one.facility.parent)
            and where.text in one.facility.code
        ]
        return paged(found, page)

    def facility(self, number: int) -> FacilityDetail | None:
        return self.known_facilities.get(number)

    def facility_by_code(self, code: str) -> FacilityDetail | None:
        return next((one for one in self.known_facilities.values() if one.facility.code == code), None)

    def point(self, number: int) -> Point | None:
        every = (point for one in self.known_facilities.values() for point in one.points)
        return next((point for point in every if point.number == number), None)

    def gateways(self, communities: frozenset[int] | None = None) -> Sequence[Gateway]:
        return [
            Gateway(number=n, node=NodeId("g", f"gw{n}"), name=text(f"GW {n}"), community=n, enrolled_ms=1, points=2)
            for n in (1, 2)
            if communities is None or n in communities
        ]

    def people(self, communities: frozenset[int] | None = None) -> Sequence[Person]:
        return list(self.known_people.values())

    def person(self, number: int) -> Person | None:
        return self.known_people.get(number)

    def login(self, username: str) -> Login | None:
        return self.login_by_name.get(username.casefold())

    def logins(self) -> Sequence[Login]:
        return list(self.login_by_name.values())

    def facility_counts(self) -> Mapping[int, int]:
        return {1: 1, 2: 1}

    def create_first_administrator(self, username: str, password_hash: str, language: Language, now_ms: int) -> Login:
        if any(one.role is Role.ADMINISTRATOR for one in self.logins()):
            raise Refused("there is one")
        login = Login(
            username=username,
            password_hash=password_hash,
            role=Role.ADMINISTRATOR,
            language=language,
            everywhere=True,
            changed_ms=now_ms,
        )
        self.login_by_name[username.casefold()] = login
        return login

    def put_login(self, login: Login, actor: str, now_ms: int) -> None:
        raise NotImplementedError

    def set_password(
        self, username: str, password_hash: str, actor: str, now_ms: int, *, one_time: bool = False
    ) -> None:
        login = self.login_by_name[username.casefold()]
        self.login_by_name[username.casefold()] = replace(
            login, password_hash=password_hash, one_time=one_time, changed_ms=now_ms
        )

    def set_language(self, username: str, language: Language, now_ms: int) -> None:
        login = self.login_by_name[username.casefold()]
        self.login_by_name[username.casefold()] = replace(login, language=language)

    def enrol_gateway(self, node: NodeId, name: Text, community: int, actor: str, now_ms: int) -> Gateway:
        raise NotImplementedError

    def revoke_gateway(self, node: NodeId, actor: str, now_ms: int) -> None:
        raise NotImplementedError


def alarm_row(n: int) -> rows.AlarmRow:
    return rows.AlarmRow(
        alarm_id=f"alarm{n}",
        rule_id="sewage-pump-dry-run",
        facility=10 * n,
        community=n,
        severity=Severity.HIGH,
        kind=AlarmKind.CONDITION,
        state=AlarmState.UNACKNOWLEDGED,
        say=text(HOSTILE),
        start_ms=NOW_MS - 600_000,
        stop_ms=None,
        since_ms=NOW_MS - 630_000,
        late=False,
        retracted=False,
        latching=False,
        opened_ms=NOW_MS - 600_000,
        case=n,
    )


def case_row(n: int) -> rows.CaseRow:
    return rows.CaseRow(
        number=n,
        code=f"C-2026-{n:06}",
        facility=10 * n,
        community=n,
        family="sewage_pump",
        state=CaseState.DISPATCHED,
        severity=Severity.HIGH,
        lead=Grid.CONSTRUCTION,
        support=Grid.GOVERNANCE,
        say=text("Pump runs dry"),
        opened_ms=NOW_MS - 600_000,
        changed_ms=NOW_MS - 600_000,
        due_ms=NOW_MS + 3_600_000,
        due_what=DeadlineWhat.HANDLE,
        overdue=False,
        escalated=0,
    )


def task_row(n: int, owner: int) -> rows.TaskRow:
    return rows.TaskRow(
        number=n,
        case=n,
        case_code=f"C-2026-{n:06}",
        kind=TaskKind.HANDLE,
        state=TaskState.WAITING,
        grid=Grid.CONSTRUCTION,
        owner=owner,
        cell=f"c{n}",
        facility=10 * n,
        community=n,
        severity=Severity.HIGH,
        say=text("Pump runs dry"),
        created_ms=NOW_MS - 600_000,
        changed_ms=NOW_MS - 600_000,
        due_ms=NOW_MS + 3_600_000,
        due_what=DeadlineWhat.HANDLE,
        clock=DeadlineClock.CONTINUOUS,
        overdue=False,
        not_before_ms=None,
        ready=True,
        version=1,
    )


def flag_row(n: int, facility: int | None = None, until_ms: int = NOW_MS + 3_600_000) -> FlagRow:
    return FlagRow(
        number=n,
        kind=FlagKind.OUT_OF_SERVICE,
        state=FlagState.STANDING,
        scope=FlagScope.FACILITY,
        community=n,
        facility=10 * n if facility is None else facility,
        rule_id="",
        alarm_id="",
        cause="",
        ref="",
        severity=Severity.CRITICAL,
        reason=HOSTILE,
        actor="manager1",
        person=100,
        set_ms=NOW_MS - 600_000,
        until_ms=until_ms,
        ended_ms=None,
    )


@dataclass
class FakeFlags:
    """Flags of dispatch over a dictionary: one stands in each community."""

    flag_by_number: dict[int, FlagRow] = field(default_factory=lambda: {n: flag_row(n) for n in (1, 2)})
    frozen: Sequence[EvidenceRecord] = ()

    def flags(self, where: FlagFilter, page: PageRequest) -> Page[FlagRow]:
        found = [
            one
            for one in self.flag_by_number.values()
            if _in(one.community, where.communities)
            and where.facility in (None, one.facility)
            and (not where.kinds or one.kind in where.kinds)
            and where.standing in (None, one.ended_ms is None)
        ]
        return paged(found, page)

    def flag(self, number: int, communities: frozenset[int] | None = None) -> FlagDetail | None:
        one = self.flag_by_number.get(number)
        if one is None or not _in(one.community, communities):
            return None
        step = FlagStep(
            at_ms=one.set_ms,
            actor=one.actor,
            person=None,
            event="raise",
            from_state=FlagState.DOWN,
            to_state=FlagState.STANDING,
            until_ms=one.until_ms,
            note=one.reason,
        )
        return FlagDetail(flag=one, steps=(step,))

    def alarm_counts(self, where: rows.AlarmFilter) -> AlarmCounts:
        standing = [one for one in self.flag_by_number.values() if _in(one.community, where.communities)]
        return AlarmCounts(
            attention=1,
            active=1,
            unacknowledged=1,
            shelved=0,
            suppressed=0,
            out_of_service=0,
            flags_shelved=0,
            flags_out_of_service=len(standing),
            overdue=0,
        )

    def evidence(self, alarm_id: str, communities: frozenset[int] | None = None) -> Sequence[EvidenceRecord] | None:
        community = {"alarm1": 1, "alarm2": 2}.get(alarm_id)
        return self.frozen if community is not None and _in(community, communities) else None

    def take_out(
        self,
        alarm_id: str,
        actor: Any,
        until_ms: int,
        reason: str,
        now_ms: int,
        scope: FlagScope = FlagScope.RULE,
    ) -> FlagRow:
        return flag_row(1)

    def take_out_facility(self, facility: int, actor: Any, until_ms: int, reason: str, now_ms: int) -> FlagRow:
        return flag_row(facility // 10, facility, until_ms)

    def extend(self, flag: int, actor: Any, until_ms: int, reason: str, now_ms: int) -> FlagRow:
        row = replace(self.flag_by_number[flag], until_ms=until_ms)
        self.flag_by_number[flag] = row
        return row

    def put_back(self, flag: int, actor: Any, reason: str, now_ms: int) -> FlagRow:
        row = replace(self.flag_by_number[flag], state=FlagState.DOWN, ended_ms=now_ms)
        self.flag_by_number[flag] = row
        return row


@dataclass
class FakeCases(FakeFlags):
    """Dispatch over dictionaries: enough of its manners to see what the API makes of them."""

    alarm_by_id: dict[str, rows.AlarmRow] = field(default_factory=lambda: {f"alarm{n}": alarm_row(n) for n in (1, 2)})
    case_by_number: dict[int, rows.CaseRow] = field(default_factory=lambda: {n: case_row(n) for n in (1, 2)})
    task_by_number: dict[int, rows.TaskRow] = field(default_factory=lambda: {n: task_row(n, 100 * n) for n in (1, 2)})
    lines: list[feed_rows.FeedEntry] = field(default_factory=list)
    commands: list[rows.TaskCommand] = field(default_factory=list)
    answers: dict[tuple[str, str], int] = field(default_factory=dict)
    broken: Exception | None = None
    folding_by_id: dict[str, Folding] = field(default_factory=dict)

    def note(self, kind: feed_rows.FeedKind, ref: str, community: int, what: str, owner: int | None = None) -> None:
        """Append a line to the feed."""
        line = feed_rows.FeedEntry(
            id=len(self.lines) + 1, kind=kind, ref=ref, community=community, at_ms=NOW_MS, what=what, owner=owner
        )
        self.lines.append(line)

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken

    def alarms(self, where: rows.AlarmFilter, page: PageRequest) -> Page[rows.AlarmRow]:
        self._check()
        found = [
            one
            for one in self.alarm_by_id.values()
            if _in(one.community, where.communities)
            and where.facility in (None, one.facility)
            and one.severity >= where.minimum
            and (not where.states or one.state in where.states)
            and (where.on is None or where.on == (one.stop_ms is None))
        ]
        return paged(found, page)

    def alarm(self, alarm_id: str, communities: frozenset[int] | None = None) -> rows.AlarmDetail | None:
        self._check()
        one = self.alarm_by_id.get(alarm_id)
        if one is None or not _in(one.community, communities):
            return None
        step = rows.AlarmHistoryRow(
            at_ms=NOW_MS, actor="system", change=None, event="enter", state=one.state, start_ms=1, stop_ms=None
        )
        return rows.AlarmDetail(alarm=one, history=(step,), evidence=_evidence(one.community), do=(text("Stop it"),))

    def works_on(self, person: int, *, alarm_id: str = "", facility: int = 0) -> bool:
        mine = [one for one in self.task_by_number.values() if one.owner == person and one.state in OPEN_TASK_STATES]
        cases = {one.case for one in mine}
        if alarm_id:
            return any(alarm_id == f"alarm{number}" for number in cases)
        return any(self.case_by_number[number].facility == facility for number in cases)

    def folding(self, alarm_id: str) -> Folding:
        self._check()
        return self.folding_by_id.get(alarm_id, Folding(into=None, folded=(), unseen=None, say=text("")))

    def cases(self, where: rows.CaseFilter, page: PageRequest) -> Page[rows.CaseRow]:
        found = [
            one
            for one in self.case_by_number.values()
            if _in(one.community, where.communities)
            and where.facility in (None, one.facility)
            and (where.open is None or where.open == (one.state in OPEN_CASE_STATES))
            and one.severity >= where.minimum
        ]
        return paged(found, page)

    def case(self, number: int, communities: frozenset[int] | None = None) -> rows.CaseDetail | None:
        one = self.case_by_number.get(number)
        if one is None or not _in(one.community, communities):
            return None
        return rows.CaseDetail(
            case=one,
            alarms=(self.alarm_by_id[f"alarm{number}"],),
            tasks=(self.task_by_number[number],),
            evidence=_evidence(one.community),
            do=(text("Stop it"),),
            history=_history(number),
        )

    def tasks(self, where: rows.TaskFilter, page: PageRequest) -> Page[rows.TaskRow]:
        found = [
            one
            for one in self.task_by_number.values()
            if _in(one.community, where.communities)
            and where.grid in (None, one.grid)
            and (where.open is None or where.open == (one.state in OPEN_TASK_STATES))
        ]
        return paged(found, page)

    def receivers(self, task: int, actor: Any, now_ms: int) -> Sequence[Receiver]:
        return []

    def queue(self, person: int, now_ms: int) -> Sequence[rows.TaskRow]:
        return [one for one in self.task_by_number.values() if one.owner == person]

    def task(
        self, number: int, actor: Any, communities: frozenset[int] | None = None, now_ms: int = 0
    ) -> rows.TaskDetail | None:
        one = self.task_by_number.get(number)
        if one is None or not _in(one.community, communities):
            return None
        return rows.TaskDetail(
            task=one,
            case=self.case_by_number[one.case],
            alarms=(self.alarm_by_id[f"alarm{number}"],),
            evidence=_evidence(one.community),
            do=(text("Stop the pump"),),
            history=_history(number),
            actions=(Action.ACCEPT, Action.RETURN, Action.CANCEL),
            routing=(
                rows.Candidate(rung=rows.Rung.CELL, cell="c", person=None, load=0, passed_over=rows.PassedOver.VACANT),
                rows.Candidate(
                    rung=rows.Rung.NEIGHBOUR, cell="d", person=one.owner, load=0, passed_over=None, there_min=4
                ),
            ),
        )

    def overview(self, communities: frozenset[int] | None = None) -> Sequence[feed_rows.CommunityFigures]:
        self._check()
        return [
            feed_rows.CommunityFigures(
                community=n,
                facilities=1,
                healthy=0,
                alarmed=1,
                unseen=0,
                alarms={Severity.HIGH: 1},
                open_cases=1,
                overdue_cases=0,
                waiting_tasks=1,
            )
            for n in (2, 1)
            if _in(n, communities)
        ]

    def feed(
        self, after: int, limit: int = 500, communities: frozenset[int] | None = None
    ) -> Sequence[feed_rows.FeedEntry]:
        self._check()
        return [one for one in self.lines if one.id > after and _in(one.community, communities)][:limit]

    def feed_head(self) -> int:
        self._check()
        return len(self.lines)

    def acknowledge(self, alarm_id: str, actor: Any, now_ms: int, note: str = "") -> rows.AlarmRow:
        row = replace(self.alarm_by_id[alarm_id], state=AlarmState.ACKNOWLEDGED)
        self.alarm_by_id[alarm_id] = row
        self.note(feed_rows.FeedKind.ALARM, alarm_id, row.community, "acknowledge")
        return row

    def reset(self, alarm_id: str, actor: Any, now_ms: int, note: str = "") -> rows.AlarmRow:
        raise Conflict("wrong_state", "it is not latched")

    def comment(self, alarm_id: str, actor: Any, text: str, now_ms: int) -> rows.AlarmRow:
        return self.alarm_by_id[alarm_id]

    def shelve(
        self,
        alarm_id: str,
        actor: Any,
        until_ms: int,
        reason: str,
        now_ms: int,
        scope: FlagScope = FlagScope.RULE,
    ) -> rows.AlarmRow:
        row = replace(self.alarm_by_id[alarm_id], shelved_until_ms=until_ms, shelve_reason=reason)
        self.alarm_by_id[alarm_id] = row
        return row

    def unshelve(self, alarm_id: str, actor: Any, now_ms: int, reason: str = "") -> rows.AlarmRow:
        row = replace(self.alarm_by_id[alarm_id], shelved_until_ms=None)
        self.alarm_by_id[alarm_id] = row
        return row

    def act(self, command: rows.TaskCommand, now_ms: int) -> rows.TaskRow:
        self._check()
        row = self.task_by_number[command.task]
        if (command.actor.login, command.key) in self.answers:
            return row
        self.commands.append(command)
        if row.owner != command.actor.person and not command.actor.supervises:
            raise NotPermitted("it is in somebody else's queue")
        if command.action is Action.ACCEPT and row.state is not TaskState.WAITING:
            raise Conflict("taken", "somebody was faster", owner=row.owner)
        state = TaskState.ACCEPTED if command.action is Action.ACCEPT else row.state
        row = replace(row, state=state, version=row.version + 1)
        self.task_by_number[command.task] = row
        self.answers[command.actor.login, command.key] = row.version
        self.note(feed_rows.FeedKind.TASK, str(row.number), row.community, command.action.value, row.owner)
        return row


def _in(community: int, communities: frozenset[int] | None) -> bool:
    return communities is None or community in communities


def _evidence(n: int) -> tuple[rows.EvidenceValue, ...]:
    value = rows.EvidenceValue(
        point=100 * n + 1, key="level", name=text("Level"), unit="m", time_ms=NOW_MS - 600_000, value=0.1, quality=0
    )
    return (value,)


def _history(number: int) -> tuple[rows.HistoryRow, ...]:
    opened = rows.HistoryRow(
        at_ms=NOW_MS - 600_000, actor="system", person=None, task=None, action="opened", from_state="", to_state="filed"
    )
    return (opened, replace(opened, actor="maintainer1", person=100, task=number, action="accept"))


@dataclass
class FakeDirectory:
    """Points of facilities."""

    version: int = 1

    def refresh(self) -> bool:
        return False

    def knows(self, node: NodeId) -> bool:
        return True

    def bindings(self, node: NodeId, metrics: Sequence[str]) -> Sequence[None]:
        return [None] * len(metrics)

    def members(self) -> Mapping[str, ClassMembers]:
        numbers = np.array([10, 20], np.int32)
        return {
            "sewage_pump": ClassMembers(
                class_id="sewage_pump",
                facility=numbers,
                code=("c1-sp-01", "c2-sp-01"),
                point={"level": np.array([101, 201], np.int32), "current": np.array([102, -1], np.int32)},
                stale_after_ms={"level": np.array([30_000, 30_000]), "current": np.array([30_000, 30_000])},
                unit={"level": "m", "current": "A"},
            )
        }


class FakeNodes:
    """One gateway is online, the other has died."""

    def put(self, statuses: Sequence[NodeStatus], now_ms: int) -> None:
        raise NotImplementedError

    def all(self) -> Sequence[NodeStatus]:
        return [
            NodeStatus(node=NodeId("g", f"gw{n}"), online=n == 1, since_ms=NOW_MS, seen_ms=NOW_MS, readings=5)
            for n in (1, 2)
        ]


@dataclass
class FakeConfigurations:
    """Each gateway runs the file on its machine and has one version; a push is refused by gateway 2."""

    kept: dict[tuple[int, int], ConfigurationVersion] = field(
        default_factory=lambda: {(n, 1): version_of(n, 1, "buses: []\n") for n in (1, 2)}
    )

    def versions(self, gateway: int) -> Sequence[ConfigurationVersion]:
        found = [replace(one, text="") for one in self.kept.values() if one.gateway == gateway]
        return sorted(found, key=lambda one: -one.version)

    def version(self, gateway: int, version: int) -> ConfigurationVersion | None:
        return self.kept.get((gateway, version))

    def running(self, gateway: int) -> RunningConfiguration | None:
        return RunningConfiguration(
            version=0, sha256="0" * 64, state="running", text="adapters: []\n", reported_ms=NOW_MS
        )

    def draft(self, gateway: int, text: str, note: str, actor: str, now_ms: int) -> ConfigurationVersion:
        if "password" in text:
            raise Invalid([SECRET.at("", 2, 3, name="password")])
        made = replace(version_of(gateway, len(self.versions(gateway)) + 1, text), note=note, created_by=actor)
        self.kept[gateway, made.version] = made
        return made

    def push(self, gateway: int, version: int, actor: str, now_ms: int) -> ConfigurationVersion:
        pushed = replace(self.kept[gateway, version], state=VersionState.PUSHED, pushed_ms=now_ms, pushed_by=actor)
        self.kept[gateway, version] = pushed
        return pushed


SECRET = kind("TG-0322", "{name} 是密钥", "{name} is a secret", "删除", "remove it")


def version_of(gateway: int, version: int, content: str) -> ConfigurationVersion:
    return ConfigurationVersion(
        gateway=gateway,
        version=version,
        text=content,
        sha256="1" * 64,
        note=HOSTILE,
        state=VersionState.DRAFT,
        created_ms=NOW_MS,
        created_by="somebody",
    )


class FakeRules:
    """One rule with one limit."""

    def rule(self, rule_id: str) -> RuleText | None:
        info = RuleInfo(
            rule_id=rule_id,
            family="sewage_pump",
            severity=Severity.HIGH,
            lead=Grid.CONSTRUCTION,
            support=Grid.GOVERNANCE,
            say=text("Pump runs dry"),
        )
        when, clear = "current > 2 A and level < 0.2 m", "level > 0.4 m"
        return RuleText(info=info, when=when, for_s=30, clear=clear, version="now")

    def limits(self, class_id: str) -> Sequence[RuleLimit]:
        low = RuleLimit(
            measurement="level",
            value=20,
            unit="cm",
            kind="low",
            severity=Severity.HIGH,
            rule_id="sewage-pump-dry-run",
            say=text("Pump runs dry"),
        )
        return [low, replace(low, unit="Cel")]


class FakeReports:
    """Three alarms in community 1, of a facility that chatters, and a worker who was given a task."""

    def report(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Performance:
        seen = communities is None or 1 in communities
        at_ms = np.array([0, 20_000, 40_000] if seen else [], np.int64) + to_ms - 60_000
        found = Annunciations(
            from_ms=from_ms,
            to_ms=to_ms,
            at_ms=at_ms,
            stop_ms=at_ms + 5_000,
            severity=np.full(len(at_ms), int(Severity.HIGH), np.int64),
            source=np.zeros(len(at_ms), np.int64),
            sources=(Source(rule_id="sewage-pump-dry-run", facility=10, say=text("Pump runs dry")),),
            task_owner=np.array([1] if seen else [], np.int64),
            task_ms=at_ms[:1],
        )
        return measure(found, zone_ms=0, most_a_day=12, most_an_hour=3)


class FakeWatch:
    """A core process that keeps its promises but one."""

    def parts(self) -> Sequence[PartStatus]:
        return [PartStatus(name="broker", status="ok", say=text("answers"))]

    def promises(self) -> Sequence[PromiseCount]:
        return [PromiseCount(id="INV-3", say=text("nothing vanishes"), breaches=1)]


def point_of(number: int, facility: int, key: str, unit: str) -> Point:
    return Point(
        number=number,
        facility=facility,
        key=key,
        metric=f"f{facility}/{key}",
        name=text(key.title()),
        gateway=NodeId("g", f"gw{facility // 10}"),
        unit=unit,
        kind=PointKind.GAUGE,
        low=0,
        high=5,
        normal_low=0.5,
        normal_high=float("nan"),
        interval_s=10,
        stale_after_s=30,
    )


def facility_of(n: int) -> FacilityDetail:
    facility = Facility(
        number=10 * n,
        code=f"c{n}-sp-01",
        name=text(HOSTILE),
        class_id="sewage_pump",
        community=n,
        latitude=31.0,
        longitude=121.0,
        cells={Grid.GOVERNANCE: f"g{n}", Grid.CONSTRUCTION: f"c{n}"},
        address=text("Road 1"),
        attributes={"build_year": 1998.0},
        provenance=Provenance.MODEL,
    )
    points = (point_of(100 * n + 1, 10 * n, "level", "m"), point_of(100 * n + 2, 10 * n, "current", "A"))
    return FacilityDetail(facility=facility, points=points)


def login(role: Role, n: int, **changes: Any) -> Login:
    """The login ``role<n>``: it sees community ``n`` alone."""
    base = Login(
        username=f"{role.value}{n}",
        password_hash=HASH,
        role=role,
        communities=frozenset({n}),
        person=100 * n if role is Role.MAINTAINER else None,
        changed_ms=1,
        department="hb" if role is Role.DEPARTMENT else "",
    )
    return replace(base, **changes)


def registry() -> FakeRegistry:
    logins = [login(role, n) for role in Role for n in (1, 2)]
    logins += [
        login(Role.ADMINISTRATOR, 0, everywhere=True, communities=frozenset(), language=Language.ENGLISH),
        login(Role.MANAGER, 8, communities=frozenset({1}), one_time=True),
        login(Role.MANAGER, 9, active=False),
    ]
    people = [
        Person(number=100 * n, code=f"m{n}", name=text(f"Worker {n}"), role=Role.MAINTAINER, communities=frozenset({n}))
        for n in (1, 2)
    ]
    return FakeRegistry(
        login_by_name={one.username: one for one in logins},
        known_facilities={10 * n: facility_of(n) for n in (1, 2)},
        known_people={one.number: one for one in people},
    )


@dataclass
class World:
    """Everything behind one application, and the settings it runs with."""

    settings: ApiSettings
    engine: sa.Engine
    registry: FakeRegistry = field(default_factory=registry)
    cases: FakeCases = field(default_factory=FakeCases)
    store: MemoryStore | DuckDBStore = field(default_factory=MemoryStore)
    configurations: FakeConfigurations = field(default_factory=FakeConfigurations)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_MS))

    def ports(self) -> ApiPorts:
        return ApiPorts(
            store=self.store,
            registry=self.registry,
            registry_commands=self.registry,
            directory=FakeDirectory(),
            cases=self.cases,
            case_commands=self.cases,
            folds=self.cases,
            nodes=FakeNodes(),
            configurations=self.configurations,
            rules=FakeRules(),
            performance=FakeReports(),
            clock=self.clock,
            engine=self.engine,
            watch=FakeWatch(),
        )

    @contextmanager
    def client(self, username: str = "", *, raise_errors: bool = True) -> Iterator[TestClient]:
        """A browser on this application, logged in as ``username`` where one is given."""
        app = create_app(self.ports(), self.settings)
        scheme = "https" if self.settings.https else "http"
        base = f"{scheme}://localhost"
        with TestClient(app, base_url=base, raise_server_exceptions=raise_errors, client=("127.0.0.1", 5)) as client:
            if username:
                self.log_in(client, username)
            yield client

    @staticmethod
    def log_in(client: TestClient, username: str, password: str = PASSWORD) -> None:
        answer = client.post("/api/v1/session", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text


def engine_in(folder: Path, databases: Databases | None = None) -> sa.Engine:
    """The API's tables in a SQLite file, or on PostgreSQL; they need not survive a power cut."""
    if databases is not None:
        return databases.engine("api", metadata.create_all)
    engine = sa.create_engine(f"sqlite:///{folder / 'api.sqlite'}")

    @sa.event.listens_for(engine, "connect")
    def _hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")

    metadata.create_all(engine)
    return engine
