"""The parts of a gateway's file that say where an MQTT source speaks, and where its own time stands."""

from __future__ import annotations

from zoneinfo import available_timezones

from gateway import findings
from gateway.decoders.devicetime import DeviceTime, TimeForm
from gateway.document import Table


def is_filter(topic: str) -> bool:
    """Whether a text is a topic filter of MQTT 3.1.1 (4.7); ``$`` topics are the broker's own."""
    levels = topic.split("/")
    fine = all(level in ("+", "#") or not set(level) & set("+#\0") for level in levels)
    return 0 < len(topic) <= 512 and fine and "#" not in levels[:-1] and not topic.startswith("$")


def device_time(table: Table) -> DeviceTime | None:
    """The device's own time; None if the source does not say where it stands."""
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
