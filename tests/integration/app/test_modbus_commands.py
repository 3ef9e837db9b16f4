"""``twingrid modbus`` and ``twingrid site`` on Modbus TCP: output, JSON, statistics and exit codes."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import run
from app.exits import Exit
from firmware_sim.clock import ManualClock
from firmware_sim.devices.climate import XyMd02
from firmware_sim.modbus.server import ModbusLine
from firmware_sim.signals.base import ConstantSignal
from tests.conftest import find_free_port


@pytest.fixture
def port() -> Iterator[int]:
    """A Modbus TCP server with a climate sensor as unit 1, in a thread of its own."""
    number = find_free_port()
    ready, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    device = XyMd02(
        device_id="climate",
        temperature=ConstantSignal(unit="Cel", constant=-5.3),
        humidity=ConstantSignal(unit="%", constant=65.5),
        address=1,
    )

    async def serve() -> None:
        async with ModbusLine("bus", {1: device}, ManualClock(start_ms=0), port=number):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="modbus-server")
    thread.start()
    assert ready.wait(5)
    yield number
    loop.call_soon_threadsafe(over.set)
    thread.join(5)
    loop.close()


def test_reading_is_like_mbpoll_with_hexadecimal_beside(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """References from 1, values with their words, and the closing statistics line."""
    command = ["modbus", "read", "127.0.0.1", "-p", str(port), "-a", "1", "-t", "3:int16", "-r", "2", "-c", "2"]
    code = run([*command, "--lang", "en"])
    out = capsys.readouterr().out
    assert code == Exit.OK
    rows = [line.split() for line in out.splitlines() if line.startswith("[")]
    assert rows == [["[2]:", "-53", "FFCB"], ["[3]:", "655", "028F"]]
    assert "--- 127.0.0.1 poll statistics ---" in out
    assert "1 frames transmitted, 1 received, 0 errors, 0.0% frame loss" in out


def test_a_refusal_and_a_silence_are_findings(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception is received and an error; a silent unit is a lost frame."""
    assert run(["modbus", "read", "127.0.0.1", "-p", str(port), "-t", "3", "-r", "900", "--lang", "zh"]) == Exit.FINDING
    out, err = capsys.readouterr()
    assert "异常码 2" in err
    assert "收到 1 帧，错误 1，丢失 0.0%" in out
    command = ["modbus", "read", "127.0.0.1", "-p", str(port), "-a", "9", "-o", "0.05", "--lang", "en"]
    assert run(command) == Exit.FINDING
    assert "1 frames transmitted, 0 received, 1 errors, 100.0% frame loss" in capsys.readouterr().out


