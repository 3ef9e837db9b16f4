"""What people do with reports and tasks handed down: ``core.ports.intake.Intakes`` over SQL."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.cases import Conflict, NotPermitted, RuleInfo, UnknownItem
from core.errors import Invalid
from core.findings import Finding
from core.intake import HANDED_DOWN, MOST_ASKED_MIN, MOST_WORDS, Decider, Event, Reason, Verdict
from core.ports.intake import IntakeAsk, IntakeRow, Known, Ruling
from core.ports.registry import Roster, RosterSource
from dispatch import findings, tables
from dispatch import intake_findings as kinds
from dispatch.alarmwork import AlarmWork
from dispatch.casefind import open_case
from dispatch.caselog import answer_text, log_answer
from dispatch.database import reading, writing
from dispatch.intake_queries import SqlIntakeQueries, intake_rows
from dispatch.intake_tables import intake
from dispatch.policy import Policy
from dispatch.reportwork import ReportWork
from dispatch.rulings import needs, wrong
from dispatch.taskwork import SourceOnce
from dispatch.worktime import HOUR_MS

_MONTH_MS = 30 * 24 * HOUR_MS
_RULED = frozenset({Reason.BY_HAND, Reason.GIVEN_BACK})


class SqlIntakes(SqlIntakeQueries):
    """Reading and writing; safe to use from several threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        policy: Policy | None = None,
    ) -> None:
        """Write to ``engine`` (prepared by ``dispatch.database.prepare``)."""
        super().__init__(engine, source, policy)
        self._rules = rules

    def file(self, ask: IntakeAsk, now_ms: int) -> IntakeRow:
        """Hand something in; what became of it. The same (actor, key) again answers as the first time.

        Raises:
            Invalid: with everything that is wrong in it.
            Conflict: ``key_reused`` if the key stands for something else.
        """
        source = SourceOnce(self._source)
        event = self._checked(ask, source.roster())
        with writing(self._engine) as connection:
            before = _sent(connection, ask)
            if before is None:
                work, reports = self._work(connection, source, now_ms)
                asked = reports.asked(ask, event)
                decision = reports.gate(asked, ask.department if ask.source in HANDED_DOWN else "")
                answer = ""
                if decision.verdict is Verdict.ANSWER:
                    span = (ask.from_ms or now_ms - _MONTH_MS, ask.to_ms or now_ms)
                    answer = answer_text(log_answer(connection, asked.community, *span))
                row = reports.write(ask, asked, decision, answer)
                before = reports.follow(row, event, decision.verdict, decision.case, ask.actor)
                work.ledger.flush()
            return intake_rows(connection, [before])[0]

    def known(self, ask: IntakeAsk, now_ms: int) -> Sequence[Known]:
        """Open cases that this would join or may be about, the likeliest first; nothing is handed in.

        Raises:
            Invalid: if there is no such event.
        """
        source = SourceOnce(self._source)
        event = self._policy.intake.events.get(ask.event)
        if event is None:
            raise Invalid([kinds.EVENT_UNKNOWN.at(event=ask.event)])
        with reading(self._engine) as connection:
            _work, reports = self._work(connection, source, now_ms)
            return reports.known(reports.asked(ask, event))

    def rule(self, ruling: Ruling, now_ms: int) -> IntakeRow:
        """Decide of one that waits, or that was referred.

        Raises:
            UnknownItem: if there is no such intake, or the actor's department has not got it.
            NotPermitted: if the actor decides as a gatekeeper and does not supervise.
            Conflict: ``wrong_state`` if the table has no such decision of it.
            Invalid: if words, the event, the case or the department are missing or wrong.
        """
        if ruling.decider is Decider.GATEKEEPER and not ruling.actor.supervises:
            raise NotPermitted(findings.NOT_IN_QUEUE(action=findings.ACTIONS["dispatch"]))
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            row = _present(connection, ruling)
            need = needs(Verdict(row.verdict), ruling)
            event = self._ruled_event(row, ruling, source.roster())
            found = list(wrong(need, ruling, event.severity, row.department))
            if found:
                raise Invalid(found)
            if need.case:
                _check_open(connection, ruling.case)
            ruling = _joined_meanwhile(connection, row, ruling, event)
            work, reports = self._work(connection, source, now_ms)
            before, whose = row.verdict, row.referred or (ruling.department if need.department else "")
            row = reports.update(row, **self._ruled(connection, row, ruling, event, now_ms))
            reports.note(row, before, ruling.actor, whose, _words(ruling))
            for kind in ("intake", "referral"):
                work.ledger.withdraw(f"{kind}/{row.number}")
            row = reports.follow(row, event, ruling.verdict, ruling.case, ruling.actor)
            work.ledger.flush()
            return intake_rows(connection, [row])[0]

    # --- inside -------------------------------------------------------------------------------------------------

    def _work(self, connection: sa.Connection, source: SourceOnce, now_ms: int) -> tuple[AlarmWork, ReportWork]:
        work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
        return work, ReportWork(connection, work, source.roster(), self._policy, now_ms)

    def _checked(self, ask: IntakeAsk, roster: Roster) -> Event:
        """The event, if nothing is wrong with the ask."""
        event = self._policy.intake.events.get(ask.event)
        found = list(_wrong(ask, roster))
        if event is None or ask.source not in event.sources:
            raise Invalid([kinds.EVENT_UNKNOWN.at(event=ask.event), *found])
        found += _misplaced(event, ask.facility, roster)
        if found:
            raise Invalid(found)
        return event

    def _ruled_event(self, row: Any, ruling: Ruling, roster: Roster) -> Event:
        """What it is in the eyes of the gatekeeper; a department says nothing of that."""
        name = ruling.event or row.event
        event = self._policy.intake.events.get(name)
        if event is None:
            raise Invalid([kinds.EVENT_UNKNOWN.at(event=name)])
        facility = row.facility if ruling.facility is None else ruling.facility
        place = roster.places.get(facility)
        if facility and (place is None or place.community != row.community):
            raise Invalid([kinds.PLACE_UNKNOWN.at(community=row.community)])
        wrong = list(_misplaced(event, facility, roster))
        if wrong and ruling.verdict is Verdict.ADMIT:
            raise Invalid(wrong)
        return event

    def _ruled(
        self, connection: sa.Connection, row: Any, ruling: Ruling, event: Event, now_ms: int
    ) -> dict[str, object]:
        answer = ""
        if ruling.verdict is Verdict.ANSWER and row.source in HANDED_DOWN:
            span = (row.from_ms or row.at_ms - _MONTH_MS, row.to_ms or row.at_ms)
            answer = answer_text(log_answer(connection, row.community, *span))
        of_gate = [one for one in json.loads(row.reasons) if one not in _RULED]
        by = Reason.GIVEN_BACK if ruling.verdict is Verdict.WAIT else Reason.BY_HAND
        kept = {Verdict.REFER: ruling.department, Verdict.TAKEN: row.referred}
        return {
            "verdict": ruling.verdict.value,
            "reasons": json.dumps([*of_gate, by.value]),
            "referred": kept.get(ruling.verdict, ""),
            "event": event.key,
            "say_zh": event.say.zh,
            "say_en": event.say.en,
            "severity": event.severity.value,
            "facility": row.facility if ruling.facility is None else ruling.facility,
            "decided_ms": now_ms,
            "decided_by": ruling.actor.login,
            "decider": ruling.actor.person,
            "ruling": _words(ruling) or (row.ruling if ruling.verdict is Verdict.TAKEN else ""),
            "answer": answer,
        }


