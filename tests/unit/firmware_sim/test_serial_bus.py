"""The serial bus as a machine: byte times, silences, collisions, faults and the sniffer, in invented time."""

from __future__ import annotations

import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.clock import ManualClock
from firmware_sim.devices.climate import XyMd02
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import Action, ActionError, Timetable
from firmware_sim.serial_bus.framing import Framing, ascii_content, ascii_frame, rtu_content, rtu_frame
from firmware_sim.serial_bus.unit import BusUnit, Pace, ProductInstrument
from firmware_sim.serial_bus.wire import LineSettings, Parity
from firmware_sim.signals.base import ConstantSignal

LINE = LineSettings(baud=9600)
PACE = Pace(turnaround_s=0.02, jitter_s=0.005)
READ = struct.pack(">BHH", 4, 1, 2)
ANSWER = bytes.fromhex("0404ffcb028f")


def instrument() -> ProductInstrument:
    device = XyMd02(
        device_id="climate",
        temperature=ConstantSignal(unit="Cel", constant=-5.3),
        humidity=ConstantSignal(unit="%", constant=65.5),
    )
    return ProductInstrument(product=device.PRODUCT, signals=device.signals())


def a_bus(*ids: int, settings: LineSettings = LINE, framing: Framing = Framing.RTU, seed: int = 7) -> Bus:
    units = [BusUnit(i, instrument(), pace=PACE, seed=seed) for i in ids or (1, 2, 3)]
    return Bus(units, settings, ManualClock(start_ms=0), framing=framing, seed=seed)


def listened(bus: Bus, until_s: float = 1e9) -> list[tuple[float, bytes]]:
    """Plays the bus on; every piece that a port is told, with its time."""
    pieces = []
    while (due_s := bus.due_s()) is not None and due_s <= until_s:
        told = bus.advance(due_s)
        if told:
            pieces.append((due_s, told))
    return pieces


def exchanged(bus: Bus, now_s: float, frame: bytes) -> list[tuple[float, bytes]]:
    bus.put(now_s, frame)
    return listened(bus)


def together(pieces: list[tuple[float, bytes]]) -> bytes:
    return b"".join(data for _, data in pieces)


@pytest.mark.parametrize(
    ("text", "bits", "silence_ms"),
    [
        ("9600 8N1", 10, 3.646),
        ("9600 8E1", 11, 4.010),
        ("1200 8N2", 11, 32.08),
        ("19200 8E1", 11, 2.005),
        ("38400 8N1", 10, 1.75),
        ("115200 8N1", 10, 1.75),
        ("9600 7E1", 10, 3.646),
    ],
)
def test_settings_mean_characters_and_silences(text: str, bits: int, silence_ms: float) -> None:
    """A character has start, data, parity and stop bits; above 19200 baud the silence is a fixed 1.75 ms."""
    settings = LineSettings.parse(text)
    assert settings.text == text
    assert settings.bits_per_character == bits
    assert settings.silence_s * 1000 == pytest.approx(silence_ms, abs=0.005)


@pytest.mark.parametrize("text", ["9600", "9600 9N1", "9600 8X1", "0 8N1", "fast 8N1"])
def test_settings_of_another_form_are_refused(text: str) -> None:
    """What is no speed and character format is an error that shows the form."""
    with pytest.raises(ValueError, match="9600 8N1"):
        LineSettings.parse(text)


def test_frames_of_both_modes_as_the_standards_show_them() -> None:
    """The RTU frame of the XY-MD02 and the ASCII frame of V1.02's example come out as worked out by hand."""
    assert rtu_frame(1, bytes.fromhex("0400010002")).hex() == "010400010002200b"
    assert ascii_frame(0x11, bytes.fromhex("03006B0003")) == b":1103006B00037E\r\n"
    assert ascii_content(b":1103006B00037E\r\n") == (0x11, bytes.fromhex("03006B0003"))


