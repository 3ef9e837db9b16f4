"""The plant room's bus behind a transparent serial server, by the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.integration.app.plant_room import Person, PlantRoom, typed


def test_the_same_bus_behind_a_serial_server(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> None:
    """RTU over TCP: units are found, one is proven, and the configuration says the framing."""
    (port,) = free_ports(1)
    room = PlantRoom(tmp_path, "--no-pty", "--tcp", str(port))
    try:
        person = Person(room)
        bus = ["--host", "127.0.0.1", "--port", port, "--framing", "rtu"]
        found = person.asks("find", *bus, "--units", "12-16")
        assert [unit["unit"] for unit in found["units"]] == [12, 13, 14, 15]
        person.types("identify", 12, "--profile", "xy-md02")
        person.types("prove", 12, *typed(room.displays()[12]))
        assert "framing: rtu" in person.types("config")
    finally:
        room.end()
