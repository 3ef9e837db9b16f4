"""A commissioning session: every step alone, resumed, stopped, and what it leaves behind."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import Invalid, Refused, Unavailable
from gateway import site_sign
from gateway.config import GatewayConfig
from gateway.config_file import parse_config
from gateway.profile import DataType, Order
from gateway.profile_file import shipped
from gateway.site_session import SiteSession
from gateway.site_survey.proof import Verdict
from gateway.site_survey.record import Placement
from gateway.site_survey.scan import Found, Progress, Setting
from gateway.site_survey.state import (
    BusAddress,
    PointState,
    ProofState,
    ReferenceReading,
    SessionState,
    Step,
    UnitState,
    from_json,
    plain,
    to_json,
)
from gateway.site_survey.typed import shown
from gateway.transport import Framing, Parity, SerialTransport
from tests.unit.gateway.site_line import MemoryBus, MemoryLine, MemoryUnit

PROFILES = shipped()
TCP = BusAddress(id="plant-room", host="10.0.0.1", gateway="wtl/gw-1")
RTU = BusAddress(id="plant-room", serial="/dev/ttyS1", framing=Framing.RTU)
VOLTS = {"voltage_l1": 230.5, "voltage_l2": 231.25, "voltage_l3": 229.75, "frequency": 50.0}


def meter(shift: int = 0, swap: bool = False, baud: int = 0) -> MemoryUnit:
    """A three-phase meter with the map of the SDM630, moved or with swapped words if asked for."""
    unit = MemoryUnit(baud=baud)
    profile = PROFILES["eastron-sdm630"]
    for register in profile.quantities:
        unit.put_f32(register.address + shift, VOLTS.get(register.name, 12.5), register.function)
    unit.words[4, profile.registers["voltage_l1"].address] = unit.words.get(
        (4, profile.registers["voltage_l1"].address), 0
    )
    if swap:
        starts = [register.address + shift for register in profile.quantities]
        swapped = {(4, start): unit.words[4, start + 1] for start in starts}
        swapped |= {(4, start + 1): unit.words[4, start] for start in starts}
        unit.words |= swapped
    return unit


def session(folder: Path, bus: MemoryBus, address: BusAddress | None = TCP, **options: object) -> SiteSession:
    clock = ManualClock(1_790_000_000_000)

    async def sleep(seconds: float) -> None:
        clock.advance(round(1000 * seconds))

    options = {"least_pause_s": 0.0, "profiles": PROFILES, "clock": clock, "sleep": sleep, **options}
    return SiteSession(folder, address, opener=bus.open, **options)  # type: ignore[arg-type]


async def proven(folder: Path, unit: MemoryUnit | None = None) -> SiteSession:
    """A session with a meter at id 7, its voltages proven."""
    bus = MemoryBus({7: unit or meter()})
    one = session(folder, bus)
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    references = [ReferenceReading(register=name, shown=f"{value:.1f}", by="Li") for name, value in VOLTS.items()]
    await one.prove(7, references)
    one.place(7, Placement(facility="wtl-pm-01", facility_class="power_meter"), "meter")
    return one


def proof_of(one: SiteSession, register: str) -> ProofState | None:
    return one.state.units[7].points[register].proof


# --- find -----------------------------------------------------------------------------------------------------------


async def test_a_search_tells_how_far_it_is_and_finds_what_answers(tmp_path: Path) -> None:
    """Units with an answer and units with an exception are found; the last progress has nothing left."""
    heard: list[tuple[Progress, Found | None]] = []
    bus = MemoryBus({3: meter(), 9: MemoryUnit()})
    one = session(tmp_path, bus)
    found = await one.find(units=range(1, 20), on_progress=lambda progress, unit: heard.append((progress, unit)))
    assert [unit.unit for unit in found] == [3, 9]
    assert heard[-1][0].asked == heard[-1][0].planned == 19
    assert [unit.unit for _, unit in heard if unit] == [3, 9]
    assert one.state.search is not None
    assert one.state.search.ended


async def test_a_stopped_search_goes_on_where_it_was(tmp_path: Path) -> None:
    """After a stop, and even in a new process, no question is asked twice."""
    bus = MemoryBus({3: meter(), 17: meter()})
    first = session(tmp_path, bus)
    bus.before = lambda number: first.stop() if number == 8 else None
    await first.find(units=range(1, 20))
    assert len(bus.asked) == 8
    bus.before = lambda number: None
    second = session(tmp_path, bus, None)
    found = await second.find(units=range(1, 20))
    assert [unit.unit for unit in found] == [3, 17]
    assert len(bus.asked) == len(set(bus.asked)) == 19


async def test_serial_settings_are_tried_until_one_answers(tmp_path: Path) -> None:
    """The line is opened anew for each setting, and the unit remembers its own."""
    bus = MemoryBus({2: meter(baud=19200)})
    one = session(tmp_path, bus, RTU)
    settings = [Setting(9600), Setting(19200, Parity.EVEN)]
    found = await one.find(settings, units=range(1, 6))
    assert [(unit.unit, str(unit.setting)) for unit in found] == [(2, "19200 8E1")]
    bauds = [transport.baud for transport in bus.opened if isinstance(transport, SerialTransport)]
    assert bauds == [9600, 19200]


async def test_a_device_that_answers_to_every_id_is_one_unit(tmp_path: Path) -> None:
    """Some Modbus TCP devices do not look at the unit id: the first id is kept, not 247 units."""
    bus = MemoryBus(dict.fromkeys(range(1, 248), meter()))
    one = session(tmp_path, bus)
    assert [unit.unit for unit in await one.find()] == [1]
    assert len(bus.asked) < 40


async def test_a_bus_of_many_units_is_not_taken_for_one_device(tmp_path: Path) -> None:
    """32 units with ids 1 to 32, and the search is limited to these: all are kept."""
    bus = MemoryBus(dict.fromkeys(range(1, 33), meter()))
    one = session(tmp_path, bus)
    assert len(await one.find(units=range(1, 33))) == 32


async def test_a_slow_unit_is_found_by_its_late_answer(tmp_path: Path) -> None:
    """Its answer comes while others are asked, or after the last question; it is asked again with more patience."""
    bus = MemoryBus({3: meter(), 5: meter()})
    bus.slow = {5}
    one = session(tmp_path, bus, RTU)
    found = await one.find([Setting(9600)], units=(3, 5))
    assert [unit.unit for unit in found] == [3, 5]


async def test_every_question_waits_for_its_turn(tmp_path: Path) -> None:
    """Live polling goes first: the pace is awaited before each question."""
    turns = 0

    async def pace() -> None:
        nonlocal turns
        turns += 1

    bus = MemoryBus({3: meter()})
    await session(tmp_path, bus, pace=pace).find(units=(1, 2, 3))
    assert turns == len(bus.asked) == 3


async def test_a_shared_line_is_neither_reopened_nor_closed(tmp_path: Path) -> None:
    """It belongs to live polling; whoever taps it goes on hearing."""
    bus = MemoryBus({3: meter()})
    line = MemoryLine(bus, RTU.transport(Setting(9600)), lambda: (1, False))
    await line.connect()
    heard: list[object] = []
    line.tap = heard.append
    one = session(tmp_path, bus, RTU, shared=line)
    await one.find([Setting(9600), Setting(19200)], units=(1, 3))
    await one.close()
    assert bus.opened == []
    assert line.connected
    assert not line.closed
    assert len(heard) == 3
    assert line.tap is not None


async def test_a_port_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    """With the reason in both languages, and the session goes on afterwards."""
    bus = MemoryBus({})
    bus.is_open = False
    one = session(tmp_path, bus)
    with pytest.raises(Unavailable) as caught:
        await one.find(units=(1,))
    assert "no such port" in caught.value.in_language("en")
    assert "打不开" in caught.value.in_language("zh")
    assert one.running is None


# --- identify, read, solve ------------------------------------------------------------------------------------------


async def test_identification_chooses_the_profile_that_stands_out(tmp_path: Path) -> None:
    """The meter is known by what it holds, within two dozen reads; fits carry their reasons."""
    bus = MemoryBus({7: meter()})
    one = session(tmp_path, bus)
    one.add(7)
    fits = await one.identify(7)
    assert "eastron" in fits[0].profile
    assert fits[0].reasons
    assert len(bus.asked) <= 24 + 8
    unit = one.state.units[7]
    assert unit.asked_identity
    assert unit.words


async def test_a_silent_unit_is_said_to_be_silent(tmp_path: Path) -> None:
    """After three silences nothing more is asked."""
    bus = MemoryBus({})
    one = session(tmp_path, bus)
    one.add(7)
    with pytest.raises(Unavailable) as caught:
        await one.identify(7)
    assert len(bus.asked) == 3
    assert "7" in str(caught.value)


async def test_looking_leaves_out_what_is_refused(tmp_path: Path) -> None:
    """A block with a hole is halved until only the hole is missing; three looks give a history."""
    unit = MemoryUnit({(3, address): address for address in range(40) if address != 13})
    one = session(tmp_path, MemoryBus({7: unit}))
    one.add(7)
    for _ in range(2):
        await one.look(7, 3, 0, 40)
    cells = await one.look(7, 3, 0, 40)
    assert [cell.address for cell in cells] == [address for address in range(40) if address != 13]
    assert len(one.state.units[7].snapshots) == 3


@pytest.mark.parametrize(("shift", "swap"), [(0, False), (1, False), (0, True), (1, True)])
async def test_the_solver_finds_what_differs_and_the_proof_reads_it(tmp_path: Path, shift: int, swap: bool) -> None:
    """Addresses off by one and swapped words, from three numbers typed; the whole map moves with them."""
    one = session(tmp_path, MemoryBus({7: meter(shift, swap)}))
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    await one.look_at_profile(7)
    shown = {name: f"{value:.2f}" for name, value in VOLTS.items() if name.startswith("voltage")}
    solution = one.solve(7, shown)
    assert solution.base == shift
    assert solution.order == (Order.CDAB if swap else None)
    assert not solution.unexplained
    assert len(solution.differences) == shift + swap
    proofs = await one.prove(7, [ReferenceReading(register="frequency", shown="50.0")])
    assert proofs[0].verdict is Verdict.PROVEN


async def test_a_unit_without_a_profile_is_solved_from_its_display_alone(tmp_path: Path) -> None:
    """The quantity gets a name and a unit from the technician and becomes a profile of this site."""
    unit = MemoryUnit({(3, address): 0 for address in range(10)})
    unit.words |= {(3, 4): 2305, (3, 5): 171}
    one = session(tmp_path, MemoryBus({7: unit}))
    one.add(7)
    await one.look(7, 3, 0, 10)
    one.solve(7, {"level": "230.5"})
    found = one.state.units[7].solved["level"].hypothesis
    assert found is not None
    assert (found.address, found.type, found.factor) == (4, DataType.U16, 0.1)
    one.select(7, [PointState(register="level", measurement="level", unit="cm")])
    proofs = await one.prove(7, [ReferenceReading(register="level", shown="230.5")])
    assert proofs[0].value == 230.5
    one.place(7, Placement(facility="wtl-sp-01"))
    config = loaded(one, tmp_path)
    register = config.buses[0].units[0].points[0].register
    assert (register.address, register.unit, register.divisor) == (4, "cm", 10)


async def test_a_second_sample_narrows_what_the_first_left_open(tmp_path: Path) -> None:
    """0 is everywhere; 17.1 is in one place. An empty text forgets."""
    unit = MemoryUnit({(3, address): 0 for address in range(10)})
    one = session(tmp_path, MemoryBus({7: unit}))
    one.add(7)
    await one.look(7, 3, 0, 10)
    one.solve(7, {"level": "0.0"})
    assert not one.state.units[7].solved["level"].decided
    unit.words[3, 5] = 171
    await one.look(7, 3, 0, 10)
    one.solve(7, {"level": "17.1"})
    solved = one.state.units[7].solved["level"]
    assert len(solved.samples) == 2
    assert solved.hypothesis is not None
    assert solved.hypothesis.address == 5
    one.solve(7, {"level": ""})
    assert "level" not in one.state.units[7].solved


async def test_all_texts_that_are_no_numbers_are_named_at_once(tmp_path: Path) -> None:
    """And nothing is changed by them."""
    one = session(tmp_path, MemoryBus({7: meter()}))
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    await one.look_at_profile(7)
    with pytest.raises(Refused, match=r"'abc', '12 kg'"):
        one.solve(7, {"voltage_l1": "abc", "voltage_l2": "12 kg", "voltage_l3": "1"})
    assert one.state.units[7].solved == {}


async def test_another_candidate_must_be_proven_anew(tmp_path: Path) -> None:
    """What was proven with another reading of the words is proven no longer."""
    one = session(tmp_path, MemoryBus({7: meter()}))
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    await one.look_at_profile(7)
    one.solve(7, {"current_l1": "12.5"})
    await one.prove(7, [ReferenceReading(register="current_l1", shown="12.5")])
    assert Step.PROVE in one.state.units[7].done
    one.choose(7, "current_l1", 1)
    assert proof_of(one, "current_l1") is None
    with pytest.raises(Refused, match="99"):
        one.choose(7, "current_l1", 99)


async def test_a_solution_that_moves_a_proven_point_takes_its_proof(tmp_path: Path) -> None:
    """The proof was of other words; a point that stays where it was keeps its proof."""
    one = session(tmp_path, MemoryBus({7: meter(1)}))
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    await one.prove(7, [ReferenceReading(register="frequency", shown="50.0")])
    assert proof_of(one, "frequency") is not None
    await one.look_at_profile(7)
    one.solve(7, {"voltage_l1": "230.50", "voltage_l2": "231.25"})
    assert proof_of(one, "frequency") is None
    await one.prove(7, [ReferenceReading(register="frequency", shown="50.0")])
    one.solve(7, {"voltage_l3": "229.75"})
    assert proof_of(one, "frequency") is not None


# --- prove and watch ------------------------------------------------------------------------------------------------


async def test_a_proof_says_proven_differs_and_not_read(tmp_path: Path) -> None:
    """Within the display's rounding, outside of it, and refused by the unit."""
    unit = meter()
    address = PROFILES["eastron-sdm630"].registers["voltage_l3"].address
    del unit.words[4, address]
    one = session(tmp_path, MemoryBus({7: unit}))
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    proofs = await one.prove(
        7,
        [
            ReferenceReading(register="voltage_l1", shown="230.5"),
            ReferenceReading(register="voltage_l2", shown="230.0", tolerance=0.5),
            ReferenceReading(register="voltage_l3", shown="229.8"),
        ],
    )
    assert [proof.verdict for proof in proofs] == [Verdict.PROVEN, Verdict.DIFFERS, Verdict.NOT_READ]
    assert proofs[2].value is None
    assert one.state.units[7].frames
    assert one.state.units[7].frames[0].sent.startswith("07")


