"""Tables of preventive plans and of what was done of them."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import case, metadata

plan = sa.Table(
    "dispatch_plan",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(64), nullable=False, unique=True),
    sa.Column("class_id", sa.String(64), nullable=False, index=True),
    sa.Column("work_zh", sa.String(1000), nullable=False),
    sa.Column("work_en", sa.String(1000), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.String(64), nullable=False),
    sqlite_autoincrement=True,
)
"""``document``: triggers, window, places, days, severity and grid as JSON (``dispatch.plan_desk``)."""

plan_work = sa.Table(
    "dispatch_plan_work",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("plan", sa.ForeignKey(plan.c.number), nullable=False),
    sa.Column("facility", sa.Integer, nullable=False),
    sa.Column("case", sa.ForeignKey(case.c.number), unique=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("done_ms", sa.BigInteger),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("note", sa.String(1000), nullable=False),
    sa.Index("ix_dispatch_plan_work_plan", "plan", "facility", "number"),
    sqlite_autoincrement=True,
)
"""Work that was given out as a case, whose end is that of the case, or that was done before and is only written down
(``case`` null): ``done_ms`` is when."""
