"""thingsboard-gateway beside ours: the same farm of devices, its CPU time per value.

The program is installed into an environment of its own (``.rivals``, not kept in the repository) the first time
it is wanted. Two layouts: ``tags``, one entry a value as in its shipped example, which it never merges into one
request; and ``wide``, one entry for all registers of a device, its best. It speaks MQTT 5, so its broker is Debian's
mosquitto. What it asks of a ThingsBoard server is answered: session limits (none) and attributes (empty).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

VERSION: Final = "3.8.5"
NAME: Final = f"thingsboard-gateway {VERSION}"
PACKAGES: Final = (f"thingsboard-gateway=={VERSION}", "pymodbus==3.9.2", "pyserial", "pyserial-asyncio")
FOLDER: Final = Path(__file__).parents[1] / ".rivals" / "thingsboard-gateway"
WARM_S: Final = 8.0
MEASURE_S: Final = 12.0
START_S: Final = 90.0
LAYOUTS: Final = {"tags": 1000, "wide": 100}
"""Poll period in ms: as shipped, and as fast as its best layout takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one layout did: values that arrived at the broker a second, and a CPU second of the gateway."""

    values_s: float
    values_per_cpu_s: float


def installed() -> Path | None:
    """The Python of the rival's environment, made if need be; None if it cannot be installed here."""
    python = FOLDER / "bin" / "python"
    ready = FOLDER / "ready"
    if not ready.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        for command in (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
        ):
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
                return None
        ready.touch()
    return python