@pytest.mark.parametrize(
    ("text", "unit", "value", "half"),
    [
        ("1286.00 kWh", "W.h", 1_286_000, 5),
        ("1286.00", "W.h", 1286, 0.005),
        ("21,5 °C", "Cel", 21.5, 0.05),
        ("3 kW", "W", 3000, 500),
        ("-4 V", "1", -4, 0.5),
        ("7 V", "", 7, 0.5),
    ],
)
def test_what_is_typed_may_carry_the_display_s_unit(text: str, unit: str, value: float, half: float) -> None:
    """Meters count in W.h and show kWh: the number and its last digit are converted."""
    found = shown(text, unit)
    assert found.value == pytest.approx(value)
    assert found.half == pytest.approx(half)


@pytest.mark.parametrize(("text", "unit"), [("5 kg", "V"), ("5 A", "V"), ("V", "V"), ("", "V"), ("1 2 V", "V")])
def test_a_unit_that_measures_something_else_is_refused(text: str, unit: str) -> None:
    """Ampere on a voltmeter is a slip."""
    with pytest.raises(Refused):
        shown(text, unit)


async def test_watching_measures_times_and_errors(tmp_path: Path) -> None:
    """A refused read counts as an error; the time comes from the clock."""
    bus = MemoryBus({7: meter()})
    clock = ManualClock(1)
    one = session(tmp_path, bus, clock=clock)
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    bus.before = lambda number: clock.advance(20)
    timing = await one.watch(7, 1.0)
    assert timing.polls >= 45
    assert timing.errors == 0
    assert timing.p50_ms == timing.p99_ms == 20
    bus.units.clear()
    assert (await one.watch(7, 1.0)).error_percent == 100


