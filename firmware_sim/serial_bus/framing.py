"""Frames of the two serial transmission modes: unit id and PDU to bytes and back, with their checks."""

from __future__ import annotations

import binascii
from enum import StrEnum
from typing import Final

from firmware_sim.encoding import crc16

_SHORTEST_RTU: Final = 4
_LONGEST_RTU: Final = 256
_SHORTEST_ASCII: Final = 3  # unit, function and LRC, as bytes
LONGEST_ASCII: Final = 513


class Framing(StrEnum):
    """Transmission mode of a serial line."""

    RTU = "rtu"
    ASCII = "ascii"


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """Unit id, PDU and CRC, low byte first."""
    body = bytes((unit,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


def rtu_content(frame: bytes) -> tuple[int, bytes] | None:
    """(unit id, PDU) of a frame; None when its length or its CRC is wrong."""
    if not _SHORTEST_RTU <= len(frame) <= _LONGEST_RTU or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        return None
    return frame[0], frame[1:-2]


def lrc(body: bytes) -> int:
    """Longitudinal redundancy check: what makes the sum of all bytes zero modulo 256."""
    return -sum(body) & 0xFF


def ascii_frame(unit: int, pdu: bytes) -> bytes:
    """Colon, capital hexadecimal digits, CR LF."""
    body = bytes((unit,)) + pdu
    return b":" + binascii.hexlify(body + bytes((lrc(body),))).upper() + b"\r\n"


def ascii_content(frame: bytes) -> tuple[int, bytes] | None:
    """(unit id, PDU) of a frame from its colon to its LF; None when a digit or the LRC is wrong."""
    if not frame.startswith(b":") or not frame.endswith(b"\r\n"):
        return None
    digits = frame[1:-2]
    if digits != digits.upper():  # the standard knows capital digits only
        return None
    try:
        body = binascii.unhexlify(digits)
    except binascii.Error:
        return None
    if len(body) < _SHORTEST_ASCII or sum(body) & 0xFF:
        return None
    return body[0], body[1:-1]


def frame_of(framing: Framing, unit: int, pdu: bytes) -> bytes:
    """The frame of a PDU in either mode."""
    return rtu_frame(unit, pdu) if framing is Framing.RTU else ascii_frame(unit, pdu)
