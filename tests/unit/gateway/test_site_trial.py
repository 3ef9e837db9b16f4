"""A profile that is being written, tried on a unit: what came, what it means, and where it ends."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.quality import GOOD, QualityClass, Reason, class_of, quality
from gateway.document import Document
from gateway.plan import Request, plan
from gateway.profile import Profile
from gateway.profile_file import parse, shipped
from gateway.profile_warnings import MOST_BYTES, check_text
from gateway.site_session import SiteSession
from gateway.site_store import STATE_FILE
from gateway.site_survey.state import NO_SETTING, BusAddress
from gateway.site_trial import MOST_S, MOST_TIMEOUT_S, MOST_WORDS, SILENCES, Tried, tried
from gateway.transport import TransactionIds
from tests.unit.gateway.site_line import MemoryBus, MemoryLine, MemoryUnit

TCP = BusAddress(id="plant-room", host="10.0.0.1", gateway="wtl/gw-1")
HEAD = 'maker: M\nmodel: "1"\nsource: manual\nevidence: own\n'
THERMOMETER = f"""{HEAD}bridge: 4
registers:
  temperature: {{address: 0, type: s16, scale: 0.1, unit: Cel, low: -40, high: 80, absent: [0x7FFF]}}
  humidity: {{address: 1, type: u16, scale: 0.1, unit: "%", low: 0, high: 100}}
  energy: {{address: 2, type: u32, order: CDAB, unit: W.h}}
  serial_number: {{address: 4, type: string, words: 2}}
  power: {{address: 7, type: s16, decimals_from: places, unit: kW}}
  places: {{address: 6, type: u16}}
