"""A plant room's bus of 32 units, commissioned by the command line alone: from a serial port to the signed record.

The units are simulated with their bytes' time on the wire; three are dead, one is slow, one has a hole, and three are
not what their label says: word order, address base and scale. What their displays show is asked from the simulator and
typed, as a technician would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from app.exits import Exit
from gateway import as_built
from gateway.config_file import parse_config
from gateway.profile import Order
from gateway.site_survey.typed import shown
from gateway.witness import Witness

SETTING = "115200 8N1"
"""Twelve times the plan's speed, so that the test takes a minute."""
PRODUCTS = {
    "eastron-sdm630": (1, 2),
    "eastron-sdm120": (3, 4),
    "pzem-016": (5, 31),
    "chint-dtsu666": (6, 7),
    "acrel-adw300": (8,),
    "schneider-iem3000": (9,),
    "carlo-gavazzi-em24": (10,),
    "abb-b-series": (11,),
    "xy-md02": (12, 13, 14),
    "renke-rs-ws-n01": (15,),
    "senseair-s8": (17,),
    "wirenboard-msw-v4": (18, 19),
    "bac-002aln": (20,),
    "sokol-m": (21,),
    "qdy30a": (22,),
    "dual-axis-inclinometer": (23, 24),
    "tuf-2000m": (25,),
    "invt-gd200a": (26,),
    "danfoss-fc51": (28,),
    "carel-ir33": (29,),
    "generic-ai4": (30,),
}
"""What the labels say."""
ALIVE = sorted(unit for units in PRODUCTS.values() for unit in units)
ODD = {7: "order", 14: "base", 23: "scale"}


class PlantRoom:
    """The running simulator and the session's folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port, self.control = folder / "tty", folder / "control"
        self.session = folder / "site"
        command = [sys.executable, "-m", "firmware_sim", "bus", "--line", SETTING, "--speed", "0.000001"]
        command += ["--control", str(self.control), *(options or ("--link", str(self.port)))]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready")

    def displays(self) -> dict[int, dict[str, str]]:
        """What every unit's display shows now, by register."""
        found: dict[int, dict[str, str]] = {}
        for line in self.does("display").splitlines():
            unit, name, value, ucum = line.split()
            found.setdefault(int(unit), {})[name] = f"{value} {ucum}"
        return found

    def does(self, *words: object) -> str:
        """Tell the simulator what to do."""
        tell = [sys.executable, "-m", "firmware_sim", "bus-do", str(self.control), *map(str, words)]
        return subprocess.run(tell, check=True, capture_output=True, text=True, timeout=20).stdout

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantRoom]:
    """The plant room, for all tests of this module."""
    one = PlantRoom(tmp_path_factory.mktemp("plant-room"))
    yield one
    one.end()


class Person:
    """Types commands of ``twingrid site`` on the room's session and reads their JSON."""

    def __init__(self, room: PlantRoom, capsys: pytest.CaptureFixture[str]) -> None:
        self._room, self._capsys = room, capsys

    def types(self, *words: object, expected: Exit = Exit.OK) -> str:
        command = ["site", str(words[0]), "--session", str(self._room.session), *map(str, words[1:])]
        code = run(command)
        out, err = self._capsys.readouterr()
        assert code == expected, (command, out, err)
        return out

    def asks(self, *words: object, expected: Exit = Exit.OK) -> Any:
        return json.loads(self.types(*words, "--json", expected=expected))


