"""What people wish of notifications: quiet hours, favourite channels, addresses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from core.alarms import Severity
from core.ports.notifications import Preference
from dispatch.database import reading, writing
from dispatch.delivery_tables import preference as table
from dispatch.parts import in_parts

DEFAULT = Preference()


class SqlPreferences:
    """Wishes in the database of dispatch."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read and write ``engine``."""
        self._engine = engine

    def preference(self, person: int) -> Preference:
        """Of one person."""
        return self.of([person])[person]

    def of(self, people: Iterable[int]) -> Mapping[int, Preference]:
        """Of several; whoever wished nothing has the default."""
        wanted = list(dict.fromkeys(people))
        result = dict.fromkeys(wanted, DEFAULT)
        with reading(self._engine) as connection:
            for part in in_parts(wanted):
                query = sa.select(table).where(table.c.person.in_(part))
                for row in connection.execute(query):
                    result[row.person] = Preference(
                        quiet_from=row.quiet_from,
                        quiet_to=row.quiet_to,
                        breaks=Severity(row.breaks),
                        order=tuple(json.loads(row.channels)),
                        addresses=json.loads(row.addresses),
                    )
        return result

    def set_preference(self, person: int, preference: Preference, now_ms: int) -> None:
        """Replace it."""
        values: dict[str, object] = {
            "quiet_from": preference.quiet_from,
            "quiet_to": preference.quiet_to,
            "breaks": int(preference.breaks),
            "channels": json.dumps(list(preference.order)),
            "addresses": json.dumps(dict(preference.addresses), ensure_ascii=False),
            "changed_ms": now_ms,
        }
        with writing(self._engine) as connection:
            if connection.execute(sa.update(table).where(table.c.person == person).values(**values)).rowcount == 0:
                connection.execute(sa.insert(table).values(person=person, **values))