"""


def profile(text: str) -> Profile:
    """Its registers as a profile."""
    return parse(Document(text, "t.yaml"), "t")


def thermometer() -> MemoryUnit:
    """23.5 Cel, 120.0 % (out of range), 65,538 W.h with swapped words, a text, 12.34 kW with its decimals before it."""
    unit = MemoryUnit()
    unit.put(3, 0, struct.pack(">hHHH", 235, 1200, 2, 1) + b"AB12" + struct.pack(">Hh", 2, 1234))
    return unit


class Bench:
    """A session with unit 7."""

    def __init__(self, folder: Path, unit: MemoryUnit | None = None, *, shared: bool = False) -> None:
        self.bus = MemoryBus({7: unit or thermometer()})
        self.clock = ManualClock(1_790_000_000_000)
        line = MemoryLine(self.bus, TCP.transport(NO_SETTING), lambda: (self.clock.now_ms(), False)) if shared else None
        self.session = SiteSession(
            folder, TCP, opener=self.bus.open, shared=line, least_pause_s=0.0, profiles=shipped(), clock=self.clock
        )
        self.session.add(7)

    async def read(self, text: str, *names: str) -> dict[str, Tried]:
        """What a trial finds, by name."""
        trial = await self.session.try_profile(7, profile(text), names)
        return {one.register.name: one for one in trial.registers}


async def test_raw_words_stand_beside_value_and_quality(tmp_path: Path) -> None:
    """One question for the whole map; the words are those of each register, in the order of the wire."""
    bench = Bench(tmp_path)
    found = await bench.read(THERMOMETER)
    assert bench.bus.asked == [(7, 3, 0, 8)]
    shown = {name: (one.words, one.value, one.quality) for name, one in found.items() if name != "serial_number"}
    assert shown == {
        "temperature": ((235,), 23.5, GOOD),
        "humidity": ((1200,), 120.0, quality(QualityClass.BAD, Reason.OUT_OF_RANGE)),
        "energy": ((2, 1), 65538.0, GOOD),
        "power": ((1234,), 12.34, GOOD),
        "places": ((2,), 2.0, GOOD),
    }
    assert (found["serial_number"].text, found["serial_number"].words) == ("AB12", (0x4142, 0x3132))
    assert math.isnan(found["serial_number"].value)


async def test_a_trial_keeps_nothing(tmp_path: Path) -> None:
    """The session is as before: no profile, no words, no file that changed."""
    bench = Bench(tmp_path)
    before, file = bench.session.state, (tmp_path / STATE_FILE).read_bytes()
    await bench.read(THERMOMETER)
    assert bench.session.state == before
    assert (tmp_path / STATE_FILE).read_bytes() == file


async def test_a_refused_block_is_asked_register_by_register(tmp_path: Path) -> None:
    """What the unit does not have says so with the exception; the others have their values."""
    unit = thermometer()
    del unit.words[3, 1]
    bench = Bench(tmp_path, unit)
    found = await bench.read(THERMOMETER)
    assert (found["temperature"].value, found["energy"].value, found["power"].value) == (23.5, 65538.0, 12.34)
    assert (found["humidity"].exception, found["humidity"].words) == (2, ())
    assert found["humidity"].quality == quality(QualityClass.NOT_MEASURED, Reason.ILLEGAL_ADDRESS)


async def test_some_registers_alone(tmp_path: Path) -> None:
    """Names choose; a name that is none is left out."""
    bench = Bench(tmp_path)
    assert list(await bench.read(THERMOMETER, "humidity", "nothing")) == ["humidity"]
    assert bench.bus.asked == [(7, 3, 1, 1)]


async def test_a_unit_that_is_silent_is_not_asked_for_everything(tmp_path: Path) -> None:
    """Three questions without an answer are enough, whatever the profile has."""
    rows = "".join(f"  r{n}: {{address: {n * 200}, type: u16}}\n" for n in range(50))
    bench = Bench(tmp_path)
    bench.bus.units.clear()
    with pytest.raises(Unavailable, match="7"):
        await bench.read(f"{HEAD}registers:\n{rows}")
    assert len(bench.bus.asked) == SILENCES


async def test_a_trial_ends_after_its_registers(tmp_path: Path) -> None:
    """What has no room any more says so by its quality, and the trial that it is not complete."""
    unit = MemoryUnit(words={(3, address): 1 for address in range(2000)})
    rows = "".join(f"  r{n}: {{address: {n}, type: u16}}\n" for n in range(1500))
    bench = Bench(tmp_path, unit)
    trial = await bench.session.try_profile(7, profile(f"{HEAD}registers:\n{rows}"))
    assert sum(count for _, _, _, count in bench.bus.asked) == MOST_WORDS
    assert not trial.complete
    assert [one.quality for one in trial.registers] == [GOOD] * 1000 + [
        quality(QualityClass.NOT_MEASURED, Reason.BUS_BUDGET)
    ] * 500


async def test_a_trial_ends_after_its_time(tmp_path: Path) -> None:
    """On a bus that gives way to live polling a long map is read as far as half a minute goes."""
    unit = MemoryUnit(words={(3, n * 200): n for n in range(100)})
    rows = "".join(f"  r{n}: {{address: {n * 200}, type: u16}}\n" for n in range(100))
    bench = Bench(tmp_path, unit)
    bench.bus.before = lambda _: bench.clock.advance(2000)
    trial = await bench.session.try_profile(7, profile(f"{HEAD}registers:\n{rows}"))
    assert len(bench.bus.asked) == MOST_S / 2
    assert (trial.asked, trial.complete, trial.seconds) == (15, False, MOST_S)


async def test_a_trial_stops_when_it_is_told(tmp_path: Path) -> None:
    """After the question that is out; it says what it has."""
    unit = MemoryUnit(words={(3, n * 200): n for n in range(10)})
    rows = "".join(f"  r{n}: {{address: {n * 200}, type: u16}}\n" for n in range(10))
    bench = Bench(tmp_path, unit)
    bench.bus.before = lambda number: bench.session.stop() if number == 4 else None
    trial = await bench.session.try_profile(7, profile(f"{HEAD}registers:\n{rows}"))
    assert [one.value for one in trial.registers if one.words] == [0, 1, 2, 3]
    assert not trial.complete


@pytest.mark.parametrize(("shared", "told"), [(False, True), (True, False)])
async def test_on_a_shared_line_the_habits_of_a_profile_on_trial_are_not_taken_over(
    tmp_path: Path, shared: bool, told: bool
) -> None:
    """Live polling of the same unit would expect other transaction ids from then on."""
    bench = Bench(tmp_path, shared=shared)
    await bench.read(f"{HEAD}quirks: [transaction_id_plus_one]\nregisters:\n  a: {{address: 0, type: u16}}\n")
    assert ((7, TransactionIds.NEXT, 0.0) in bench.bus.expected) is told


async def test_no_profile_waits_for_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus that others wait for has five seconds for an answer, whatever a text says."""
    waited = []
    read = MemoryLine.read

    async def spied(line: MemoryLine, unit: int, request: Request, timeout_s: float) -> object:
        waited.append(timeout_s)
        return await read(line, unit, request, timeout_s)

    monkeypatch.setattr(MemoryLine, "read", spied)
    bench = Bench(tmp_path)
    await bench.read(f"{HEAD}timeout_s: 60\nregisters:\n  a: {{address: 0, type: u16}}\n")
    assert waited == [MOST_TIMEOUT_S]


