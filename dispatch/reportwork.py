"""Reports and tasks handed down, inside a transaction: looked at by the gate, made a case, joined to one."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import SYSTEM, Actor, CaseState, RuleInfo, TaskKind, TaskState
from core.intake import HANDED_DOWN, Event, SourceKind, Verdict
from core.people import Person, Role
from core.ports.intake import IntakeAsk, Known
from core.ports.registry import Roster
from dispatch import messages, tables
from dispatch.admission import Asked, Decision, Load, OpenCase, Spot, alike, decide, far_m
from dispatch.alarmwork import AlarmWork
from dispatch.deciding import handling_limit
from dispatch.filing import Filing, filed, given_out
from dispatch.intake_tables import intake, step
from dispatch.lifecycle import UNSTARTED
from dispatch.merges import took_over
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.whereabouts import place_without, reported_spots

_GATEKEEPERS = frozenset({Role.MANAGER, Role.ADMINISTRATOR})


def info_of_event(event: Event) -> RuleInfo:
    """An event as dispatch knows rules: its name is the family, no rule stands behind it."""
    return RuleInfo(
        rule_id="", family=event.key, severity=event.severity, lead=event.lead, support=event.support, say=event.say
    )


def gatekeeper(roster: Roster, community: int) -> int | None:
    """Who decides what waits in a community: a manager of it, else one of the whole city; the first by number."""
    able = (
        person
        for person in roster.people.values()
        if person.active and person.role in _GATEKEEPERS and person.works_in(community)
    )
    return min(((person.everywhere, person.number) for person in able), default=(False, None))[1]


def receivers(roster: Roster, department: str, community: int) -> list[Person]:
    """Who of a department hears what is referred to it from a community."""
    return [
        person
        for person in roster.people.values()
        if person.active
        and person.role is Role.DEPARTMENT
        and person.department == department
        and person.works_in(community)
    ]


class ReportWork:
    """All that happens to intakes in one transaction."""

    def __init__(self, connection: sa.Connection, work: AlarmWork, roster: Roster, policy: Policy, now_ms: int) -> None:
        """Work on ``connection`` at ``now_ms``; ``work`` has the cases and their ledger."""
        self._connection = connection
        self._cases = work.cases
        self._ledger = work.ledger
        self._roster = roster
        self._policy = policy
        self._now_ms = now_ms

    def asked(self, ask: IntakeAsk, event: Event) -> Asked:
        """What somebody asks, as the gate sees it."""
        place = self._roster.places.get(ask.facility)
        spot = None if place is None else place.spot
        if spot is None and ask.longitude is not None and ask.latitude is not None:
            spot = (ask.longitude, ask.latitude)
        return Asked(
            source=ask.source,
            event=event,
            community=place.community if place else ask.community,
            at_ms=self._now_ms,
            facility=ask.facility,
            spot=None if spot is None else Spot(*spot),
        )

    def gate(self, asked: Asked, department: str) -> Decision:
        """What the gate says of it, by what is open now."""
        duty = self._policy.intake.duty(department, asked.event)
        return decide(asked, duty, self.open_cases(asked), self.load(asked, department), self._policy)

    def open_cases(self, asked: Asked) -> list[OpenCase]:
        """Open cases that it may be about; where one was merged, the one that took it in."""
        return self._with_heir(asked, self._as_openings(asked, tables.case.c.open))

    def ended_cases(self, asked: Asked, since_ms: int) -> list[OpenCase]:
        """Closed cases of its event that were opened since then."""
        table = tables.case
        closed = (table.c.state == CaseState.CLOSED.value, table.c.opened_ms >= since_ms)
        return self._as_openings(asked, sa.and_(*closed, table.c.family == asked.event.key))

    def load(self, asked: Asked, department: str) -> Load:
        """What people have on their hands."""
        place, task = self._roster.places.get(asked.facility), tables.task
        if place is None:
            spot = None if asked.spot is None else (asked.spot.longitude, asked.spot.latitude)
            place = place_without(self._roster, asked.event, asked.community, spot)
        cell = place.cells.get(asked.event.lead, "")
        works = [
            person
            for person in self._roster.people.values()
            if person.active and not person.volunteer and person.grid and asked.community in person.communities
        ]
        return Load(
            cell_open=self._count(task.c.cell == cell) if cell else None,
            cell_people=sum(post.cell == cell and post.holder is not None for post in self._roster.posts),
            community_open=self._count(task.c.community == asked.community),
            community_people=len(works),
            department_given=self._given(department, asked.community) if department else 0,
        )

    def known(self, asked: Asked) -> list[Known]:
        """Open cases that it would join or may be about, the likeliest first."""
        cases = {one.number: one for one in self.open_cases(asked)}
        same, _reason, likely = alike(asked, list(cases.values()), self._policy)
        found = []
        for number in (*(() if same is None else (same,)), *likely):
            far = far_m(asked, cases[number])
            found.append(Known(case=number, same=number == same, distance_m=far if math.isfinite(far) else None))
        return found

    def write(self, ask: IntakeAsk, asked: Asked, decision: Decision, answer: str) -> Any:
        """The row of an intake, before anything follows."""
        values = {
            "code": "",  # its number is part of it
            "actor": ask.actor.login,
            "key": ask.key,
            "person": ask.actor.person,
            "at_ms": self._now_ms,
            "source": ask.source.value,
            "event": asked.event.key,
            "say_zh": asked.event.say.zh,
            "say_en": asked.event.say.en,
            "severity": asked.event.severity.value,
            "community": asked.community,
            "facility": ask.facility,
            "longitude": None if asked.spot is None else asked.spot.longitude,
            "latitude": None if asked.spot is None else asked.spot.latitude,
            "words": ask.words.strip(),
            "department": ask.department if ask.source in HANDED_DOWN else "",
            "ref": ask.ref.strip() if ask.source in HANDED_DOWN else "",
            "minutes": ask.minutes,
            "from_ms": ask.from_ms,
            "to_ms": ask.to_ms,
            "verdict": decision.verdict.value,
            "reasons": json.dumps([one.value for one in decision.reasons]),
            "candidates": json.dumps(list(decision.candidates)),
            "figures": json.dumps({name: value for name, value in asdict(decision.load).items() if value is not None}),
            "case": None,
            "decided_ms": self._now_ms,
            "decided_by": SYSTEM,
            "decider": None,
            "ruling": "",
            "answer": answer,
            "referred": "",
        }
        row = self._connection.execute(sa.insert(intake).returning(intake), values).one()
        day = self._policy.calendar.day_of(self._now_ms)
        self.note(row, "", Actor(login=SYSTEM))
        return self.update(row, code=f"R-{day.year}-{row.number:06d}")

    def note(self, row: Any, before: str, actor: Actor, department: str = "", words: str = "") -> None:
        """Write down what an intake became, by whom and why."""
        values = {
            "intake": row.number,
            "at_ms": self._now_ms,
            "actor": actor.login,
            "person": actor.person,
            "before": before,
            "after": row.verdict,
            "department": department,
            "words": words,
        }
        self._connection.execute(sa.insert(step), values)

    def update(self, row: Any, **values: object) -> Any:
        """Change an intake; the row after it."""
        query = sa.update(intake).where(intake.c.number == row.number).values(**values).returning(intake)
        return self._connection.execute(query).one()

    def follow(self, row: Any, event: Event, verdict: Verdict, case: int | None, actor: Actor) -> Any:
        """Let a case be opened for it, or let it join one; the row after it."""
        if verdict is Verdict.ADMIT:
            return self._admit(row, event, actor)
        if verdict is Verdict.JOIN and case is not None:
            self._join(row, event, case, actor)
            return self.update(row, case=case)
        if verdict is Verdict.WAIT:
            self._tell_gatekeeper(row, event)
        if verdict is Verdict.REFER:
            self._tell_department(row, event)
        return row

    # --- inside -------------------------------------------------------------------------------------------------

    def _admit(self, row: Any, event: Event, actor: Actor) -> Any:
        """A case is opened for it; it is its report before anybody is looked for, who must know where."""
        info, severity = info_of_event(event), event.severity
        stages = self._cases.tasks.stages
        filing = Filing(
            facility=row.facility,
            community=row.community,
            severity=severity,
            info=info,
            limit=handling_limit(info, severity, self._policy, stages.class_of(row.facility)),
            opening=f"report/{row.number}",
            source=SourceKind(row.source),
            reports=1,
        )
        case = filed(self._cases, self._ledger, self._policy, filing, self._now_ms)
        row = self.update(row, case=case.number)
        self._ledger.note(case.number, "reported", actor=actor, note=f"{row.code} {row.words}")
        given_out(self._cases, self._policy, case, filing)
        return row

    def _tell_gatekeeper(self, row: Any, event: Event) -> None:
        """Whoever decides for the community hears that something waits, when work begins."""
        person = gatekeeper(self._roster, row.community)
        if person is not None:
            self._tell(row, event, "intake", person)

    def _tell_department(self, row: Any, event: Event) -> None:
        """Everybody of the department hears that something was referred to it, when work begins."""
        for person in receivers(self._roster, row.referred, row.community):
            self._tell(row, event, "referral", person.number)

    def _tell(self, row: Any, event: Event, kind: str, person: int) -> None:
        place = self._roster.places.get(row.facility)
        calendar = self._policy.calendar
        steps = sa.select(sa.func.count()).select_from(step).where(step.c.intake == row.number)
        self._ledger.notify(
            kind,
            ref=f"{kind}/{row.number}",
            version=max(1, int(self._connection.execute(steps).scalar_one())),
            person=person,
            channels=("app",),
            title=messages.title(kind, event.severity, event.say),
            body=messages.body(row.code, place.name if place else event.say, None, calendar.zone),
            severity=event.severity,
            not_before_ms=calendar.next_start(self._now_ms),
        )

    def _join(self, row: Any, event: Event, number: int, actor: Actor) -> None:
        case = self._cases.case(number)
        case = self._cases.update(case, reports=case.reports + 1)
        self._ledger.note(number, "reported", actor=actor, note=f"{row.code} {row.words}")
        if event.severity > case.severity:
            self._cases.raised(case, Severity(event.severity), info_of_event(event))
            return
        self._cases.tell(case, "reported")
        handle = self._cases.tasks.tasks(number).get(TaskKind.HANDLE)
        if handle is not None and handle.open and TaskState(handle.state) not in UNSTARTED:
            self._cases.tasks.message(handle, case, "reported", handle.owner)

    def _as_openings(self, asked: Asked, which: sa.ColumnElement[bool]) -> list[OpenCase]:
        table = tables.case
        about = sa.or_(
            table.c.family == asked.event.key,
            table.c.community == asked.community,
            table.c.facility == asked.facility if asked.facility else sa.false(),
        )
        columns = [table.c[name] for name in ("number", "family", "community", "opened_ms", "facility", "gathers")]
        rows = self._connection.execute(sa.select(*columns).where(which, ~table.c.drill, about)).all()
        gathered = self._gathered([row.number for row in rows if row.gathers])
        spots = reported_spots(self._connection, [row.number for row in rows if not row.facility])
        found = []
        for row in rows:
            place = self._roster.places.get(row.facility)
            spot = place.spot if place else spots.get(row.number)
            own = frozenset({row.facility}) if row.facility else frozenset()
            found.append(
                OpenCase(
                    number=row.number,
                    family=row.family,
                    community=row.community,
                    opened_ms=row.opened_ms,
                    facilities=own | gathered.get(row.number, frozenset()),
                    spot=None if spot is None else Spot(*spot),
                )
            )
        return found

    def _with_heir(self, asked: Asked, found: list[OpenCase]) -> list[OpenCase]:
        """Where the case of the facility and event was merged, the one that took it in is the case."""
        heir = took_over(self._connection, asked.facility, asked.event.key) if asked.facility else None
        if heir is None:
            return found
        place = self._roster.places.get(heir.facility)
        spot = place.spot if place else None
        case = OpenCase(
            number=heir.number,
            family=asked.event.key,
            community=heir.community,
            opened_ms=heir.opened_ms,
            facilities=frozenset({asked.facility}),
            spot=None if spot is None else Spot(*spot),
        )
        return [*(one for one in found if one.number != heir.number), case]

    def _gathered(self, numbers: list[int]) -> dict[int, frozenset[int]]:
        """The facilities of cases that gather many."""
        table, found = tables.alarm, dict[int, set[int]]()
        for part in in_parts(numbers):
            mine = table.c.case.in_(part)
            for row in self._connection.execute(sa.select(table.c.case, table.c.facility).where(mine).distinct()):
                found.setdefault(row.case, set()).add(row.facility)
        return {number: frozenset(members) for number, members in found.items()}

    def _count(self, which: sa.ColumnElement[bool]) -> int:
        task = tables.task
        query = sa.select(sa.func.count()).select_from(task).where(task.c.open, ~task.c.drill, which)
        return int(self._connection.execute(query).scalar_one())

    def _given(self, department: str, community: int) -> int:
        mine = (intake.c.department == department, intake.c.community == community)
        lately = intake.c.at_ms > self._now_ms - self._policy.department_within_ms
        admitted = intake.c.verdict == Verdict.ADMIT.value
        query = sa.select(sa.func.count()).select_from(intake).where(*mine, lately, admitted)
        return int(self._connection.execute(query).scalar_one())
