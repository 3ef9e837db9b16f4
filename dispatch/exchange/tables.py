"""Tables of the exchange with other platforms: whose number stands for which case, what they said, what they hear."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.intake_tables import intake
from dispatch.tables import case, metadata

_PARTNER = sa.String(40)
_WORD = sa.String(40)
_TEXT = sa.String(1000)

foreign = sa.Table(
    "dispatch_foreign",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("partner", _PARTNER, nullable=False),
    sa.Column("number", sa.String(64)),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("state_ms", sa.BigInteger, nullable=False),
    sa.Column("code", _WORD, nullable=False),
    sa.Column("reported_ms", sa.BigInteger, nullable=False),
    sa.Column("came_ms", sa.BigInteger, nullable=False),
    sa.Column("intake", sa.ForeignKey(intake.c.number), unique=True),
    sa.Column("case", sa.ForeignKey(case.c.number), index=True),
    sa.Column("reason", _WORD, nullable=False),
    sa.Column("distance_m", sa.Float),
    sa.Column("apart_ms", sa.BigInteger),
    sa.Column("candidates", sa.Text, nullable=False),
    sa.Column("told", _WORD, nullable=False),
    sa.Column("told_id", sa.Integer, nullable=False),
    sa.UniqueConstraint("partner", "number"),
    sa.Index("ix_dispatch_foreign_told", "partner", "told"),
    sqlite_autoincrement=True,
)
"""What a partner knows of a case: one row a number, ever. ``number`` null: a case of ours that we have sent and whose
number over there we do not know yet. ``state``: the partner's latest word, in shared words, since ``state_ms``.
``intake``: what it came in as, whose case it stands for; ``case``: where that is known without one, or has changed by
merging. ``candidates``: JSON, cases it may be, with metres and milliseconds. ``told``: the last state of ours the
partner was or will be told, or has brought about; ``told_id``: up to which line of the history that is true."""

left = sa.Table(
    "dispatch_foreign_left",
    metadata,
    sa.Column("foreign", sa.ForeignKey(foreign.c.id), primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), primary_key=True, index=True),
)
"""Cases that a number stood for until they were merged: it stands for them again when the merging is taken back."""

fact = sa.Table(
    "dispatch_foreign_fact",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("foreign", sa.ForeignKey(foreign.c.id), nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("word", sa.String(100), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("came_ms", sa.BigInteger, nullable=False),
    sa.Column("way", _WORD, nullable=False),
    sa.Column("effect", _WORD, nullable=False),
    sa.UniqueConstraint("foreign", "state", "at_ms"),
    sqlite_autoincrement=True,
)
"""What a partner said of a case, in its word, and what followed here; only ever appended, each once."""

sending = sa.Table(
    "dispatch_exchange_out",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("partner", _PARTNER, nullable=False),
    sa.Column("foreign", sa.ForeignKey(foreign.c.id), nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("note", _TEXT, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("delivery", _WORD, nullable=False),
    sa.Column("next_ms", sa.BigInteger),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("error", _TEXT, nullable=False),
    sa.Column("done_ms", sa.BigInteger),
    sa.Column("done_by", sa.String(64), nullable=False),
    sa.Index("ix_dispatch_exchange_out_due", "partner", "delivery", "next_ms"),
    sa.Index("ix_dispatch_exchange_out_foreign", "foreign", "delivery"),
    sqlite_autoincrement=True,
)
"""What a partner is to hear: ``kind`` ``case`` (new to it) or ``state``. ``key``: the same for every attempt.
``delivery``: as of notifications (``dispatch.delivery``); ``since_ms``: written, or begun anew; ``done_by``: who tried
again or let it be."""

partner = sa.Table(
    "dispatch_exchange_partner",
    metadata,
    sa.Column("partner", _PARTNER, primary_key=True),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("exported", sa.Integer, nullable=False),
    sa.Column("paused_until_ms", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("heard_ms", sa.BigInteger),
)
"""How far one is with a partner: lines of the history that were looked at for the webhook and for the file; until when
it is left alone after so many failures in a row; when a request of it was last taken."""

run = sa.Table(
    "dispatch_exchange_run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("partner", _PARTNER, nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("file", sa.String(255), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Index("ix_dispatch_exchange_run_partner", "partner", "kind", "id"),
    sqlite_autoincrement=True,
)
"""Files that were taken in or given out; ``counts``: JSON, what became of the rows, and below ``unknown``
the codes and words that the mapping did not know."""

seal = sa.Table(
    "dispatch_exchange_seal",
    metadata,
    sa.Column("partner", _PARTNER, primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
)
"""Signatures that were taken; the same once more is a replay. Kept as long as a signature is young enough."""

__all__ = ["fact", "foreign", "left", "metadata", "partner", "run", "seal", "sending"]
