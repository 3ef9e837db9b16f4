"""Revisits over SQL: fallen due with the closing of cases, answered by QR or call: ``core.ports.revisits.Revisits``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, Actor, CaseState, Conflict, RuleInfo, UnknownItem
from core.errors import Invalid
from core.intake import SourceKind
from core.places import Text
from core.ports.registry import RosterSource
from core.ports.revisits import RevisitRow
from core.revisits import MOST_COMMENT, RevisitAnswer, RevisitState, RevisitWay, Satisfaction
from dispatch import revisit_findings as kinds
from dispatch import tables
from dispatch.alarmwork import AlarmWork, info_of
from dispatch.database import reading, writing
from dispatch.flag_queries import seen as in_sight
from dispatch.intake_tables import intake
from dispatch.merges import members
from dispatch.policy import Policy
from dispatch.reportwork import info_of_event
from dispatch.revisit.choosing import RevisitPolicy, after_call, is_asked
from dispatch.revisit.counting import closings
from dispatch.revisit.tables import contact, revisit, seen
from dispatch.reworking import unsolved
from dispatch.taskwork import SourceOnce

_LINES = 500
_CALLS = 200
_ONE = 1


class SqlRevisits:
    """Reading and writing; safe to use from several threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        policy: Policy | None = None,
        revisits: RevisitPolicy | None = None,
    ) -> None:
        """Write to ``engine`` (prepared by ``dispatch.database.prepare``)."""
        self._engine, self._rules, self._source = engine, rules, source
        self._policy, self._revisits = policy or Policy(), revisits or RevisitPolicy()

    # --- by time ------------------------------------------------------------------------------------------------

    def step(self, now_ms: int) -> int:
        """Let revisits fall due with what was closed, end what is over, forget numbers; how many lines were read."""
        with reading(self._engine) as connection:
            if not self._anything(connection, now_ms):
                return 0
        with writing(self._engine) as connection:
            last = connection.execute(sa.select(seen.c.line)).scalar_one_or_none()
            newest = connection.execute(sa.select(sa.func.max(tables.history.c.id))).scalar_one() or 0
            if last is None:  # what was closed before is left in peace
                connection.execute(sa.insert(seen), {"id": _ONE, "line": newest})
                last = newest
            lines = connection.execute(_lines_after(last)).all()
            for line in lines:
                self._line(connection, line)
            read_to = lines[-1].id if len(lines) == _LINES else newest
            connection.execute(sa.update(seen).values(line=read_to))
            over = (revisit.c.state == RevisitState.DUE.value, revisit.c.ends_ms <= now_ms)
            lapsed = {"state": RevisitState.LAPSED.value, "done_ms": now_ms, "done_by": "system"}
            connection.execute(sa.update(revisit).where(*over).values(lapsed))
            old = revisit.c.phone_until_ms <= now_ms
            connection.execute(sa.update(revisit).where(old).values(phone="", phone_until_ms=None))
            connection.execute(sa.delete(contact).where(contact.c.until_ms <= now_ms))
        return len(lines)

    def _anything(self, connection: sa.Connection, now_ms: int) -> bool:
        last = connection.execute(sa.select(seen.c.line)).scalar_one_or_none()
        newest = connection.execute(sa.select(sa.func.max(tables.history.c.id))).scalar_one() or 0
        due = (
            sa.exists().where(revisit.c.state == RevisitState.DUE.value, revisit.c.ends_ms <= now_ms),
            sa.exists().where(revisit.c.phone_until_ms <= now_ms),
            sa.exists().where(contact.c.until_ms <= now_ms),
        )
        return last is None or newest > last or bool(connection.execute(sa.select(sa.or_(*due))).scalar_one())

    def _line(self, connection: sa.Connection, line: Any) -> None:
        case = connection.execute(sa.select(tables.case).where(tables.case.c.number == line.case)).one()
        if line.action == Action.REOPEN.value:
            mine = (revisit.c.case == case.number, revisit.c.state == RevisitState.DUE.value)
            struck = {"state": RevisitState.STRUCK.value, "done_ms": line.at_ms, "done_by": "system"}
            connection.execute(sa.update(revisit).where(*mine).values(struck))
            return
        if case.drill:
            return
        numbers = [case.number, *(one.number for one in members(connection, case.number))]
        said = sa.select(intake.c.number).where(intake.c.case.in_(numbers))
        asked = _to_ask(connection, numbers)
        if not is_asked(case.code, by_resident=bool(asked), policy=self._revisits):
            return
        values = {
            "case": case.number,
            "line": line.id,
            "community": case.community,
            "by_resident": bool(asked),
            "state": RevisitState.DUE.value,
            "closed_ms": line.at_ms,
            "due_ms": line.at_ms + self._revisits.due_ms,
            "ends_ms": line.at_ms + self._revisits.open_ms,
            "tries": 0,
            "last_day": "",
            "way": "",
            "comment": "",
            "done_by": "",
            "person": case.handled_by,
        }
        kept_until_ms = line.at_ms + self._revisits.phone_ms
        rows = [
            values
            | {"intake": number, "token": secrets.token_urlsafe(24)}
            | {"phone": phone, "phone_until_ms": kept_until_ms if phone else None}
            for number, phone in sorted((asked or {0: ""}).items())
        ]
        connection.execute(sa.insert(revisit), rows)
        # From here on the number is with the revisit, and goes when that says so.
        connection.execute(sa.delete(contact).where(contact.c.intake.in_(said)))

    # --- reading ------------------------------------------------------------------------------------------------

    def calls(
        self, now_ms: int, communities: frozenset[int] | None = None, person: int | None = None
    ) -> Sequence[RevisitRow]:
        """Whom ``person`` may call now: due, with a number, not called today; the longest due first, 200 at most."""
        open_ = (revisit.c.state == RevisitState.DUE.value, revisit.c.due_ms <= now_ms, revisit.c.ends_ms > now_ms)
        fresh = (revisit.c.phone != "", revisit.c.last_day != self._day(now_ms))
        query = self._joined().where(*open_, *fresh, in_sight(revisit.c.community, communities))
        if person is not None:
            query = query.where(revisit.c.person.is_distinct_from(person))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(revisit.c.due_ms, revisit.c.number).limit(_CALLS)).all()
        return [self._row(row, now_ms) for row in rows]

    def of_case(self, case: int, now_ms: int) -> Sequence[RevisitRow]:
        """All of a case, newest first."""
        query = self._joined().where(revisit.c.case == case).order_by(revisit.c.number.desc())
        with reading(self._engine) as connection:
            return [self._row(row, now_ms) for row in connection.execute(query).all()]

    def token(self, number: int, actor: Actor, communities: frozenset[int] | None = None) -> str:
        """What opens the one answer without a login.

        Raises:
            UnknownItem: if there is no such revisit.
            Conflict: ``own_repair`` if it is about a repair of the actor.
        """
        query = sa.select(revisit.c.token, revisit.c.person).where(revisit.c.number == number)
        with reading(self._engine) as connection:
            found = connection.execute(query.where(in_sight(revisit.c.community, communities))).one_or_none()
        if found is None:
            raise UnknownItem(kinds.NO_REVISIT())
        _not_own(found, actor)
        return str(found.token)

    def by_token(self, token: str, now_ms: int) -> RevisitRow | None:
        """What a token is for; ``None`` if for nothing that can be answered or was."""
        kept = revisit.c.state.in_((RevisitState.DUE.value, RevisitState.ANSWERED.value))
        query = self._joined().where(revisit.c.token == token, kept, revisit.c.ends_ms > now_ms)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else self._row(row, now_ms)

    def of_report(self, intake: int, now_ms: int) -> RevisitRow | None:
        """What whoever handed in an intake is asked now or has answered last; ``None``: nothing."""
        query = self._joined().where(revisit.c.intake == intake).order_by(revisit.c.number.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        is_open = row.state == RevisitState.DUE.value and row.ends_ms > now_ms
        return self._row(row, now_ms) if is_open or row.state == RevisitState.ANSWERED.value else None

    def satisfaction(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Satisfaction:
        """Of the closings in [from, to), each once; those whose case went on by itself are left out."""
        span = (revisit.c.closed_ms >= from_ms, revisit.c.closed_ms < to_ms)
        one = closings(*span, in_sight(revisit.c.community, communities)).subquery()
        columns = (one.c.state, one.c.solved, one.c.satisfaction)
        query = sa.select(*columns, sa.func.count().label("many")).group_by(*columns)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()

        def many(state: RevisitState) -> int:
            return sum(row.many for row in rows if row.state == state)

        scores = [sum(row.many for row in rows if row.satisfaction == score) for score in range(1, 6)]
        return Satisfaction(
            asked=sum(row.many for row in rows),
            answered=many(RevisitState.ANSWERED),
            not_reached=many(RevisitState.NOT_REACHED),
            lapsed=many(RevisitState.LAPSED),
            solved=sum(row.many for row in rows if row.solved),
            scores=(scores[0], scores[1], scores[2], scores[3], scores[4]),
        )

    # --- writing ------------------------------------------------------------------------------------------------

    def phone(self, number: int, actor: Actor, now_ms: int, communities: frozenset[int] | None = None) -> str:
        """The number to call, which is noted in the history of the case.

        Raises:
            UnknownItem: if there is no such revisit, or no number any more.
            Conflict: ``own_repair`` if it is about a repair of the actor.
        """
        with writing(self._engine) as connection:
            row = self._one(connection, number)
            hidden = communities is not None and row.community not in communities
            if hidden or not row.phone or row.state != RevisitState.DUE.value:
                raise UnknownItem(kinds.NO_REVISIT())
            _not_own(row, actor)
            work = self._work(connection, now_ms)
            work.ledger.note(row.case, "phone_shown", actor=actor)
            work.ledger.flush()
            return str(row.phone)

    def answer(self, number: int, answer: RevisitAnswer, way: RevisitWay, actor: Actor, now_ms: int) -> RevisitRow:
        """Keep what somebody says; once. Not solved: the case goes on.

        Raises:
            UnknownItem: if there is no such revisit.
            Conflict: ``wrong_state`` if it is over, ``too_late`` if its time is, ``own_repair`` if the actor repaired.
            Invalid: if the answer is none.
        """
        if not 1 <= answer.satisfaction <= 5 or len(answer.comment.strip()) > MOST_COMMENT:
            raise Invalid([kinds.ANSWER_WRONG.at(most=MOST_COMMENT)])
        with writing(self._engine) as connection:
            row = self._open(connection, number, actor, now_ms)
            values = {
                "state": RevisitState.ANSWERED.value,
                "way": way.value,
                "solved": answer.solved,
                "satisfaction": answer.satisfaction,
                "comment": answer.comment.strip(),
                "done_ms": now_ms,
                "done_by": actor.login,
            }
            connection.execute(sa.update(revisit).where(revisit.c.number == number).values(values))
            work = self._work(connection, now_ms)
            case = work.cases.case(row.case)
            note = f"{answer.satisfaction}/5 {answer.comment.strip()}".strip()
            work.ledger.note(case.number, "revisited", actor=actor, note=note)
            if not answer.solved:
                unsolved(work, connection, case, self._info(case), note, actor)
            work.ledger.flush()
            after = connection.execute(self._joined().where(revisit.c.number == number)).one()
        return self._row(after, now_ms)

    def not_reached(self, number: int, actor: Actor, now_ms: int) -> RevisitRow:
        """A call reached nobody.

        Raises:
            UnknownItem: if there is no such revisit.
            Conflict: ``wrong_state`` if it is over, ``too_late`` if its time is, ``own_repair`` if the actor repaired.
        """
        with writing(self._engine) as connection:
            row = self._open(connection, number, actor, now_ms)
            day = self._day(now_ms)
            state, tries = after_call(row.tries, row.last_day, day, self._revisits.tries)
            values: dict[str, object] = {"state": state.value, "tries": tries, "last_day": day}
            if state is not RevisitState.DUE:
                values |= {"done_ms": now_ms, "done_by": actor.login}
            connection.execute(sa.update(revisit).where(revisit.c.number == number).values(values))
            after = connection.execute(self._joined().where(revisit.c.number == number)).one()
        return self._row(after, now_ms)

    # --- inside -------------------------------------------------------------------------------------------------

    def _one(self, connection: sa.Connection, number: int) -> Any:
        row = connection.execute(sa.select(revisit).where(revisit.c.number == number)).one_or_none()
        if row is None:
            raise UnknownItem(kinds.NO_REVISIT())
        return row

    def _open(self, connection: sa.Connection, number: int, actor: Actor, now_ms: int) -> Any:
        row = self._one(connection, number)
        if row.state != RevisitState.DUE.value:
            raise Conflict("wrong_state", kinds.OVER())
        if row.ends_ms <= now_ms:
            raise Conflict("too_late", kinds.TOO_LATE())
        _not_own(row, actor)
        return row

    def _work(self, connection: sa.Connection, now_ms: int) -> AlarmWork:
        source = SourceOnce(self._source)
        return AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)

    def _info(self, case: Any) -> RuleInfo:
        event = self._policy.intake.events.get(case.family)
        if not case.rule_id and event is not None:
            return info_of_event(event)
        return info_of(self._rules, case.rule_id, Severity(case.severity))

    def _day(self, now_ms: int) -> str:
        return self._policy.calendar.day_of(now_ms).isoformat()

    def _joined(self) -> sa.Select[Any]:
        case = tables.case
        columns = (case.c.code, case.c.say_zh, case.c.say_en, case.c.facility, intake.c.code.label("report"))
        both = sa.select(revisit, *columns).join(case, case.c.number == revisit.c.case)
        return both.outerjoin(intake, intake.c.number == revisit.c.intake)

    def _row(self, row: Any, now_ms: int) -> RevisitRow:
        answered = row.state == RevisitState.ANSWERED.value
        said = RevisitAnswer(solved=bool(row.solved), satisfaction=row.satisfaction or 0, comment=row.comment)
        return RevisitRow(
            number=row.number,
            case=row.case,
            code=row.code,
            report=row.report or "",
            say=Text(zh=row.say_zh, en=row.say_en),
            community=row.community,
            facility=row.facility,
            by_resident=bool(row.by_resident),
            state=RevisitState(row.state),
            closed_ms=row.closed_ms,
            due_ms=row.due_ms,
            ends_ms=row.ends_ms,
            has_phone=bool(row.phone),
            tries=row.tries,
            called_today=row.last_day == self._day(now_ms),
            way=RevisitWay(row.way) if row.way else None,
            answer=said if answered else None,
            done_ms=row.done_ms,
            person=row.person,
        )


def _to_ask(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Whom to ask about these cases, by intake: residents, and whoever left a number, which stands beside it.

    The numbers of what was closed before, and went on, lie with the revisits of that closing.
    """
    mine = (revisit.c.case.in_(numbers), revisit.c.phone != "")
    earlier = sa.select(revisit.c.intake, revisit.c.phone).where(*mine).order_by(revisit.c.number)
    said = sa.select(intake.c.number).where(intake.c.case.in_(numbers))
    fresh = sa.select(contact.c.intake, contact.c.phone).where(contact.c.intake.in_(said))
    phones = {row.intake: str(row.phone) for query in (earlier, fresh) for row in connection.execute(query)}
    residents = connection.execute(said.where(intake.c.source == SourceKind.RESIDENT.value)).scalars()
    before = sa.select(revisit.c.intake).where(revisit.c.case.in_(numbers), revisit.c.by_resident).distinct()
    found = dict.fromkeys([*residents, *connection.execute(before).scalars()], "") | phones
    if len(found) > 1 and found.get(0) == "":  # of a closing before reports had revisits of their own
        del found[0]
    return found


def _not_own(row: Any, actor: Actor) -> None:
    """Nobody asks how content people are with what they did themselves, as nobody verifies it."""
    if row.person is not None and row.person == actor.person:
        raise Conflict("own_repair", kinds.OWN_REPAIR())


def _lines_after(last: int) -> sa.Select[Any]:
    table = tables.history
    closed = sa.and_(table.c.action == Action.CLOSE.value, table.c.to_state == CaseState.CLOSED.value)
    again = sa.and_(table.c.action == Action.REOPEN.value, table.c.to_state == CaseState.FILED.value)
    return sa.select(table).where(table.c.id > last, sa.or_(closed, again)).order_by(table.c.id).limit(_LINES)
