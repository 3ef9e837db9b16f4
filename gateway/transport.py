"""How a bus is reached, as frozen values: a TCP connection or a serial port, and the framing on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Framing(StrEnum):
    """What a request is wrapped in on the way."""

    TCP = "tcp"
    RTU = "rtu"
    ASCII = "ascii"


class Parity(StrEnum):
    """The parity bit of a serial character."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


class TransactionIds(StrEnum):
    """The transaction id with which a unit's answers come back on Modbus TCP: some bridges number them wrongly."""

    SAME = "same"
    NEXT = "next"
    ZERO = "zero"


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsOptions:
    """TLS around a TCP connection; the server's certificate is always verified.

    Attributes:
        ca_file: certificates that are trusted; empty: those of the system.
        cert_file, key_file: certificate of the gateway, where the server asks for one; empty: none.
        server_name: name the certificate must carry; empty: the host.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TcpTransport:
    """A TCP connection to a device, or to a bridge with a bus behind it.

    Attributes:
        host, port: the server.
        framing: MBAP headers (``tcp``), or serial frames as transparent serial servers send them.
        tls: TLS around it, or None.
        guard_s: least silence before each request; serial frames behind slow bridges need it.
    """

    host: str
    port: int = 502
    framing: Framing = Framing.TCP
    tls: TlsOptions | None = None
    guard_s: float = 0.0

    def __str__(self) -> str:
        """``host:port``, for logs."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SerialTransport:
    """A serial port with a bus on it.

    Attributes:
        path: of the device; ``/dev/serial/by-id/…`` outlives re-plugging.
        baud: bits per second.
        parity, data_bits, stop_bits: of a character.
        framing: RTU or ASCII.
        guard_s: silence before each request beyond the 3.5 characters.
    """

    path: str
    baud: int = 9600
    parity: Parity = Parity.NONE
    data_bits: int = 8
    stop_bits: int = 1
    framing: Framing = Framing.RTU
    guard_s: float = 0.0

    def __str__(self) -> str:
        """``path at baud``, for logs."""
        return f"{self.path} at {self.baud} baud"


Transport = TcpTransport | SerialTransport


def with_guard(transport: Transport, guard_s: float) -> Transport:
    """The way with at least this silence before each request; Modbus TCP has no silences between its frames."""
    if transport.framing is Framing.TCP or guard_s <= transport.guard_s:
        return transport
    return replace(transport, guard_s=guard_s)
