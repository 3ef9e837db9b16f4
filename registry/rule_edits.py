"""The record of edited rules in SQL: who changed which rule when, from what to what. No line is changed or removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from core.ports.rule_editing import EditKind, RuleEdit
from registry import tables
from registry.database import reading, writing

rule_edit = sa.Table(
    "registry_rule_edit",
    tables.metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("rule_id", sa.String(64), nullable=False, index=True),
    sa.Column("file", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("note", sa.String(1000), nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)


class SqlRuleEdits:
    """Keeps and tells what was done to rules."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def add(self, edit: RuleEdit, act: Callable[[], None]) -> None:
        """Write a line and do what it says, both or neither; its number is given here.

        Args:
            edit: what is done.
            act: does it, while the line is written and not yet durable.

        Raises:
            Unavailable: if the database does not answer; ``act`` may have been done then, and is undone by the caller.
        """
        values = {column.name: getattr(edit, column.name) for column in rule_edit.c if column.name != "number"}
        with writing(self._engine) as connection:
            connection.execute(sa.insert(rule_edit).values({**values, "kind": edit.kind.value}))
            act()

    def newest(self, rule_id: str = "", limit: int = 100) -> Sequence[RuleEdit]:
        """The newest lines first, of one rule or of all."""
        query = sa.select(rule_edit).order_by(rule_edit.c.number.desc()).limit(limit)
        if rule_id:
            query = query.where(rule_edit.c.rule_id == rule_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [RuleEdit(**{**row, "kind": EditKind(row["kind"])}) for row in rows]
