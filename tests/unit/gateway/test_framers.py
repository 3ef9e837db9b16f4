"""Frames and their contents: the examples of the specification, foreign encoders, identification, declared habits."""

from __future__ import annotations

import pytest
from pymodbus.framer.ascii import FramerAscii
from pymodbus.framer.rtu import FramerRTU

from core.errors import Refused
from gateway.lines import framer
from gateway.lines.checksum import crc16, lrc
from gateway.lines.conversation import Conversation
from gateway.lines.mbap import MbapFramer
from gateway.lines.pdu import Data, Malformed, Query, identify_query, identity_length, identity_part, judge, read_query
from gateway.plan import ALLOWED_FUNCTIONS
from gateway.transport import Framing, TransactionIds
from tests.unit.gateway.mutations import wrapped


def test_checksums_are_those_of_pymodbus(seed: int) -> None:
    """CRC-16 and LRC agree with another implementation on random bytes."""
    import random

    rng = random.Random(seed)
    for _ in range(2_000):
        data = rng.randbytes(rng.randrange(1, 256))
        assert crc16(data) == int.from_bytes(FramerRTU.compute_CRC(data).to_bytes(2, "big"), "little")
        assert lrc(data) == FramerAscii.compute_LRC(data)


def test_frames_of_the_specification() -> None:
    """The read of registers 107 to 109 of unit 17 (Modbus Application Protocol, 6.3) in all three framings."""
    query = read_query(17, 3, 0x6B, 3)
    assert framer(Framing.RTU).begin(query) == bytes.fromhex("11 03 00 6B 00 03 76 87")
    assert framer(Framing.ASCII).begin(query) == b":1103006B00037E\r\n"
    assert framer(Framing.TCP).begin(query)[2:] == bytes.fromhex("00 00 00 06 11 03 00 6B 00 03")


@pytest.mark.parametrize("function", sorted(set(range(256)) - ALLOWED_FUNCTIONS))
def test_only_reads_can_be_made(function: int) -> None:
    """No query exists for any other function code, so none can be framed."""
    with pytest.raises(Refused, match="never leaves"):
        read_query(1, function, 0, 1)


@pytest.mark.parametrize(
    ("unit", "function", "address", "count"),
    [(256, 3, 0, 1), (-1, 3, 0, 1), (1, 3, 0, 126), (1, 1, 0, 2001), (1, 3, 65535, 2), (1, 4, 0, 0), (1, 43, 0, 1)],
)
def test_reads_that_modbus_cannot_carry_are_refused(unit: int, function: int, address: int, count: int) -> None:
    """Units beyond a byte, more registers or bits than a frame holds, addresses beyond the end."""
    with pytest.raises(Refused):
        read_query(unit, function, address, count)


def test_transaction_ids_are_all_different_and_far_from_zero() -> None:
    """Among 60,000 requests no id comes twice, none is 0 or one before it, and neighbours in time are far apart."""
    mbap = MbapFramer()
    query = read_query(1, 3, 0, 1)
    ids = [int.from_bytes(mbap.begin(query)[:2], "big") for _ in range(60_000)]
    assert len(set(ids)) == len(ids)
    assert not {0, 65535} & set(ids)
    for behind in range(1, 8):
        near = {(a - b) % 65536 for a, b in zip(ids, ids[behind:], strict=False)}
        assert not near & {0, 1, 2, 65534, 65535}


