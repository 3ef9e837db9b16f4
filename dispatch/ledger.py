"""What a writing transaction leaves behind beside the rows it changes: history, change feed, notification outbox.

Lines are collected and written in one go by ``flush``, at the end of the transaction. Writers queue (see
``dispatch.database``), so the feed's ids become visible in the order in which they were given out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import SYSTEM, Actor
from core.places import Text
from core.ports.feed import FeedKind
from dispatch import tables
from dispatch.database import insert_all, update_all
from dispatch.flagwork import is_silent
from dispatch.levelwork import digest_of
from dispatch.parts import in_parts

_HEAD = 1
_ANNOUNCEMENTS = ("task", "verify", "rework")


class Ledger:
    """Collects the lines of one transaction."""

    def __init__(self, connection: sa.Connection, now_ms: int) -> None:
        """Begin to collect."""
        self._connection = connection
        self._now_ms = now_ms
        self._history: list[dict[str, Any]] = []
        self._alarm_history: list[dict[str, Any]] = []
        self._outbox: dict[str, dict[str, Any]] = {}
        self._feed: dict[tuple[str, str], dict[str, Any]] = {}

    def note(
        self,
        case: int,
        action: str,
        *,
        task: int | None = None,
        actor: Actor | None = None,
        from_state: str = "",
        to_state: str = "",
        note: str = "",
    ) -> None:
        """A line in the history of a case; without an actor the system did it."""
        self._history.append(
            {
                "case": case,
                "task": task,
                "at_ms": self._now_ms,
                "actor": actor.login if actor else SYSTEM,
                "person": actor.person if actor else None,
                "action": action,
                "from_state": from_state,
                "to_state": to_state,
                "note": note[:1000],
            }
        )

    def note_alarm(
        self,
        row: Any,
        *,
        change: str | None,
        event: str,
        before: Any = None,
        actor: Actor | None = None,
        note: str = "",
        until_ms: int | None = None,
    ) -> None:
        """A line in the history of an alarm: ``row`` is the alarm after it, ``before`` the one before."""
        self._alarm_history.append(
            {
                "alarm_id": row.alarm_id,
                "at_ms": self._now_ms,
                "actor": actor.login if actor else SYSTEM,
                "person": actor.person if actor else None,
                "change": change,
                "event": event,
                "from_state": before.state if before is not None else "",
                "state": row.state,
                "start_ms": row.start_ms,
                "stop_ms": row.stop_ms,
                "since_ms": row.since_ms,
                "until_ms": until_ms,
                "silent": is_silent(row),
                "note": note[:1000],
                "severity": row.severity,
                "steps_digest": digest_of(row.steps, row.flaps, row.pieces),
            }
        )

    def tell(
        self,
        kind: FeedKind,
        ref: str,
        what: str,
        *,
        community: int,
        facility: int,
        severity: int,
        owner: int | None = None,
    ) -> None:
        """A line in the change feed; one per thing and transaction, the last word counts."""
        self._feed[kind, ref] = {
            "kind": kind.value,
            "ref": ref,
            "community": community,
            "at_ms": self._now_ms,
            "severity": severity,
            "what": what,
            "facility": facility,
            "owner": owner,
        }

    def tell_flag(self, flag: Any, what: str) -> None:
        """A line in the change feed about a flag."""
        number, severity = str(flag.number), flag.severity
        self.tell(FeedKind.FLAG, number, what, community=flag.community, facility=flag.facility, severity=severity)

    def notify(
        self,
        kind: str,
        *,
        ref: str,
        version: int,
        person: int,
        channels: Sequence[str],
        title: Text,
        body: Text,
        severity: Severity = Severity.MEDIUM,
        not_before_ms: int | None = None,
    ) -> None:
        """A message to one person on each of its channels; the same message is never queued twice.

        ``ref`` names the task or the flag it is about, ``version`` makes it another message.
        """
        for channel in channels:
            key = f"{channel}/{person}/{kind}/{ref}/{version}"
            self._outbox[key] = {
                "key": key,
                "channel": channel,
                "person": person,
                "kind": kind,
                "ref": ref,
                "title_zh": title.zh[:1000],
                "title_en": title.en[:1000],
                "body_zh": body.zh[:1000],
                "body_en": body.en[:1000],
                "created_ms": self._now_ms,
                "next_ms": max(self._now_ms, not_before_ms or 0),
                "sent_ms": None,
                "attempts": 0,
                "error": "",
                "severity": int(severity),
            }

    def withdraw(self, task: int | str, person: int | None = None) -> None:
        """Take back what has not been sent yet about a task or another ``ref`` (to a person, or to anybody)."""
        for key, row in list(self._outbox.items()):
            if row["ref"] == str(task) and person in (None, row["person"]):
                del self._outbox[key]
        table = tables.outbox
        where = [table.c.ref == str(task), table.c.next_ms.is_not(None)]
        if person is not None:
            where.append(table.c.person == person)
        # What is being sent at this moment stays so; its end will find that nothing more is to be done.
        state = sa.case((table.c.state == "waiting", "withdrawn"), else_=table.c.state)
        self._connection.execute(sa.update(table).where(*where).values(next_ms=None, error="withdrawn", state=state))

    def postpone(self, tasks: Mapping[int, int]) -> None:
        """Send the announcements of tasks then (task to instant), if they have not been sent yet."""
        until = {str(task): max(self._now_ms, until_ms) for task, until_ms in tasks.items()}
        for row in self._outbox.values():
            if row["ref"] in until and row["kind"] in _ANNOUNCEMENTS:
                row["next_ms"] = until[row["ref"]]
        table = tables.outbox
        announces = sa.or_(*(table.c.kind == kind for kind in _ANNOUNCEMENTS))
        rows = [{"ref": ref, "next_ms": at_ms} for ref, at_ms in until.items()]
        update_all(self._connection, table, "ref", rows, (announces, table.c.next_ms.is_not(None)))

    def flush(self) -> None:
        """Write everything that was collected."""
        if self._history:
            insert_all(self._connection, tables.history, self._history)
        if self._alarm_history:
            insert_all(self._connection, tables.alarm_history, self._alarm_history)
        self._flush_outbox()
        self._flush_feed()
        self._history, self._alarm_history, self._outbox, self._feed = [], [], {}, {}

    def _flush_outbox(self) -> None:
        if not self._outbox:
            return
        table, keys = tables.outbox, list(self._outbox)
        known: set[str] = set()
        for part in in_parts(keys):
            asked = sa.select(table.c.key).where(table.c.key.in_(part))
            known.update(self._connection.execute(asked).scalars())
        rows = [row for key, row in self._outbox.items() if key not in known]
        insert_all(self._connection, table, rows)

    def _flush_feed(self) -> None:
        if not self._feed:
            return
        head, count = tables.feed_head, len(self._feed)
        bump = sa.update(head).where(head.c.id == _HEAD).values(last=head.c.last + count)
        if self._connection.execute(bump).rowcount == 0:
            self._connection.execute(sa.insert(head).values(id=_HEAD, last=count))
        last = self._connection.execute(sa.select(head.c.last).where(head.c.id == _HEAD)).scalar_one()
        rows = [{"id": last - count + 1 + at, **row} for at, row in enumerate(self._feed.values())]
        insert_all(self._connection, tables.feed, rows)