class Server:
    """Stands in for a ThingsBoard server behind the broker; counts values."""

    def __init__(self, port: int) -> None:
        """Connect to the broker at ``port``."""
        self.values = 0
        self.heard = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "thingsboard")
        self._client.on_message = self._received
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("v1/gateway/#", 1), ("v1/devices/me/#", 1)])
        self._client.loop_start()

    def close(self) -> None:
        """Go."""
        self._client.disconnect()
        self._client.loop_stop()

    def _received(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = message.topic
        if topic == "v1/gateway/telemetry":
            devices: dict[str, list[dict[str, Any]]] = json.loads(message.payload)
            self.values += sum(len(row.get("values", row)) for rows in devices.values() for row in rows)
            self.heard.set()
        elif "/request" in topic:
            self._answer(topic, bytes(message.payload))

    def _answer(self, topic: str, payload: bytes) -> None:
        asked = json.loads(payload or b"{}")
        answer: dict[str, Any] = {}
        if asked.get("method") == "getSessionLimits":
            answer = {"maxPayloadSize": 65536, "maxInflightMessages": 100, "rateLimits": {}, "gatewayRateLimits": {}}
        elif topic == "v1/gateway/attributes/request":
            answer = {"id": asked.get("id"), "device": asked.get("device"), "values": {}}
        self._client.publish(topic.replace("/request", "/response"), json.dumps(answer), 1)


def measure(
    folder: Path, farm_port: int, mqtt_port: int, devices: int, cpu_s: Callable[[int], float]
) -> dict[str, Measured]:
    """Both layouts, one after the other; empty if the program or mosquitto is not to be had here.

    Args:
        folder: for its configuration and logs.
        farm_port: where the devices listen, on 127.0.1.1 and up.
        mqtt_port: where its broker is to listen.
        devices: how many.
        cpu_s: CPU seconds of a process so far.
    """
    python, mosquitto = installed(), shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if python is None or mosquitto is None:
        return {}
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {mqtt_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    broker = subprocess.Popen([mosquitto, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        return {
            layout: _measure(python, folder / layout, _slaves(layout, period_ms, farm_port, devices), mqtt_port, cpu_s)
            for layout, period_ms in LAYOUTS.items()
        }
    finally:
        broker.kill()
        broker.wait()


def _measure(
    python: Path, folder: Path, slaves: list[dict[str, Any]], mqtt_port: int, cpu_s: Callable[[int], float]
) -> Measured:
    _configure(python, folder, slaves, mqtt_port)
    server = Server(mqtt_port)
    environment = {**os.environ, "TB_GW_CONFIG_DIR": f"{folder}/config", "PYTHONWARNINGS": "ignore"}
    with (folder / "output.log").open("wb") as out:
        gateway = subprocess.Popen(
            [str(python), "-c", "from thingsboard_gateway.tb_gateway import main; main()"],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        if not server.heard.wait(START_S):
            raise RuntimeError(f"thingsboard-gateway sent no value: {(folder / 'output.log').read_text()[-2000:]}")
        time.sleep(WARM_S)
        values, used_s, began_s = server.values, cpu_s(gateway.pid), time.monotonic()
        time.sleep(MEASURE_S)
        seconds = time.monotonic() - began_s
        values, used_s = server.values - values, cpu_s(gateway.pid) - used_s
    finally:
        gateway.send_signal(signal.SIGTERM)
        try:
            gateway.wait(20)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()
        server.close()
    return Measured(values_s=values / seconds, values_per_cpu_s=values / used_s)


def _slaves(layout: str, period_ms: int, farm_port: int, devices: int) -> list[dict[str, Any]]:
    if layout == "tags":
        series = [
            {"tag": f"r{at}", "type": "32float", "functionCode": 3, "objectsCount": 2, "address": at}
            for at in range(0, 50, 2)
        ]
    else:
        whole = {"tag": "r${address}", "type": "32float", "functionCode": 3, "objectsCount": 2, "address": "0-49"}
        series = [{**whole, "maxRegistersPerRequest": 50}]
    return [
        {
            "host": f"127.0.1.{unit}",
            "port": farm_port,
            "type": "tcp",
            "method": "socket",
            "unitId": unit,
            "deviceName": f"dev{unit}",
            "deviceType": "default",
            "byteOrder": "BIG",
            "wordOrder": "BIG",
            "timeout": 5,
            "retries": 3,
            "retryOnEmpty": True,
            "retryOnInvalid": True,
            "pollPeriod": period_ms,
            "connectAttemptTimeMs": 500,
            "connectAttemptCount": 5,
            "waitAfterFailedAttemptsMs": 30000,
            "attributes": [],
            "timeseries": series,
            "attributeUpdates": [],
            "rpc": [],
        }
        for unit in range(1, devices + 1)
    ]


def _configure(python: Path, folder: Path, slaves: list[dict[str, Any]], mqtt_port: int) -> None:
    config, logs = folder / "config", folder / "logs"
    config.mkdir(parents=True)
    logs.mkdir()
    limits = {
        name: f"DEFAULT_{kind}_RATE_LIMIT"
        for name, kind in (
            ("rateLimits", "TELEMETRY"),
            ("dpRateLimits", "TELEMETRY_DP"),
            ("messagesRateLimits", "MESSAGES"),
            ("deviceMessagesRateLimits", "MESSAGES"),
            ("deviceRateLimits", "TELEMETRY"),
            ("deviceDpRateLimits", "TELEMETRY_DP"),
        )
    }
    server = {
        "host": "127.0.0.1",
        "port": mqtt_port,
        "remoteShell": False,
        "remoteConfiguration": False,
        "statistics": {"enable": False, "statsSendPeriodInSeconds": 3600},
        "maxPayloadSizeBytes": 8196,
        "minPackSendDelayMS": 50,
        "minPackSizeToSend": 500,
        "checkConnectorsConfigurationInSeconds": 60,
        "security": {"type": "accessToken", "accessToken": "bench"},
        "qos": 1,
        "reportStrategy": {"type": "ON_RECEIVED"},
        "checkingDeviceActivity": {"checkDeviceInactivity": False},
        **limits,
    }
    gateway = {
        "thingsboard": server,
        "storage": {"type": "memory", "read_records_count": 100, "max_records_count": 100000},
        "grpc": {"enabled": False},
        "connectors": [{"type": "modbus", "name": "modbus", "configuration": "modbus.json"}],
    }
    (config / "tb_gateway.json").write_text(json.dumps(gateway))
    (config / "modbus.json").write_text(json.dumps({"master": {"slaves": slaves}}))
    found = subprocess.run(
        [str(python), "-c", "import thingsboard_gateway as t; print(t.__path__[0])"],
        stdout=subprocess.PIPE,
        check=True,
        cwd=folder,
    )
    shipped = json.loads((Path(found.stdout.decode().strip()) / "config" / "logs.json").read_text())
    for handler in shipped["handlers"].values():
        if "filename" in handler:
            handler["filename"] = str(logs / Path(handler["filename"]).name)
    (config / "logs.json").write_text(json.dumps(shipped))