async def test_there_must_be_such_a_unit(tmp_path: Path) -> None:
    """As for every step."""
    bench = Bench(tmp_path)
    with pytest.raises(Refused, match="8"):
        await bench.session.try_profile(8, profile(THERMOMETER))


def test_coils_are_ones_and_noughts() -> None:
    """Bits of a byte, the lowest first."""
    text = f"{HEAD}function: 1\nregisters:\n  a: {{address: 8, type: bool}}\n  b: {{address: 9, type: bool}}\n"
    one = profile(text)
    (request,) = plan(one, one.quantities)
    assert [(row.words, row.value) for row in tried(one.registers, request, b"\x02")] == [((0,), 0.0), ((1,), 1.0)]


def _numbers() -> Iterator[Profile]:
    yield from (one for one in shipped().values() if any(not row.reads_bits for row in one.quantities))


@given(st.sampled_from(sorted(_numbers(), key=lambda one: one.key)), st.integers(0, 65535))
def test_the_words_of_a_register_are_those_of_its_addresses(one: Profile, seed: int) -> None:
    """Whatever the blocks: word i of a register is the one that lies at its address + i."""

    def word(address: int) -> int:
        return (address * 40503 + seed) % 65536

    for request in plan(one, [row for row in one.quantities if not row.reads_bits]):
        data = b"".join(word(request.address + i).to_bytes(2, "big") for i in range(request.count))
        for row in tried(one.registers, request, data):
            addresses = range(row.register.address, row.register.stop)
            assert row.words == tuple(map(word, addresses))
            assert math.isfinite(row.value) or class_of(row.quality) is not QualityClass.GOOD or row.text


# --- the text ---------------------------------------------------------------------------------------------------------


def test_everything_wrong_in_a_text_is_said_at_once_in_both_languages() -> None:
    """Line and column of each, what is wrong and what to do."""
    text = f"{HEAD}colour: red\nregisters:\n  a: {{address: 70000, type: u16}}\n  b: {{address: 1, type: f33}}\n"
    found = check_text(text, "t")
    assert found.profile is None
    assert [(one.line, one.column) for one in found.errors] == [(5, 1), (7, 16), (8, 25)]
    assert all(one.file == "" and one.what_in("zh") != one.what_in("en") and one.fix_in("zh") for one in found.errors)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("- a\n", 0),
        ("a: [\n", 2),
        ("a: &x 1\nb: *x\n", 0),
        ("a: " + "[" * 100 + "]" * 100, 0),
        ("a: " + "x" * MOST_BYTES, 0),
        ("a: \x00", 0),
    ],
    ids=["empty", "list", "open", "alias", "deep", "large", "nul"],
)
def test_a_text_that_is_no_profile_at_all_is_one_finding(text: str, line: int) -> None:
    """Whatever is sent: an answer in both languages, and no error of ours."""
    (finding,) = check_text(text, "t").errors
    assert finding.line == line
    assert finding.what_in("zh") != finding.what_in("en")


@settings(max_examples=40)
@given(st.text(max_size=60).map(lambda tail: THERMOMETER + tail) | st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    """It loads, or there is a finding."""
    found = check_text(text, "t")
    assert (found.profile is None) == bool(found.errors)


def test_what_no_read_can_bring_is_named() -> None:
    """An exponent that lies too far from its register: the file loads, and the register can never be read."""
    text = f"{HEAD}registers:\n  a: {{address: 0, type: s16, exponent_from: e}}\n  e: {{address: 900, type: s16}}\n"
    found = check_text(text, "t")
    assert found.profile is not None
    assert [one.line for one in found.unreadable] == [6]
    assert check_text(THERMOMETER, "t").unreadable == ()
