"""Tables of webhooks: subscriptions, what they are to hear, and what was done to them."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import metadata

_WORD = sa.String(40)
_LOGIN = sa.String(64)

webhook = sa.Table(
    "dispatch_webhook",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("url", sa.String(500), nullable=False),
    sa.Column("events", sa.String(400), nullable=False),
    sa.Column("communities", sa.Text, nullable=False),
    sa.Column("secret", sa.String(100), nullable=False),
    sa.Column("former", sa.String(100), nullable=False),
    sa.Column("former_until_ms", sa.BigInteger),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("seen_case", sa.Integer, nullable=False),
    sa.Column("seen_alarm", sa.Integer, nullable=False),
    sa.Column("paused_until_ms", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since_ms", sa.BigInteger),
    sa.Column("accepted_ms", sa.BigInteger),
    sa.Column("last_ms", sa.BigInteger),
    sa.Column("last_outcome", _WORD, nullable=False),
    sa.Column("last_detail", sa.String(300), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("created_by", _LOGIN, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""``secret`` stands here as it is, since requests are signed with it; in no answer, log or bundle. It goes when the
webhook ends. ``former``: the one before a rotation, signing too until ``former_until_ms``. ``seen_case``,
``seen_alarm``: up to which line the histories were looked at: what comes after is the queue while it is paused or
disabled. ``communities``: JSON, numbers; an empty list: all. ``paused_until_ms``, ``failures``: as of a channel."""

sending = sa.Table(
    "dispatch_webhook_out",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("webhook", sa.ForeignKey(webhook.c.number), nullable=False),
    sa.Column("type", _WORD, nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("delivery", _WORD, nullable=False),
    sa.Column("next_ms", sa.BigInteger),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("error", sa.String(1000), nullable=False),
    sa.Column("done_ms", sa.BigInteger),
    sa.Column("done_by", _LOGIN, nullable=False),
    sa.Index("ix_dispatch_webhook_out_due", "webhook", "delivery", "next_ms"),
    sa.Index("ix_dispatch_webhook_out_subject", "webhook", "subject", "delivery"),
    sa.Index("ix_dispatch_webhook_out_done", "delivery", "done_ms"),
    sqlite_autoincrement=True,
)
"""Messages, written in the transaction that moves the webhook's marks. ``key``: ``webhook-id``, the same in every
attempt; ``delivery``: as of notifications (``dispatch.delivery``). What was sent is forgotten after a week."""

step = sa.Table(
    "dispatch_webhook_step",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("webhook", sa.ForeignKey(webhook.c.number), nullable=False, index=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", _LOGIN, nullable=False),
    sa.Column("what", _WORD, nullable=False),
    sa.Column("detail", sa.String(1000), nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what to a webhook, and when it was disabled; only ever appended."""

__all__ = ["metadata", "sending", "step", "webhook"]