@given(unit=st.integers(0, 255), pdu=st.binary(min_size=1, max_size=253), flip=st.integers(0, 10_000))
def test_a_flipped_bit_is_never_a_frame(unit: int, pdu: bytes, flip: int) -> None:
    """Frames come back as they were made, and with any one bit flipped they do not come back at all or not as RTU."""
    frame = rtu_frame(unit, pdu)
    assert rtu_content(frame) == (unit, pdu)
    broken = bytearray(frame)
    broken[flip // 8 % len(broken)] ^= 1 << flip % 8
    assert rtu_content(bytes(broken)) is None
    letters = ascii_frame(unit, pdu)
    assert ascii_content(letters) == (unit, pdu)
    broken = bytearray(letters)
    broken[flip // 8 % len(broken)] ^= 1 << flip % 8
    assert ascii_content(bytes(broken)) is None


@pytest.mark.parametrize("baud", [1200, 9600, 19200, 115200])
@pytest.mark.parametrize("parity", list(Parity))
def test_an_answer_takes_its_bytes(baud: int, parity: Parity) -> None:
    """The answer begins after request, turnaround and silence; no byte comes before its slot has ended."""
    settings = LineSettings(baud=baud, parity=parity)
    bus = a_bus(settings=settings)
    pieces = exchanged(bus, 100.0, rtu_frame(2, READ))
    assert together(pieces) == rtu_frame(2, ANSWER)
    request_end_s = 100.0 + 8 * settings.character_s
    begin_s = pieces[0][0] - len(pieces[0][1]) * settings.character_s
    wait_s = begin_s - request_end_s
    assert max(PACE.turnaround_s, settings.silence_s) - 1e-6 <= wait_s
    assert wait_s <= max(PACE.turnaround_s, settings.silence_s) + PACE.jitter_s + 0.002 + 1e-6
    start_s, heard = bus.sniffer.frames[-1].start_s, 0
    for told_s, data in pieces:
        heard += len(data)
        assert told_s >= start_s + heard * settings.character_s - 1e-6
    assert pieces[-1][0] == pytest.approx(start_s + 9 * settings.character_s)


def test_turnarounds_are_spread_and_repeatable() -> None:
    """Turnarounds lie within their jitter, differ, and are the same for the same seed."""

    def waits(seed: int) -> list[float]:
        bus = a_bus(seed=seed)
        for n in range(50):
            exchanged(bus, float(n), rtu_frame(1, READ))
        answers = [f for f in bus.sniffer.frames if not f.request]
        requests = [f for f in bus.sniffer.frames if f.request]
        return [a.start_s - r.end_s for a, r in zip(answers, requests, strict=True)]

    first = waits(1)
    assert all(PACE.turnaround_s - 1e-9 <= w <= PACE.turnaround_s + PACE.jitter_s + 1e-9 for w in first)
    assert max(first) - min(first) > 0.6 * PACE.jitter_s
    assert waits(1) == pytest.approx(first)
    assert waits(2) != pytest.approx(first)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (rtu_frame(9, READ), "absent"),
        (rtu_frame(0, READ), "broadcast"),
        (rtu_frame(0, bytes.fromhex("0601010005")), "broadcast"),
        (rtu_frame(1, READ)[:-1] + b"\0", "broken"),
        (rtu_frame(1, READ)[:-2], "broken"),
        (b"\x01", "broken"),
        (rtu_frame(1, READ) + b"\1", "broken"),
        (bytes(300), "broken"),
    ],
)
def test_hardware_is_silent(frame: bytes, what: str) -> None:
    """Foreign units, broadcasts, wrong checks and wrong lengths get no answer, and the next request does."""
    bus = a_bus()
    assert exchanged(bus, 1.0, frame) == []
    assert bus.sniffer.what == {what: 1}
    assert together(exchanged(bus, 2.0, rtu_frame(1, READ))) == rtu_frame(1, ANSWER)