@pytest.mark.timeout(300)
def test_a_bus_from_nothing_to_the_signed_record(room: PlantRoom, capsys: pytest.CaptureFixture[str]) -> None:
    """Every living unit is found, what differs from its label is solved, and every value agrees with its display."""
    person = Person(room, capsys)
    found = person.asks("find", "--serial", room.port, "--setting", SETTING, "--units", "1-32", "--bus", "plant-room")
    assert [unit["unit"] for unit in found["units"]] == ALIVE

    sure = person.asks("identify", "6,8,26,28")["units"]
    assert [unit["profile"] for unit in sure] == ["chint-dtsu666", "acrel-adw300", "invt-gd200a", "danfoss-fc51"]
    for product, units in PRODUCTS.items():
        person.types("identify", ",".join(map(str, units)), "--profile", product)

    for unit in ODD:
        person.types("look", unit)
        person.types("solve", unit, *_typed(room.displays()[unit]))
    for unit in ALIVE:
        shown = room.displays()[unit]
        person.types("prove", unit, *_typed(shown), "--by", "李伟")
        person.types("place", unit, f"wtl-eq-{unit:02d}", "--name", f"device-{unit}")
    person.types("watch", 6, "--seconds", 0.5)

    signed = person.asks("sign", "--by", "李伟")
    assert signed["unproven"] == []
    assert run(["site", "verify", signed["file"]]) == Exit.OK
    _record_agrees(room, json.loads(Path(signed["file"]).read_text(encoding="utf-8"))["record"])
    _configuration_agrees(room, person)
    _later_reads_agree(room, person, signed["file"])


def _typed(shown: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in shown.items()]


def _record_agrees(room: PlantRoom, record: dict[str, Any]) -> None:
    """Every point of the record within half of the display's last digit."""
    displays = room.displays()
    assert [unit["unit"] for unit in record["units"]] == ALIVE
    for unit in record["units"]:
        assert {point["metric"].split("/")[1] for point in unit["points"]} == set(displays[unit["unit"]])
        for point in unit["points"]:
            seen = shown(displays[unit["unit"]][point["metric"].split("/")[1]], point["unit"])
            assert abs(point["proof"]["read"] - seen.value) <= seen.half * (1 + 1e-6), (unit["unit"], point["metric"])
        assert unit["frames"]
    differ = {unit["unit"]: unit["differences"] for unit in record["units"] if unit["differences"]}
    assert set(differ) == set(ODD)
    assert differ[7] == ["CDAB"]
    assert differ[14] == ["base+1"]


def _configuration_agrees(room: PlantRoom, person: Person) -> None:
    """The gateway's file loads, with the registers of the odd ones as they were solved."""
    person.types("config", "--into", room.folder / "out")
    buses = (room.folder / "out" / "buses.yaml").read_text(encoding="utf-8")
    head = "group: wtl\nnode: gw-1\nbroker: {host: localhost}\nspool: {path: s.sqlite}\n"
    config = parse_config(head + buses, room.folder / "out")
    units = {unit.unit: unit for unit in config.buses[0].units}
    assert sorted(units) == ALIVE
    assert {point.register.order for point in units[7].points if point.register.width > 1} == {Order.CDAB}
    assert units[31].timeout_s >= 2
    path = config.buses[0].record
    assert path is not None
    signed = as_built.load(path).units
    assert [unit for unit in ALIVE if Witness(signed[unit], units[unit]).stands] == []


def _later_reads_agree(room: PlantRoom, person: Person, record: str) -> None:
    """The bus is as it was signed; a unit that died since is named, and nothing is said against it."""
    assert person.asks("recheck", record) == {"contradictions": {}, "unheard": []}
    room.does("kill", 5)
    assert person.asks("recheck", record, expected=Exit.FINDING) == {"contradictions": {}, "unheard": [5]}


def test_the_same_bus_behind_a_serial_server(
    tmp_path: Path, free_ports: Callable[[int], list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """RTU over TCP: units are found, one is proven, and the configuration says the framing."""
    (port,) = free_ports(1)
    room = PlantRoom(tmp_path, "--no-pty", "--tcp", str(port))
    try:
        person = Person(room, capsys)
        bus = ["--host", "127.0.0.1", "--port", port, "--framing", "rtu"]
        found = person.asks("find", *bus, "--units", "12-16")
        assert [unit["unit"] for unit in found["units"]] == [12, 13, 14, 15]
        person.types("identify", 12, "--profile", "xy-md02")
        person.types("prove", 12, *_typed(room.displays()[12]))
        assert "framing: rtu" in person.types("config")
    finally:
        room.end()
