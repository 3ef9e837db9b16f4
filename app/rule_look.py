"""What ``twingrid rule explain --facility`` looks at: a facility of the installation, its points and their readings.

Readings come from the running core through its socket; where none runs, from the store's folder itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from app import findings as kinds
from app.calendars import Calendars
from app.rule_reload_view import core_runs
from app.settings import Settings
from app.wiring import database_there
from app.wiring_store import open_store
from core.clock import SystemClock
from core.errors import Refused
from core.places import ClassMembers, FacilityClass
from core.ports.store import TimeSeriesStore
from core.readings import Readings
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from registry.site_calendar import RegistryCalendar
from rules.engine.reach import around
from rules.language.load import class_units
from rules.moment import Picture, lookback_ms, picture
from rules.rule_set import Rule
from store.remote import RemoteStore

LEAST_BACK_MS = 86_400_000
"""An alarm that began within a day is seen beginning, unless the rule itself asks for more."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A rule on a facility of the installation at a moment.

    Attributes:
        facility: its code.
        picture: what the engine makes of it.
        latest: measurement key to time and quality of its newest reading until then; without those that have none.
        readings: how many were judged.
        from_ms: since when.
    """

    facility: str
    picture: Picture
    latest: Mapping[str, tuple[int, int]]
    readings: int
    from_ms: int


def moment(text: str, zone: str) -> int:
    """A moment as a person writes it, in UTC milliseconds; empty is now, a time of day is today's.

    Raises:
        Refused: if it is none.
    """
    clock = SystemClock()
    if not text:
        return clock.now_ms()
    here = datetime.fromtimestamp(clock.now_ms() / 1000, ZoneInfo(zone))
    whole = f"{here.date().isoformat()}T{text}" if len(text) <= len("08:30:00") and ":" in text else text
    try:
        found = datetime.fromisoformat(whole)
    except ValueError:
        raise Refused(kinds.NO_MOMENT(value=text)) from None
    found = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))
    return round(found.timestamp() * 1000)


def look(
    settings: Settings, rule: Rule, facility_class: FacilityClass, code: str, at_ms: int, back_ms: int = 0
) -> Seen:
    """Judge a rule on a facility of the installation until a moment.

    Raises:
        Unavailable: if database or store do not answer.
        Refused: if there is no such facility of the rule's class, or nothing has been installed here.
    """
    with _installation(settings) as (members, store, calendar):
        member = _member(members, rule, code)
        units = class_units({name: entry.facility_class for name, entry in load_classes().items()})
        others = around(rule, units, members, code) if rule.relations else None
        read = [column for one in (others or {"": member}).values() for column in one.point.values()]
        points = np.unique(np.concatenate([column[column >= 0] for column in read])) if read else np.empty(0, np.int32)
        stale_ms = max((int(column[0]) for column in member.stale_after_ms.values()), default=0)
        from_ms = at_ms - (back_ms or max(LEAST_BACK_MS, lookback_ms(rule, stale_ms)))
        readings = store.read(points, from_ms, at_ms + 1)
    return Seen(
        facility=code,
        picture=picture(rule, member, readings, at_ms, facility_class, units, calendar, others),
        latest=_latest(member, readings),
        readings=len(readings),
        from_ms=from_ms,
    )


def _latest(member: ClassMembers, readings: Readings) -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for key, column in member.point.items():
        rows = np.flatnonzero(readings.point == column[0])
        if len(rows):
            newest = int(rows[np.argmax(readings.time_ms[rows])])
            found[key] = int(readings.time_ms[newest]), int(readings.quality[newest])
    return found


@contextmanager
def _installation(
    settings: Settings,
) -> Iterator[tuple[Mapping[str, ClassMembers], TimeSeriesStore, RegistryCalendar]]:
    with ExitStack() as open_parts:
        engine = database_there(settings)
        open_parts.callback(engine.dispose)
        registry = Registry(engine, load_classes())
        directory = Directory(engine, registry)
        runs = core_runs(settings) and settings.store_socket.exists()
        store = RemoteStore(settings.store_socket) if runs else open_store(settings, SystemClock())
        open_parts.callback(store.close)
        yield directory.members(), store, Calendars(registry, settings.time_zone).now


def _member(members: Mapping[str, ClassMembers], rule: Rule, code: str) -> ClassMembers:
    """The class with this facility alone."""
    whole = members.get(rule.class_id)
    codes = whole.code if whole is not None else ()
    if whole is None or code not in codes:
        near = difflib.get_close_matches(code, codes, n=3, cutoff=0.3) or list(codes[:3])
        raise Refused(kinds.NO_FACILITY(value=code, class_id=rule.class_id, near=", ".join(near) or "-"))
    row = np.array([codes.index(code)])
    return replace(
        whole,
        facility=whole.facility[row],
        code=(code,),
        point={key: column[row] for key, column in whole.point.items() if key in rule.measurements},
        stale_after_ms={key: column[row] for key, column in whole.stale_after_ms.items() if key in rule.measurements},
        unit={key: unit for key, unit in whole.unit.items() if key in rule.measurements},
        attribute={name: column[row] for name, column in whole.attribute.items()},
        text={name: (column[int(row[0])],) for name, column in whole.text.items()},
        group={},
    )