def test_a_dead_unit_is_silent_and_comes_back() -> None:
    """A killed unit says nothing; revived it answers as before."""
    bus = a_bus()
    Action.parse("kill 1").apply(bus)
    assert exchanged(bus, 1.0, rtu_frame(1, READ)) == []
    Action.parse("revive 1").apply(bus)
    assert together(exchanged(bus, 2.0, rtu_frame(1, READ))) == rtu_frame(1, ANSWER)


def test_a_frame_in_pieces_is_one_frame_unless_there_is_a_silence_in_it() -> None:
    """Pieces closer than 3.5 characters are one frame; a longer pause makes two broken ones."""
    frame = rtu_frame(1, READ)
    bus = a_bus()
    bus.put(1.0, frame[:3])
    bus.put(1.0 + 3 * LINE.character_s + 0.003, frame[3:])
    assert together(listened(bus)) == rtu_frame(1, ANSWER)
    bus.put(2.0, frame[:3])
    bus.put(2.0 + 3 * LINE.character_s + 0.004, frame[3:])
    assert listened(bus) == []
    assert bus.sniffer.what["broken"] == 2


def test_a_request_without_silence_before_it_is_not_understood() -> None:
    """Right behind one unit's answer another unit understands nothing; the one that has answered does; after 3.5
    characters both do."""
    for unit, pause_s, understood in ((2, 0.002, False), (1, 0.002, True), (2, 0.004, True)):
        bus = a_bus()
        end_s = exchanged(bus, 1.0, rtu_frame(1, READ))[-1][0]
        answer = together(exchanged(bus, end_s + pause_s, rtu_frame(unit, READ)))
        assert (answer == rtu_frame(unit, ANSWER)) is understood
        assert bus.sniffer.what.get("merged", 0) == (not understood)


@given(offset=st.floats(0.0, 1.0), seed=st.integers(0, 1000))
def test_a_request_over_an_answer_collides(offset: float, seed: int) -> None:
    """A request that overlaps an answer gets no answer, and the answer is heard wrong."""
    bus = a_bus(seed=seed)
    bus.put(1.0, rtu_frame(1, READ))
    first = listened(bus, until_s=1.0 + 8 * LINE.character_s + LINE.silence_s + 1e-6)
    assert first == []
    start_s = bus.due_s()
    assert start_s is not None
    heard = listened(bus, until_s=start_s)
    bus.put(start_s + offset * 8.9 * LINE.character_s, rtu_frame(2, READ))
    heard += listened(bus)
    assert rtu_content(together(heard)) is None
    assert len(together(heard)) == 9
    assert bus.sniffer.what.get("request", 0) == 1
    assert bus.medium.collided == 1
    assert together(exchanged(bus, 3.0, rtu_frame(3, READ))) == rtu_frame(3, ANSWER)


def test_a_late_answer_comes_when_another_one_is_awaited() -> None:
    """An answer that comes late is whole and of the old unit, and the unit ignores requests while it owes it."""
    bus = a_bus()
    Action.parse("late 1 0.5").apply(bus)
    assert exchanged_until(bus, 1.0, rtu_frame(1, READ), 1.2) == []
    assert exchanged_until(bus, 1.2, rtu_frame(1, READ), 1.4) == []
    assert bus.sniffer.what["busy"] == 1
    pieces = exchanged(bus, 1.4, rtu_frame(9, READ))
    assert together(pieces) == rtu_frame(1, ANSWER)
    assert 1.52 <= pieces[0][0] <= 1.56
    assert together(exchanged(bus, 2.0, rtu_frame(1, READ))) == rtu_frame(1, ANSWER)


def exchanged_until(bus: Bus, now_s: float, frame: bytes, until_s: float) -> list[tuple[float, bytes]]:
    bus.put(now_s, frame)
    return listened(bus, until_s)