async def test_only_one_step_asks_the_bus(tmp_path: Path) -> None:
    """Another one is refused and told which is running."""
    bus = MemoryBus({7: meter()})
    one = session(tmp_path, bus)
    one.add(7)
    caught: list[Refused] = []

    def intrude(number: int) -> None:
        with pytest.raises(Refused, match="find") as refused:
            one.look(7, 4, 0, 1).send(None)
        caught.append(refused.value)

    bus.before = intrude
    await one.find(units=(1, 2))
    assert len(caught) == 2


# --- place, bulk ----------------------------------------------------------------------------------------------------


async def test_a_template_is_given_to_the_rows_of_a_table(tmp_path: Path) -> None:
    """Profile, differences, points and intervals are taken over; proofs are not, and names come from the table."""
    one = await proven(tmp_path, meter(1, swap=True))
    await one.look_at_profile(7)
    one.solve(7, {name: f"{value:.2f}" for name, value in VOLTS.items() if name.startswith("voltage")})
    table = tmp_path / "units.csv"
    table.write_text("站号;设施;名称;备注\n8;wtl-pm-02;second;左侧\n9;wtl-pm-03;;\n", encoding="utf-8")
    units = one.bulk(7, table)
    assert [(unit.unit, unit.label, unit.template) for unit in units] == [(8, "second", 7), (9, "unit-9", 7)]
    assert units[0].placement == Placement(facility="wtl-pm-02", note="左侧")
    assert {point.proof for point in units[0].points.values()} == {None}
    config = loaded(one, tmp_path)
    registers = [unit.points[0].register for unit in config.buses[0].units]
    assert len({(register.address, register.order) for register in registers}) == 1
    assert registers[0].order is Order.CDAB


