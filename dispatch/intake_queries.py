"""Intakes, read: ``core.ports.intake.IntakeQueries`` over SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Actor, CaseState, TaskState
from core.intake import HANDED_DOWN, IN_DEPARTMENT, Event, Reason, SourceKind, Verdict
from core.places import Text
from core.ports.intake import Burden, CaseNow, IntakeFilter, IntakeRow, IntakeStep, LogAnswer, Photo
from core.ports.registry import Page, PageRequest, RosterSource
from dispatch import tables
from dispatch.burden import Handed, Spent, burdens
from dispatch.caselog import answer_of, log_answer
from dispatch.database import reading
from dispatch.flag_queries import limit_of_page, number_of, seen
from dispatch.intake_tables import intake, photo, step
from dispatch.merges import heir
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.reports import costs


class SqlIntakeQueries:
    """Reads intakes; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, source: RosterSource, policy: Policy | None = None) -> None:
        """Read from ``engine``; ``source`` is the registry."""
        self._engine = engine
        self._source = source
        self._policy = policy or Policy()

    def events(self, source: SourceKind, class_id: str | None = None) -> Sequence[Event]:
        """What a source may report or ask for, at a facility of a class if one is named."""
        return self._policy.intake.for_source(source, class_id)

    def intakes(self, where: IntakeFilter, page: PageRequest) -> Page[IntakeRow]:
        """Intakes, newest number first.

        Raises:
            core.errors.Refused: if the cursor or the limit is not valid.
        """
        before = intake.c.number < number_of(page.cursor) if page.cursor else sa.true()
        query = sa.select(intake).where(*_conditions(where), before).order_by(intake.c.number.desc())
        query = query.limit(limit_of_page(page) + 1)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            found = intake_rows(connection, rows[: page.limit])
        more = len(rows) > page.limit
        return Page(items=tuple(found), next_cursor=str(found[-1].number) if more else "")

    def intake(self, number: int, communities: frozenset[int] | None = None) -> IntakeRow | None:
        """One intake."""
        query = sa.select(intake).where(intake.c.number == number, seen(intake.c.community, communities))
        with reading(self._engine) as connection:
            found = intake_rows(connection, connection.execute(query).all())
        return found[0] if found else None

    def sent(self, actor: Actor, key: str) -> IntakeRow | None:
        """What somebody has handed in with this key."""
        query = sa.select(intake).where(intake.c.actor == actor.login, intake.c.key == key)
        with reading(self._engine) as connection:
            found = intake_rows(connection, connection.execute(query).all())
        return found[0] if found else None

    def burden(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None, department: str = ""
    ) -> Sequence[Burden]:
        """What departments (or one of them) asked of communities in [from, to), the most first."""
        mine = [intake.c.at_ms >= from_ms, intake.c.at_ms < to_ms, seen(intake.c.community, communities)]
        if department:
            mine.append(intake.c.department == department)
        down = intake.c.source.in_(sorted(one.value for one in HANDED_DOWN))
        with reading(self._engine) as connection:
            rows = [
                Handed(
                    department=row.department,
                    community=row.community,
                    source=SourceKind(row.source),
                    verdict=Verdict(row.verdict),
                    minutes=row.minutes,
                    case=row.case if row.verdict == Verdict.ADMIT else None,
                )
                for row in connection.execute(sa.select(intake).where(*mine, down))
            ]
            spent = _spent(connection, [row.case for row in rows if row.case is not None])
        return burdens(rows, spent, self._people())

    def log(self, community: int, from_ms: int, to_ms: int) -> LogAnswer:
        """What the case log says of a community."""
        with reading(self._engine) as connection:
            return log_answer(connection, community, from_ms, to_ms)

    def _people(self) -> Mapping[int, int]:
        """Community to who work there, volunteers left out."""
        found: dict[int, int] = {}
        for person in self._source.roster().people.values():
            if person.active and not person.volunteer and person.grid:
                for community in person.communities:
                    found[community] = found.get(community, 0) + 1
        return found


def intake_rows(connection: sa.Connection, rows: Sequence[Any]) -> list[IntakeRow]:
    """Rows of ``dispatch_intake`` with their photos, decisions and cases."""
    numbers = [row.number for row in rows]
    photos = dict[int, list[Photo]]()
    cases = _cases(connection, {row.case for row in rows if row.case is not None})
    heirs = {number: heir(connection, number) for number, one in cases.items() if one.state is CaseState.CANCELLED}
    cases |= _cases(connection, set(heirs.values()) - cases.keys())
    steps = _steps(connection, numbers)
    query = sa.select(photo).where(photo.c.intake.in_(numbers)).order_by(photo.c.intake, photo.c.position)
    for one in connection.execute(query):
        photos.setdefault(one.intake, []).append(
            Photo(position=one.position, sha256=one.sha256, media_type=one.media_type, size=one.size)
        )
    return [
        _row(
            row,
            cases.get(row.case),
            cases.get(heirs.get(row.case, row.case)),
            tuple(photos.get(row.number, ())),
            tuple(steps.get(row.number, ())),
        )
        for row in rows
    ]


