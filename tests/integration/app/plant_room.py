"""A plant room's bus of 32 units, and the whole of its commissioning by the command line alone.

The units are simulated with their bytes' time on the wire; three are dead, one is slow, one has a hole, and three are
not what their label says: word order, address base and scale. What their displays show is asked from the simulator and
typed, as a technician would.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.cli import run
from app.exits import Exit
from gateway.site_survey.typed import shown

SETTING = "9600 8N1"
"""What the plan says; values stand still, so that each can be compared with its display."""
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
SLOW = 31
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


class Person:
    """Types commands of ``twingrid site`` on the room's session and reads their JSON."""

    def __init__(self, room: PlantRoom) -> None:
        self._room = room

    def types(self, *words: object, expected: Exit = Exit.OK) -> str:
        command = ["site", str(words[0]), "--session", str(self._room.session), *map(str, words[1:])]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(command)
        assert code == expected, (command, out.getvalue(), err.getvalue())
        return out.getvalue()

    def asks(self, *words: object, expected: Exit = Exit.OK) -> Any:
        return json.loads(self.types(*words, "--json", expected=expected))


def commissioned(room: PlantRoom, person: Person) -> Path:
    """From a serial port to the signed record, by commands alone; the record's file."""
    found = person.asks("find", "--serial", room.port, "--setting", SETTING, "--units", "1-32", "--bus", "plant-room")
    assert [unit["unit"] for unit in found["units"]] == ALIVE

    # The slow one would keep the bus for a minute; its label says what it is.
    quick = ",".join(str(unit) for unit in ALIVE if unit != SLOW)
    answers = person.asks("identify", quick, "--pause", 2, expected=Exit.FINDING)
    sure = {unit["unit"]: unit["profile"] for unit in answers["units"] if unit["identified"]}
    assert set(sure) >= {1, 6, 8, 9, 26, 28}
    assert all(unit in PRODUCTS[profile] for unit, profile in sure.items())
    for product, units in PRODUCTS.items():
        person.types("identify", ",".join(map(str, units)), "--profile", product)

    displays = room.displays()
    for unit in ODD:
        person.types("look", unit)
        person.types("solve", unit, *typed(displays[unit]))
    for unit in ALIVE:
        person.types("prove", unit, *typed(displays[unit]), "--by", "李伟")
        person.types("place", unit, f"wtl-eq-{unit:02d}", "--name", f"device-{unit}")
    person.types("watch", 6, "--seconds", 0.5)

    signed = person.asks("sign", "--by", "李伟")
    assert signed["unproven"] == []
    return Path(signed["file"])


def typed(shown: dict[str, str]) -> list[str]:
    """What a display shows, as arguments of a command."""
    return [f"{name}={value}" for name, value in shown.items()]


def record_agrees(room: PlantRoom, record: dict[str, Any]) -> None:
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
