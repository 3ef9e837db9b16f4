"""``twingrid demo``: a whole city on one machine, with simulated devices.

Everything it writes lies in one folder and is generated from what the simulator says of itself; the processes are the
same as in a real installation, plus the simulator.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app import findings as kinds
from app import runner
from app.broker_accounts import DEVICES_USER, HOST_USER, gateway_user, passwords, write_secret
from app.child import ProcessSpec, python_command
from app.claim import LOCK, claimed
from app.console import Speaker
from app.demo_description import SimCity, read_city
from app.demo_files import DemoPlace, DemoPorts, node_of, write_demo
from app.exits import Exit
from app.installation import CENTRE, mqtt_url, options, processes
from app.pages import web_root
from app.probes import PortUse, busy_ports
from app.settings import Settings
from app.settings_file import load
from core.errors import Invalid, Unavailable

_PREPARE_TIMEOUT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the person asked for; ``faults`` is a script of incidents and faults in the place of the demo's own."""

    folder: Path
    ports: DemoPorts
    speed: float = 1.0
    fresh: bool = False
    faults: Path | None = None


def run(wanted: DemoOptions, speaker: Speaker) -> int:
    """Prepare and run the demo until Ctrl-C; the exit code.

    Raises:
        Invalid: if ports are in use, a demo runs in this folder, or something generated does not fit together.
        Unavailable: if a part cannot be started.
    """
    speaker.note(speaker.say("demo.preparing"))
    city = read_city(
        _output(python_command("firmware_sim", "describe", "--modbus-port-base", str(wanted.ports.modbus)))
    )
    ports = _ports(city, wanted.ports)
    busy = busy_ports(ports)
    if busy:
        raise Invalid(busy)
    if wanted.fresh:
        _refuse_to_clear(wanted.folder)
    with claimed(wanted.folder, "--data"):
        if wanted.fresh:
            _clear(wanted.folder)
        return _run(wanted, city, ports, speaker)


def _run(wanted: DemoOptions, city: SimCity, ports: Sequence[PortUse], speaker: Speaker) -> int:
    place = DemoPlace(folder=wanted.folder, passwords=_passwords(wanted.folder, city))
    write_demo(city, place, wanted.ports, speaker.language.value)
    (wanted.folder / ".twingrid-demo").touch()
    settings = load(place.settings, environment={}).settings
    say = speaker.say("demo.database", facilities=city.facility_count, points=city.point_count)
    speaker.note(say)
    logins = json.loads(_output(python_command("app.demo_setup", str(place.settings))))
    specs = [_ours(spec) for spec in processes(settings, place.settings)]
    specs.append(_simulator(wanted, place, ports[2:]))
    return runner.run(specs, options(settings), speaker, lambda: _welcome(settings, place, logins, speaker))


def _refuse_to_clear(folder: Path) -> None:
    """Only a demo folder may be emptied."""
    if folder.exists() and any(folder.iterdir()) and not (folder / ".twingrid-demo").exists():
        raise Invalid([kinds.NO_DEMO_FOLDER.at(str(folder))])


def _clear(folder: Path) -> None:
    """Empty a demo folder that is ours; the lock that says so stays."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()


def _output(command: Sequence[str]) -> str:
    run = subprocess.run(command, capture_output=True, text=True, timeout=_PREPARE_TIMEOUT_S, check=False)
    if run.returncode == Exit.OK:
        return run.stdout
    last = run.stderr.strip().splitlines()[-12:]
    raise Unavailable(kinds.STEP_FAILED(step=" ".join(command[2:4]), log="\n".join(last)))


def _passwords(folder: Path, city: SimCity) -> dict[str, str]:
    users = [HOST_USER, DEVICES_USER, *(gateway_user(node_of(community)) for community in city.communities)]
    return dict(passwords(folder / "secrets" / "broker.json", users))


def _ports(city: SimCity, ports: DemoPorts) -> list[PortUse]:
    uses = [
        PortUse(host="127.0.0.1", port=ports.pages, what=kinds.PAGES(), change="--port"),
        PortUse(host="127.0.0.1", port=ports.broker, what=kinds.BROKER(), change="--broker-port"),
    ]
    for community in city.communities:
        bus = community.modbus_line
        what = kinds.BUS(bus=bus.id)
        uses.append(PortUse(host=bus.host, port=bus.port, what=what, change="--modbus-port"))
    return uses


def _ours(spec: ProcessSpec) -> ProcessSpec:
    """The same process, with the demo's own way to choose a port."""
    options = {"api": "--port", "broker": "--broker-port"}
    ports = tuple(dataclasses.replace(use, change=options.get(spec.name, use.change)) for use in spec.ports)
    return dataclasses.replace(spec, ports=ports)


def _simulator(wanted: DemoOptions, place: DemoPlace, ports: Sequence[PortUse]) -> ProcessSpec:
    url = mqtt_url("127.0.0.1", wanted.ports.broker, DEVICES_USER, place.passwords[DEVICES_USER])
    command = python_command(
        *("firmware_sim", "serve", "--modbus-port-base", str(wanted.ports.modbus)),
        *("--mqtt-url", url, "--speed", str(wanted.speed)),
        *(("--faults", str(wanted.faults)) if wanted.faults is not None else ()),
    )
    return ProcessSpec(name="devices", stage=CENTRE, command=command, ports=tuple(ports))


def _welcome(settings: Settings, place: DemoPlace, logins: list[dict[str, str]], speaker: Speaker) -> None:
    """Say where to look and how to get in."""
    address = f"http://localhost:{settings.api.port}"
    rows = [
        (
            login["username"],
            login["password"] or "…",
            speaker.say(f"role.{login['role']}"),
            login[f"name_{speaker.language.value}"],
        )
        for login in logins
    ]
    fresh = [row for row, login in zip(rows, logins, strict=True) if login["password"]]
    if fresh:
        speaker.out.print(speaker.say("demo.logins"), style="bold")
        columns = [speaker.say(f"col.{name}") for name in ("login", "password", "role", "person")]
        speaker.table(columns, fresh)
        file = place.folder / "secrets" / "logins.txt"
        write_secret(file, "\n".join(" ".join(row[:2]) for row in fresh) + "\n")
    speaker.out.print()
    if web_root(settings) is None:
        speaker.note(speaker.say("demo.no-pages"))
    speaker.out.print(f"{speaker.say('demo.open')}  [bold underline]{address}[/]")
    speaker.out.print(speaker.say("demo.end"))
    sys.stdout.flush()
