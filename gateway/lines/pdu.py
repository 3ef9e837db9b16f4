"""Questions to a device and what may answer them, without the framing around. No I/O.

The only two makers of a ``Query`` are here, and both make reads: nothing else can be put on a line (``query`` takes
the function code through ``check_function``). Source: Modbus Application Protocol V1.1b3, 6.1 to 6.4, 6.21, 7.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Refused
from core.quality import Reason
from gateway.plan import check_function
from gateway.profile import MAX_BITS, MAX_REGISTERS
from gateway.wiretime import data_length

IDENTIFY = 43
_MEI_IDENTIFY = 14
_MEI_HEAD = 7
"""Function, type, read code, conformity, more follows, next object, number of objects."""
MAX_PDU = 253
ERROR_BIT = 0x80
MORE_FOLLOWS = 0xFF
BASIC, REGULAR, EXTENDED = 1, 2, 3
"""Read codes of function 43/14: each level with those below it."""

EXCEPTION_REASONS: Mapping[int, Reason] = {
    1: Reason.DEVICE_EXCEPTION,
    2: Reason.ILLEGAL_ADDRESS,
    3: Reason.ILLEGAL_ADDRESS,
    4: Reason.DEVICE_EXCEPTION,
    5: Reason.BUSY,
    6: Reason.BUSY,
    # 10 and 11: the bridge in between found no way to the device, or had no answer from it
    10: Reason.TIMEOUT,
    11: Reason.TIMEOUT,
}
UNSETTLED_EXCEPTIONS = frozenset({5, 10, 11})
"""Exceptions after which the device may still answer: it has accepted and goes on, or only the bridge gave up."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        unit: unit id.
        function: function code.
        size: data bytes of the answer; for function 43 the read code.
        pdu: what is sent, function code first.
    """

    unit: int
    function: int
    size: int
    pdu: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """The answer: its data bytes (for function 43 the body after the function code)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Exceptional:
    """The device answered with an exception."""

    code: int


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something answered that does not fit the question."""


Outcome = Data | Exceptional | Malformed


def _query(unit: int, function: int, size: int, body: bytes) -> Query:
    check_function(function)
    if not 0 <= unit <= 255:
        raise Refused(f"unit id {unit} does not exist; use 0 to 255")
    return Query(unit, function, size, bytes((function,)) + body)


def read_query(unit: int, function: int, address: int, count: int) -> Query:
    """A read of ``count`` bits (functions 1, 2) or registers (3, 4) from ``address``.

    Raises:
        Refused: if it is no read, or reads what the protocol cannot carry.
    """
    check_function(function)
    if function == IDENTIFY:
        raise Refused("function 43 reads no registers; ask for the identity instead")
    if not (1 <= count <= (MAX_BITS if function in (1, 2) else MAX_REGISTERS) and 0 <= address <= 65536 - count):
        raise Refused(f"a read of {count} from address {address} is none that Modbus can carry")
    return _query(unit, function, data_length(function, count), struct.pack(">HH", address, count))


def identify_query(unit: int, code: int, first: int) -> Query:
    """A request for the identification objects of read code 1 to 3, from object ``first`` on."""
    return _query(unit, IDENTIFY, code, bytes((_MEI_IDENTIFY, code, first)))


def judge(query: Query, pdu: bytes) -> Outcome:
    """What a response, framed well and from the right unit, says to a question.

    A response that equals the request byte for byte is an echo of the wiring, even where it could pass as bits.
    """
    function = pdu[0] if pdu else 0
    if function == query.function | ERROR_BIT:
        return Exceptional(pdu[1]) if len(pdu) == 2 else Malformed()
    if function != query.function or pdu == query.pdu:
        return Malformed()
    if function == IDENTIFY:
        whole = len(pdu) == identity_length(pdu) and pdu[1:3] == query.pdu[1:3]
        return Data(pdu[1:]) if whole else Malformed()
    if len(pdu) != 2 + query.size or pdu[1] != query.size:
        return Malformed()
    return Data(pdu[2:])


def identity_length(pdu: bytes) -> int:
    """Length of a 43/14 response that begins so; 0 while too little is there to know.

    The result may lie beyond ``MAX_PDU``: then it is none.
    """
    if len(pdu) < _MEI_HEAD:
        return 0
    end = _MEI_HEAD
    for _ in range(pdu[6]):
        if len(pdu) < end + 2:
            return 0
        end += 2 + pdu[end + 1]
        if end > MAX_PDU:
            return end
    return end


@dataclass(frozen=True, slots=True)
class IdentityPart:
    """One 43/14 response.

    Attributes:
        conformity: conformity level.
        next_object: where to go on; 0 if nothing follows.
        objects: id to bytes.
    """

    conformity: int
    next_object: int
    objects: Mapping[int, bytes]


def identity_part(body: bytes, first: int) -> IdentityPart | None:
    """Take a 43/14 response (after the function code) apart.

    Args:
        body: as ``judge`` accepted it.
        first: the object that was asked for; an older answer begins below it.

    Returns:
        None if its objects do not ascend from ``first`` on, or what follows leads back: asking on would never end.
    """
    objects: dict[int, bytes] = {}
    position = _MEI_HEAD - 1
    expected = first
    for _ in range(body[5]):
        number, size = body[position], body[position + 1]
        if number < expected:
            return None
        objects[number] = body[position + 2 : position + 2 + size]
        expected = number + 1
        position += 2 + size
    following = body[4] if body[3] == MORE_FOLLOWS else 0
    if body[3] == MORE_FOLLOWS and following < max(expected, first + 1):
        return None
    return IdentityPart(body[2], following, objects)
