"""Alarms inside a transaction: recorded change by change, idempotently, with their life cycle and their case.

A change carries the whole interval after it, so applying it is setting the row. What was applied before is recognised
in two ways: the part of a batch that the alarm's history already ends with is skipped (a batch that is repeated, wholly
or with more behind it), and a change that would alter nothing alters nothing. An alarm that was retracted or merged and
is opened again is the same alarm, with the same case.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmEvent, AlarmKind, AlarmState, ChangeKind, Severity
from core.cases import Actor, RuleInfo
from core.flags import FlagEvent
from core.lifecycle import next_state
from core.places import Grid, Text
from core.ports.cases import EvidenceValue
from core.ports.evidence import Occasion
from core.ports.feed import FeedKind
from core.ports.registry import RosterSource
from dispatch import tables
from dispatch.casefind import open_case
from dispatch.casework import CaseWork, settle_all
from dispatch.database import insert_returning
from dispatch.deciding import wants_case
from dispatch.drillwork import drill_info, is_drill
from dispatch.flagwork import FlagWork, covers, is_silent, silent_clause
from dispatch.foldwork import FoldWork
from dispatch.ledger import Ledger
from dispatch.levelwork import FALL, RISE, digest_of, direction, graded, pieces_text, says, steps_text
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.recordwork import begin_records, evidence_rows, record_values
from dispatch.stormwork import StormWork
from dispatch.watchwork import WatchWork
from dispatch.worktime import HOUR_MS

logger = logging.getLogger(__name__)

_LONGEST_BEFORE_MS = HOUR_MS
"""What a condition held for longer before it became an alarm is not frozen whole."""
_GONE = frozenset({ChangeKind.RETRACTED, ChangeKind.MERGED})
_STARTS = frozenset({ChangeKind.OPENED, ChangeKind.SPLIT})

RuleLookup = Callable[[str], RuleInfo | None]


def info_of(rules: RuleLookup, change_rule: str, severity: Severity) -> RuleInfo:
    """What is known of a rule at a severity; alarms of one that has left the rule set go to the construction grid."""
    info = rules(change_rule)
    if info is not None:
        return info.at(severity)
    return RuleInfo(
        rule_id=change_rule,
        family=change_rule,
        severity=severity,
        lead=Grid.CONSTRUCTION,
        support=Grid.GOVERNANCE,
        say=Text(zh=change_rule, en=change_rule),
    )


class AlarmWork:
    """All that happens to alarm rows in one transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        *,
        rules: RuleLookup,
        source: RosterSource,
        policy: Policy,
        now_ms: int,
    ) -> None:
        """Work on ``connection`` at ``now_ms``."""
        self._connection = connection
        self._rules = rules
        self._source = source
        self._policy = policy
        self._now_ms = now_ms
        self.ledger = Ledger(connection, now_ms)
        self.cases = CaseWork(connection, self.ledger, source, policy, now_ms)
        self._folds = FoldWork(connection, self.ledger)
        infos = partial(info_of, rules)
        self.storms = StormWork(connection, self.cases, infos=infos, source=source, policy=policy, now_ms=now_ms)
        self.flags = FlagWork(connection, policy, now_ms)
        self.watches = WatchWork(
            connection, self.cases, self.ledger, rules=rules, source=source, policy=policy, now_ms=now_ms
        )
        self._touched: dict[int, bool] = {}
        self._to_mark: set[int] = set()

    def unapplied(self, changes: Sequence[AlarmChange]) -> list[AlarmChange]:
        """The changes without those that the alarms' histories already end with, in order."""
        wanted: dict[str, list[tuple[object, ...]]] = {}
        for change in changes:
            if change.kind is not ChangeKind.COVERS:  # no step in the alarm's history
                wanted.setdefault(change.alarm_id, []).append(_step(change))
        done: dict[str, list[tuple[object, ...]]] = {}
        table = tables.alarm_history
        for part in in_parts(sorted(wanted)):
            query = sa.select(table).where(table.c.alarm_id.in_(part), table.c.change.is_not(None))
            for row in self._connection.execute(query.order_by(table.c.id)):
                steps = done.setdefault(row.alarm_id, [])
                steps.append((ChangeKind(row.change), row.start_ms, row.stop_ms, row.since_ms, row.steps_digest or ""))
        skip = {alarm_id: _overlap(done.get(alarm_id, []), steps) for alarm_id, steps in wanted.items()}
        fresh = []
        for change in changes:
            if change.kind is not ChangeKind.COVERS and skip[change.alarm_id] > 0:
                skip[change.alarm_id] -= 1
            else:
                fresh.append(change)
        return fresh

    def record(self, change: AlarmChange, evidence: Sequence[EvidenceValue], context: str = "") -> None:
        """Apply one change to its alarm and, through it, to its case; ``context`` is what is frozen at an opening."""
        if change.kind is ChangeKind.COVERS:
            self._folds.covers(change)
            return
        before = self._alarm(change.alarm_id)
        if before is None:
            if change.kind in _GONE:
                logger.warning("a change of an unknown alarm was ignored", extra={"alarm": change.alarm_id})
                return
            self._opened(change, evidence, context)
            return
        if change.kind in _STARTS:
            if not (before.retracted or before.merged_into):
                return
            if change.kind is ChangeKind.SPLIT and before.case is None:
                before = self.update(before, split_from=change.into, case=self._case_of(change.into))
        after = self._changed(before, change)
        if after is None:
            return
        if after.case is not None and before.active and not after.active:
            self._touched[after.case] = True
        if change.kind is ChangeKind.MERGED:
            self._merged(before, change)
        if change.kind is ChangeKind.FOLDED:
            self._folds.folded(after, change.into)
        fell = is_silent(before) and not is_silent(after) and direction(before, Severity(after.severity)) != RISE
        if after.active and (fell or not before.active):
            self._on(after)
        elif after.active:
            self._graded(before, after)

    def settle(self) -> None:
        """After all changes: let every case whose alarms changed follow."""
        if self._touched:
            settle_all(self.cases, self._connection, self._touched)
            self.watches.settle(self._touched)
        for number in sorted(self._to_mark):
            self.cases.mark(number, self.flags.flagged(number))
        self._touched.clear()
        self._to_mark.clear()

    def open_due_cases(self) -> None:
        """Cases for alarms that are on and have none yet: low ones that have lasted, those whose silence has ended."""
        for row in self._connection.execute(due_for_case(self._policy, self._now_ms)).all():
            self._on(row)

    def reflag(
        self, row: Any, event: str, *, actor: Actor | None = None, note: str = "", until_ms: int | None = None
    ) -> Any:
        """After a flag over an alarm was raised, moved or lowered: what it shows, and that it asks anew if it is on."""
        after = self._marked(row)
        self.ledger.note_alarm(after, before=row, change=None, event=event, actor=actor, note=note, until_ms=until_ms)
        self.tell(after, event)
        if after.active and is_silent(row) and not is_silent(after):
            self._on(after)
        return after

    def update(self, row: Any, **values: object) -> Any:
        """Change an alarm row; the row after it."""
        table = tables.alarm
        query = sa.update(table).where(table.c.alarm_id == sa.bindparam("row_id")).returning(table)
        return self._connection.execute(query, {"row_id": row.alarm_id, **values}).one()

    def tell(self, row: Any, what: str) -> None:
        """A line in the change feed."""
        self.ledger.tell(
            FeedKind.ALARM,
            row.alarm_id,
            what,
            community=row.community,
            facility=row.facility,
            severity=row.severity,
        )

    def family_of(self, row: Any) -> str:
        """The family of the case that an alarm belongs to."""
        if is_drill(row):
            return drill_info(self._rules, row.rule_id).family
        return self._folds.told(row, info_of(self._rules, row.rule_id, Severity(row.severity))).family

    # --- inside -------------------------------------------------------------------------------------------------

    def _alarm(self, alarm_id: str) -> Any:
        query = sa.select(tables.alarm).where(tables.alarm.c.alarm_id == alarm_id)
        return self._connection.execute(query).one_or_none()

    def open_all(
        self,
        changes: Sequence[AlarmChange],
        evidence: Mapping[str, Sequence[EvidenceValue]],
        contexts: Mapping[str, str],
    ) -> None:
        """Record openings of alarms that are not known, one after the other; what can be is written together."""
        table = tables.alarm
        self.flags.remember({change.facility for change in changes})
        rows = insert_returning(self._connection, table, [self._first(one) for one in changes])
        found = {row.alarm_id: row for row in rows}
        self._keep_evidence({change.alarm_id: evidence.get(change.alarm_id, ()) for change in changes})
        in_order = [(change, found[change.alarm_id]) for change in changes]
        begin_records(
            self._connection,
            [
                self._record(row, Occasion.ALARM, row.start_ms, row.since_ms, contexts.get(row.alarm_id, ""))
                for _, row in in_order
                if _is_recorded(row)
            ],
        )
        cases = self.cases
        with cases.rows.together(), cases.memory.linking_together(), cases.tasks.moving_together():
            for change, row in in_order:
                self._begun(change, row)

    def _opened(self, change: AlarmChange, evidence: Sequence[EvidenceValue], context: str) -> None:
        table = tables.alarm
        row = self._connection.execute(sa.insert(table).returning(table), self._first(change)).one()
        self._keep_evidence({change.alarm_id: evidence})
        self._begin_record(row, Occasion.ALARM, row.start_ms, row.since_ms, context)
        self._begun(change, row)

    def _begun(self, change: AlarmChange, row: Any) -> None:
        """An alarm has been written down for the first time."""
        self._folds.opened(change)
        row = self._marked(row)
        self.ledger.note_alarm(row, change=change.kind.value, event=AlarmEvent.ENTER.value)
        self._note_flags(row)
        self.tell(row, change.kind.value)
        if row.active:
            self._on(row)
        elif row.case is not None:
            self._touched.setdefault(row.case, False)

    def _first(self, change: AlarmChange) -> dict[str, object]:
        """The columns of an alarm that is recorded for the first time."""
        drill = change.alarm_kind is AlarmKind.TEST
        info = (
            drill_info(self._rules, change.rule_id) if drill else info_of(self._rules, change.rule_id, change.severity)
        )
        place = self._source.place(change.facility)
        if change.say is not None:
            info = replace(info, say=change.say)
        return {
            "alarm_id": change.alarm_id,
            "rule_id": change.rule_id,
            "facility": change.facility,
            "community": place.community if place else 0,
            "severity": change.severity.value,
            "kind": _kind(change, info).value,
            "state": _first_state(change, info).value,
            "latching": info.latching,
            **says(info),
            **_interval(change),
            "steps": steps_text(change.interval),
            "active": change.interval.stop_ms is None,
            "late": change.late,
            "retracted": False,
            "merged_into": "",
            "split_from": change.into if change.kind is ChangeKind.SPLIT else "",
            "opened_ms": self._now_ms,
            "shelved_until_ms": None,
            "shelve_reason": "",
            "suppressed": False,
            "out_of_service": False,
            "case": self._case_of(change.into) if change.kind is ChangeKind.SPLIT else None,
        }

    def _changed(self, before: Any, change: AlarmChange) -> Any | None:
        """The row after a change of a known alarm; ``None`` when nothing differs."""
        gone = change.kind in _GONE
        active = change.interval.stop_ms is None and not gone
        info = info_of(self._rules, change.rule_id, change.severity)
        info = info if change.say is None else replace(info, say=change.say)
        values: dict[str, object] = {
            **_interval(change),
            **graded(before, change, info),
            "active": active,
            "retracted": change.kind is ChangeKind.RETRACTED,
            "merged_into": change.into if change.kind is ChangeKind.MERGED else "",
        }
        if all(getattr(before, name) == value for name, value in values.items()):
            return None
        event = ""
        state: AlarmState | None = AlarmState(before.state)
        if gone:
            state = AlarmState.NORMAL
        elif active != before.active:
            moved = AlarmEvent.ENTER if active else AlarmEvent.CLEAR
            event = moved.value
            state = next_state(AlarmState(before.state), moved, latching=before.latching)
        elif active and "severity" in values:
            event = direction(before, change.severity)
            if event == RISE:
                state = next_state(AlarmState(before.state), AlarmEvent.RISE, latching=before.latching)
        if state is not None:
            values["state"] = state.value
        after = self.update(before, **values)
        if event == RISE:
            self._outgrown(after)
        if after.active or is_silent(before):
            after = self._marked(after)
        self.ledger.note_alarm(after, before=before, change=change.kind.value, event=event, note=change.into)
        if event == RISE and before.shelved_until_ms is not None:
            self.ledger.note_alarm(after, before=after, change=None, event="shelving_outgrown")
        self.tell(after, RISE if event == RISE else change.kind.value)
        if after.case is not None:
            self._touched.setdefault(after.case, False)
        return after

    def _outgrown(self, row: Any) -> None:
        """A rise ends the shelving of an alarm: its reason was given for something lesser."""
        for flag in self.flags.shelves(row):
            self.ledger.tell_flag(self.flags.ended(flag, FlagEvent.LOWER), "outgrown")
            for other in self.flags.affected(flag):
                if other.alarm_id != row.alarm_id and covers(flag, other):
                    self.reflag(other, "shelving_outgrown")

    def _note_flags(self, row: Any) -> None:
        """An alarm that opens while flags stand over it is silent from the first moment; its history says why."""
        for flag in self.flags.covering(row):
            actor = Actor(login=flag.actor, person=flag.person)
            self.ledger.note_alarm(
                row, before=row, change=None, event=flag.kind, actor=actor, note=flag.reason, until_ms=flag.until_ms
            )

    def _marked(self, row: Any) -> Any:
        """The alarm with what it shows of its flags; if the last of them has fallen and it is on, annunciated anew."""
        values = self.flags.marks(row)
        if all(getattr(row, name) == value for name, value in values.items()):
            return row
        after = self.update(row, **values)
        if row.active and is_silent(row) and not is_silent(after):
            state = next_state(AlarmState(row.state), AlarmEvent.ANNUNCIATE, latching=row.latching)
            after = self.update(after, state=state.value) if state is not None else after
        if after.case is not None:
            self._to_mark.add(after.case)
        return after

    def _on(self, row: Any) -> None:
        """An alarm is on: it needs a case, has one already, or need not have one (yet, or while flags stand)."""
        if is_drill(row):
            info = drill_info(self._rules, row.rule_id)
            self.cases.memory.link_now()
            case = self.cases.open_or_join(row, info, open_case(self._connection, row.facility, info.family))
            self._touched.setdefault(case.number, False)
            return
        if is_silent(row):
            return
        info = self._folds.told(row, info_of(self._rules, row.rule_id, Severity(row.severity)))
        if row.case is None and row.opened_ms < self._now_ms and _wants_case(row, self._policy, self._now_ms):
            self._begin_record(row, Occasion.CASE, self._now_ms, self._now_ms, "")
        if row.case is not None:
            case = self.cases.put_back(row, info)
        elif _wants_case(row, self._policy, self._now_ms):
            own = self.cases.memory.own_case(row.facility, info.family)
            case = self.storms.case_for(row, info, own) or self.cases.open_or_join(row, info, own)
        else:
            return
        self._touched.setdefault(case.number, False)

    def _graded(self, before: Any, after: Any) -> None:
        """The severity of an alarm that stays on has risen or fallen."""
        turn = direction(before, Severity(after.severity))
        if turn == FALL:
            self.cases.fall(after)
        if turn != RISE or is_silent(after):
            return
        if after.case is None:
            self._on(after)
        elif after.severity >= Severity.CRITICAL and self.cases.case(after.case).gathers:  # seen for itself now
            self._touched.setdefault(after.case, False)
            case = self.storms.leave(after, info_of(self._rules, after.rule_id, Severity(after.severity)))
            self._touched.setdefault(case.number, False)
        else:
            info = info_of(self._rules, after.rule_id, Severity(after.severity))
            case = self.cases.rise(after, self._folds.told(after, info))
            self._touched.setdefault(case.number, False)

    def _merged(self, before: Any, change: AlarmChange) -> None:
        """The alarm that takes another one in takes its open case over, if it has none of its own."""
        heir = self._alarm(change.into)
        if before.case is None or heir is None:
            return
        self._touched.setdefault(before.case, False)
        if heir.case is None and self.cases.case(before.case).open:
            heir = self.update(heir, case=before.case)
            self.ledger.note(before.case, "joined", note=heir.alarm_id)

    def _case_of(self, alarm_id: str) -> int | None:
        row = self._alarm(alarm_id)
        return row.case if row is not None else None

    def _begin_record(self, row: Any, occasion: Occasion, at_ms: int, since_ms: int, context: str) -> None:
        """Begin to freeze evidence; ``dispatch.freezer`` completes it. What was begun once is not begun again."""
        if _is_recorded(row):
            begin_records(self._connection, [self._record(row, occasion, at_ms, since_ms, context)])

    def _record(self, row: Any, occasion: Occasion, at_ms: int, since_ms: int, context: str) -> dict[str, Any]:
        return record_values(
            row.alarm_id,
            occasion,
            at_ms=at_ms,
            from_ms=max(since_ms, at_ms - _LONGEST_BEFORE_MS) - self._policy.evidence_before_ms,
            to_ms=at_ms + self._policy.evidence_after_ms,
            now_ms=self._now_ms,
            context=context,
        )

    def _keep_evidence(self, evidence: Mapping[str, Sequence[EvidenceValue]]) -> None:
        rows = [row for alarm_id, values in evidence.items() for row in evidence_rows(alarm_id, values)]
        if rows:
            self._connection.execute(sa.insert(tables.evidence), rows)