async def test_a_spreadsheet_is_read_like_a_csv(tmp_path: Path) -> None:
    """Numbers in cells are numbers, whatever Excel makes of them."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["unit", "facility", "name"])
    sheet.append([8.0, "wtl-pm-02", None])
    book.save(tmp_path / "units.xlsx")
    one = await proven(tmp_path)
    assert [unit.unit for unit in one.bulk(7, tmp_path / "units.xlsx")] == [8]


async def test_everything_wrong_in_a_table_is_said_at_once(tmp_path: Path) -> None:
    """With row and column, in both languages, and nothing is changed."""
    one = await proven(tmp_path)
    table = tmp_path / "units.csv"
    rows = ["unit,facility,name", "x,a b,", "300,wtl-pm-02,n", "8,wtl-pm-03,n", "8,wtl-pm-01,k", "7,wtl-pm-05,"]
    table.write_text("\n".join(rows), encoding="utf-8")
    before = one.state
    with pytest.raises(Invalid) as caught:
        one.bulk(7, table)
    places = [(finding.line, finding.column, finding.code) for finding in caught.value.findings]
    assert places == [
        (2, 1, "TG-0404"),
        (2, 2, "TG-0407"),
        (3, 1, "TG-0404"),
        (4, 3, "TG-0409"),
        (5, 1, "TG-0405"),
        (5, 2, "TG-0408"),
        (6, 1, "TG-0406"),
    ]
    assert "第 4 行" in _chinese(caught.value.findings[4])
    assert one.state is before


@pytest.mark.parametrize("text", ["", "unit\n1\n", "unit,facility\n", "unit,facility,colour\n8,a,red\n"])
async def test_a_table_without_what_is_needed_is_refused(tmp_path: Path, text: str) -> None:
    """No heading, a missing column, no row, an unknown column."""
    one = await proven(tmp_path)
    table = tmp_path / "units.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid):
        one.bulk(7, table)


async def test_photos_are_kept_with_their_digest(tmp_path: Path) -> None:
    """What is in the folder is what was attached; an empty or missing file is refused."""
    one = await proven(tmp_path)
    photo = tmp_path / "door.JPG"
    photo.write_bytes(b"\xff\xd8 picture")
    sha256 = one.attach(7, photo)
    (name,) = one.state.units[7].photos
    assert one.state.units[7].photos[name] == sha256
    assert (tmp_path / "photos" / name).read_bytes() == b"\xff\xd8 picture"
    (tmp_path / "empty.jpg").write_bytes(b"")
    for bad in ("empty.jpg", "none.jpg"):
        with pytest.raises(Refused):
            one.attach(7, tmp_path / bad)


def _chinese(finding: object) -> str:
    return str(finding.what_in("zh"))  # type: ignore[attr-defined]


# --- sign, configuration, recheck -----------------------------------------------------------------------------------


def loaded(one: SiteSession, folder: Path) -> GatewayConfig:
    """The configuration as a gateway would load it."""
    found = one.configuration()
    for name, text in found.profiles.items():
        (folder / "profiles").mkdir(exist_ok=True)
        (folder / "profiles" / name).write_text(text, encoding="utf-8")
    head = "group: wtl\nnode: gw-1\nbroker: {host: localhost}\nspool: {path: s.sqlite}\n"
    return parse_config(head + found.buses, folder)


async def test_a_signed_record_holds_until_a_byte_of_it_changes(tmp_path: Path) -> None:
    """The signature is over the facts, not over the file's spacing; any changed fact breaks it."""
    one = await proven(tmp_path)
    signed = one.sign("Li Wei")
    data = signed.file.read_bytes()
    checked = site_sign.verify(data)
    assert checked.holds
    assert checked.digest == signed.state.digest
    assert checked.key == signed.state.key
    respaced = json.dumps(json.loads(data)).encode()
    assert site_sign.verify(respaced).holds
    altered = data.replace(b'"shown": 230.5', b'"shown": 231.5')
    assert altered != data
    assert not site_sign.verify(altered).intact
    assert stat.S_IMODE((tmp_path / "site.key").stat().st_mode) == 0o600
    assert {path.read_bytes()[:5] for path in signed.pdf.values()} == {b"%PDF-"}