@pytest.mark.parametrize(
    ("habit", "offset", "right"),
    [
        (TransactionIds.SAME, 0, True),
        (TransactionIds.SAME, 1, False),
        (TransactionIds.NEXT, 1, True),
        (TransactionIds.NEXT, 0, False),
        (TransactionIds.ZERO, None, True),
        (TransactionIds.ZERO, 0, False),
    ],
)
def test_another_transaction_id_counts_only_where_it_is_declared(
    habit: TransactionIds, offset: int | None, right: bool
) -> None:
    """Unit 5 has the habit, unit 6 has not: each is believed with exactly its own ids, zeros in the data or not."""
    talk = Conversation(framer(Framing.TCP, {5: habit}))
    for data in (b"\0\7", b"\0\0", bytes(20)):
        query = read_query(5, 3, 40, len(data) // 2)
        number = int.from_bytes(talk.ask(query, 1.0)[:2], "big")
        answer = wrapped(Framing.TCP, 5, bytes((3, len(data))) + data, 0 if offset is None else number + offset)
        assert (talk.receive(answer, 0.0) == Data(data)) is right
        query = read_query(6, 3, 40, 1)
        number = int.from_bytes(talk.ask(query, 1.0)[:2], "big")
        assert talk.receive(wrapped(Framing.TCP, 6, b"\x03\x02\0\7", number), 0.0) == Data(b"\0\7")


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_data_that_hold_the_transaction_id_and_zeros_are_data(piece: int) -> None:
    """Whole numbers as floats end in zeros: the id's two bytes before them are a coincidence that happens daily."""
    talk = Conversation(framer(Framing.TCP))
    query = read_query(1, 3, 0, 50)
    tid = talk.ask(query, 1.0)[:2]
    data = (tid + b"\0\0") * 25
    frame = wrapped(Framing.TCP, 1, b"\x03\x64" + data, int.from_bytes(tid, "big"))
    outcomes = [talk.receive(frame[i : i + piece], 0.0) for i in range(0, len(frame), piece)]
    assert outcomes[-1] == Data(data)


@pytest.mark.parametrize("framing", Framing)
def test_an_echo_that_could_pass_as_bits_is_no_answer(framing: Framing) -> None:
    """Coils 0x300 + n, 17 to 24 of them: the request itself has the shape of an answer, and is not taken for one."""
    talk = Conversation(framer(framing))
    query = read_query(9, 1, 0x0345, 20)
    raw = talk.ask(query, 1.0)
    assert query.pdu[1] == query.size == 3
    assert not isinstance(talk.receive(raw, 0.0), Data)


# --- identification ----------------------------------------------------------------------------------------------

_BASIC = bytes.fromhex("2B 0E 01 01 00 00 03") + b"\0\x04Acme\1\x02T1\2\x04V1.0"


def test_an_identity_is_taken_apart() -> None:
    """Maker, product code and revision come out by number."""
    outcome = judge(identify_query(1, 1, 0), _BASIC)
    assert isinstance(outcome, Data)
    part = identity_part(outcome.data, 0)
    assert part is not None
    assert (part.conformity, part.next_object) == (1, 0)
    assert part.objects == {0: b"Acme", 1: b"T1", 2: b"V1.0"}


@pytest.mark.parametrize(
    "pdu",
    [
        _BASIC[:-1],
        _BASIC + b"\0",
        _BASIC[:6] + b"\x04" + _BASIC[7:],
        _BASIC[:2] + b"\x02" + _BASIC[3:],
        b"\x2b\x0d" + _BASIC[2:],
        _BASIC[:7],
        b"\x2b",
    ],
)
def test_an_identity_whose_lengths_do_not_fit_is_malformed(pdu: bytes) -> None:
    """Objects cut off, left over, miscounted, of another level or another kind."""
    assert judge(identify_query(1, 1, 0), pdu) == Malformed()


@pytest.mark.parametrize(
    ("first", "body"),
    [
        (5, _BASIC[1:]),
        (0, _BASIC[1:4] + b"\xff\x00" + _BASIC[6:]),
        (3, bytes.fromhex("0E 02 02 FF 03 01 03 01 41")),
        (0, bytes.fromhex("0E 01 01 00 00 02 01 01 41 00 01 42")),
    ],
)
def test_an_identity_that_leads_back_is_refused(first: int, body: bytes) -> None:
    """Objects before the one asked for, a continuation at or before the present one, objects out of order."""
    assert identity_part(body, first) is None


@pytest.mark.parametrize("framing", Framing)
def test_an_identity_is_found_however_it_is_cut(framing: Framing) -> None:
    """Its length is known only from its contents; byte by byte it is the same."""
    talk = Conversation(framer(framing))
    query = identify_query(3, 1, 0)
    tid = int.from_bytes(talk.ask(query, 1.0)[:2], "big")
    frame = wrapped(framing, 3, _BASIC, tid)
    outcomes = [talk.receive(frame[i : i + 1], 0.0) for i in range(len(frame))]
    assert outcomes[-1] == Data(_BASIC[1:])
    assert not any(outcomes[:-1])


def test_an_endless_identity_ends() -> None:
    """An object count of 255 with lengths that never end is known to be none as soon as it passes a frame."""
    assert identity_length(bytes.fromhex("2B 0E 03 03 00 00 FF") + b"\x80\xff" + bytes(250)) > 253
    assert isinstance(judge(Query(1, 43, 3, b"\x2b\x0e\x03\0"), b"\x2b\x0e\x03\x03\0\0\xff\x80\xff"), Malformed)
