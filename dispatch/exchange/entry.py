"""A partner's record inside a transaction: entered, linked, or a new state of what is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Actor, CaseState, RuleInfo, TaskState
from core.exchange import PARTNER, SHARED, Came, ForeignRecord, LinkReason, SharedState, Way
from core.intake import HANDED_DOWN, Duty, Reason, SourceKind, Verdict
from core.ports.exchange import Received
from core.ports.intake import IntakeAsk
from core.ports.registry import Roster, RosterSource
from dispatch import exchange_findings as kinds
from dispatch import tables
from dispatch.admission import OpenCase
from dispatch.alarmwork import AlarmWork, info_of
from dispatch.caselog import answer_text, log_answer
from dispatch.casework import NOT_BEGUN
from dispatch.exchange.linking import Linking, linking
from dispatch.exchange.mapping import Mapped
from dispatch.exchange.states import FINAL, Effect, effect, newer
from dispatch.exchange.tables import fact, foreign
from dispatch.intake_tables import intake
from dispatch.lifecycle import UNSTARTED
from dispatch.merges import heir
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.reportwork import ReportWork, info_of_event
from dispatch.revisit.choosing import PHONE_KEPT_MS
from dispatch.revisit.tables import contact
from dispatch.reworking import rejected, reopened
from dispatch.worktime import HOUR_MS

_MONTH_MS = 30 * 24 * HOUR_MS
_WAITS = frozenset({Verdict.WAIT.value, Verdict.REFER.value})
_WENT_BACK = frozenset({Verdict.RETURN.value, Verdict.ANSWER.value, Verdict.TAKEN.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Partner:
    """Another platform, as the settings know it.

    Attributes:
        source: as what its cases come to the gate; department: code of the department whose burden they are then.
        secret: of its signatures and ours; empty: no webhook.
        url: where our states go; empty: nowhere.
        sends: ``linked``: the states of its numbers; ``all``: our other cases too.
        private: addresses that are not public, and plain http, are allowed.
        timeout_s: of one attempt.
    """

    name: str
    mapped: Mapped
    source: SourceKind = SourceKind.DEPARTMENT
    department: str = ""
    secret: str = ""
    url: str = ""
    sends: str = "linked"
    private: bool = False
    timeout_s: float = 10.0

    @property
    def actor(self) -> Actor:
        """Who does what it brings about."""
        return Actor(login=f"{PARTNER}{self.name}")


class EntryWork:
    """All that happens to a partner's records in one transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        partner: Partner,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        policy: Policy,
        now_ms: int,
        way: Way,
    ) -> None:
        """Work on ``connection`` at ``now_ms``."""
        self._connection, self._partner, self._way = connection, partner, way
        self._rules, self._policy, self._now_ms = rules, policy, now_ms
        self.work = AlarmWork(connection, rules=rules, source=source, policy=policy, now_ms=now_ms)
        self._roster: Roster = source.roster()
        self._reports = ReportWork(connection, self.work, self._roster, policy, now_ms)

    def take(self, record: ForeignRecord) -> Received:
        """Take a record in; the same one again changes nothing."""
        row = self._known(record)
        if row is not None:
            return self._again(row, record)
        row = self._named(record)
        if row is not None:
            return replace(self._again(row, record), came=Came.LINKED)
        if record.state in FINAL:
            return self._over(record)
        return self._new(record)

    # --- what is new --------------------------------------------------------------------------------------------

    def _new(self, record: ForeignRecord) -> Received:
        event = self._policy.intake.events[record.event]
        ask = self._ask(record)
        asked = replace(self._reports.asked(ask, event), at_ms=record.reported_ms)
        found = self._linking(ask, asked, record)
        sent = self._unnumbered(found)
        if sent is not None:  # our own, which they have entered, comes back
            row = self._update(sent, number=record.number, code=record.code, reported_ms=record.reported_ms)
            return replace(self._again(row, record), came=Came.LINKED)
        decision, answer = found.decision, ""
        if decision.verdict is Verdict.ANSWER:
            answer = answer_text(log_answer(self._connection, asked.community, self._now_ms - _MONTH_MS, self._now_ms))
        inside = self._reports.write(ask, asked, decision, answer)
        inside = self._reports.follow(inside, event, decision.verdict, decision.case, ask.actor)
        reason, link = LinkReason.NONE, found.link
        if decision.verdict is Verdict.ADMIT:
            reason = LinkReason.ENTERED
        elif link is not None:
            reason = link.reason
        row = self._insert(
            record,
            intake=inside.number,
            reason=reason.value,
            distance_m=None if link is None else link.distance_m,
            apart_ms=None if link is None else link.apart_ms,
            candidates=json.dumps([asdict(one) for one in found.fits]),
        )
        self._fact(row, record, Effect.NOTE)
        if record.phone:
            values = {"intake": inside.number, "phone": record.phone, "until_ms": self._now_ms + PHONE_KEPT_MS}
            self._connection.execute(sa.insert(contact), values)
        came = {Verdict.ADMIT: Came.FILED, Verdict.JOIN: Came.LINKED, Verdict.WAIT: Came.WAITS}
        return self._received(row, record, came.get(decision.verdict, Came.REFUSED))

    def _over(self, record: ForeignRecord) -> Received:
        """It has ended over there before we heard of it: kept, so that it is known if it comes again; no case."""
        row = self._insert(record, reason=LinkReason.ENDED.value, told=record.state.value)
        self._fact(row, record, Effect.NOTE)
        return self._received(row, record, Came.ENDED)

    def _ask(self, record: ForeignRecord) -> IntakeAsk:
        handed_down = self._partner.source in HANDED_DOWN
        return IntakeAsk(
            key=record.number,
            actor=self._partner.actor,
            source=self._partner.source,
            event=record.event,
            words=record.words,
            community=record.community,
            facility=record.facility,
            longitude=None if record.spot is None else record.spot[0],
            latitude=None if record.spot is None else record.spot[1],
            department=self._partner.department if handed_down else "",
            ref=record.number if handed_down else "",
        )

    def _linking(self, ask: IntakeAsk, asked: Any, record: ForeignRecord) -> Linking:
        department = ask.department if ask.source in HANDED_DOWN else ""
        lately = asked.at_ms - self._policy.together_ms
        duty = self._policy.intake.duty(department, asked.event)
        return linking(
            asked,
            Duty.UNCLEAR if record.unknown else duty,  # a gatekeeper says what it is
            self._as_reported(self._reports.open_cases(asked)),
            self._as_reported(self._reports.ended_cases(asked, lately)),
            self._reports.load(asked, department),
            self._policy,
        )

    def _as_reported(self, cases: Sequence[OpenCase]) -> list[OpenCase]:
        """The cases with the moment at which the number they were filed for was reported: a file may be days old."""
        entered = sa.select(intake.c.case, foreign.c.reported_ms).join(foreign, foreign.c.intake == intake.c.number)
        entered = entered.where(foreign.c.reason == LinkReason.ENTERED.value)
        numbers, times = [one.number for one in cases], dict[int, int]()
        for part in in_parts(numbers):
            mine = intake.c.case.in_(part)
            times |= {row.case: row.reported_ms for row in self._connection.execute(entered.where(mine))}
        return [replace(one, opened_ms=min(one.opened_ms, times.get(one.number, one.opened_ms))) for one in cases]

    def _unnumbered(self, found: Linking) -> Any | None:
        """The row of our own case that it joins, if they have it from us and we do not know their number of it."""
        if found.decision.verdict is not Verdict.JOIN:
            return None
        mine = (foreign.c.partner == self._partner.name, foreign.c.number.is_(None))
        query = sa.select(foreign).where(*mine, foreign.c.case == found.decision.case)
        return self._connection.execute(query.order_by(foreign.c.id).limit(1)).one_or_none()

    # --- what is known ------------------------------------------------------------------------------------------

    def _known(self, record: ForeignRecord) -> Any | None:
        """The row of a number."""
        mine = (foreign.c.partner == self._partner.name, foreign.c.number == record.number)
        return self._connection.execute(sa.select(foreign).where(*mine)).one_or_none()

    def _named(self, record: ForeignRecord) -> Any | None:
        """The row of our case that a number names, or of the one that took it in: they have it from us."""
        table = tables.case
        query = sa.select(table).where(table.c.code == record.ours, ~table.c.drill)
        case = self._connection.execute(query).one_or_none() if record.ours else None
        if case is None:
            return None
        number = heir(self._connection, case.number)
        mine = (foreign.c.partner == self._partner.name, foreign.c.number.is_(None))
        query = sa.select(foreign).where(*mine, foreign.c.case.in_({case.number, number}))
        row = self._connection.execute(query.order_by(foreign.c.id).limit(1)).one_or_none()
        if row is not None:
            return self._update(row, number=record.number, code=record.code, reported_ms=record.reported_ms)
        return self._insert(record, case=number, reason=LinkReason.OURS.value, state="", state_ms=0)

    def _again(self, row: Any, record: ForeignRecord) -> Received:
        said = (record.state_ms, record.state)
        if not self._is_new_fact(row, record):
            return self._received(row, record, Came.KNOWN)
        latest = not row.state or newer(said, (row.state_ms, SharedState(row.state)))
        followed = self._follow(row, record) if latest else Effect.NOTE
        if latest:
            row = self._update(row, state=record.state.value, state_ms=record.state_ms)
        self._fact(row, record, followed)
        return self._received(row, record, Came.CHANGED)

    def _follow(self, row: Any, record: ForeignRecord) -> Effect:
        """What a new state of theirs brings about here."""
        inside = self._intake(row)
        number = self._stands_for(row, inside)
        if number is None:
            return self._follow_at_gate(inside, record)
        case = self.work.cases.case(number)
        what = effect(record.state, CaseState(case.state))
        note = f"{record.number} {record.state_word}"
        if what is Effect.WITHDRAW and not self._theirs_alone(case):
            what = Effect.NOTE
        if what is Effect.WITHDRAW:
            self.work.cases.cancel(case, note, self._partner.actor)
        elif what is Effect.REJECT:
            rejected(self.work, case, note, self._partner.actor)
        elif what is Effect.REOPEN:
            reopened(self.work, self._connection, case, self._info(case), note, self._partner.actor)
        elif what is Effect.CONFLICT:
            self.work.ledger.note(case.number, "partner_conflict", actor=self._partner.actor, note=note)
            self.work.cases.tell(case, "partner_conflict")
        else:
            self.work.ledger.note(case.number, "partner_said", actor=self._partner.actor, note=note)
        return what

    def _follow_at_gate(self, inside: Any | None, record: ForeignRecord) -> Effect:
        if inside is None or inside.verdict not in _WAITS or record.state is not SharedState.CANCELLED:
            return Effect.NOTE
        words = kinds.WITHDRAWN(word=record.state_word).in_language("zh")
        after = self._reports.update(
            inside,
            verdict=Verdict.RETURN.value,
            referred="",
            reasons=json.dumps([*json.loads(inside.reasons), Reason.BY_HAND.value]),
            decided_ms=self._now_ms,
            decided_by=self._partner.actor.login,
            ruling=words,
        )
        self._reports.note(after, inside.verdict, self._partner.actor, inside.referred, words)
        for kind in ("intake", "referral"):
            self.work.ledger.withdraw(f"{kind}/{inside.number}")
        return Effect.WITHDRAW

    def _theirs_alone(self, case: Any) -> bool:
        """Whether nobody else has reported a case, no alarm is on it, and nobody has begun."""
        tasks = self.work.cases.tasks.tasks(case.number).values()
        begun = any(TaskState(task.state) not in UNSTARTED for task in tasks)
        alarms = sa.select(sa.exists().where(tables.alarm.c.case == case.number))
        alone = case.reports <= 1 and not self._connection.execute(alarms).scalar_one()
        return alone and not begun and CaseState(case.state) in NOT_BEGUN

    def _info(self, case: Any) -> RuleInfo:
        event = self._policy.intake.events.get(case.family)
        if not case.rule_id and event is not None:
            return info_of_event(event)
        return info_of(self._rules, case.rule_id, Severity(case.severity))

    # --- rows ---------------------------------------------------------------------------------------------------

    def _intake(self, row: Any) -> Any | None:
        if row.intake is None:
            return None
        return self._connection.execute(sa.select(intake).where(intake.c.number == row.intake)).one()

    def _stands_for(self, row: Any, inside: Any | None) -> int | None:
        """The case of a number; of one that was merged the one that goes on, whether a sender has seen it or not."""
        number = row.case if row.case is not None else (inside.case if inside is not None else None)
        return None if number is None else heir(self._connection, number)

    def _insert(self, record: ForeignRecord, **values: object) -> Any:
        given: dict[str, object] = {
            "partner": self._partner.name,
            "number": record.number,
            "state": record.state.value,
            "state_ms": record.state_ms,
            "code": record.code,
            "reported_ms": record.reported_ms,
            "came_ms": self._now_ms,
            "intake": None,
            "case": None,
            "distance_m": None,
            "apart_ms": None,
            "candidates": "[]",
            "told": "",
            "told_id": 0,
        }
        return self._connection.execute(sa.insert(foreign).returning(foreign), given | values).one()

    def _update(self, row: Any, **values: object) -> Any:
        query = sa.update(foreign).where(foreign.c.id == row.id).values(**values).returning(foreign)
        return self._connection.execute(query).one()

    def _is_new_fact(self, row: Any, record: ForeignRecord) -> bool:
        same = (fact.c.foreign == row.id, fact.c.state == record.state.value, fact.c.at_ms == record.state_ms)
        return not self._connection.execute(sa.select(sa.exists().where(*same))).scalar_one()

    def _fact(self, row: Any, record: ForeignRecord, followed: Effect) -> None:
        values = {
            "foreign": row.id,
            "state": record.state.value,
            "word": record.state_word[:100],
            "at_ms": record.state_ms,
            "came_ms": self._now_ms,
            "way": self._way.value,
            "effect": followed.value,
        }
        self._connection.execute(sa.insert(fact), values)

    def _received(self, row: Any, record: ForeignRecord, came: Came) -> Received:
        inside = self._intake(row)
        number = self._stands_for(row, inside)
        if number is None:
            back = inside is not None and inside.verdict in _WENT_BACK
            state = SharedState.RETURNED if back else None
            return Received(number=record.number, came=came, state=state, unknown=record.unknown)
        case = self.work.cases.case(number)
        state = SHARED[CaseState(case.state)]
        return Received(number=record.number, came=came, case_code=case.code, state=state, unknown=record.unknown)


def in_order(records: Sequence[ForeignRecord]) -> list[ForeignRecord]:
    """The number that was reported first comes first, and of each number its newest state.

    So of two numbers of one thing the first is entered and the other linked, whatever the order of a file; and what is
    over already is not entered for its older states.
    """
    first: dict[str, int] = {}
    for one in records:
        first[one.number] = min(one.reported_ms, first.get(one.number, one.reported_ms))
    ages = list(SharedState)
    newest = sorted(records, key=lambda one: (one.state_ms, ages.index(one.state)), reverse=True)
    return sorted(newest, key=lambda one: (first[one.number], one.number))


__all__ = ["EntryWork", "Partner", "in_order"]
