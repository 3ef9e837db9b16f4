"""Tables of projects and their money."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import metadata

_WORD = sa.String(40)
_NAME = sa.String(200)
_TEXT = sa.String(1000)

project = sa.Table(
    "dispatch_project",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(64), nullable=False, unique=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("community", sa.Integer, nullable=False, index=True),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.String(64), nullable=False),
    sqlite_autoincrement=True,
)

project_facility = sa.Table(
    "dispatch_project_facility",
    metadata,
    sa.Column("project", sa.ForeignKey(project.c.number), primary_key=True),
    sa.Column("facility", sa.Integer, primary_key=True, autoincrement=False, index=True),
)

fund_entry = sa.Table(
    "dispatch_fund_entry",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("project", sa.ForeignKey(project.c.number), nullable=False, index=True),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("source", _WORD, nullable=False),
    sa.Column("phase", _WORD, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("note", _TEXT, nullable=False),
    sa.Column("settles", sa.Integer, unique=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("key", sa.String(64)),
    sa.UniqueConstraint("actor", "key"),
    sqlite_autoincrement=True,
)
"""The ledger; only ever appended.

``settles``: number of the pledge that received money redeems, once; ``key``: by which a line that is sent again counts
once.
"""
