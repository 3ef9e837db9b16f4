"""Transactions of the API's own tables.

The engine comes from outside, prepared by ``app``. A writing transaction says so when it begins (execution option
``write_intent``), so that on SQLite writers queue instead of failing in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from core.errors import Unavailable


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads.

    Raises:
        Unavailable: if the database does not answer.
    """
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise Unavailable("the session database does not answer") from error


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes; rolled back on any error.

    Raises:
        Unavailable: if the database does not answer or somebody else won a race; nothing was written then.
    """
    try:
        with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
            yield connection
    except (OperationalError, IntegrityError) as error:
        raise Unavailable("the session database does not answer") from error
