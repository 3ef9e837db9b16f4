"""What the gateway must be told to read what was proven: its ``buses:``, and profiles of this site where needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from core.places import Text
from gateway import quirks
from gateway.profile import Profile
from gateway.site_survey import own_profile
from gateway.site_survey.fitted import differences, fitted, metric
from gateway.site_survey.proof import timeout_to_set_s, timing
from gateway.site_survey.scan import Setting
from gateway.site_survey.state import NO_SETTING, BusAddress, SessionState, UnitState
from gateway.transport import Framing, TransactionIds

PROFILE_FOLDER: Final = "profiles"
SERVER_GUARD_S: Final = 0.02
"""Silence before each request behind a transparent serial server, where nobody else keeps it: that with which the units
were proven, and more than 3.5 characters from 1,925 baud on."""
RECORD_FOLDER: Final = "records"
_MOST_TIMEOUT_S: Final = 60.0
_SLOW_MS: Final = 500.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What the gateway must be told to read what was proven.

    Attributes:
        buses: YAML text with the key ``buses``, and ``profiles`` where units differ from the shipped ones.
        profiles: file name to YAML text of profiles of this site, to be put into the folder that ``profiles`` names.
        record: where the buses expect a copy of the signed record; empty while nothing is signed.
    """

    buses: str
    profiles: Mapping[str, str]
    record: str = ""


def configuration(state: SessionState, profiles: Mapping[str, Profile]) -> Configuration:
    """All units with points; units of different serial settings cannot share a bus and stand on buses of their own.

    What was signed, and not changed since, is held against the bus later, so the buses name where the record will be.
    """
    by_setting: dict[Setting, list[UnitState]] = {}
    for unit in state.units.values():
        if unit.points:
            setting = unit.setting if state.bus.serial else NO_SETTING
            by_setting.setdefault(setting, []).append(unit)
    own: dict[str, str] = {}
    record = record_name(state.bus.id) if state.signed is not None else ""
    buses = []
    for number, (setting, units) in enumerate(by_setting.items(), 1):
        bus_id = state.bus.id if number == 1 else f"{state.bus.id}-{number}"
        rows = [_unit(unit, profiles.get(unit.profile), own, state.bus) for unit in units]
        named = {"record": record} if record else {}
        buses.append({"id": bus_id, **_transport(state.bus, setting), **named, "units": rows})
    content: dict[str, Any] = {"profiles": PROFILE_FOLDER} if own else {}
    content["buses"] = buses
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    files = {f"{key}.yaml": written for key, written in own.items()}
    return Configuration(buses=text, profiles=files, record=record)


def record_name(bus: str) -> str:
    """Where the signed record of a bus stands beside the gateway's file."""
    return f"{RECORD_FOLDER}/{bus}-as-built.json"


def _transport(bus: BusAddress, setting: Setting) -> dict[str, Any]:
    guard_s = bus.guard_s or (0.0 if bus.serial or bus.framing is Framing.TCP else SERVER_GUARD_S)
    guard = {"guard_ms": round(1000 * guard_s, 3)} if guard_s else {}
    if bus.serial:
        port = {"serial": bus.serial, "baud": setting.baud or 9600, "parity": setting.parity.value}
        port |= {"stop_bits": setting.stop_bits}
        return port | ({"framing": "ascii"} if bus.framing is Framing.ASCII else {}) | guard
    found: dict[str, Any] = {"host": bus.host, "port": bus.port}
    found |= {"framing": bus.framing.value} if bus.framing is not Framing.TCP else {}
    if bus.tls is not None:
        keys = ("ca_file", "cert_file", "key_file", "server_name")
        found["tls"] = {key: getattr(bus.tls, key) for key in keys if getattr(bus.tls, key)} or True
    return found | guard


def _unit(unit: UnitState, profile: Profile | None, own: dict[str, str], bus: BusAddress) -> dict[str, Any]:
    key = unit.profile
    if profile is None or differences(profile, unit):
        mine = _with_source(fitted(profile, unit), profile)
        written = own_profile.text(mine)
        key = own_profile.key(mine, written)
        own[key] = written
    row: dict[str, Any] = {"name": unit.label, "unit": unit.unit, "profile": key}
    ids, _ = manners(profile, unit, Framing.RTU if bus.serial else bus.framing)
    if ids is not TransactionIds.SAME:
        row["transaction_ids"] = ids.value
    timeout_s = min(_timeout_s(unit, profile), _MOST_TIMEOUT_S)
    if timeout_s != (profile.timeout_s if profile else 1.0):
        row["timeout_s"] = timeout_s
    row["points"] = {
        name: {"metric": metric(unit, point), "interval_s": point.interval_s} for name, point in unit.points.items()
    }
    return row


def manners(profile: Profile | None, unit: UnitState, framing: Framing) -> tuple[TransactionIds, float]:
    """What a unit is known to do on this framing: transaction ids as heard, else as its product; silence it needs."""
    heard = unit.transaction_ids
    ids = quirks.transaction_ids(profile, framing) if heard is TransactionIds.SAME else heard
    return ids, profile.guard_s if profile else 0.0


def _timeout_s(unit: UnitState, profile: Profile | None) -> float:
    """What was measured, never less than what the product may take."""
    usual_s = profile.timeout_s if profile else 1.0
    longest_ms = unit.timing.longest_ms if unit.timing else unit.response_ms
    if longest_ms is None:
        return usual_s
    # A slow answer is as slow every time; a quick one may have been lucky.
    measured_s = timeout_to_set_s(timing([longest_ms / 1000], 0, 0.0)) if longest_ms < _SLOW_MS else longest_ms / 500
    return max(measured_s, usual_s)


def _with_source(mine: Profile, profile: Profile | None) -> Profile:
    if profile is None:
        return mine
    known = profile.source
    source = Text(zh=f"{known.zh}；差异经现场核对", en=f"{known.en}; differences proven on site")
    return replace(mine, source=source)
