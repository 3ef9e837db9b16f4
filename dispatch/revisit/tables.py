"""Tables of revisits, and of the numbers that may be called for them."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import case, history, metadata

_WORD = sa.String(40)

revisit = sa.Table(
    "dispatch_revisit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("line", sa.ForeignKey(history.c.id), nullable=False),
    sa.Column("intake", sa.Integer, nullable=False, index=True),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("token", sa.String(64), nullable=False, unique=True),
    sa.Column("by_resident", sa.Boolean, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("closed_ms", sa.BigInteger, nullable=False),
    sa.Column("due_ms", sa.BigInteger, nullable=False),
    sa.Column("ends_ms", sa.BigInteger, nullable=False),
    sa.Column("phone", sa.String(32), nullable=False),
    sa.Column("phone_until_ms", sa.BigInteger),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("last_day", sa.String(10), nullable=False),
    sa.Column("way", _WORD, nullable=False),
    sa.Column("solved", sa.Boolean),
    sa.Column("satisfaction", sa.Integer),
    sa.Column("comment", sa.String(500), nullable=False),
    sa.Column("done_ms", sa.BigInteger),
    sa.Column("done_by", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.UniqueConstraint("line", "intake"),
    sa.Index("ix_dispatch_revisit_state", "state", "ends_ms"),
    sa.Index("ix_dispatch_revisit_phone_until_ms", "phone_until_ms"),
    sqlite_autoincrement=True,
)
"""One closing of a case about which somebody is asked: ``line`` of the history, and whoever handed in ``intake`` (0:
nobody did, the case was drawn). ``token``: opens the one answer without a login.
``phone``: of whoever reported it, empty once ``phone_until_ms`` is over; ``tries`` and ``last_day``:
calls that reached nobody, counted by day; ``person``: who repaired it, whose line of the evaluation it is."""

contact = sa.Table(
    "dispatch_contact",
    metadata,
    sa.Column("intake", sa.ForeignKey("dispatch_intake.number"), primary_key=True, autoincrement=False),
    sa.Column("phone", sa.String(32), nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False, index=True),
)
"""Where whoever reported something may be called; in no log, no export, and gone after ``until_ms``."""

seen = sa.Table(
    "dispatch_revisit_seen",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line", sa.Integer, nullable=False),
)
"""One row: the last line of the history that was looked at."""

__all__ = ["contact", "metadata", "revisit", "seen"]