def _words(ruling: Ruling) -> str:
    return ruling.words.strip()[:MOST_WORDS]


def _present(connection: sa.Connection, ruling: Ruling) -> Any:
    """The intake that is decided of; for a department one that was referred to it."""
    query = sa.select(intake).where(intake.c.number == ruling.number)
    if ruling.decider is Decider.DEPARTMENT:
        query = query.where(intake.c.referred == ruling.department, intake.c.referred != "")
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownItem(kinds.NO_INTAKE(number=ruling.number))
    return row


def _sent(connection: sa.Connection, ask: IntakeAsk) -> Any | None:
    """What was handed in with this key before."""
    mine = (intake.c.actor == ask.actor.login, intake.c.key == ask.key)
    row = connection.execute(sa.select(intake).where(*mine)).one_or_none()
    if row is not None and not _is_same(row, ask):
        raise Conflict("key_reused", findings.KEY_REUSED())
    return row


def _is_same(row: Any, ask: IntakeAsk) -> bool:
    """Whether the row is of this ask, and not of another that bears its key."""
    handed_down = ask.source in HANDED_DOWN
    said = (ask.source.value, ask.words.strip(), *((ask.department, ask.ref.strip()) if handed_down else ("", "")))
    if (row.source, row.words, row.department, row.ref) != said or ask.community not in (0, row.community):
        return False
    ruled = not _RULED.isdisjoint(json.loads(row.reasons))  # then what and where are what the gatekeeper said
    return ruled or (row.event, row.facility) == (ask.event, ask.facility)


