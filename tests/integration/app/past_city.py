"""An installation with a past: the demo city's registry, and an hour of its script in the store's files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.broker_accounts import gateway_user, passwords
from app.demo_description import read_city as described_city
from app.demo_files import DemoPlace, DemoPorts, node_of, write_demo
from app.demo_setup import prepare
from app.settings import Settings
from app.settings_file import load
from app.wiring import database
from core.clock import ManualClock
from core.places import ClassMembers, FacilityClass
from core.ports.store import Commit
from core.quality import QualityClass, quality
from core.readings import Readings, concat, readings
from firmware_sim.city import SimulatedCity, build_city
from firmware_sim.plan import DEMO_CITY, DEMO_SCRIPT, read_city
from firmware_sim.script import read_script
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from store.duckdb_store import DuckDBStore

START_MS = 1_795_374_000_000
STEP_S, PLAYED_S = 10, 2_400
END_MS = START_MS + PLAYED_S * 1_000


@dataclass(frozen=True)
class PastCity:
    """What tests ask for.

    Attributes:
        config: the settings file; settings: as read.
        members: the facilities by class.
        readings: everything in the store.
        logins: one-time passwords by username.
    """

    config: Path
    settings: Settings
    members: dict[str, ClassMembers]
    readings: Readings
    logins: dict[str, str]


def simulated_city(start_s: float) -> SimulatedCity:
    """The demo city with its script from ``start_s`` on."""
    plan = read_city(DEMO_CITY)
    targets = build_city(plan, start_s=start_s, seed=1).script_targets()
    script = read_script(DEMO_SCRIPT, targets, start_s=start_s, seed=1)
    return build_city(plan, start_s=start_s, seed=1, incidents=script.incidents)


def played(
    city: SimulatedCity, start_ms: int, members: Mapping[str, ClassMembers], classes: Mapping[str, FacilityClass]
) -> Readings:
    """What the gateways would have read, point by point; implausible values are bad."""
    times = np.arange(0, PLAYED_S, STEP_S)
    parts = []
    for class_id, group in members.items():
        for row, code in enumerate(group.code):
            plant = city.plants.get(code)
            if plant is None:  # a gateway's own points
                continue
            signals = {device.device_id: device.signals() for device in plant.modbus}
            signals |= {device.device_id: device.fields() for device in plant.mqtt}
            for point in plant.mapped:
                number = int(group.point[point.measurement][row])
                signal = signals[point.device_id][point.register]
                raw = np.array([signal.value(start_ms / 1000 + float(second)) for second in times])
                if point.decimals_register:
                    raw *= 10.0 ** -signals[point.device_id][point.decimals_register].value(start_ms / 1000)
                if point.bit is not None:
                    raw = (raw.astype(np.int64) >> point.bit & 1).astype(np.float64)
                if point.value_map:
                    raw = np.array([float(point.value_map[int(value)]) for value in raw])
                value, known = raw * point.scale + point.offset, classes[class_id].measurements[point.measurement]
                bad = (value < known.low) | (value > known.high)
                codes = np.where(bad, quality(QualityClass.BAD), 0).astype(np.uint8)
                stamp = start_ms + times * 1_000 + number % 997
                parts.append(readings(point=np.full(len(times), number), time_ms=stamp, value=value, quality=codes))
    return concat(parts)


def build_past_city(folder: Path, pages: int = 21501, start_ms: int = START_MS) -> PastCity:
    """Write the demo's files, import its registry, and fill the store with what the gateways would have read."""
    ports = DemoPorts(pages=pages, broker=21502, modbus=21510)
    command = [sys.executable, "-m", "firmware_sim", "describe", "--modbus-port-base", str(ports.modbus)]
    city = described_city(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    users = [gateway_user(node_of(community)) for community in city.communities]
    place = DemoPlace(folder=folder, passwords=passwords(folder / "secrets.json", users))
    write_demo(city, place, ports, "en")
    settings = load(place.settings).settings
    logins = {login.username: login.password for login in prepare(settings)}
    engine = database(settings)
    try:
        registry = Registry(engine, load_classes())
        members, classes = dict(Directory(engine, registry).members()), registry.classes()
    finally:
        engine.dispose()
    everything = played(simulated_city(start_ms / 1000), start_ms, members, classes)
    store = DuckDBStore(settings.store_path, clock=ManualClock(start_ms + PLAYED_S * 1_000))
    try:
        half = everything.time_ms < start_ms + PLAYED_S * 500
        for rows in (half, ~half):  # one part in a segment, the other hot
            store.commit(Commit(readings=everything.take(rows)))
            if rows is half:
                store.flush()
    finally:
        store.close()
    return PastCity(place.settings, settings, members, everything, logins)
