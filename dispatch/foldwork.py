"""Folding inside a transaction: which element an alarm is of, what took it in, what cannot be seen because of it.

Kept in a table beside the alarms: most alarms have nothing to do with it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, Unseen
from core.cases import RuleInfo
from core.places import Text
from core.ports.feed import FeedKind
from dispatch import tables
from dispatch.ledger import Ledger

FOLDED = "folded"
_LONGEST_FAMILY = 160
_MOST_FACILITIES = 2_000


class FoldWork:
    """All that happens to rows of ``dispatch_fold``."""

    def __init__(self, connection: sa.Connection, ledger: Ledger) -> None:
        """Work on ``connection``."""
        self._connection = connection
        self._ledger = ledger

    def opened(self, change: AlarmChange) -> None:
        """An alarm was recorded."""
        if change.element or change.unseen is not None:
            self._put(change.alarm_id, element=change.element[:300], **_unseen(change))

    def covers(self, change: AlarmChange) -> None:
        """What cannot be seen because of an alarm is something else now."""
        alarm = self._alarm(change.alarm_id)
        values = _unseen(change)
        if alarm is None or not self._put(change.alarm_id, **values):
            return
        place = {"community": alarm.community, "facility": alarm.facility, "severity": alarm.severity}
        self._ledger.tell(FeedKind.ALARM, alarm.alarm_id, change.kind.value, **place)
        if alarm.case is not None:
            self._ledger.note(alarm.case, change.kind.value, note=f"{values['say_zh']} / {values['say_en']}")

    def folded(self, row: Any, into: str) -> None:
        """An alarm was closed because another one says it, too: both cases hear of it."""
        self._put(row.alarm_id, folded_into=into)
        above = self._alarm(into)
        if row.case is not None:
            self._ledger.note(row.case, FOLDED, note=into)
        if above is not None and above.case is not None and above.case != row.case:
            self._ledger.note(above.case, "folds", note=row.alarm_id)

    def told(self, row: Any, info: RuleInfo) -> RuleInfo:
        """What is known of the rule, in the words of this alarm: its element has its own case."""
        if row.kind != AlarmKind.SIGHT:
            return info
        say = Text(zh=row.say_zh, en=row.say_en)
        fold = self._row(row.alarm_id)
        if fold is None or not fold.element:
            return replace(info, say=say)
        return replace(of_element(info, fold.element), say=say)

    def all_folded(self, case: int) -> bool:
        """Whether the alarms of a case are over because others say the same."""
        table, alarm = tables.fold, tables.alarm
        mine = (alarm.c.case == case, alarm.c.merged_into == "", ~alarm.c.retracted)
        folded = sa.select(table.c.alarm_id).where(table.c.folded_into != "")
        left = sa.select(sa.exists().where(*mine, alarm.c.alarm_id.not_in(folded)))
        return not self._connection.execute(left).scalar_one()

    def _alarm(self, alarm_id: str) -> Any:
        query = sa.select(tables.alarm).where(tables.alarm.c.alarm_id == alarm_id)
        return self._connection.execute(query).one_or_none()

    def _row(self, alarm_id: str) -> Any:
        query = sa.select(tables.fold).where(tables.fold.c.alarm_id == alarm_id)
        return self._connection.execute(query).one_or_none()

    def _put(self, alarm_id: str, **values: object) -> bool:
        """Set these columns; whether that altered anything."""
        table, before = tables.fold, self._row(alarm_id)
        if before is None:
            row = {"element": "", "folded_into": "", "unseen": "", "say_zh": "", "say_en": "", **values}
            self._connection.execute(sa.insert(table).values(alarm_id=alarm_id, **row))
            return True
        if all(getattr(before, name) == value for name, value in values.items()):
            return False
        self._connection.execute(sa.update(table).where(table.c.alarm_id == alarm_id).values(**values))
        return True


def _unseen(change: AlarmChange) -> dict[str, str]:
    if change.unseen is None:
        return {}
    unseen, say = change.unseen, change.say or Text(zh="", en="")
    kept = {
        "gateways": unseen.gateways,
        "devices": unseen.devices,
        "count": len(unseen.facilities),
        "facilities": list(unseen.facilities[:_MOST_FACILITIES]),
    }
    return {"unseen": json.dumps(kept), "say_zh": say.zh[:1000], "say_en": say.en[:1000]}


def of_element(info: RuleInfo, element: str) -> RuleInfo:
    """A rule as one element of a facility is judged by it: with a family, so cases, of its own."""
    if not element:
        return info
    family = f"{info.family}/{element}"
    if len(family) > _LONGEST_FAMILY:
        family = f"{info.family}/{hashlib.blake2b(element.encode(), digest_size=10).hexdigest()}"
    return replace(info, family=family)


def unseen_of(text: str) -> Unseen | None:
    """What a row says; the facilities are cut off where they are very many."""
    if not text:
        return None
    kept = json.loads(text)
    return Unseen(gateways=kept["gateways"], devices=kept["devices"], facilities=tuple(kept["facilities"]))


def unseen_count(text: str) -> int:
    """How many facilities a row says, those that were cut off included."""
    return int(json.loads(text)["count"]) if text else 0
