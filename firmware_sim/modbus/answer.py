"""From a request PDU to an answer PDU, without sockets and clocks.

Checks follow the Modbus application protocol V1.1b3: function code (exception 1), then quantity (3), then addresses
(2). Writes are refused with exception 1 even where the product would obey: a gateway must never write, and
`RequestKind` lets the server count that one did.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from firmware_sim.encoding import pack_bits
from firmware_sim.modbus.register_map import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    Identification,
    ModbusRefusalError,
    Product,
    Register,
    Table,
    read_bits,
    read_words,
)

ENCAPSULATED: Final = 43
READ_DEVICE_IDENTIFICATION: Final = 14
ALLOWED_FUNCTIONS: Final = frozenset({1, 2, 3, 4, ENCAPSULATED})
WRITE_FUNCTIONS: Final = frozenset({5, 6, 15, 16, 21, 22, 23})

_MAX_BITS: Final = 2000
_MAX_REGISTERS: Final = 125
_STREAMS: Final = {1: 3, 2: 0x80, 3: 0x100}  # objects below
_IDENTIFICATION_ROOM: Final = 253 - 7


class RequestKind(Enum):
    """What a function code means for a read-only gateway."""

    ALLOWED = auto()
    WRITE = auto()
    FOREIGN = auto()


def kind_of(function: int) -> RequestKind:
    """Whether a gateway may send this function code."""
    if function in ALLOWED_FUNCTIONS:
        return RequestKind.ALLOWED
    return RequestKind.WRITE if function in WRITE_FUNCTIONS else RequestKind.FOREIGN


def exception_pdu(function: int, code: int) -> bytes:
    """The answer that refuses `function` with exception `code`."""
    return bytes((function & 0x7F | 0x80, code))


def answer_pdu(product: Product, pdu: bytes, value_of: Callable[[Register], float]) -> bytes:
    """The answer of `product` to one request.

    Args:
        product: whose map is asked.
        pdu: function code and data, at least one byte.
        value_of: engineering value of a register now.
    """
    function = pdu[0]
    try:
        if function in (1, 2, 3, 4):
            return _read(product, function, pdu, value_of)
        if function == ENCAPSULATED:
            return _identify(product, pdu)
        raise ModbusRefusalError(ILLEGAL_FUNCTION)
    except ModbusRefusalError as fault:
        return exception_pdu(function, fault.code)


def _read(product: Product, function: int, pdu: bytes, value_of: Callable[[Register], float]) -> bytes:
    if len(pdu) != 5:
        raise ModbusRefusalError(ILLEGAL_VALUE)
    _, address, count = struct.unpack(">BHH", pdu)
    table = Table(function)
    limit = _MAX_REGISTERS if table >= Table.HOLDING_REGISTERS else _MAX_BITS
    if not 1 <= count <= limit:
        raise ModbusRefusalError(ILLEGAL_VALUE)
    if address + count > 0x10000:
        raise ModbusRefusalError(ILLEGAL_ADDRESS)
    cells = product.cells(table, address, count)
    registers = table >= Table.HOLDING_REGISTERS
    body = read_words(cells, value_of) if registers else pack_bits(read_bits(cells, value_of))
    return bytes((function, len(body))) + body


def _identify(product: Product, pdu: bytes) -> bytes:
    if len(pdu) != 4:
        raise ModbusRefusalError(ILLEGAL_VALUE)
    _, mei, code, first = pdu
    if mei != READ_DEVICE_IDENTIFICATION or product.identification is None:
        raise ModbusRefusalError(ILLEGAL_FUNCTION)
    objects = product.identification.objects()
    if code == 4:
        if first not in objects:
            raise ModbusRefusalError(ILLEGAL_ADDRESS)
        chosen = [first]
    elif code in _STREAMS:
        begin = first if first in objects else 0
        chosen = [key for key in sorted(objects) if begin <= key < _STREAMS[code]]
    else:
        raise ModbusRefusalError(ILLEGAL_VALUE)
    return _identification_answer(product.identification, chosen, code)


def _identification_answer(identification: Identification, chosen: list[int], code: int) -> bytes:
    objects = identification.objects()
    body, count, more, following = b"", 0, 0, 0
    for key in chosen:
        item = bytes((key, len(objects[key]))) + objects[key]
        if len(body) + len(item) > _IDENTIFICATION_ROOM:
            more, following = 0xFF, key
            break
        body, count = body + item, count + 1
    return (
        bytes((ENCAPSULATED, READ_DEVICE_IDENTIFICATION, code, identification.conformity, more, following, count))
        + body
    )
