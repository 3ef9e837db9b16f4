"""Views that people keep of a list: its filters and order under a name of their own, wherever they log in."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from api import tables
from api.access import Caller
from api.database import reading, writing
from api.equipment_texts import TOO_MANY_VIEWS
from api.models.equipment import SavedView, SavedViews, ViewToKeep
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField

MOST: Final = 50
"""Of one login and page: more would not be found again."""


class ViewDesk:
    """Everybody's own views; nobody sees those of others."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join the database of the API's own tables."""
        self._engine = ports.engine
        self._clock = ports.clock

    def of_page(self, caller: Caller, page: str) -> SavedViews:
        """Those of one page, by name."""
        with reading(self._engine) as connection:
            return _read(connection, caller, page)

    def keep(self, caller: Caller, view: ViewToKeep) -> SavedViews:
        """Keep one, in place of one of the same name.

        Raises:
            ProblemError: ``INVALID`` if there are too many of them.
        """
        table = tables.saved_view
        with writing(self._engine) as connection:
            connection.execute(sa.delete(table).where(_own(caller, view.page), table.c.name == view.name))
            count = sa.select(sa.func.count()).select_from(table).where(_own(caller, view.page))
            if connection.execute(count).scalar_one() >= MOST:
                raise ProblemError(Problems.INVALID, errors=[WrongField("body.name", TOO_MANY_VIEWS(most=MOST))])
            row = {"username": caller.login.username, "kept_ms": self._clock.now_ms(), **dict(view)}
            connection.execute(sa.insert(table).values(row))
            return _read(connection, caller, view.page)

    def drop(self, caller: Caller, page: str, name: str) -> SavedViews:
        """Forget one; one that is not there is forgotten already."""
        table = tables.saved_view
        with writing(self._engine) as connection:
            connection.execute(sa.delete(table).where(_own(caller, page), table.c.name == name))
            return _read(connection, caller, page)


def _own(caller: Caller, page: str) -> sa.ColumnElement[bool]:
    table = tables.saved_view
    return sa.and_(table.c.username == caller.login.username, table.c.page == page)


def _read(connection: sa.Connection, caller: Caller, page: str) -> SavedViews:
    table = tables.saved_view
    found = connection.execute(sa.select(table).where(_own(caller, page)).order_by(table.c.name))
    return SavedViews(items=[SavedView(name=row.name, query=row.query, kept_ms=row.kept_ms) for row in found])