def _is_recorded(row: Any) -> bool:
    """Whether the readings around an alarm are frozen."""
    return not is_drill(row) and row.severity > Severity.INFO


def due_for_case(policy: Policy, now_ms: int) -> sa.Select[Any]:
    """Alarms that are on, have no case, and should have one by now."""
    table = tables.alarm
    lasted = sa.and_(table.c.severity == Severity.LOW.value, table.c.start_ms <= now_ms - policy.low_after_ms)
    return sa.select(table).where(
        table.c.active,
        table.c.case.is_(None),
        ~silent_clause(),
        sa.or_(table.c.severity >= Severity.MEDIUM.value, lasted),
    )


def _wants_case(row: Any, policy: Policy, now_ms: int) -> bool:
    """The same as ``due_for_case``, for one row."""
    if is_silent(row) or not row.active:
        return False
    return wants_case(Severity(row.severity), row.start_ms, now_ms, policy)


def _kind(change: AlarmChange, info: RuleInfo) -> AlarmKind:
    """A condition is of the kind that its rule says; the others are what they are."""
    return info.kind if change.alarm_kind is AlarmKind.CONDITION else change.alarm_kind


def _first_state(change: AlarmChange, info: RuleInfo) -> AlarmState:
    """State at first recording: what is discovered late and over is a report line, unless it latches."""
    if change.interval.stop_ms is None:
        return AlarmState.UNACKNOWLEDGED
    if info.latching:
        return AlarmState.LATCHED_UNACKNOWLEDGED
    return AlarmState.NORMAL if change.late else AlarmState.RETURNED_UNACKNOWLEDGED


def _interval(change: AlarmChange) -> Mapping[str, object]:
    interval = change.interval
    ends = {"start_ms": interval.start_ms, "stop_ms": interval.stop_ms, "since_ms": interval.since_ms}
    return ends | {"flaps": interval.flaps, "pieces": pieces_text(interval)}


def _step(change: AlarmChange) -> tuple[object, ...]:
    interval = change.interval
    digest = digest_of(steps_text(interval), interval.flaps, pieces_text(interval))
    return (change.kind, interval.start_ms, interval.stop_ms, interval.since_ms, digest)


def _overlap(done: Sequence[tuple[object, ...]], wanted: Sequence[tuple[object, ...]]) -> int:
    """How many of the first ``wanted`` steps ``done`` ends with."""
    for length in range(min(len(done), len(wanted)), 0, -1):
        if list(done[-length:]) == list(wanted[:length]):
            return length
    return 0
