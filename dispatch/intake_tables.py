"""Tables of what comes in without an alarm: intakes and their photos."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import case, metadata

_WORD = sa.String(40)
_TEXT = sa.String(1000)

intake = sa.Table(
    "dispatch_intake",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(20), nullable=False, unique=True),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("source", _WORD, nullable=False),
    sa.Column("event", _WORD, nullable=False),
    sa.Column("say_zh", _TEXT, nullable=False),
    sa.Column("say_en", _TEXT, nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("facility", sa.Integer, nullable=False),
    sa.Column("longitude", sa.Float),
    sa.Column("latitude", sa.Float),
    sa.Column("words", _TEXT, nullable=False),
    sa.Column("department", sa.String(64), nullable=False),
    sa.Column("ref", sa.String(100), nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("from_ms", sa.BigInteger),
    sa.Column("to_ms", sa.BigInteger),
    sa.Column("verdict", _WORD, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("candidates", sa.Text, nullable=False),
    sa.Column("figures", sa.Text, nullable=False),
    sa.Column("case", sa.ForeignKey(case.c.number), index=True),
    sa.Column("decided_ms", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.String(64), nullable=False),
    sa.Column("decider", sa.Integer),
    sa.Column("ruling", _TEXT, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("referred", sa.String(64), nullable=False, server_default=sa.text("''")),
    sa.UniqueConstraint("actor", "key"),
    sa.Index("ix_dispatch_intake_verdict", "verdict", "community"),
    sa.Index("ix_dispatch_intake_department", "department", "community", "at_ms"),
    sa.Index("ix_dispatch_intake_referred", "referred", "number"),
    sqlite_autoincrement=True,
)
"""What somebody reported or handed down, and what became of it. ``facility`` 0: none; ``severity``: of the event then.
``reasons``, ``candidates``: JSON lists; ``figures``: JSON, the load it was decided by; ``case``: that it became or
joined; ``answer``: JSON, what the case log said then, else empty. ``actor`` and ``key``: sent once more, answered as
before. ``referred``: code of the department that has it or took it, else empty."""

step = sa.Table(
    "dispatch_intake_step",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("intake", sa.ForeignKey(intake.c.number), nullable=False, index=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("before", _WORD, nullable=False),
    sa.Column("after", _WORD, nullable=False),
    sa.Column("department", sa.String(64), nullable=False),
    sa.Column("words", _TEXT, nullable=False),
    sqlite_autoincrement=True,
)
"""Every decision of an intake, never changed; ``before`` is empty where the gate said it. Those that were handed in
before there was this table begin with the next decision."""

photo = sa.Table(
    "dispatch_photo",
    metadata,
    sa.Column("intake", sa.ForeignKey(intake.c.number), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("media_type", _WORD, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
)
"""Photos by the hash of their cleaned bytes, which is the name of the file; two alike are one file."""
