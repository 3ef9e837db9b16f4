"""An edit that was based on an older state of its record, merged by field with what others changed since."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from core.findings import Sentence
from core.merging import Diverged, Merged, Who, merge, signed
from core.ports.registry_editing import RecordEdit
from registry import edit_findings as edits
from registry import tables
from registry.columns import ATTRIBUTE, column
from registry.meaning import meaning
from registry.rows import Key

_POSITION = frozenset({"longitude", "latitude"})
TOGETHER: Mapping[str, tuple[frozenset[str], ...]] = {
    "communities": (_POSITION, frozenset({"valid_from", "valid_to"})),
    "facilities": (_POSITION, frozenset({"owner_kind", "owner"})),
    "posts": (frozenset({"holder", "since"}),),
    "amenities": (frozenset({"state", "amount", "checked_on"}),),
}
"""Fields that are one decision: half of either side would be nobody's."""


def merged(connection: sa.Connection, edit: RecordEdit, key: Key, fields: Mapping[str, str]) -> Merged[str]:
    """The edit as it is laid over the record ``fields`` that stands.

    A new record, and an edit that names no base, are laid over it as they are.

    Raises:
        Diverged: with the fields that both sides changed to different values, by whom and when.
    """
    if not edit.code or edit.base is None:
        return Merged(taken=dict(edit.fields))
    mine = {name: text.strip() for name, text in edit.fields.items()}
    found = merge(edit.base, mine, fields, empty="", together=TOGETHER.get(edit.kind, ()), says=meaning)
    found = signed(found, lambda field: _who(connection, edit.kind, key, field))
    if found.conflicts:
        names = [column(one.field) if _is_known(one.field) else None for one in found.conflicts]
        zh = "、".join(one.field if name is None else name.zh for one, name in zip(found.conflicts, names, strict=True))
        en = ", ".join(one.field for one in found.conflicts)
        raise Diverged(edits.SAME_FIELDS(names=Sentence(zh, en)), found.conflicts)
    return found


def _is_known(field: str) -> bool:
    try:
        column(field)
    except KeyError:
        return False
    return True


def _who(connection: sa.Connection, kind: str, key: Key, field: str) -> Who | None:
    """Who changed a field last and when; of a field the history has no line of, nobody."""
    past = tables.history
    name = "attributes" if field.startswith(ATTRIBUTE) else {"class": "class_id"}.get(field, field)
    query = sa.select(past.c.actor, past.c.at_ms).order_by(past.c.id.desc()).limit(1)
    query = query.where(past.c.collection == kind, past.c.record == "/".join(key)[:200], past.c.field == name)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.actor, row.at_ms)
