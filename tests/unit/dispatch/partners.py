"""Partners for tests: rows as they write them, over the hall's city."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.intake import SourceKind
from core.ports.exchange import Received
from dispatch import tables
from dispatch.exchange.desk import SqlExchange
from dispatch.exchange.entry import Partner
from dispatch.exchange.mapping import parse_mapping
from dispatch.exchange.sealing import sealed
from dispatch.intakebook import load_intake
from tests.unit.dispatch.hall import MONDAY_9, RULES, Hall
from tests.unit.registry.city import SIDE, SOUTH, WEST

ZONE = ZoneInfo("Asia/Shanghai")
SECRET = "a-secret-of-both"
PLACE = (WEST + SIDE / 3, SOUTH + SIDE / 3)
METRE_DEG = 1 / 111_195


def partner(name: str = "city", **values: object) -> Partner:
    """A partner whose cases are taken at their word, so that nothing waits without a reason of its own."""
    given: dict[str, object] = {
        "mapped": parse_mapping("coordinates: wgs84", "m.yaml", load_intake()),
        "source": SourceKind.WORKER,
        "secret": SECRET,
    }
    return Partner(name=name, **(given | values))  # type: ignore[arg-type]


def desk(hall: Hall, *partners: Partner) -> SqlExchange:
    """The exchange over the hall's database."""
    known = partners or (partner(),)
    return SqlExchange(
        hall.engine,
        rules=RULES.get,
        source=hall.city.registry,
        communities=hall.city.registry.communities,
        partners={one.name: one for one in known},
    )


def at(ms: int) -> str:
    """A moment as a partner writes it."""
    return datetime.fromtimestamp(ms / 1000, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def record(
    number: str, state: str = "已立案", ms: int = MONDAY_9, *, since_ms: int | None = None, **values: object
) -> dict[str, object]:
    """A case of a partner: a road that is broken, near the corner of community A."""
    given: dict[str, object] = {
        "number": number,
        "state": state,
        "reported_at": at(ms),
        "state_at": at(ms if since_ms is None else since_ms),
        "event": "0505",
        "kind": "事件",
        "community": "aa",
        "longitude": PLACE[0],
        "latitude": PLACE[1],
        "words": "路面破损",
    }
    return {name: value for name, value in (given | values).items() if value is not None}


def take(
    hall: Hall, *records: Mapping[str, object], now_ms: int = MONDAY_9, by: Partner | None = None, salt: int = 0
) -> Sequence[Received]:
    """Let a partner send cases by request."""
    one = by or partner()
    body = json.dumps({"cases": list(records)}).encode() + b" " * salt
    time_s = now_ms // 1000
    return desk(hall, one).take(one.name, str(time_s), sealed(one.secret or SECRET, time_s, body), body, now_ms)


def cases(hall: Hall) -> Sequence[sa.Row[tuple[object, ...]]]:
    """All cases, oldest first."""
    with hall.engine.connect() as connection:
        return connection.execute(sa.select(tables.case).order_by(tables.case.c.number)).all()


def beside(metres: float) -> dict[str, Any]:
    """A place so far north of ``PLACE``."""
    return {"longitude": PLACE[0], "latitude": PLACE[1] + metres * METRE_DEG}


__all__ = ["PLACE", "SECRET", "at", "beside", "cases", "desk", "partner", "record", "replace", "take"]
