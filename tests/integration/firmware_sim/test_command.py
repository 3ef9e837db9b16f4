"""The command as a person or a supervisor meets it: ready line, errors in one line, a quick end; read by `mbpoll`."""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

COMMAND = [sys.executable, "-m", "firmware_sim"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running command and its ready line; ended within a second."""
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready "), process.communicate()
        yield process, line
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert time.monotonic() - begin < 1.0
    finally:
        process.kill()
        process.communicate()


def refused(*arguments: str) -> str:
    """What a command says that does not start: one line each, no traceback."""
    result = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def mbpoll(program: Path, port: int, unit: int, table: str, address: int, count: int) -> dict[int, float]:
    """Values by address, as `mbpoll` prints them."""
    arguments = [
        "-m",
        "tcp",
        "-p",
        str(port),
        "-a",
        str(unit),
        "-t",
        table,
        "-B",
        "-0",
        "-r",
        str(address),
        "-c",
        str(count),
        "-1",
    ]
    result = subprocess.run(
        [str(program), *arguments, "-o", "2", "127.0.0.1"], capture_output=True, text=True, timeout=20, check=False
    )
    found = re.findall(r"^\[(\d+)\]:\s+(-?[\d.]+(?:e[+-]?\d+)?)", result.stdout, re.MULTILINE)
    assert found, result.stdout + result.stderr
    return {int(address): float(value) for address, value in found}


def lines(free_ports: Callable[[int], list[int]]) -> int:
    """The first of three free ports in a row."""
    for _ in range(50):
        base = free_ports(1)[0]
        try:
            for port in range(base, base + 3):
                with socket.create_server(("127.0.0.1", port)):
                    pass
        except OSError:
            continue
        return base
    pytest.fail("no three free ports in a row")


def described(port_base: int) -> dict[str, dict[str, object]]:
    """Points by id from the `describe` command, with their line's port."""
    text = subprocess.run(
        [*COMMAND, "describe", "--modbus-port-base", str(port_base)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout
    return {
        point["id"]: {**point["source"], "port": community["modbus_line"]["port"]}
        for community in yaml.safe_load(text)["communities"]
        for facility in community["facilities"]
        for point in facility["points"]
    }


@pytest.mark.requires("mbpoll")
def test_mbpoll_reads_the_city(
    free_ports: Callable[[int], list[int]], program: Callable[[str], Path], tmp_path: Path
) -> None:
    """A foreign tool, told only what `describe` says, reads plausible values from every kind of register."""
    base = lines(free_ports)
    tool, points = program("mbpoll"), described(base)
    stats = tmp_path / "stats.json"
    tables = {
        (4, "f32"): "3:float",
        (3, "s16"): "4",
        (4, "s16"): "3",
        (3, "s32"): "4:int",
        (2, "bit"): "1",
        (3, "u16"): "4",
    }
    expected = {
        "wtl-ed-01.u_a": (198, 236),
        "htn-ed-01.freq": (49.8, 50.2),
        "sqw-ed-02.energy": (10_000, 10_001),
        "wtl-ia-02.air_temp": (160, 280),
        "htn-oh-01.tilt_permille": (50, 200),
        "sqw-el-01.mains": (1, 1),
        "wtl-wn-01.pressure": (100, 400),
        "htn-sp-02.pump1_running": (1, 3),
    }
    with started("serve", "--modbus-port-base", str(base), "--faults", "none", "--stats", str(stats)) as (_, ready):
        assert ready.split()[2] == f"modbus=127.0.0.1:{base},127.0.0.1:{base + 1},127.0.0.1:{base + 2}"
        for point, (low, high) in expected.items():
            source = points[point]
            table = tables[int(str(source["function_code"])), str(source["data_type"])]
            address = int(str(source["address"]))
            values = mbpoll(tool, int(str(source["port"])), int(str(source["unit_id"])), table, address, 1)
            assert low <= values[address] <= high, (point, values)
    totals = json.loads(stats.read_text())
    assert totals["requests"] == len(expected)
    assert (totals["writes_seen"], totals["foreign_seen"]) == (0, 0)


@pytest.mark.requires("mbpoll")
def test_mbpoll_reads_counters(free_port: int, program: Callable[[str], Path], tmp_path: Path) -> None:
    """A foreign tool reads the counter bank as big-endian floats, different at each read."""
    arguments = ["counters", "--devices", "2", "--port", str(free_port), "--ledger", str(tmp_path / "ledger")]
    with started(*arguments) as (_, ready):
        assert f"modbus=127.0.0.1:{free_port}" in ready
        first = mbpoll(program("mbpoll"), free_port, 2, "4:float", 0, 3)
        second = mbpoll(program("mbpoll"), free_port, 2, "4:float", 0, 3)
    assert list(first.values()) == [0, 1, 2]
    assert list(second.values()) == [25, 26, 27]


def test_a_port_in_use_is_one_line(free_ports: Callable[[int], list[int]], tmp_path: Path) -> None:
    """A taken port ends the command with one line that names it, and what to do."""
    base = lines(free_ports)
    with socket.create_server(("127.0.0.1", base + 1)):
        for command in (
            ["serve", "--modbus-port-base", str(base)],
            ["counters", "--devices", "1", "--port", str(base + 1), "--ledger", str(tmp_path / "l")],
        ):
            said = refused(*command)
            assert len(said.splitlines()) == 1
            assert f"{base + 1}" in said
            assert "port in use" in said
            assert "choose another" in said


def test_wrong_options_are_one_line(tmp_path: Path) -> None:
    """Wrong speeds, URLs, banks and files are refused with what is wrong."""
    script = tmp_path / "script.yaml"
    script.write_text(
        "faults:\n- {kind: dropout, device: nobody, start_s: 1}\n- {kind: cut, line: nowhere, start_s: 1}\n"
    )
    ledger = str(tmp_path / "ledger")
    assert "speed must be above 0" in refused("serve", "--speed", "0")
    assert "not a broker URL" in refused("serve", "--mqtt-url", "127.0.0.1")
    assert "No such file" in refused("serve", "--city", str(tmp_path / "none.yaml"))
    assert "unit ids end at 247" in refused("counters", "--devices", "300", "--port", "1", "--ledger", ledger)
    said = refused("serve", "--faults", str(script))
    assert "script.yaml:2: unknown device 'nobody'" in said
    assert "script.yaml:3: unknown line 'nowhere'" in said


def test_interrupt_ends_it_too(free_ports: Callable[[int], list[int]]) -> None:
    """Ctrl-C ends the command within a second, without a traceback, also with no broker to be found."""
    base = lines(free_ports)
    nobody = f"mqtt://127.0.0.1:{free_ports(1)[0]}"
    arguments = [*COMMAND, "serve", "--modbus-port-base", str(base), "--mqtt-url", nobody]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
        assert time.monotonic() - begin < 1.0
    finally:
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors


def test_accelerated_time(free_ports: Callable[[int], list[int]]) -> None:
    """With speed 1000 the energy counter of a distribution board gains a quarter of an hour's load in a second."""
    base = lines(free_ports)
    source = described(base)["wtl-ed-02.energy"]
    with started("serve", "--modbus-port-base", str(base), "--speed", "1000", "--faults", "none"):
        asked_s, answered_s, readings = [], [], []
        with socket.create_connection(("127.0.0.1", base)) as connection:
            for _ in range(2):
                unit, address = int(str(source["unit_id"])), int(str(source["address"]))
                asked_s.append(time.monotonic())
                connection.sendall(b"\0\1\0\0\0\6" + bytes((unit, 4)) + address.to_bytes(2, "big") + b"\0\2")
                readings.append(connection.recv(100)[9:])
                answered_s.append(time.monotonic())
                time.sleep(1.0)
    first, second = (struct.unpack(">f", raw)[0] for raw in readings)
    # The board's mean is 22 kW; by the hour of the day it draws 0.3 to 1.7 of that (swing 0.5, ripple 0.2). A busy
    # machine sleeps longer than it was told to, so the time between both looks is measured.
    hours_per_s = 1000 / 3600
    shortest_s, longest_s = asked_s[1] - answered_s[0], answered_s[1] - asked_s[0]
    assert 0.3 * 22 * hours_per_s * shortest_s < second - first < 1.7 * 22 * hours_per_s * longest_s


def test_a_recording_that_begins_again_is_announced(free_ports: Callable[[int], list[int]]) -> None:
    """At the seam of a recording the command says which device plays which file from its beginning."""
    with started("serve", "--modbus-port-base", str(lines(free_ports)), "--speed", "100000", "--faults", "none") as (
        process,
        _,
    ):
        assert process.stdout is not None
        said = process.stdout.readline()
    assert re.match(
        r"recording begins again: \S+-wx-01-station/temperature file=cc_by_sa_4/\S+ round=\d+ time_ms=\d+", said
    )


@pytest.fixture
def mosquitto(free_port: int, program: Callable[[str], Path], tmp_path: Path) -> Iterator[int]:
    """A real broker on a free port."""
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {free_port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([str(program("mosquitto")), "-c", str(config)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", free_port), timeout=0.2).close()
            break
        except OSError:
            time.sleep(0.05)
    yield free_port
    broker.terminate()
    broker.wait(5)


def test_devices_publish_to_a_real_broker(mosquitto: int, free_ports: Callable[[int], list[int]]) -> None:
    """Every publishing device of the city reaches a real broker on the described topic; plugs announce themselves and
    are declared Offline by their will when the simulator dies."""
    base = lines(free_ports)
    text = subprocess.run([*COMMAND, "describe"], capture_output=True, text=True, timeout=20, check=True).stdout
    devices = [d for c in yaml.safe_load(text)["communities"] for d in c["mqtt_devices"]]
    seen: dict[str, str] = {}
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener")
    listener.on_message = lambda _c, _u, message: seen.__setitem__(message.topic, message.payload.decode())
    listener.on_connect = lambda c, *_: c.subscribe("#")
    listener.connect("127.0.0.1", mosquitto)
    listener.loop_start()
    with ExitStack() as leaving:
        leaving.callback(listener.loop_stop)
        leaving.callback(listener.disconnect)
        url = f"mqtt://127.0.0.1:{mosquitto}"
        arguments = ["serve", "--modbus-port-base", str(base), "--mqtt-url", url, "--speed", "8"]
        process = leaving.enter_context(subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True))
        leaving.callback(process.kill)
        wanted = {d["topic"] for d in devices} | {d["availability_topic"] for d in devices if d["availability_topic"]}
        _wait(lambda: wanted <= set(seen), "not every device was heard")
        assert len(devices) == 9
        plug = next(d for d in devices if d["product"] == "tasmota-energy")
        assert json.loads(seen[plug["topic"]])["ENERGY"]["Power"] > 0
        assert seen[plug["availability_topic"]] == plug["available_payload"] == "Online"
        process.kill()
        process.communicate()
        _wait(lambda: seen[plug["availability_topic"]] == "Offline", "no last will")


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)
