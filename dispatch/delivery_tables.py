"""Tables of the delivery of notifications, beside the outbox (``dispatch.tables``): attempts, pauses, wishes."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import metadata

_CHANNEL = sa.String(64)
_TARGET = sa.String(16)

attempt = sa.Table(
    "dispatch_attempt",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("channel", _CHANNEL, nullable=False),
    sa.Column("target", _TARGET, nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("detail", sa.String(300), nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Index("ix_dispatch_attempt_channel", "channel", "at_ms"),
    sqlite_autoincrement=True,
)
"""Each attempt at a channel; kept for a week. ``target``: digest of the address, empty for a room; ``actor``: who asked
for a test, empty otherwise."""

pause = sa.Table(
    "dispatch_pause",
    metadata,
    sa.Column("channel", _CHANNEL, primary_key=True),
    sa.Column("target", _TARGET, primary_key=True),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
)
"""Until when a channel, or one address of it, is left alone, and how many attempts in a row have failed."""

preference = sa.Table(
    "dispatch_preference",
    metadata,
    sa.Column("person", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("quiet_from", sa.Integer, nullable=False),
    sa.Column("quiet_to", sa.Integer, nullable=False),
    sa.Column("breaks", sa.Integer, nullable=False),
    sa.Column("channels", sa.Text, nullable=False),
    sa.Column("addresses", sa.Text, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
)
"""What somebody wishes: minutes of the local day, the severity that disturbs all the same, channels in order and
addresses by channel as JSON. Personal data: in no log, no bundle, no answer but the person's own."""

__all__ = ["attempt", "metadata", "pause", "preference"]