def test_the_json_is_stable(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Units with values, and statistics; -0 counts from 0."""
    command = ["modbus", "watch", "127.0.0.1", "-p", str(port), "-0", "-r", "1", "-t", "3:hex", "-n", "2", "-l", "10"]
    assert run([*command, "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == {
        "units": [
            {
                "unit": 1,
                "function": 4,
                "address": 1,
                "error": None,
                "exception": 0,
                "values": [{"reference": 1, "hex": "FFCB", "text": "0xFFCB", "number": 65483.0}],
            }
        ],
        "statistics": {"sent": 2, "received": 2, "errors": 0, "loss_percent": 0.0},
    }


def test_a_scan_finds_the_unit(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Among five ids."""
    command = ["modbus", "scan", "127.0.0.1", "-p", str(port), "-a", "1-5", "-o", "0.05", "--json"]
    assert run(command) == Exit.OK
    assert [unit["unit"] for unit in json.loads(capsys.readouterr().out)["units"]] == [1]


def test_pasted_hexadecimal_is_decoded_as_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """The plausible meaning first; of a whole RTU answer only the data."""
    assert run(["modbus", "decode", "4366 8000", "--json"]) == Exit.OK
    plain = json.loads(capsys.readouterr().out)
    assert plain["words"] == [0x4366, 0x8000]
    first = plain["cells"][0]["meanings"][0]
    assert (first["form"], first["value"]) == ({"type": "f32", "order": "ABCD"}, 230.5)
    assert len(plain["cells"][0]["meanings"]) == 16
    # the answer of simplymodbus.ca's example of function 3
    assert run(["modbus", "decode", "11 03 06 AE41 5652 4340 49AD", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["words"] == [0xAE41, 0x5652, 0x4340]


@pytest.mark.parametrize(
    "command",
    [
        ["modbus", "decode", "xyz"],
        ["modbus", "decode", "436680"],
        ["modbus", "read", "127.0.0.1", "-t", "7"],
        ["modbus", "read", "127.0.0.1", "-r", "0"],
        ["modbus", "read", "127.0.0.1", "-a", "300"],
        ["modbus", "read", "127.0.0.1", "-m", "bus"],
        ["site", "find", "--host", "127.0.0.1", "--setting", "9600-9X1"],
        ["site", "solve", "1", "voltage"],
    ],
)
def test_wrong_use_is_exit_code_two(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says how it is written."""
    monkeypatch.chdir(tmp_path)
    run(["site", "add", "1", "--host", "127.0.0.1"])
    assert run(command) == Exit.USAGE


def test_what_is_not_there_is_unavailable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that nobody serves and a serial port that does not exist: exit code 69, with the reason."""
    assert run(["modbus", "read", "/dev/ttyNONE", "--lang", "en"]) == Exit.UNAVAILABLE
    assert "cannot be opened" in capsys.readouterr().err
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        number = str(closed.getsockname()[1])
    command = ["site", "find", "--host", "127.0.0.1", "--port", number, "--session", str(tmp_path), "--units", "1"]
    assert run(command) == Exit.UNAVAILABLE


def test_the_steps_work_one_command_after_the_other(
    port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On Modbus TCP: find, choose, look, prove, bulk, place, labels, sign, verify, status."""
    where = ["--session", str(tmp_path / "s")]
    host = ["--host", "127.0.0.1", "--port", str(port)]
    assert run(["site", "find", *where, *host, "--units", "1-3", "--timeout", "0.1"]) == Exit.OK
    assert run(["site", "identify", "1", "--profile", "xy-md02", *where]) == Exit.OK
    assert run(["site", "look", "1", *where]) == Exit.OK
    assert "4:1" in capsys.readouterr().out
    # -5.3 has a sign in front, as displays show it
    assert run(["site", "prove", "1", "temperature=-5.3 °C", "humidity=65.5", *where]) == Exit.OK
    assert run(["site", "select", "1", "temperature=temp@5", "humidity", *where]) == Exit.OK
    assert run(["site", "prove", "1", "temperature=-4.3", *where]) == Exit.FINDING
    assert run(["site", "prove", "1", "temperature=-5.3", *where]) == Exit.OK
    assert run(["site", "place", "1", "wtl-th-01", *where]) == Exit.OK
    table = tmp_path / "more.csv"
    table.write_text("unit,facility\n2,a b\n2,\n", encoding="utf-8")
    assert run(["site", "bulk", "1", str(table), *where, "--lang", "en"]) == Exit.CONFIG
    assert "more.csv:3:1 TG-0405" in capsys.readouterr().err
    table.write_text("unit,facility\n2,wtl-th-02\n", encoding="utf-8")
    assert run(["site", "bulk", "1", str(table), *where]) == Exit.OK
    labels = tmp_path / "labels.pdf"
    assert run(["site", "labels", "grid.example.org", "-o", str(labels), *where]) == Exit.OK
    assert labels.read_bytes().startswith(b"%PDF")
    capsys.readouterr()
    assert run(["site", "sign", "--by", "Li", "--json", *where]) == Exit.FINDING
    signed = json.loads(capsys.readouterr().out)
    assert signed["unproven"] == ["wtl-th-02/temp", "wtl-th-02/humidity"]
    assert run(["site", "verify", signed["file"]]) == Exit.OK
    record = Path(signed["file"])
    record.write_bytes(record.read_bytes().replace(b"-5.3", b"-5.4"))
    assert run(["site", "verify", signed["file"]]) == Exit.FINDING
    assert run(["site", "status", "--json", *where]) == Exit.OK


def test_servers_are_found_among_hosts(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A Modbus server answers; a closed port is not listed; a text that is none is wrong use."""
    assert run(["site", "hosts", f"127.0.0.1:{port}", "127.0.0.1:1", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == {
        "hosts": [{"host": "127.0.0.1", "port": port, "answers": True, "framing": "tcp"}]
    }
    assert run(["site", "hosts", "10.0.0.0/8"]) == Exit.USAGE