def test_two_units_with_one_address_collide() -> None:
    """Where two devices have the same address, both answer and nobody can read it."""
    bus = a_bus(4, 4)
    heard = together(exchanged(bus, 1.0, rtu_frame(4, READ)))
    assert heard
    assert rtu_content(heard) is None
    bus.units[1].faults.dead = True
    assert together(exchanged(bus, 2.0, rtu_frame(4, READ))) == rtu_frame(4, ANSWER)


def test_faults_of_the_answer() -> None:
    """Wrong checks, noise before the frame, the wrong unit, half frames and exceptions come as they are set."""
    bus = a_bus()

    def answer(action: str, now_s: float) -> bytes:
        Action.parse("revive all").apply(bus)
        Action.parse(action).apply(bus)
        return together(exchanged(bus, now_s, rtu_frame(1, READ)))

    good = rtu_frame(1, ANSWER)
    assert answer("crc 1 1", 1.0)[:-1] == good[:-1]
    assert answer("crc 1 1", 2.0) != good
    assert answer("noise 1 3", 3.0)[3:] == good
    assert answer("wrong_unit 1", 4.0) == rtu_frame(2, ANSWER)
    assert answer("truncate 1", 5.0) == good[:4]
    assert answer("busy 1", 6.0) == rtu_frame(1, b"\x84\x06")
    for code in (1, 2, 3, 4, 5, 6):
        assert answer(f"exception 1 {code}", 6.0 + code) == rtu_frame(1, bytes((0x84, code)))
    assert answer("limit 1 1", 13.0) == rtu_frame(1, b"\x84\x03")
    assert answer("hole 1 4 2", 14.0) == rtu_frame(1, b"\x84\x02")
    assert answer("hole 1 3 2", 15.0) == good
    assert answer("offset 1 temperature 5.3", 16.0) == rtu_frame(1, bytes.fromhex("04040000028f"))
    assert answer("revive 1", 17.0) == good


def test_a_share_of_answers_with_wrong_checks() -> None:
    """With a rate of 0.3 about three in ten answers have a wrong check."""
    bus = a_bus()
    Action.parse("crc 1 0.3").apply(bus)
    wrong = sum(rtu_content(together(exchanged(bus, float(n), rtu_frame(1, READ)))) is None for n in range(400))
    assert 80 <= wrong <= 160


def test_ascii_frames_are_found_between_anything() -> None:
    """An ASCII unit answers a frame after rubbish, in pieces, and after a broken one; RTU bytes are nothing."""
    bus = a_bus(framing=Framing.ASCII)
    frame, good = ascii_frame(1, READ), ascii_frame(1, ANSWER)
    assert together(exchanged(bus, 1.0, frame)) == good
    assert together(exchanged(bus, 2.0, b"\x00:01\xff:" + frame)) == good
    bus.put(3.0, frame[:5])
    bus.put(3.5, frame[5:])
    assert together(listened(bus)) == good
    bus.put(5.0, frame[:5])
    bus.put(7.0, frame[5:])
    assert listened(bus) == []
    assert exchanged(bus, 8.0, frame[:-4] + b"00\r\n") == []
    assert exchanged(bus, 9.0, frame.lower()) == []
    assert exchanged(bus, 10.0, rtu_frame(1, READ)) == []
    assert together(exchanged(bus, 11.0, frame)) == good


def test_ascii_answers_take_their_bytes() -> None:
    """An ASCII answer of n bytes needs 2n + 5 characters."""
    bus = a_bus(framing=Framing.ASCII)
    pieces = exchanged(bus, 1.0, ascii_frame(1, READ))
    answer = next(f for f in bus.sniffer.frames if not f.request)
    assert len(together(pieces)) == 2 * 8 + 3
    assert pieces[-1][0] - answer.start_s == pytest.approx(19 * LINE.character_s)


