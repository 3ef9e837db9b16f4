"""Points at real brokers as Home Assistant finds them: discovered, told, taken away; a broken one harms nobody."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from app.broker import BrokerPlan, prepare
from app.broker_accounts import (
    HOME_ASSISTANT_USER,
    HOST_USER,
    OUTWARD_USER,
    home_assistant_account,
    host_account,
    outward_account,
    passwords,
)
from app.home_assistant_settings import HomeAssistantSettings
from app.installation import broker_process
from app.settings import BrokerSettings, RegistrySettings, Settings, StoreSettings
from app.wiring_core import core
from core.clock import SystemClock
from core.people import Language
from core.ports.store import Commit
from core.readings import Int32s, Readings, empty, readings
from dispatch.home_assistant.board import Shown
from dispatch.home_assistant.discovery import availability_topic, config_topic, state_topic
from dispatch.home_assistant.publisher import BrokerLine, HomeAssistantPublisher, Pace, remembered
from tests.conftest import find_free_port, require_program
from tests.integration.brokers import running
from tests.unit.dispatch.test_home_assistant import FLOAT, HOSTILE, LEVEL, shown
from tests.unit.registry.city import write_city

_WAIT_S = 60.0
CONFIG, STATE, THERE = config_topic("t", LEVEL), state_topic("t", LEVEL), availability_topic("t")


@pytest.fixture(params=["mosquitto", "nats"])
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> BrokerPlan:
    """Both brokers that Twingrid starts, with the accounts that it gives them."""
    if request.param == "mosquitto":
        require_program("mosquitto")
    accounts = (host_account(), outward_account(), home_assistant_account())
    return BrokerPlan(
        kind=request.param,
        host="127.0.0.1",
        port=find_free_port(),
        folder=tmp_path / "broker",
        accounts=accounts,
        passwords=passwords(tmp_path / "secrets.json", [account.user for account in accounts]),
    )


@contextmanager
def broker(plan: BrokerPlan) -> Iterator[None]:
    with running(list(prepare(plan)), plan.port, plan.folder / "output"):
        yield


class Watcher:
    """What a client with Home Assistant's account sees: the last word of every topic."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.seen: dict[str, bytes] = {}
        self.count = 0
        self.changed = threading.Condition()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, f"watcher-{user}", protocol=mqtt.MQTTv311)
        self._client.username_pw_set(user, password)
        self._client.on_connect = lambda client, *_: client.subscribe([("homeassistant/#", 1), ("twingrid/#", 1)])
        self._client.on_message = self._take
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", port)

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self.changed:
            self.count += 1
            if message.payload:
                self.seen[message.topic] = bytes(message.payload)
            else:
                self.seen.pop(message.topic, None)
            self.changed.notify_all()

    def until(self, true: Callable[[dict[str, bytes]], bool]) -> dict[str, bytes]:
        """What is seen as soon as it is so."""
        with self.changed:
            assert self.changed.wait_for(lambda: true(self.seen), _WAIT_S), self.seen
            return dict(self.seen)

    def __enter__(self) -> Watcher:
        self._client.loop_start()
        assert self._ready.wait(_WAIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def watch(plan: BrokerPlan, user: str = HOME_ASSISTANT_USER) -> Watcher:
    """A client of one of the plan's accounts."""
    return Watcher(plan.port, user, plan.passwords[user])


class Here:
    """What is to be shown and what is measured, both of which a test changes."""

    def __init__(self, plan: BrokerPlan, folder: Path) -> None:
        self.shown: Shown = shown(LEVEL, FLOAT)
        self.file = folder / "home-assistant.json"
        self.asked = 0
        self._plan, self._values = plan, dict[int, float]()

    def measure(self, **values: float) -> None:
        """Readings of now, by ``p101=1.5``."""
        self._values |= {int(name[1:]): value for name, value in values.items()}

    def latest(self, _points: Int32s) -> Readings:
        """As a store answers."""
        self.asked += 1
        now_ms, numbers = SystemClock().now_ms(), sorted(self._values)
        if not numbers:
            return empty()
        at_ms = [now_ms // 1000 * 1000] * len(numbers)
        return readings(point=numbers, time_ms=at_ms, value=[self._values[one] for one in numbers])

    def publisher(self, per_second: int = 500, **line: object) -> HomeAssistantPublisher:
        """One over this."""
        values = {
            "host": "127.0.0.1",
            "port": self._plan.port,
            "user": OUTWARD_USER,
            "password": self._plan.passwords[OUTWARD_USER],
        }
        made = BrokerLine(**(values | line))  # type: ignore[arg-type]
        return HomeAssistantPublisher(
            lambda: made,
            self.file,
            Pace(every_ms=1000, per_second=per_second),
            shown=lambda: self.shown,
            latest=self.latest,
            clock=SystemClock(),
        )


@pytest.fixture
def here(plan: BrokerPlan, tmp_path: Path) -> Here:
    return Here(plan, tmp_path / "data")


def test_points_are_found_told_and_gone_with_their_option(plan: BrokerPlan, here: Here) -> None:
    """Retained for whoever comes later; offline after a goodbye; after a restart without the option nothing is left."""
    here.measure(p101=1.5, p102=1.0)
    with broker(plan):
        with here.publisher(), watch(plan) as watcher:
            seen = watcher.until(lambda seen: {CONFIG, STATE, state_topic("t", FLOAT), THERE} <= seen.keys())
            assert seen[THERE] == b"online"
            assert json.loads(seen[CONFIG])["state_topic"] == STATE
            assert json.loads(seen[STATE])["value"] == 1.5
            assert json.loads(seen[state_topic("t", FLOAT)])["value"] == "ON"
            here.measure(p101=2.5)
            watcher.until(lambda seen: json.loads(seen[STATE])["value"] == 2.5)
        with watch(plan) as late:
            late.until(lambda seen: seen.get(THERE) == b"offline" and seen.keys() == remembered(here.file))
        here.shown = shown(wanted=False)
        with here.publisher() as cleaning:
            _until(lambda: cleaning.idle)
        assert remembered(here.file) == frozenset()
        with watch(plan) as last:
            last._client.publish("homeassistant/status", b"online", qos=1)  # comes after all that is retained
            assert set(last.until(lambda seen: "homeassistant/status" in seen)) == {"homeassistant/status"}
    assert here.publisher().idle


def test_a_point_that_goes_takes_its_messages_along(plan: BrokerPlan, here: Here) -> None:
    """While it runs, and also when it went while nothing ran."""
    here.measure(p101=1.5, p102=1.0)
    both = {config_topic("t", FLOAT), state_topic("t", FLOAT)}
    with broker(plan):
        with here.publisher(), watch(plan) as watcher:
            watcher.until(lambda seen: both <= seen.keys())
            here.shown = shown(LEVEL)
            watcher.until(lambda seen: not both & seen.keys())
            _until(lambda: not both & remembered(here.file))
        here.shown = shown(FLOAT)
        # It watches beforehand: whoever comes at the very moment may be handed by NATS what is just taken away.
        with watch(plan) as watcher:
            watcher.until(lambda seen: {CONFIG, STATE} <= seen.keys())
            with here.publisher():
                watcher.until(lambda seen: both <= seen.keys() and CONFIG not in seen and STATE not in seen)
                _until(lambda: not {CONFIG, STATE} & remembered(here.file))
        with watch(plan) as later:
            assert not {CONFIG, STATE} & later.until(lambda seen: both <= seen.keys()).keys()


def test_hostile_names_arrive_as_texts(plan: BrokerPlan, here: Here) -> None:
    """They change no topic and break no message, at the broker too."""
    point = replace(LEVEL, facility=HOSTILE, facility_name=HOSTILE, name=HOSTILE, key=HOSTILE)
    here.shown = shown(point)
    with broker(plan), here.publisher(), watch(plan) as watcher:
        seen = watcher.until(lambda seen: config_topic("t", point) in seen)
        assert json.loads(seen[config_topic("t", point)])["name"].startswith('x"}{{ states(')


def test_a_killed_process_is_offline_and_a_lost_broker_is_found_again(plan: BrokerPlan, here: Here) -> None:
    """The will is spoken when a session ends without goodbye, and everything is said anew to a broker that was away."""
    here.measure(p101=1.5)
    with broker(plan), watch(plan) as watcher:
        going = here.publisher()
        with going:
            watcher.until(lambda seen: STATE in seen)
            going._ending.set()
            going._goodbye = lambda client: client.socket().close()  # type: ignore[method-assign,union-attr]
        watcher.until(lambda seen: seen[THERE] == b"offline")
    with here.publisher():
        with broker(plan), watch(plan) as watcher:
            watcher.until(lambda seen: seen.get(THERE) == b"online" and STATE in seen)
        here.measure(p101=7.5)
        with broker(plan), watch(plan) as watcher:
            watcher.until(lambda seen: STATE in seen and json.loads(seen[STATE])["value"] == 7.5)


def test_it_may_write_nothing_else_and_home_assistant_only_reads(plan: BrokerPlan, here: Here) -> None:
    """With the outward account no command reaches a gateway, and Home Assistant sees none and changes no value."""
    heard: list[str] = []
    with broker(plan), here.publisher(), watch(plan) as watcher:
        watcher.until(lambda seen: CONFIG in seen)
        host = mqtt.Client(CallbackAPIVersion.VERSION2, "host", protocol=mqtt.MQTTv311)
        host.username_pw_set(HOST_USER, plan.passwords[HOST_USER])
        host.on_message = lambda _c, _d, message: heard.append(message.topic)
        ready = threading.Event()
        host.on_subscribe = lambda *_: ready.set()
        host.on_connect = lambda client, *_: client.subscribe("spBv1.0/#")
        host.connect("127.0.0.1", plan.port)
        host.loop_start()
        try:
            assert ready.wait(_WAIT_S)
            for user in (OUTWARD_USER, HOME_ASSISTANT_USER):
                with watch(plan, user) as somebody:
                    somebody._client.publish("spBv1.0/g/NCMD/n", b"evil")
                    time.sleep(0.2)
            with watch(plan) as somebody:
                somebody._client.publish(STATE, b"evil", retain=True)
                time.sleep(0.2)
            host.publish("spBv1.0/g/NCMD/last", b"mine")
            _until(lambda: "spBv1.0/g/NCMD/last" in heard)
        finally:
            host.disconnect()
            host.loop_stop()
        assert heard == ["spBv1.0/g/NCMD/last"]
        assert watcher.seen.get(STATE) != b"evil"


def test_a_broker_that_never_answers_holds_nobody(here: Here) -> None:
    """A port that accepts and says nothing: no reading is asked for, and the end comes at once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publisher = here.publisher(port=silent.getsockname()[1])
        with publisher:
            time.sleep(0.5)
            begun = time.monotonic()
        assert time.monotonic() - begun < 4
    _until(lambda: not publisher._thread.is_alive())
    assert here.asked == 0


def test_a_broker_that_takes_nothing_is_left_and_costs_no_memory(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that welcomes and then answers nothing: at most 400 messages are under way, and the session is given up."""
    monkeypatch.setattr("dispatch.home_assistant.publisher._ANSWER_S", 3.0)
    here.shown = shown(*(replace(LEVEL, number=number) for number in range(2000)))
    here.measure(**{f"p{number}": 1.0 for number in range(2000)})
    most = 0
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(_WAIT_S)
        with here.publisher(1000, port=deaf.getsockname()[1]) as publisher:
            connection, _ = deaf.accept()
            with connection:
                connection.sendall(b"\x20\x02\x00\x00")
                deadline = time.monotonic() + 60
                while not publisher._said_broken and time.monotonic() < deadline:
                    most = max(most, len(publisher._unanswered))
                    time.sleep(0.02)
            assert publisher._said_broken
    assert most == 400


def test_a_wrong_password_is_said_once_and_asked_again(
    plan: BrokerPlan, here: Here, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent, and the warning names the broker's reason and no password."""
    with broker(plan), here.publisher(password="not this"):
        _until(lambda: any("shown nothing" in record.message for record in caplog.records))
        time.sleep(2.5)
    said = [record for record in caplog.records if "shown nothing" in record.message and record.levelname == "WARNING"]
    assert len(said) == 1
    assert "not this" not in caplog.text


def test_the_rate_is_bounded_at_the_broker(plan: BrokerPlan, here: Here) -> None:
    """Five messages a second are no six, however many points there are."""
    here.shown = shown(*(replace(LEVEL, number=number) for number in range(40)))
    with broker(plan), watch(plan) as watcher, here.publisher(per_second=5):
        watcher.until(lambda seen: len(seen) >= 5)
        begun, before = time.monotonic(), watcher.count
        time.sleep(2.2)
        assert watcher.count - before <= 5 * (time.monotonic() - begun + 1)


def test_the_core_process_shows_what_its_settings_name(tmp_path: Path) -> None:
    """With the broker and accounts of an installation: a commit of readings is seen by Home Assistant's account."""
    require_program("mosquitto")
    settings = Settings(
        data_dir=tmp_path / "data",
        language=Language.ENGLISH,
        broker=BrokerSettings(kind="mosquitto", port=find_free_port()),
        store=StoreSettings(engine="memory"),
        registry=RegistrySettings(folder=write_city(tmp_path / "registry")),
        home_assistant=HomeAssistantSettings(facilities=("aa-sp-01",), every_s=1),
    )
    spec = broker_process(settings, [])
    known = passwords(settings.broker_secrets, [HOME_ASSISTANT_USER])
    with running(list(spec.command), settings.broker.port, tmp_path / "output"), core(settings, SystemClock()) as parts:
        (level,) = (
            one
            for one in parts.registry.facility_by_code("aa-sp-01").points  # type: ignore[union-attr]
            if one.key == "level"
        )
        topic = f"twingrid/twingrid/aa-sp-01/level_{level.number}"
        now_ms = SystemClock().now_ms()
        parts.store.commit(Commit(readings=readings(point=[level.number], time_ms=[now_ms], value=[1.25])))
        with Watcher(settings.broker.port, HOME_ASSISTANT_USER, known[HOME_ASSISTANT_USER]) as watcher:
            seen = watcher.until(lambda seen: topic in seen and "twingrid/twingrid/availability" in seen)
        assert json.loads(seen[topic])["value"] == 1.25
        config = next(text for name, text in seen.items() if name.endswith(f"/level_{level.number}/config"))
        assert json.loads(config)["unit_of_measurement"] == "m"
        assert len([name for name in seen if name.endswith("/config")]) > 1
        assert all("aa-sp-01" in name for name in seen if name.endswith("/config"))


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
