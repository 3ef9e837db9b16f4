"""What pages read of folding: ``core.ports.folding`` over SQL."""

from __future__ import annotations

import sqlalchemy as sa

from core.places import Text
from core.ports.folding import Folding
from dispatch import tables, views
from dispatch.database import reading
from dispatch.foldwork import unseen_of

_MOST = 200


class SqlFoldQueries:
    """Reading; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def folding(self, alarm_id: str) -> Folding:
        """What took an alarm in, what it took in (the newest first, at most 200), what cannot be seen because of it."""
        fold, alarm = tables.fold, tables.alarm
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(fold).where(fold.c.alarm_id == alarm_id)).one_or_none()
            children = sa.select(alarm).join(fold, fold.c.alarm_id == alarm.c.alarm_id)
            children = children.where(fold.c.folded_into == alarm_id).order_by(
                alarm.c.start_ms.desc(), alarm.c.alarm_id
            )
            folded = tuple(views.alarm_row(one) for one in connection.execute(children.limit(_MOST)))
            into = None
            if row is not None and row.folded_into:
                above = connection.execute(sa.select(alarm).where(alarm.c.alarm_id == row.folded_into)).one_or_none()
                into = views.alarm_row(above) if above is not None else None
        return Folding(
            into=into,
            folded=folded,
            unseen=unseen_of(row.unseen) if row is not None else None,
            say=Text(zh=row.say_zh, en=row.say_en) if row is not None else Text(zh="", en=""),
        )
