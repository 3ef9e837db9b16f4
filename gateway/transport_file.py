"""How a bus is reached, from YAML: ``host`` with ``port``, ``framing`` and ``tls``, or ``serial`` with its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from gateway import findings
from gateway.config import BusConfig
from gateway.document import Table
from gateway.transport import (
    Framing,
    Parity,
    SerialTransport,
    TcpTransport,
    TlsOptions,
    TransactionIds,
    Transport,
)

TLS_PORT = 802
"""Registered for Modbus/TCP Security."""
_SHORT_PARITIES = {"N": Parity.NONE, "E": Parity.EVEN, "O": Parity.ODD}
_TCP_KEYS = ("port", "tls")
_SERIAL_KEYS = ("baud", "parity", "data_bits", "stop_bits")


def transport(table: Table, file: Callable[[Table, str], str], path: Callable[[str], Path]) -> Transport:
    """Read the transport of a bus; mistakes are noted at ``table``.

    Args:
        table: the bus.
        file: reads a key that names a file.
        path: makes a path absolute.
    """
    if table.has("serial") and table.has("host"):
        table.note("serial", findings.TWO_WAYS)
    guard_s = table.number("guard_ms", 0.0, low=0, high=1000) / 1000
    if table.has("serial"):
        table.skip("host")
        _foreign(table, _TCP_KEYS, "host")
        return _serial(table, path, guard_s)
    if not table.has("host"):
        table.note("host", findings.NO_WAY)
    _foreign(table, _SERIAL_KEYS, "serial")
    tls = _tls(table, file)
    return TcpTransport(
        host=table.text("host", ""),
        port=table.integer("port", TLS_PORT if tls else 502, low=1, high=65535),
        framing=table.choice("framing", list(Framing), Framing.TCP),
        tls=tls,
        guard_s=guard_s,
    )


def _foreign(table: Table, keys: Iterable[str], owner: str) -> None:
    for key in keys:
        if table.has(key):
            table.note(key, findings.KEY_OF_ANOTHER_WAY, owner=owner)
        table.skip(key)


def _serial(table: Table, path: Callable[[str], Path], guard_s: float) -> SerialTransport:
    port = SerialTransport(
        path=str(path(table.text("serial"))),
        baud=table.integer("baud", 9600, low=300, high=4_000_000),
        parity=_parity(table),
        data_bits=table.integer("data_bits", 8, low=7, high=8),
        stop_bits=table.integer("stop_bits", 1, low=1, high=2),
        framing=table.choice("framing", [Framing.RTU, Framing.ASCII], Framing.RTU),
        guard_s=guard_s,
    )
    if port.framing is Framing.RTU and port.data_bits != 8:
        table.note("data_bits", findings.RTU_NEEDS_EIGHT)
    return port


def _parity(table: Table) -> Parity:
    short = _SHORT_PARITIES.get(table.raw("parity").upper())
    if short is not None:
        table.skip("parity")
        return short
    return table.choice("parity", list(Parity), Parity.NONE)


def _tls(table: Table, file: Callable[[Table, str], str]) -> TlsOptions | None:
    if not table.is_table("tls"):
        return TlsOptions() if table.flag("tls", False) else None
    options = table.table("tls")
    if options is None:
        return None
    if options.has("key_file") and not options.has("cert_file"):
        options.note("key_file", findings.KEY_WITHOUT_CERTIFICATE)
    tls = TlsOptions(
        ca_file=file(options, "ca_file"),
        cert_file=file(options, "cert_file"),
        key_file=file(options, "key_file"),
        server_name=options.text("server_name", ""),
    )
    options.close()
    return tls


def check_units(table: Table, bus: BusConfig) -> None:
    """Note what the units of a bus say that its framing cannot mean."""
    numbered = bus.transport.framing is Framing.TCP
    for unit in bus.units:
        if unit.transaction_ids is not TransactionIds.SAME and not numbered:
            table.note("units", findings.NO_TRANSACTION_IDS, unit=unit.name, framing=bus.transport.framing.value)


def shared_ports(buses: Iterable[BusConfig]) -> list[str]:
    """Serial ports that more than one bus uses, sorted."""
    paths = [bus.transport.path for bus in buses if isinstance(bus.transport, SerialTransport)]
    return sorted({path for path in paths if paths.count(path) > 1})