def test_the_sniffer_counts_every_function() -> None:
    """Every function code that reaches the bus is counted, writes apart, and frames nobody can read are no function."""
    bus = a_bus()
    for n, (unit, pdu) in enumerate(
        [(1, READ), (2, READ), (1, b"\x06\0\0\0\1"), (9, b"\x10\0\0\0\1\2\0\0"), (0, b"\x05\0\0\xff\0"), (1, b"\x11")]
    ):
        exchanged(bus, float(n), rtu_frame(unit, pdu))
    exchanged(bus, 10.0, b"\x01\x06\0\0\0\1\0\0")
    seen = bus.sniffer
    assert seen.functions == {4: 2, 6: 1, 16: 1, 5: 1, 17: 1}
    assert (seen.writes_seen, seen.foreign_seen, seen.what["broken"]) == (3, 1, 1)
    assert seen.by_unit[(9, 16)] == 1
    assert seen.exceptions == 2
    assert [f.what for f in seen.frames if f.request] == ["request"] * 3 + ["absent", "broadcast", "request", "broken"]


def test_any_traffic_is_survived(seed: int) -> None:
    """After two thousand random pieces at random times a good request is answered, and no time runs backwards."""
    luck = random.Random(seed)
    bus = a_bus()
    now_s = 0.0
    for _ in range(2000):
        frame = bytearray(rtu_frame(luck.randrange(5), struct.pack(">BHH", luck.choice((3, 4, 6, 43)), 1, 2)))
        if luck.random() < 0.3:
            frame[luck.randrange(len(frame))] = luck.randrange(256)
        bus.put(now_s, bytes(frame[: luck.choice((3, 8, 8, 8))]))
        now_s += luck.choice((0.0, 0.004, 0.02, 0.05, 0.1, 0.2))
        bus.advance(now_s)
    listened(bus)
    answers = [f for f in bus.sniffer.frames if not f.request]
    assert len(answers) > 100
    assert all(a.start_s <= b.start_s + 1 for a, b in pairwise(answers))
    assert together(exchanged(bus, now_s + 10, rtu_frame(1, READ))) == rtu_frame(1, ANSWER)


def test_a_timetable_does_everything_once() -> None:
    """Actions happen when they are due, in order, and only then."""
    bus = a_bus()
    table = Timetable(
        [(5.0, Action.parse("revive 1")), (1.0, Action.parse("kill 1")), (1.0, Action.parse("slow 2 0.5"))]
    )
    assert table.next_s() == 1.0
    table.apply(bus, 0.9)
    assert not bus.unit(1).faults.dead
    table.apply(bus, 1.0)
    assert bus.unit(1).faults.dead
    assert bus.unit(2).faults.delay_s == 0.5
    table.apply(bus, 9.0)
    assert not bus.unit(1).faults.dead
    assert table.next_s() is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "unknown action"),
        ("explode 1", "known: busy, crc"),
        ("kill", "takes 1 words"),
        ("kill one", "not a whole number"),
        ("slow 1", "takes 2 words"),
        ("slow 1 soon", "not a number"),
        ("slow 1 -1", "within 0 to 600"),
        ("crc 1 2", "within 0 to 1"),
        ("hole 1 9 0", "within 1 to 4"),
        ("kill 99", "no unit 99 on this bus; there are 1, 2, 3"),
        ("offset 1 colour 1", "no register 'colour'; there are baud_rate"),
        ("swap 1 9", "no unit 9"),
    ],
)
def test_actions_that_cannot_be_done_say_why(text: str, complaint: str) -> None:
    """An unknown verb, unfit words and units that are not there are named."""
    with pytest.raises(ActionError, match=complaint):
        Action.parse(text).apply(a_bus())


def test_swapped_units_answer_for_each_other() -> None:
    """After a swap the devices stand behind each other's ids."""
    bus = a_bus()
    before = bus.unit(1).instrument, bus.unit(2).instrument
    Action.parse("swap 1 2").apply(bus)
    assert (bus.unit(2).instrument, bus.unit(1).instrument) == before
