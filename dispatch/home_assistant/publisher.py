"""Keeps the broker at what Home Assistant is to see: one thread with one MQTT session of its own.

It shares nothing with ingest but the broker's address and the store's newest readings, which it asks for. A broker that
is away, refuses, hangs or takes nothing costs this thread its turn and nobody else anything: what is unanswered is
bounded, nothing is queued, and a session that does not go on is given up and begun anew.

What may be retained at the broker is remembered in a file before it is sent, so that it is taken away also by a process
that was started after the option was switched off.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from core.clock import Clock
from core.errors import Unavailable
from core.readings import Int32s, Readings
from core.whole_file import write_whole
from dispatch.home_assistant.board import Board, Shown
from dispatch.home_assistant.discovery import OFFLINE, Message, availability_topic, slug

log = logging.getLogger(__name__)

_TURN_S: Final = 1.0
_LOOP_S: Final = 0.2
_LOOK_EVERY_S: Final = 5.0
_CONNECT_S: Final = 3.0
_ANSWER_S: Final = 30.0
"""A broker that takes no message for so long is left."""
_KEEPALIVE_S: Final = 15
_MOST_UNANSWERED: Final = 400
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_GOODBYE_S: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerLine:
    """Where the broker is, and who comes; without ``user`` nobody is named."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Bounds: least time between two values of one point, and most messages a second of all."""

    every_ms: int
    per_second: int


def remembered(file: Path) -> frozenset[str]:
    """Topics at which something of ours may be retained; none if the file is missing or of no use."""
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError) as error:
        log.warning("what is retained for Home Assistant is not known", extra={"file": str(file), "why": str(error)})
        return frozenset()
    return frozenset(one for one in read if isinstance(one, str)) if isinstance(read, list) else frozenset()