async def test_a_foreign_signature_is_not_genuine(tmp_path: Path) -> None:
    """A record whose digest fits, signed with another key than the one it names."""
    one = await proven(tmp_path)
    envelope = json.loads(one.sign("Li").file.read_bytes())
    other = site_sign.signed(envelope["record"], site_sign.own_key(tmp_path / "other.key"))
    mixed = json.dumps(envelope | {"signature": other["signature"]}).encode()
    checked = site_sign.verify(mixed)
    assert checked.intact
    assert not checked.genuine
    with pytest.raises(Refused):
        site_sign.verify(b"{}")


async def test_signing_again_keeps_the_record_before(tmp_path: Path) -> None:
    """A change takes the signature away, and a second one sets the first record aside."""
    one = await proven(tmp_path)
    first = one.sign("Li").file.read_bytes()
    one.place(7, Placement(facility="wtl-pm-09"), "meter")
    assert one.state.signed is None
    one.sign("Li")
    names = os.listdir(tmp_path)  # noqa: PTH208 - a coroutine may not use Path's walks
    (aside,) = (name for name in names if name.startswith("record.until-"))
    assert (tmp_path / aside).read_bytes() == first
    assert len([name for name in names if name.endswith(".pdf")]) == 4


async def test_the_configuration_reads_what_was_proven(tmp_path: Path) -> None:
    """It loads without a finding, and its points are the proven ones at the registers that were solved."""
    one = await proven(tmp_path)
    config = loaded(one, tmp_path)
    (bus,) = config.buses
    assert (bus.id, str(bus.transport)) == ("plant-room", "10.0.0.1:502")
    assert {point.metric for point in bus.units[0].points} == {f"wtl-pm-01/{name}" for name in VOLTS}
    assert one.configuration().profiles == {}


