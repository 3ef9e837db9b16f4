"""The checksums of serial frames. Source: Modbus over Serial Line V1.02, 6.2.1 (LRC) and 6.2.2 (CRC)."""

from __future__ import annotations

_POLYNOMIAL = 0xA001


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(_entry(value) for value in range(256))


def crc16(data: bytes | bytearray) -> int:
    """CRC-16 of an RTU frame; 0 over a frame that ends with its own CRC (low byte first)."""
    crc = 0xFFFF
    table = _TABLE
    for octet in data:
        crc = table[(crc ^ octet) & 0xFF] ^ crc >> 8
    return crc


def lrc(data: bytes) -> int:
    """Longitudinal redundancy check of an ASCII frame's bytes; 0 over bytes that end with their own LRC."""
    return -sum(data) & 0xFF