def _cases(connection: sa.Connection, numbers: set[int]) -> dict[int, CaseNow]:
    """How far cases are, by number."""
    case, found, ordered = tables.case, dict[int, CaseNow](), sorted(numbers)
    columns = (case.c.number, case.c.code, case.c.state, case.c.closed_ms, case.c.overdue)
    for part in in_parts(ordered):
        query = sa.select(*columns).where(case.c.number.in_(part))
        for row in connection.execute(query):
            found[row.number] = CaseNow(
                number=row.number,
                code=row.code,
                state=CaseState(row.state),
                closed_ms=row.closed_ms,
                late=bool(row.overdue),
            )
    return found


def _steps(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[IntakeStep]]:
    """The decisions of intakes, by number, the first one first."""
    found = dict[int, list[IntakeStep]]()
    for row in connection.execute(sa.select(step).where(step.c.intake.in_(numbers)).order_by(step.c.id)):
        found.setdefault(row.intake, []).append(
            IntakeStep(
                at_ms=row.at_ms,
                actor=row.actor,
                person=row.person,
                before=Verdict(row.before) if row.before else None,
                after=Verdict(row.after),
                department=row.department,
                words=row.words,
            )
        )
    return found


def _row(
    row: Any, case: CaseNow | None, now: CaseNow | None, photos: tuple[Photo, ...], steps: tuple[IntakeStep, ...]
) -> IntakeRow:
    return IntakeRow(
        number=row.number,
        code=row.code,
        source=SourceKind(row.source),
        event=row.event,
        say=Text(zh=row.say_zh, en=row.say_en),
        severity=Severity(row.severity),
        verdict=Verdict(row.verdict),
        reasons=tuple(Reason(one) for one in json.loads(row.reasons)),
        community=row.community,
        facility=row.facility,
        longitude=row.longitude,
        latitude=row.latitude,
        words=row.words,
        department=row.department,
        ref=row.ref,
        minutes=row.minutes,
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
        case=row.case,
        case_code="" if case is None else case.code,
        candidates=tuple(json.loads(row.candidates)),
        figures=json.loads(row.figures),
        decided_ms=row.decided_ms,
        decided_by=row.decided_by,
        decider=row.decider,
        ruling=row.ruling,
        answer=answer_of(row.answer),
        photos=photos,
        referred=row.referred,
        steps=steps,
        case_now=now,
    )


def _conditions(where: IntakeFilter) -> list[sa.ColumnElement[bool]]:
    found = [seen(intake.c.community, where.communities)]
    if where.sources:
        found.append(intake.c.source.in_(sorted(one.value for one in where.sources)))
    if where.verdicts:
        found.append(intake.c.verdict.in_(sorted(one.value for one in where.verdicts)))
    if where.department:
        found.append(intake.c.department == where.department)
    if where.case is not None:
        found.append(intake.c.case == where.case)
    if where.referred:
        found.append(_in_hands_of(where.referred))
    if where.concerns:
        found.append(sa.or_(intake.c.department == where.concerns, _in_hands_of(where.concerns)))
    return found


def _in_hands_of(department: str) -> sa.ColumnElement[bool]:
    """Whether a department has it now or took it; ``referred`` is empty otherwise."""
    verdicts = sorted(one.value for one in IN_DEPARTMENT)
    return sa.and_(intake.c.referred == department, intake.c.verdict.in_(verdicts))


def _spent(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, Spent]:
    """What cases asked of people."""
    case, task = tables.case, tables.task
    done = sa.func.sum(sa.case((task.c.state == TaskState.DONE.value, 1), else_=0))
    found: dict[int, Spent] = {}
    labour = costs(connection, numbers)
    for part in in_parts(numbers):
        query = (
            sa.select(case.c.number, case.c.overdue, sa.func.count().label("given"), done.label("done"))
            .join(task, task.c.case == case.c.number)
            .where(case.c.number.in_(part))
            .group_by(case.c.number, case.c.overdue)
        )
        for row in connection.execute(query):
            minutes = labour[row.number].labour_min if row.number in labour else 0
            found[row.number] = Spent(row.given, int(row.done), minutes, bool(row.overdue))
    return found