async def test_later_reads_that_contradict_the_record_are_told(tmp_path: Path) -> None:
    """The same device: nothing. Another that says another name and refuses a point: both are told."""
    unit = meter()
    unit.identity = {0: b"Eastron", 1: b"SDM630"}
    bus = MemoryBus({7: unit})
    one = session(tmp_path, bus)
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    await one.identify(7)
    one.choose_profile(7, "eastron-sdm630")
    await one.prove(7, [ReferenceReading(register="frequency", shown="50.0")])
    record = json.loads(one.sign("Li").file.read_bytes())
    assert (await one.recheck(record)).contradictions == {}
    unit.identity = {0: b"Acrel", 1: b"ADW300"}
    del unit.words[4, PROFILES["eastron-sdm630"].registers["frequency"].address]
    found = (await one.recheck(record)).contradictions[7]
    assert any("Acrel" in text.en for text in found)
    assert any("unit-7/frequency" in text.zh for text in found)
    bus.units.clear()
    again = await one.recheck(record)
    assert (again.contradictions, again.unheard) == ({}, (7,))


# --- state ----------------------------------------------------------------------------------------------------------


async def test_the_state_comes_back_from_its_file(tmp_path: Path) -> None:
    """After any step a new session on the folder knows what the old one knew."""
    one = await proven(tmp_path)
    await one.watch(7, 0.0)
    await one.look_at_profile(7)
    one.solve(7, {"frequency": "50.0"})
    again = session(tmp_path, MemoryBus({}), None)
    assert again.state == one.state
    assert from_json(to_json(one.state)) == one.state
    assert json.loads(json.dumps(plain(one.state)))["units"]["7"]["profile"] == "eastron-sdm630"


