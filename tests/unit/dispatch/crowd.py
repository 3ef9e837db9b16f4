"""A city with many more facilities than the small one has, each a copy of one of it, and a journal over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from core.ports.registry import FacilityPlace, Roster
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from tests.unit.dispatch.hall import RULES, Hall

FIRST = 10_000
"""Number of the first copy."""
_MODELS = ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01")


@dataclass(frozen=True)
class Crowd:
    """A registry with copies of facilities."""

    whole: Roster

    def roster(self) -> Roster:
        return self.whole

    def place(self, facility: int) -> FacilityPlace | None:
        return self.whole.places.get(facility)

    def facility_counts(self) -> Mapping[int, int]:
        return {}


def crowd_of(hall: Hall, count: int, *, alike: bool = False) -> Crowd:
    """``count`` copies of four facilities in turn, or of the first alone."""
    roster = hall.city.registry.roster()
    models = [roster.places[hall.city.facility(code)] for code in (_MODELS[:1] if alike else _MODELS)]
    copies = {
        FIRST + at: replace(models[at % len(models)], number=FIRST + at, code=f"copy-{at}") for at in range(count)
    }
    return Crowd(replace(roster, places={**roster.places, **copies}))


def crowded(hall: Hall, count: int, most: int, *, alike: bool = False) -> Hall:
    """The hall with a journal over so many copies; more than ``most`` facilities are a storm."""
    source, policy = crowd_of(hall, count, alike=alike), Policy(storm_facilities=most)
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=source, policy=policy)
    return hall


@contextmanager
def statements(hall: Hall) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    sa.event.listen(hall.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(hall.engine, "before_cursor_execute", note)
