"""What the broker's accounts may and may not do, with a real broker and real clients."""

from __future__ import annotations

import queue
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from app.broker import BrokerPlan, prepare
from app.broker_accounts import (
    DEVICES_USER,
    HOST_USER,
    devices_account,
    gateway_account,
    gateway_user,
    host_account,
    passwords,
)
from core.sparkplug.topics import NodeId
from tests.conftest import find_free_port, require_program

ONE, TWO = NodeId("g", "gw.1"), NodeId("g", "gw-2")
_WAIT_S = 5.0


class Broker:
    """A broker that can be killed and started again."""

    def __init__(self, plan: BrokerPlan) -> None:
        self.plan = plan
        self._command = prepare(plan)
        self._output = (plan.folder / "output").open("ab")
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self._command, stdout=self._output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _WAIT_S
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.plan.port), 1).close()
                return process
            assert time.monotonic() < deadline, (self.plan.folder / "output").read_text()
            time.sleep(0.02)

    def kill_and_start_again(self) -> None:
        """As a crash and a supervisor would do it."""
        self._process.kill()
        self._process.wait()
        self._process = self._start()

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(_WAIT_S)
        self._output.close()


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Both brokers that can be started as a child, with two gateways, the host and devices."""
    if request.param == "mosquitto":
        require_program("mosquitto")
    accounts = (
        host_account(),
        gateway_account(ONE, ["site/+/state"]),
        gateway_account(TWO),
        devices_account(["site/+/state"]),
    )
    plan = BrokerPlan(
        kind=request.param,
        host="127.0.0.1",
        port=find_free_port(),
        folder=tmp_path / "broker",
        accounts=accounts,
        passwords=passwords(tmp_path / "secrets.json", [account.user for account in accounts]),
        max_message_bytes=300_000,
    )
    running = Broker(plan)
    yield running
    running.stop()


class Client:
    """A paho client whose callbacks end in queues."""

    def __init__(self, broker: Broker, user: str, *, password: str | None = None, will: str = "") -> None:
        self.received: queue.Queue[tuple[str, bytes, int, bool]] = queue.Queue()
        self.connected: queue.Queue[str] = queue.Queue()
        self.granted: queue.Queue[list[bool]] = queue.Queue()
        self.lost = threading.Event()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"{user}-x".replace(".", "_"), protocol=mqtt.MQTTv311
        )
        client.username_pw_set(user, broker.plan.passwords.get(user, "") if password is None else password)
        if will:
            client.will_set(will, b"gone", qos=1)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda _c, _u, _f, code, _p: self.connected.put(str(code))
        client.on_disconnect = lambda *_: self.lost.set()
        client.on_subscribe = lambda _c, _u, _m, codes, _p: self.granted.put([code.value < 0x80 for code in codes])
        client.on_message = lambda _c, _u, m: self.received.put((m.topic, bytes(m.payload), m.qos, m.retain))
        client.connect("127.0.0.1", broker.plan.port, keepalive=10)
        self.paho = client

    def subscribe(self, *filters: str, qos: int = 0) -> list[bool]:
        """Which filters were granted."""
        self.paho.subscribe([(topic, qos) for topic in filters])
        return self.granted.get(timeout=_WAIT_S)

    def next(self) -> tuple[str, bytes, int, bool]:
        """The next message."""
        return self.received.get(timeout=_WAIT_S)


@contextmanager
def client(broker: Broker, user: str, **more: str) -> Iterator[Client]:
    """A connected client that ends with the block."""
    made = Client(broker, user, **more)
    made.paho.loop_start()
    try:
        assert made.connected.get(timeout=_WAIT_S) == "Success"
        yield made
    finally:
        made.paho.disconnect()
        made.paho.loop_stop()


def test_the_way_of_a_gateway_is_open(broker: Broker) -> None:
    """Births, data of 200 kB, commands, the host's retained state and a device's topic all arrive, with their QoS."""
    with client(broker, HOST_USER) as host, client(broker, gateway_user(ONE)) as edge:
        assert all(host.subscribe("spBv1.0/+/NBIRTH/+", "spBv1.0/+/DDATA/+/+", "spBv1.0/+/NDEATH/+"))
        host.paho.publish("spBv1.0/STATE/twingrid", b"on", qos=1, retain=True).wait_for_publish(_WAIT_S)
        assert all(edge.subscribe("spBv1.0/g/NCMD/gw.1", "site/+/state"))
        assert edge.subscribe("spBv1.0/STATE/twingrid", qos=1) == [True]
        assert edge.next() == ("spBv1.0/STATE/twingrid", b"on", 1, True)
        edge.paho.publish("spBv1.0/g/NBIRTH/gw.1", b"birth")
        edge.paho.publish("spBv1.0/g/DDATA/gw.1/bus.1", b"d" * 200_000, qos=1).wait_for_publish(_WAIT_S)
        assert [host.next()[:2] for _ in range(2)] == [
            ("spBv1.0/g/NBIRTH/gw.1", b"birth"),
            ("spBv1.0/g/DDATA/gw.1/bus.1", b"d" * 200_000),
        ]
        host.paho.publish("spBv1.0/g/NCMD/gw.1", b"rebirth")
        assert edge.next()[:2] == ("spBv1.0/g/NCMD/gw.1", b"rebirth")
        with client(broker, DEVICES_USER) as device:
            device.paho.publish("site/a/state", b"{}")
            assert edge.next()[:2] == ("site/a/state", b"{}")


def test_a_gateway_cannot_speak_for_another(broker: Broker) -> None:
    """A message under a foreign id never reaches the host, and foreign commands never reach the gateway."""
    with client(broker, HOST_USER) as host, client(broker, gateway_user(ONE)) as edge:
        host.subscribe("spBv1.0/#")
        edge.subscribe("spBv1.0/g/NCMD/gw.1")
        edge.subscribe("spBv1.0/g/NCMD/gw-2")
        edge.subscribe("#")
        edge.paho.publish("spBv1.0/g/DDATA/gw-2/bus", b"spoof")
        edge.paho.publish("spBv1.0/STATE/twingrid", b"spoof", retain=True)
        edge.paho.publish("spBv1.0/g/NCMD/gw-2", b"spoof")
        host.paho.publish("spBv1.0/g/NCMD/gw-2", b"for two")
        host.paho.publish("spBv1.0/g/NCMD/gw.1", b"for one")
        edge.paho.publish("spBv1.0/g/NDATA/gw.1", b"mine")
        assert edge.next()[:2] == ("spBv1.0/g/NCMD/gw.1", b"for one")
        seen: list[bytes] = []
        while not seen or seen[-1] != b"mine":
            seen.append(host.next()[1])
        assert b"spoof" not in seen
        assert edge.received.empty()


@pytest.mark.parametrize(("user", "password"), [(HOST_USER, "wrong"), ("nobody", "x"), ("", "")])
def test_nobody_comes_in_without_the_password(broker: Broker, user: str, password: str) -> None:
    """A wrong password, an unknown user and nobody at all are turned away."""
    made = Client(broker, user, password=password)
    made.paho.loop_start()
    try:
        assert made.connected.get(timeout=_WAIT_S) != "Success"
    finally:
        made.paho.disconnect()
        made.paho.loop_stop()


def test_the_will_of_a_dead_gateway_is_heard(broker: Broker) -> None:
    """A connection that breaks without goodbye makes the broker publish the NDEATH."""
    with client(broker, HOST_USER) as host:
        host.subscribe("spBv1.0/+/NDEATH/+")
        edge = Client(broker, gateway_user(ONE), will="spBv1.0/g/NDEATH/gw.1")
        edge.paho.loop_start()
        edge.connected.get(timeout=_WAIT_S)
        edge.paho.loop_stop()
        sock = edge.paho.socket()
        assert sock is not None
        sock.close()
        assert host.next()[:2] == ("spBv1.0/g/NDEATH/gw.1", b"gone")


def test_an_oversize_message_harms_its_sender_alone(broker: Broker) -> None:
    """A message over the limit never arrives; others go on."""
    with client(broker, HOST_USER) as host, client(broker, gateway_user(TWO)) as other:
        host.subscribe("spBv1.0/+/NDATA/+")
        with client(broker, gateway_user(ONE)) as edge:
            edge.paho.publish("spBv1.0/g/NDATA/gw.1", b"x" * 400_000)
            edge.lost.wait(_WAIT_S)
        other.paho.publish("spBv1.0/g/NDATA/gw-2", b"fine")
        assert host.next()[1] == b"fine"


def test_clients_find_a_killed_broker_again(broker: Broker) -> None:
    """After SIGKILL and a new start clients come back by themselves, and the retained state is still there."""
    with client(broker, HOST_USER) as host, client(broker, gateway_user(ONE)) as edge:
        host.paho.publish("spBv1.0/STATE/twingrid", b"on", qos=1, retain=True).wait_for_publish(_WAIT_S)
        broker.kill_and_start_again()
        assert host.connected.get(timeout=_WAIT_S) == "Success"
        assert edge.connected.get(timeout=_WAIT_S) == "Success"
        if broker.plan.kind == "nats":  # Mosquitto writes its retained messages every 30 s at best
            edge.subscribe("spBv1.0/STATE/twingrid", qos=1)
            assert edge.next()[1] == b"on"