@pytest.mark.parametrize(
    ("content", "word"), [(b"{", "session.json"), (b'{"format": "other/1"}', "session.json"), (None, "find")]
)
def test_a_folder_without_a_session_says_so(tmp_path: Path, content: bytes | None, word: str) -> None:
    """Broken, foreign and missing files are refused with what to do."""
    if content is not None:
        (tmp_path / "session.json").write_bytes(content)
    with pytest.raises(Refused, match=word):
        session(tmp_path, MemoryBus({}), None)


def test_a_folder_of_another_bus_is_not_mixed_up(tmp_path: Path) -> None:
    """Its units would be taken for those of this one."""
    session(tmp_path, MemoryBus({}), TCP)
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        session(tmp_path, MemoryBus({}), RTU)


def test_the_steps_of_a_unit_are_told_from_its_state() -> None:
    """Nothing is ticked off by hand."""
    unit = UnitState(unit=7, profile="x")
    assert unit.done == (Step.FIND, Step.IDENTIFY)
    assert SessionState(bus=TCP, began_ms=1).with_unit(unit).units[7] is unit


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("add", (0,)),
        ("drop", (9,)),
        ("choose_profile", (7, "no-such")),
        ("solve", (7, {"a": "1"})),
        ("select", (7, [PointState(register="nothing", measurement="a")])),
        ("select", (7, [PointState(register="frequency", measurement="a b")])),
        ("select", (7, [PointState(register="frequency", measurement="f", unit="furlong")])),
        ("place", (7, Placement(facility="a b"))),
        ("place", (7, Placement(facility="a"), "n" * 65)),
        ("sign", ("Li",)),
        ("sign", (" ",)),
        ("configuration", ()),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(tmp_path: Path, method: str, arguments: tuple) -> None:
    """Each refusal says what is wrong; nothing is changed."""
    one = session(tmp_path, MemoryBus({}))
    one.add(7)
    one.choose_profile(7, "eastron-sdm630")
    before = one.state
    with pytest.raises(Refused) as caught:
        getattr(one, method)(*arguments)
    assert caught.value.in_language("zh") != caught.value.in_language("en")
    assert one.state is before


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_a_profile_of_the_site_reads_back_as_it_was_written(key: str, tmp_path: Path) -> None:
    """Every register of every shipped product survives the way through a file of this site."""
    from gateway.document import Document
    from gateway.profile_file import parse
    from gateway.site_survey import own_profile

    profile = PROFILES[key]
    again = parse(Document(own_profile.text(profile), "x.yaml"), key)

    def bare(registers: Mapping[str, object]) -> dict:
        import dataclasses

        return {name: dataclasses.replace(one, written="") for name, one in registers.items()}  # type: ignore[type-var]

    assert bare(again.registers) == bare(profile.registers)
    assert again.illegal == profile.illegal
