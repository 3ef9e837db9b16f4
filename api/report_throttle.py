"""How much residents may report without a login: by place, by address, and altogether.

A table like that of logins (``api.throttle``): so many within a window cost nothing, each further one waits longer. The
tally of a place stops somebody who fills one lamp's queue, that of an address somebody who walks through the codes;
the last one bounds what all of them together can make people do. Behind one address of a mobile network stand many
people, so it is generous: a report that must wait is told for how long, and the emergency number stands beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from api.database import writing
from api.throttle import Rule, after_failure, forget_old, read_tally, wait_ms, write_tally

_MINUTE_MS: Final = 60_000


class ReportScope(StrEnum):
    """What a tally of reports is kept of."""

    PLACE = "r_place"
    ADDRESS = "r_address"
    ALL = "r_all"


RULES: Final[Mapping[ReportScope, Rule]] = {
    ReportScope.PLACE: Rule(free=4, window_ms=60 * _MINUTE_MS, first_ms=5 * _MINUTE_MS, longest_ms=60 * _MINUTE_MS),
    ReportScope.ADDRESS: Rule(free=10, window_ms=60 * _MINUTE_MS, first_ms=2 * _MINUTE_MS, longest_ms=60 * _MINUTE_MS),
    ReportScope.ALL: Rule(free=600, window_ms=60 * _MINUTE_MS, first_ms=10_000, longest_ms=5 * _MINUTE_MS),
}


class ReportThrottle:
    """Keeps the tallies in the database, so that all API processes count together."""

    def __init__(self, engine: sa.Engine) -> None:
        """Use the API's tables of this engine."""
        self._engine = engine

    def admit(self, place: str, address: str, now_ms: int) -> int:
        """Count a report; 0, or how many milliseconds it must wait (and was not counted)."""
        keys = {
            (ReportScope.PLACE, _hash(place)): RULES[ReportScope.PLACE],
            (ReportScope.ADDRESS, _hash(address)): RULES[ReportScope.ADDRESS],
            (ReportScope.ALL, _hash("")): RULES[ReportScope.ALL],
        }
        with writing(self._engine) as connection:
            tallies = {key: read_tally(connection, key) for key in keys}
            wait = max(wait_ms(tally, keys[key], now_ms) for key, tally in tallies.items())
            if wait:
                return wait
            for key, tally in tallies.items():
                write_tally(connection, key, after_failure(tally, keys[key], now_ms))
            forget_old(connection, now_ms)
        return 0


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