class HomeAssistantPublisher:
    """A context manager that owns the thread and its session."""

    def __init__(
        self,
        line: Callable[[], BrokerLine],
        file: Path,
        pace: Pace,
        *,
        shown: Callable[[], Shown],
        latest: Callable[[Int32s], Readings],
        clock: Clock,
    ) -> None:
        """Nothing runs before the context is entered.

        Args:
            line: the broker; asked for every session.
            file: where it is remembered what may be retained.
            pace: bounds.
            shown: what is to be shown now; the same object while nothing changed.
            latest: the newest reading of each of these points.
            clock: of the ages of readings.
        """
        self._line, self._file, self._pace = line, file, pace
        self._wanted, self._latest, self._clock = shown, latest, clock
        self._shown = shown()
        self._kept = remembered(file)
        self._board = Board(self._shown, self._kept, pace.every_ms)
        self._unanswered: dict[int, Message] = {}
        self._answered_s = self._turn_s = self._look_s = 0.0
        self._refusal: str | None = None
        self._said_broken = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)

    @property
    def idle(self) -> bool:
        """Whether nothing is to be shown and nothing was left behind: there is no need to run."""
        return self._board.done

    def __enter__(self) -> HomeAssistantPublisher:
        """Start the thread, unless there is nothing to do for it."""
        if not self.idle:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye (offline) and end."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_CONNECT_S)

    # --- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._ending.is_set() and not self.idle:
            try:
                self._session()
                pause_s = _FIRST_PAUSE_S
            except (OSError, Unavailable) as error:
                self._complain(str(error))
            except Exception:  # the boundary of this thread: what fails here must end nothing else
                log.exception("showing points to Home Assistant failed; it begins anew")
            if self._ending.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _complain(self, why: str) -> None:
        level = logging.DEBUG if self._said_broken else logging.WARNING
        log.log(level, "Home Assistant is shown nothing now", extra={"why": why})
        self._said_broken = True

    def _session(self) -> None:
        """One connection, until the end, until nothing is left to do, or until it breaks.

        Raises:
            OSError: if there is no connection.
            Unavailable: if the broker refuses, hangs up or takes nothing.
        """
        self._look()
        line = self._line()
        client = self._client(line)
        client.connect(line.host, line.port, _KEEPALIVE_S)
        try:
            self._await_welcome(client)
            self._board.begin()
            self._unanswered.clear()
            self._answered_s = time.monotonic()
            log.info("Home Assistant is shown points", extra={"points": len(self._board.points)})
            self._said_broken = False
            while not self._ending.is_set() and not (self.idle and not self._unanswered):
                self._turn(client)
                self._spin(client)
            self._remember()
            self._goodbye(client)
        except BaseException:
            sock = client.socket()
            if sock is not None:
                sock.close()  # without a goodbye, so that the broker speaks the will
            raise

    def _client(self, line: BrokerLine) -> mqtt.Client:
        name = f"twingrid-outward-{slug(self._shown.host)}"
        client = mqtt.Client(CallbackAPIVersion.VERSION2, name, clean_session=True, protocol=mqtt.MQTTv311)
        if line.user:
            client.username_pw_set(line.user, line.password)
        if line.tls:
            client.tls_set(ca_certs=None if line.ca_file is None else str(line.ca_file))
        if self._shown.wanted:
            client.will_set(availability_topic(self._shown.host), OFFLINE, qos=1, retain=True)
        client.connect_timeout = _CONNECT_S
        client.max_inflight_messages_set(_MOST_UNANSWERED + 1)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        self._refusal = None
        return client

    def _await_welcome(self, client: mqtt.Client) -> None:
        until_s = time.monotonic() + _CONNECT_S
        while not client.is_connected():
            self._spin(client)
            if time.monotonic() > until_s:
                raise Unavailable("the broker does not answer")

    def _spin(self, client: mqtt.Client) -> None:
        code = client.loop(_LOOP_S)
        if self._refusal is not None:
            raise Unavailable(f"the broker refuses: {self._refusal}")
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise Unavailable(f"the connection was lost: {mqtt.error_string(code)}")

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, code: ReasonCode, _p: Properties | None
    ) -> None:
        self._refusal = str(code) if code.is_failure else None

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, _code: ReasonCode, _p: Properties | None
    ) -> None:
        message = self._unanswered.pop(mid, None)
        self._answered_s = time.monotonic()
        if message is not None:
            self._board.acknowledged(message)

    # --- a turn -------------------------------------------------------------------------------------------------

    def _turn(self, client: mqtt.Client) -> None:
        """Once a second: look whether something else is to be shown, and send what there is room for."""
        now_s = time.monotonic()
        if now_s < self._turn_s:
            return
        self._turn_s = now_s + _TURN_S
        if now_s >= self._look_s:
            self._look()
        if self._unanswered and now_s - self._answered_s > _ANSWER_S:
            raise Unavailable(f"the broker has taken no message for {_ANSWER_S:.0f} s")
        self._remember()
        room = min(self._pace.per_second, _MOST_UNANSWERED - len(self._unanswered))
        if room <= 0:
            return
        if not self._unanswered:
            self._answered_s = now_s
        for message in self._board.next(self._latest(self._board.points), self._clock.now_ms(), room):
            sent = client.publish(message.topic, message.payload, qos=1, retain=True)
            self._unanswered[sent.mid] = message

    def _look(self) -> None:
        self._look_s = time.monotonic() + _LOOK_EVERY_S
        try:
            shown = self._wanted()
        except Unavailable as error:  # what is shown goes on being shown
            log.debug("the registry does not answer", extra={"why": str(error)})
            return
        if shown is not self._shown:
            self._shown = shown
            self._board.show(shown)

    def _remember(self) -> None:
        """Write down what may be retained, before anything new is sent.

        Raises:
            OSError: if that fails; nothing new may be sent then.
        """
        standing = self._board.standing
        if standing == self._kept:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, json.dumps(sorted(standing), indent=0).encode(), 0o600)
        self._kept = standing

    def _goodbye(self, client: mqtt.Client) -> None:
        if self._shown.wanted:
            last = client.publish(availability_topic(self._shown.host), OFFLINE, qos=1, retain=True)
            until_s = time.monotonic() + _GOODBYE_S
            while not last.is_published() and time.monotonic() < until_s:
                self._spin(client)
        client.disconnect()
        client.loop(0)
