"""paho-mqtt on the event loop: no thread of its own, callbacks as plain calls, an end that is always reached.

paho offers its parts for foreign loops: it says when its socket opens, closes and wants to write, and asks to be called
when the socket is ready [1] and once a second for its keep-alive [2]. Only ``connect`` blocks, so it alone runs in a
thread; the socket callbacks that it makes there are handed to the loop [3].
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from core.errors import Refused, Unavailable

log = logging.getLogger(__name__)

_REFUSED = frozenset({"Bad user name or password", "Not authorized", "Client identifier not valid", "Banned"})


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerAddress:
    """A broker and how to log in.

    Attributes:
        host, port: where it listens.
        tls: whether the connection is encrypted.
        ca_file: certificates to trust; empty: the system's.
        cert_file, key_file: the client's own certificate; empty: none.
        user, password: empty: none.
    """

    host: str
    port: int = 1883
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    user: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Will:
    """What the broker publishes when the connection dies."""

    topic: str
    payload: bytes
    qos: int = 1


MessageHandler = Callable[[str, bytes, bool], None]
"""Called with topic, payload and whether the message was retained."""


class MqttConnection:
    """One MQTT session, from CONNECT to its end; reconnecting is a new object.

    Use as an async context manager: entering connects, leaving disconnects.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        on_message: MessageHandler,
        will: Will | None = None,
        keepalive_s: int = 20,
        connect_timeout_s: float = 5.0,
    ) -> None:
        """Prepare a clean session; nothing is connected yet."""
        self._address = address
        self._on_message = on_message
        self._keepalive_s = keepalive_s
        self._timeout_s = connect_timeout_s
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._subscriptions: dict[int, asyncio.Future[None]] = {}
        self.lost = asyncio.Event()
        self._misc: asyncio.TimerHandle | None = None
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=True)
        client.connect_timeout = connect_timeout_s
        if address.user:
            client.username_pw_set(address.user, address.password or None)
        if address.tls:
            client.tls_set_context(_tls_context(address))
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, retain=False)
        client.on_connect = self._did_connect
        client.on_disconnect = self._did_disconnect
        client.on_message = self._did_message
        client.on_subscribe = self._did_subscribe
        client.on_socket_open = self._socket_open
        client.on_socket_close = self._socket_close
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._no_write
        self._client = client

    async def __aenter__(self) -> MqttConnection:
        """Connect.

        Raises:
            Unavailable: if the broker cannot be reached or does not answer.
            Refused: if it turns this client away.
        """
        address = self._address
        dialling = self._loop.run_in_executor(None, self._client.connect, address.host, address.port, self._keepalive_s)
        try:
            await asyncio.shield(dialling)  # bounded by paho's connect_timeout
            self._tick()
            async with asyncio.timeout(self._timeout_s):
                await self._connected
        except OSError as error:  # TimeoutError and SSLError are among them
            self._end()
            place = f"{address.host}:{address.port}"
            raise Unavailable(f"no MQTT broker answers at {place}: {error!r}") from error
        except asyncio.CancelledError:
            dialling.add_done_callback(lambda _: self._end())
            raise
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye if the connection still stands, and close the socket."""
        if not self.lost.is_set():
            self._client.disconnect()
            try:
                async with asyncio.timeout(1.0):
                    await self.lost.wait()
            except TimeoutError:
                log.debug("broker did not close the connection in time")
        self._end()

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> None:
        """Hand a message to the socket; on a dead connection it is dropped, which the caller learns by ``lost``."""
        self._client.publish(topic, payload, qos)

    async def subscribe(self, topic: str, qos: int = 1, timeout_s: float = 5.0) -> None:
        """Subscribe and wait for the broker's word.

        Raises:
            Unavailable: if the broker does not confirm in time.
            Refused: if it denies the subscription.
        """
        code, mid = self._client.subscribe(topic, qos)
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise Unavailable(f"cannot subscribe to {topic}: the connection is lost")
        confirmed: asyncio.Future[None] = self._loop.create_future()
        self._subscriptions[mid] = confirmed
        try:
            async with asyncio.timeout(timeout_s):
                await confirmed
        except TimeoutError:
            raise Unavailable(f"the broker does not confirm the subscription to {topic}") from None
        finally:
            self._subscriptions.pop(mid, None)

    @property
    def unsent(self) -> bool:
        """Whether messages wait for the socket."""
        return self._client.want_write()

    # --- paho's callbacks ---------------------------------------------------------------------------------------

    def _did_connect(self, _c: paho.Client, _u: Any, _f: Any, code: ReasonCode, _p: Properties | None) -> None:
        if self._connected.done():
            return
        if not code.is_failure:
            self._connected.set_result(None)
        elif str(code) in _REFUSED:
            self._connected.set_exception(Refused(f"the broker refuses this gateway: {code}"))
        else:
            self._connected.set_exception(Unavailable(f"the broker does not take the connection: {code}"))

    def _did_disconnect(self, _c: paho.Client, _u: Any, _f: Any, code: ReasonCode, _p: Properties | None) -> None:
        if not self._connected.done():
            self._connected.set_exception(Unavailable(f"the broker closed the connection: {code}"))
        for waiting in self._subscriptions.values():
            if not waiting.done():
                waiting.set_exception(Unavailable("the connection was lost"))
        self.lost.set()

    def _did_message(self, _c: paho.Client, _u: Any, message: paho.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload), message.retain)

    def _did_subscribe(
        self, _c: paho.Client, _u: Any, mid: int, codes: list[ReasonCode], _p: Properties | None
    ) -> None:
        confirmed = self._subscriptions.get(mid)
        if confirmed is None or confirmed.done():
            return
        if any(code.is_failure for code in codes):
            confirmed.set_exception(Refused(f"the broker denies the subscription: {codes[0]}"))
        else:
            confirmed.set_result(None)

    # --- [1] the socket on the loop -----------------------------------------------------------------------------

    def _on_loop(self, call: Callable[..., object], *arguments: object) -> None:
        if threading.get_ident() == self._loop_thread:
            call(*arguments)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)  # [3]

    def _socket_open(self, _c: paho.Client, _u: Any, sock: Any) -> None:
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Packets that vanish without a reset: known after one keep-alive, not after the system's 15 minutes.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._keepalive_s * 1000)
        self._on_loop(self._watch, sock)

    def _watch(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_reader(sock.fileno(), self._read)

    def _read(self) -> None:
        self._client.loop_read()
        # An encrypted socket may hold decrypted bytes that no selector sees.
        while isinstance(sock := self._client.socket(), ssl.SSLSocket) and sock.pending():
            self._client.loop_read()

    def _socket_close(self, _c: paho.Client, _u: Any, sock: Any) -> None:
        if sock.fileno() >= 0 and threading.get_ident() == self._loop_thread:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())

    def _want_write(self, _c: paho.Client, _u: Any, sock: Any) -> None:
        self._on_loop(self._watch_write, sock)

    def _watch_write(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._client.loop_write)

    def _no_write(self, _c: paho.Client, _u: Any, sock: Any) -> None:
        if sock.fileno() >= 0 and threading.get_ident() == self._loop_thread:
            self._loop.remove_writer(sock.fileno())

    def _tick(self) -> None:  # [2]
        self._client.loop_misc()
        self._misc = self._loop.call_later(1.0, self._tick)

    def _end(self) -> None:
        if self._misc is not None:
            self._misc.cancel()
            self._misc = None
        self.lost.set()
        # paho closes its socket only when it learns of the end by itself; here we decide it.
        sock = self._client.socket()
        if sock is not None:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())
            self._client._sock_close()  # noqa: SLF001 - no public way in paho 2.2
        if self._connected.done() and not self._connected.cancelled():
            self._connected.exception()  # looked at, so that it is not reported as forgotten


def _tls_context(address: BrokerAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca_file or None)
    if address.cert_file:
        context.load_cert_chain(address.cert_file, address.key_file or None)
    return context
