"""What became of every record of the registry: who changed which field when, from what to what.

No line is changed or removed. A record that comes is one line with all its values, since every field of it would say
the same; what changes after that is a line per field. Values are JSON of what ``registry.rows`` compares, so references
are codes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.ports.registry import ChangeKind, FieldChange
from registry import tables
from registry.database import insert_many, reading
from registry.rows import Key, RowValues

MAX_LIMIT = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference between what is wanted and what is there.

    Attributes:
        collection: ``facilities`` …
        key: the code people know; for points facility and measurement.
        before, after: the differing fields only (all of them for an added row).
    """

    kind: ChangeKind
    collection: str
    key: Key
    before: RowValues
    after: RowValues

    def __str__(self) -> str:
        sign = {ChangeKind.ADD: "+", ChangeKind.CHANGE: "~", ChangeKind.RETIRE: "-"}[self.kind]
        shown = ", ".join(f"{name}: {self.before.get(name, '')!r} → {value!r}" for name, value in self.after.items())
        tail = f" ({shown})" if self.kind is ChangeKind.CHANGE else ""
        return f"{sign} {self.collection} {'/'.join(self.key)}{tail}"


def remember(connection: sa.Connection, changes: Iterable[Change], actor: str, now_ms: int) -> None:
    """Write the lines of ``changes`` in the transaction that makes them."""
    lines = [
        {
            "at_ms": now_ms,
            "actor": actor[:64],
            "collection": change.collection,
            "record": "/".join(change.key)[:200],
            "kind": change.kind.value,
            **line,
        }
        for change in changes
        for line in _lines(change)
    ]
    if lines:
        insert_many(connection, tables.history, lines)


def _lines(change: Change) -> list[dict[str, str]]:
    if change.kind is ChangeKind.ADD:
        return [{"field": "", "before": "", "after": _json(change.after)}]
    return [
        {"field": name, "before": _json(change.before.get(name)), "after": _json(value)}
        for name, value in change.after.items()
    ]


_encode = json.JSONEncoder(ensure_ascii=False).encode  # once: making one costs more than its work on a row


def _json(value: object) -> str:
    return _encode(value)


class SqlHistory:
    """Tells what became of records."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def changes(
        self, collection: str = "", record: str = "", *, before: int | None = None, limit: int = 100
    ) -> Sequence[FieldChange]:
        """The newest lines first.

        Args:
            collection: only of this kind of record (``facilities``); empty: of all.
            record: only of the record of this code; of a point ``facility/measurement``.
            before: only lines with a smaller number, for the next page.
            limit: at most so many, 1 to 1,000.

        Raises:
            Unavailable: if the database does not answer.
        """
        table = tables.history
        query = sa.select(table).order_by(table.c.id.desc()).limit(max(1, min(limit, MAX_LIMIT)))
        if collection:
            query = query.where(table.c.collection == collection)
        if record:
            query = query.where(table.c.record == record)
        if before is not None:
            query = query.where(table.c.id < before)
        with reading(self._engine) as connection:
            return [_field_change(row) for row in connection.execute(query)]


def _field_change(row: Any) -> FieldChange:
    return FieldChange(
        number=row.id,
        at_ms=row.at_ms,
        actor=row.actor,
        collection=row.collection,
        record=row.record,
        kind=ChangeKind(row.kind),
        field=row.field,
        before=row.before,
        after=row.after,
    )
