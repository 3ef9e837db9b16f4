"""The API's own tables: sessions, tokens, the setup code, tallies of failed logins. Secrets are stored as hashes only.

Idempotency of a worker's steps is kept by dispatch in the transaction of the step itself, where a crash cannot come
between; there is no second book of it here.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SHA256 = sa.String(64)

session = sa.Table(
    "api_session",
    metadata,
    sa.Column("token_sha256", _SHA256, primary_key=True),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger, nullable=True),
    sa.Index("ix_api_session_username_address", "username", "address"),
    sa.Index("ix_api_session_created_ms", "created_ms"),
)
"""Reference tokens: the cookie holds 256 random bits, the row their hash. Ended rows stay 30 days: they say which
addresses a login is known at."""

token = sa.Table(
    "api_token",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("token_sha256", _SHA256, nullable=False),
    sa.Column("shown", sa.String(16), nullable=False),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("scopes", sa.String(400), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger, nullable=True),
    sa.Column("used_from", sa.String(64), nullable=False),
    sa.Column("ended_ms", sa.BigInteger, nullable=True),
    sa.Column("ended_by", sa.String(64), nullable=False),
    sa.UniqueConstraint("token_sha256", name="uq_api_token_token_sha256"),
    sa.Index("ix_api_token_username", "username"),
    sqlite_autoincrement=True,
)
"""Tokens of programs. Rows stay when a token ends: who let which program read what, from when to when."""

setup_code = sa.Table(
    "api_setup_code",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code_sha256", _SHA256, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one"),
)
"""One row while the first administrator is missing."""

throttle = sa.Table(
    "api_throttle",
    metadata,
    sa.Column("scope", sa.String(10), primary_key=True),
    sa.Column("key_sha256", _SHA256, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("blocked_until_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_api_throttle_since_ms", "since_ms"),
)
"""Failed logins by pair of account and address, by address, by account, and altogether."""

saved_view = sa.Table(
    "api_saved_view",
    metadata,
    sa.Column("username", sa.String(64), primary_key=True),
    sa.Column("page", sa.String(30), primary_key=True),
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("query", sa.String(1000), nullable=False),
    sa.Column("kept_ms", sa.BigInteger, nullable=False),
)
"""Filters and order of a page under a name of one's own."""