def _wrong(ask: IntakeAsk, roster: Roster) -> Iterator[Finding]:
    if not 1 <= len(ask.key) <= 64:
        yield findings.KEY_MISSING.at()
    if not 1 <= len(ask.words.strip()) <= MOST_WORDS:
        yield kinds.WORDS_MISSING.at(most=MOST_WORDS)
    place = roster.places.get(ask.facility)
    lost = place is None or ask.community not in (0, place.community)
    if lost if ask.facility else ask.community not in _communities(roster):
        yield kinds.PLACE_UNKNOWN.at(community=ask.community)
    if not _on_earth(ask.longitude, ask.latitude):
        yield kinds.PLACE_UNKNOWN.at(community=ask.community)
    if ask.source in HANDED_DOWN and not (ask.department.strip() and ask.ref.strip()):
        yield kinds.DEPARTMENT_MISSING.at()
    if not 0 <= ask.minutes <= MOST_ASKED_MIN:
        yield kinds.MINUTES_IMPOSSIBLE.at(minutes=ask.minutes, most=MOST_ASKED_MIN)


def _misplaced(event: Event, facility: int, roster: Roster) -> Iterator[Finding]:
    place = roster.places.get(facility)
    if place is not None and not event.concerns(place.class_id):
        yield kinds.EVENT_ELSEWHERE.at(event=event.say)


def _communities(roster: Roster) -> frozenset[int]:
    """Those in which anything stands or anybody works."""
    places = {place.community for place in roster.places.values()}
    people = {community for person in roster.people.values() for community in person.communities}
    return frozenset(places | people | {post.community for post in roster.posts})


def _on_earth(longitude: float | None, latitude: float | None) -> bool:
    if longitude is None or latitude is None:
        return longitude is None and latitude is None
    return math.isfinite(longitude + latitude) and abs(longitude) <= 180 and abs(latitude) <= 90


def _check_open(connection: sa.Connection, number: int | None) -> None:
    table = tables.case
    query = sa.select(table.c.number).where(table.c.number == number, table.c.open, ~table.c.drill)
    if number is None or connection.execute(query).one_or_none() is None:
        raise Invalid([kinds.JOIN_NOWHERE.at()])


def _joined_meanwhile(connection: sa.Connection, row: Any, ruling: Ruling, event: Event) -> Ruling:
    """What is admitted joins the case of its facility and event, if one has been opened while it waited."""
    facility = row.facility if ruling.facility is None else ruling.facility
    if ruling.verdict is not Verdict.ADMIT or not facility:
        return ruling
    found = open_case(connection, facility, event.key)
    return ruling if found is None else replace(ruling, verdict=Verdict.JOIN, case=found.number)
