"""Our cases as a partner's file: those of a span, or those that have changed since the last one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.cases import CaseState
from core.coordinates import gcj02
from core.exchange import SHARED
from core.ports.registry import Community, RosterSource
from dispatch import tables
from dispatch.database import reading, writing
from dispatch.exchange.desk import fresh
from dispatch.exchange.entry import Partner
from dispatch.exchange.queries import standing_for
from dispatch.exchange.sheets import write_rows
from dispatch.exchange.tables import partner as partners
from dispatch.exchange.tables import run
from dispatch.intake_tables import intake
from dispatch.parts import in_parts

HEADS: Final = (
    *("number", "ours", "state", "state_at", "reported_at", "kind", "event", "event_word", "community", "facility"),
    *("longitude", "latitude", "words"),
)


class SqlExport:
    """Writes files for partners; one at a time for each."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        source: RosterSource,
        communities: Callable[[], Sequence[Community]],
        zone: ZoneInfo,
    ) -> None:
        """Read ``engine``; ``zone``: of the times in the file."""
        self._engine, self._source, self._communities, self._zone = engine, source, communities, zone

    def export(
        self,
        partner: Partner,
        path: Path,
        actor: str,
        now_ms: int,
        *,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> int:
        """Write a file; how many cases it has.

        Without a span those that have changed since the last file; then, once the file is complete, that is written
        down. A crash in between makes the next file say again what this one said: rows are whole states, not changes.
        A span, by the opening of the case, changes nothing.

        Raises:
            OSError: if the file cannot be written; nothing has changed then.
        """
        whole = from_ms is not None or to_ms is not None
        with reading(self._engine) as connection:
            upto = connection.execute(sa.select(sa.func.max(tables.history.c.id))).scalar_one() or 0
            numbers = self._of_span(connection, from_ms, to_ms) if whole else self._changed(connection, partner, upto)
            count = write_rows(
                path, [_heading(partner, name) for name in HEADS], self._rows(connection, partner, numbers)
            )
        counts = json.dumps({"cases": count})
        values = {"partner": partner.name, "kind": "export", "at_ms": now_ms, "actor": actor[:64], "rows": count}
        with writing(self._engine) as connection:
            connection.execute(sa.insert(run), values | {"file": path.name[:255], "counts": counts})
            if not whole:
                mine = partners.c.partner == partner.name
                moved = connection.execute(sa.update(partners).where(mine).values(exported=upto))
                if not moved.rowcount:
                    connection.execute(sa.insert(partners), fresh(partner.name) | {"exported": upto})
        return count

    # --- inside -------------------------------------------------------------------------------------------------

    def _of_span(self, connection: sa.Connection, from_ms: int | None, to_ms: int | None) -> list[int]:
        table = tables.case
        query = sa.select(table.c.number).where(~table.c.drill, table.c.opened_ms >= (from_ms or 0))
        if to_ms is not None:
            query = query.where(table.c.opened_ms < to_ms)
        return list(connection.execute(query.order_by(table.c.number)).scalars())

    def _changed(self, connection: sa.Connection, partner: Partner, upto: int) -> list[int]:
        mine = sa.select(partners.c.exported).where(partners.c.partner == partner.name)
        since = connection.execute(mine).scalar_one_or_none() or 0
        table = tables.history
        ours = table.c.actor != partner.actor.login  # what it said itself is no news to it
        lines = sa.select(table.c.case).where(table.c.id > since, table.c.id <= upto, ours).distinct()
        query = sa.select(tables.case.c.number).where(tables.case.c.number.in_(lines), ~tables.case.c.drill)
        return list(connection.execute(query.order_by(tables.case.c.number)).scalars())

    def _rows(self, connection: sa.Connection, partner: Partner, numbers: Sequence[int]) -> Iterator[list[str]]:
        places, codes = self._source.roster().places, {one.number: one.code for one in self._communities()}
        theirs = {code: word for word, code in partner.mapped.communities.items()}
        for part in in_parts(numbers):
            links = self._links(connection, partner, part)
            said = self._said(connection, part)
            query = sa.select(tables.case).where(tables.case.c.number.in_(part)).order_by(tables.case.c.number)
            for case in connection.execute(query):
                place, inside = places.get(case.facility), said.get(case.number)
                community = codes.get(case.community, "")
                row = self._row(case, partner, place, inside, theirs.get(community, community))
                for number in links.get(case.number, [""]):
                    yield [number, *row]

    def _row(self, case: Any, partner: Partner, place: Any, inside: Any, community: str) -> list[str]:
        mapped, state = partner.mapped, SHARED[CaseState(case.state)]
        kind, code = mapped.told.get(case.family, ("", ""))
        kinds = {name: word for word, name in reversed(list(mapped.kinds.items()))}
        spot = place.spot if place is not None else None
        if spot is None and inside is not None and inside.longitude is not None:
            spot = (inside.longitude, inside.latitude)
        if spot is not None and mapped.coordinates == "gcj02":
            spot = gcj02(*spot)
        east, north = ("", "") if spot is None else (f"{spot[0]:.7f}", f"{spot[1]:.7f}")
        words = inside.words if inside is not None else case.say_zh
        return [
            *(case.code, mapped.say.get(state, state.value), self._time(case.changed_ms), self._time(case.opened_ms)),
            *(kinds.get(kind, ""), code, case.say_zh, community, place.code if place is not None else ""),
            *(east, north, words),
        ]

    def _links(self, connection: sa.Connection, partner: Partner, numbers: Sequence[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for row in standing_for(connection, partner.name, numbers):
            if row.number is not None:
                found.setdefault(row.stands_for, []).append(row.number)
        return found

    def _said(self, connection: sa.Connection, numbers: Sequence[int]) -> dict[int, Any]:
        """What people said of cases, in the words of the first of them."""
        query = sa.select(intake).where(intake.c.case.in_(numbers)).order_by(intake.c.number.desc())
        return {row.case: row for row in connection.execute(query)}

    def _time(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).strftime("%Y-%m-%d %H:%M:%S")


def _heading(partner: Partner, name: str) -> str:
    """The first heading that the partner has for a field."""
    return next((word for word, field in partner.mapped.columns.items() if field == name), name)
