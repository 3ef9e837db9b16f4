"""Lines to Modbus devices: TCP, RTU and ASCII, on sockets and serial ports, behind one interface (``base.Line``).

The deciding half takes and gives values: ``pdu`` (questions and what may answer them), the framers ``mbap``, ``rtu``
and ``ascii``, ``late`` (answers that come too late) and ``conversation``, which joins them. ``wire`` and ``line`` do
the I/O. Whatever arrives, only the answer to the question itself becomes a value (docs/adr/0014-lines.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.lines.ascii import AsciiFramer
from gateway.lines.base import Line, Stamp
from gateway.lines.framer import Framer
from gateway.lines.line import ModbusLine
from gateway.lines.mbap import MbapFramer
from gateway.lines.rtu import RtuFramer
from gateway.lines.wire import Listener, SerialWire, Wire, connect_tcp
from gateway.transport import Framing, SerialTransport, TransactionIds, Transport

CONNECT_TIMEOUT_S = 3.0


def open_line(
    transport: Transport,
    stamp: Stamp,
    *,
    transaction_ids: Mapping[int, TransactionIds] | None = None,
    guards_s: Mapping[int, float] | None = None,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
) -> Line:
    """A line, not yet connected.

    Args:
        transport: where it leads.
        stamp: gives the event time at each arrival.
        transaction_ids: units behind a bridge that numbers answers wrongly; the others answer with the request's id.
        guards_s: units that need silence before they are asked and after they have answered, beyond the transport's.
        connect_timeout_s: for the connection itself.
    """

    async def opener(listener: Listener) -> Wire:
        if isinstance(transport, SerialTransport):
            return SerialWire(transport, listener)
        return await connect_tcp(transport, listener, connect_timeout_s)

    line = ModbusLine(transport, framer(transport.framing, transaction_ids), opener, stamp)
    for unit, guard_s in (guards_s or {}).items():
        line.expect(unit, guard_s=guard_s)
    return line


def framer(framing: Framing, transaction_ids: Mapping[int, TransactionIds] | None = None) -> Framer:
    """A framer of this framing."""
    if framing is Framing.TCP:
        return MbapFramer(transaction_ids)
    return RtuFramer() if framing is Framing.RTU else AsciiFramer()
