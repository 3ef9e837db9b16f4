"""The arithmetic of a serial bus: how long characters, silences, frames and whole requests take.

Lengths count characters as they travel: bytes for TCP and RTU, two hexadecimal digits a byte for ASCII. Sources:
Modbus over Serial Line V1.02, 2.5.1 (RTU: address, function, CRC; silences of 1.5 and 3.5 characters, fixed to 750 µs
and 1.75 ms above 19,200 baud) and 2.5.2 (ASCII: colon, two digits a byte, LRC, CR LF); Modbus Application Protocol
V1.1b3, 6.1 to 6.4 (bodies).
"""

from __future__ import annotations

from gateway.transport import Framing, Parity, SerialTransport, Transport

FIXED_SILENCE_ABOVE_BAUD = 19_200
T1_5_FIXED_S = 0.000_750
T3_5_FIXED_S = 0.001_750
REQUEST_BODY = 5
"""Function, address and count of a read."""
EXCEPTION_BODY = 2
IDENTIFY_BODY = 4
"""Function 43, its type 14, read code and object of a request for identification."""
_BITS_PER_BYTE = 8


def character_bits(parity: Parity, data_bits: int, stop_bits: int) -> int:
    """Bits of one character: start, data, parity, stop."""
    return 1 + data_bits + (parity is not Parity.NONE) + stop_bits


def character_s(port: SerialTransport) -> float:
    """Seconds of one character."""
    return character_bits(port.parity, port.data_bits, port.stop_bits) / port.baud


def t1_5_s(port: SerialTransport) -> float:
    """Longest silence within an RTU frame, in seconds."""
    return T1_5_FIXED_S if port.baud > FIXED_SILENCE_ABOVE_BAUD else 1.5 * character_s(port)


def t3_5_s(port: SerialTransport) -> float:
    """Shortest silence between two RTU frames, in seconds."""
    return T3_5_FIXED_S if port.baud > FIXED_SILENCE_ABOVE_BAUD else 3.5 * character_s(port)


def frame_length(framing: Framing, body: int) -> int:
    """Characters of a frame around ``body`` bytes (function code first)."""
    if framing is Framing.TCP:
        return 7 + body
    if framing is Framing.RTU:
        return 1 + body + 2
    return 1 + 2 * (1 + body + 1) + 2


def request_length(framing: Framing, function: int) -> int:
    """Characters of a request.

    Args:
        framing: what it is wrapped in.
        function: 1 to 4, or 43.
    """
    return frame_length(framing, IDENTIFY_BODY if function == 43 else REQUEST_BODY)


def data_length(function: int, count: int) -> int:
    """Data bytes that answer a read of ``count`` bits (functions 1 and 2) or registers (3 and 4)."""
    return -(-count // _BITS_PER_BYTE) if function in (1, 2) else 2 * count


def response_length(framing: Framing, function: int, count: int) -> int:
    """Characters of the answer to a read of ``count`` bits or registers with function 1 to 4."""
    return frame_length(framing, 2 + data_length(function, count))


def exception_length(framing: Framing) -> int:
    """Characters of an exception."""
    return frame_length(framing, EXCEPTION_BODY)


def silence_s(port: SerialTransport) -> float:
    """Silence the line keeps before each request, in seconds."""
    return t3_5_s(port) + port.guard_s


def request_s(transport: Transport, function: int, count: int, turnaround_s: float) -> float:
    """Predicted seconds of one request, from its first character to where the next may begin.

    Args:
        transport: the bus; on TCP all of it is turnaround, because nothing is known of the wire behind.
        function: 1 to 4.
        count: bits or registers.
        turnaround_s: from the end of the request to the begin of the answer, as measured.
    """
    if not isinstance(transport, SerialTransport):
        return turnaround_s + transport.guard_s
    length = request_length(transport.framing, function) + response_length(transport.framing, function, count)
    return length * character_s(transport) + turnaround_s + silence_s(transport)


def silent_s(transport: Transport, function: int, timeout_s: float) -> float:
    """Seconds that a request without an answer costs the bus: on serial the timeout begins when the request is out."""
    if not isinstance(transport, SerialTransport):
        return timeout_s + transport.guard_s
    length = request_length(transport.framing, function)
    return length * character_s(transport) + timeout_s + silence_s(transport)
