"""A minimal MQTT 3.1.1 publisher on a raw socket: a load generator must cost next to nothing beside what it measures.

Only what a generator needs: CONNECT, one SUBSCRIBE, QoS 0 PUBLISH packets built beforehand, and the payloads of
incoming QoS 0 messages. Source: MQTT 3.1.1, OASIS standard, chapters 2 and 3.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator


def _length(count: int) -> bytes:
    out = bytearray()
    while True:
        count, digit = divmod(count, 128)
        out.append(digit | (0x80 if count else 0))
        if not count:
            return bytes(out)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def publish_packet(topic: str, payload: bytes) -> bytes:
    """A QoS 0 PUBLISH packet."""
    body = _text(topic) + payload
    return b"\x30" + _length(len(body)) + body


class RawPublisher:
    """One connection."""

    def __init__(self, port: int, client_id: str, *, user: str = "", password: str = "") -> None:
        """Connect to a broker on loopback."""
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flags = 0x02 | (0xC0 if user else 0)
        body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", 120) + _text(client_id)
        if user:
            body += _text(user) + _text(password)
        self.socket.sendall(b"\x10" + _length(len(body)) + body)
        answer = self.socket.recv(4)
        if answer[:1] != b"\x20" or answer[3] != 0:
            raise ConnectionError(f"the broker refused the load generator: {answer!r}")
        self._buffer = b""

    def subscribe(self, topic: str) -> None:
        """Subscribe at QoS 0; the SUBACK is skipped by ``payloads``."""
        body = struct.pack(">H", 1) + _text(topic) + b"\x00"
        self.socket.sendall(b"\x82" + _length(len(body)) + body)

    def send(self, packets: bytes) -> None:
        """Send packets built beforehand; blocks while the broker does not take them."""
        self.socket.sendall(packets)

    def payloads(self, timeout_s: float) -> Iterator[tuple[str, bytes]]:
        """(topic, payload) of what has arrived; waits at most ``timeout_s`` for the first byte."""
        self.socket.settimeout(max(timeout_s, 0.0005))
        try:
            data = self.socket.recv(1 << 20)
        except TimeoutError:
            return
        finally:
            self.socket.settimeout(None)
        if not data:
            raise ConnectionError("the broker closed the load generator's connection")
        self._buffer += data
        while (packet := self._packet()) is not None:
            kind, body = packet
            if kind >> 4 == 3:
                size = struct.unpack_from(">H", body)[0]
                yield body[2 : 2 + size].decode(), body[2 + size :]

    def _packet(self) -> tuple[int, bytes] | None:
        count, shift, at = 0, 0, 1
        while True:
            if at >= len(self._buffer):
                return None
            digit = self._buffer[at]
            count |= (digit & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not digit & 0x80:
                break
        if len(self._buffer) < at + count:
            return None
        kind, body = self._buffer[0], self._buffer[at : at + count]
        self._buffer = self._buffer[at + count :]
        return kind, body

    def close(self) -> None:
        """Hang up."""
        self.socket.close()
