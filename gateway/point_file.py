"""What a point may be told in YAML: when it is reported, what its history is worth, what it means at this site."""

from __future__ import annotations

import dataclasses
import math
from zoneinfo import available_timezones

from core.units import UNITS
from gateway import findings
from gateway.chunk import Traits, Worth
from gateway.deadband import Report
from gateway.decoders.devicetime import DeviceTime, TimeForm
from gateway.document import Table
from gateway.site import SiteValue


def report(table: Table, defaults: Report) -> Report:
    """When a point is reported; what is not said is as in ``defaults``."""
    percent = table.text("deadband", "") if _is_percent(table) else ""
    if percent:
        try:
            relative = float(percent.rstrip("% "))
        except ValueError:
            table.note("deadband", findings.NO_DEADBAND, value=percent)
            relative = 1.0
        report = dataclasses.replace(defaults, absolute=math.nan, percent=relative)
    elif table.has("deadband"):
        report = dataclasses.replace(defaults, absolute=table.number("deadband", low=0), percent=math.nan)
    else:
        report = defaults
    silence_s = table.number("max_silence_s", report.max_silence_s, low=0.1)
    bits = table.integer("watch_bits", report.bits, low=0, high=2**53 - 1)
    return dataclasses.replace(report, max_silence_s=silence_s, bits=bits)


def _is_percent(table: Table) -> bool:
    return table.raw("deadband").endswith("%")


def is_filter(topic: str) -> bool:
    """Whether a text is a topic filter of MQTT 3.1.1 (4.7); ``$`` topics are the broker's own."""
    levels = topic.split("/")
    fine = all(level in ("+", "#") or not set(level) & set("+#\0") for level in levels)
    return 0 < len(topic) <= 512 and fine and "#" not in levels[:-1] and not topic.startswith("$")


def device_time(table: Table) -> DeviceTime | None:
    """Where a payload carries the device's own time; None: where its format says."""
    time = table.table("time", required=False)
    if time is None:
        return None
    zone = time.text("zone", "")
    if zone and zone not in available_timezones():
        time.note("zone", findings.NO_ZONE, value=zone)
        zone = ""
    found = DeviceTime(path=time.text("path"), form=time.choice("form", tuple(TimeForm), TimeForm.MS), zone=zone)
    time.close()
    return found


def traits(table: Table) -> Traits:
    """What a point's history is worth, and whether alarms hang on it."""
    worth = table.choice("value", [one.name.lower() for one in Worth], Worth.NORMAL.name.lower())
    return Traits(worth=Worth[worth.upper()], alarm=table.flag("alarm", False))


def site(table: Table) -> SiteValue:
    """What the register means at this site."""
    unit = table.text("unit", "")
    if unit and unit not in UNITS:
        table.note("unit", findings.UNKNOWN_UNIT, unit=unit)
    states = table.table("states", required=False)
    for state in states.names() if states else ():
        if states and not state.lstrip("-").isdigit():
            states.note(state, findings.STATE_NOT_WHOLE)
    return SiteValue(
        scale=table.number("scale", 1.0),
        offset=table.number("offset", 0.0),
        bit=table.integer("bit", low=0, high=62) if table.has("bit") else None,
        states={int(s): states.number(s) for s in states.names() if s.lstrip("-").isdigit()} if states else {},
        unit=unit,
    )
