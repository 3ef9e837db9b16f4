"""Table of the documents of facilities."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import metadata

document = sa.Table(
    "dispatch_document",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("facility", sa.Integer, nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("media_type", sa.String(100), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("removed_ms", sa.BigInteger),
    sa.Column("removed_by", sa.String(64), nullable=False, server_default=sa.text("''")),
    sa.Column("removed_person", sa.Integer),
    sa.Column("removed_why", sa.String(1000), nullable=False, server_default=sa.text("''")),
    sqlite_autoincrement=True,
)
"""No row goes: what was removed keeps its row, with who, when and why; its bytes are gone then."""
