"""Commissioning's deciding half: what is found, which product it is, how its registers hold what its display shows."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import struct
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from gateway.profile import DataType, Order, Profile, Register
from gateway.profile_file import shipped
from gateway.site_survey import record as as_built
from gateway.site_survey.forms import FORMS, Form, values
from gateway.site_survey.grid import grid
from gateway.site_survey.identify import is_identified, next_question, rank
from gateway.site_survey.proof import Reference, Verdict, prove, timeout_to_set_s, timing
from gateway.site_survey.scan import ALL_UNITS, Heard, Scan, Setting, settings_to_try
from gateway.site_survey.solver import Sample, Shown, is_decided, solve, solve_unit
from gateway.site_survey.words import Observation, Snapshot, decoded
from gateway.transport import Parity

PROFILES = shipped()


def snapshot(words: Mapping[int, int], function: int = 4) -> Snapshot:
    return Snapshot({(function, address): word for address, word in words.items()})


# --- forms and grid -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "form", "expected"),
    [
        ([0x4366, 0x8000], Form(DataType.F32, Order.ABCD), 230.5),
        ([0x8000, 0x4366], Form(DataType.F32, Order.CDAB), 230.5),
        ([0x6643, 0x0080], Form(DataType.F32, Order.BADC), 230.5),
        ([0x0080, 0x6643], Form(DataType.F32, Order.DCBA), 230.5),
        ([0xFFFF, 0xCFC7], Form(DataType.S32, Order.ABCD), -12345),
        ([0xC7CF, 0xFFFF], Form(DataType.S32, Order.DCBA), -12345),
        ([0x1170, 0x0001], Form(DataType.U32, Order.CDAB), 70000),
        ([0xFFCB], Form(DataType.S16, Order.ABCD), -53),
        ([0xCBFF], Form(DataType.S16, Order.BADC), -53),
    ],
)
def test_words_in_every_form(words: list[int], form: Form, expected: float) -> None:
    """The words of the protocol notes: 230.5, -12345, 70000 and -5.3 °C in the orders in which makers write them."""
    assert values(np.array(words, np.uint16), form)[0] == expected


@given(st.lists(st.integers(0, 65535), min_size=4, max_size=12))
def test_every_form_agrees_with_the_decoder_of_live_polling(words: list[int]) -> None:
    """What the grid shows is what a point would read: one decoder checked against the other."""
    shot = snapshot(dict(enumerate(words)))
    for form in FORMS:
        if form.words == 1 and form.order is not Order.ABCD:
            continue
        column = values(np.array(words, np.uint16), form)
        for address in range(len(words) - form.words + 1):
            register = Register(name="r", function=4, address=address, type=form.type, order=form.order)
            value = decoded(shot, [register])["r"][0]
            assert value == column[address] or (math.isnan(value) and math.isnan(column[address]))


def test_the_grid_puts_a_noisy_voltage_before_its_scrambled_twins() -> None:
    """Five reads of 230 V with noise: f32 ABCD is the most plausible meaning of the first word."""
    rng = random.Random(1)
    history = []
    for _ in range(5):
        data = struct.pack(">f", 230 + rng.gauss(0, 0.3))
        history.append(snapshot(dict(enumerate(struct.unpack(">HH", data)))))
    first = grid(history)[0]
    assert str(first.meanings[0].form) == "f32 ABCD"
    assert first.meanings[0].value == pytest.approx(230, abs=2)
    assert len({meaning.form for meaning in first.meanings}) == len(first.meanings) >= 14


# --- solver ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "half"), [("230.5", 230.5, 0.05), ("-3", -3, 0.5), ("0,07", 0.07, 0.005), (" 12.00 ", 12, 0.005)]
)
def test_a_display_s_digits_are_its_resolution(text: str, value: float, half: float) -> None:
    """Half of the last digit; a comma is a point."""
    shown = Shown.of(text)
    assert shown.value == value
    assert shown.half == pytest.approx(half)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "nan", "inf", "12 V"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """With an example of what is wanted."""
    with pytest.raises(Refused, match=r"230\.5"):
        Shown.of(text)


def written(register: Register, value: float, order: Order) -> dict[int, int]:
    """A value as a device of another make would hold it: an encoder of the test's own."""
    raw = round((value - register.offset) / (register.scale / register.divisor))
    match register.type:
        case DataType.F32:
            data = struct.pack(">f", value / (register.scale / register.divisor))
        case DataType.F64:
            data = struct.pack(">d", value / (register.scale / register.divisor))
        case _:
            signed = register.type in (DataType.S16, DataType.S32, DataType.S64)
            data = raw.to_bytes(2 * register.width, "big", signed=signed)
    words = list(struct.unpack(f">{register.width}H", data))
    if order in (Order.CDAB, Order.DCBA):
        words.reverse()
    if order in (Order.BADC, Order.DCBA):
        words = [(word >> 8) | (word & 0xFF) << 8 for word in words]
    return {register.address + index: word for index, word in enumerate(words)}


WIDE = [
    (profile, register)
    for profile in PROFILES.values()
    for register in profile.quantities
    if register.function in (3, 4)
    and register.type in (DataType.F32, DataType.U32, DataType.S32)
    and not register.exponent_from
    and register.offset == 0
    and math.isfinite(register.high)
]


@pytest.mark.parametrize("case", range(200))
def test_a_wrong_byte_order_is_found_in_every_case(case: int) -> None:
    """200 random quantities of shipped products in an order their profile does not say: two displays tell which."""
    rng = random.Random(case)
    _, register = rng.choice(WIDE)
    actual = rng.choice([order for order in Order if order is not register.order])
    factor = register.scale / register.divisor
    noise = {register.address + shift: rng.randrange(65536) for shift in range(-6, 8) if register.address + shift >= 0}
    small = register.type is DataType.F32 and register.high < 10
    digits = 3 if small else 2 if register.type is DataType.F32 else max(0, math.ceil(-math.log10(factor)))
    samples = []
    for _ in range(2):
        words = noise | written(register, rng.uniform(max(register.low, 0), min(register.high, 1e6 * factor)), actual)
        shot = snapshot(words, register.function)
        held = dataclasses.replace(register, order=actual, name="held")
        samples.append(Sample(shot, Shown.of(f"{decoded(shot, [held])['held'][0]:.{digits}f}")))
    best = solve(samples, register)[0]
    assert (best.address, best.form.order, best.function) == (register.address, actual, register.function)
    assert best.changes == ("order",)


def test_a_unit_that_differs_in_common_is_explained_in_common() -> None:
    """A clone of an SDM120 with swapped words that counts from 1: one base and one order explain all four displays."""
    profile = PROFILES["eastron-sdm120"]
    shown = {"voltage": "231.4", "current": "4.27", "power": "963.5", "frequency": "50.02"}
    words: dict[int, int] = {}
    for name, text in shown.items():
        register = profile.registers[name]
        shifted = dataclasses.replace(register, address=register.address + 1)
        words |= written(shifted, float(text), Order.CDAB)
    samples = {name: [Sample(snapshot(words), Shown.of(text))] for name, text in shown.items()}
    solution = solve_unit(samples, profile.registers)
    assert (solution.base, solution.order, solution.unexplained) == (1, Order.CDAB, ())
    assert solution.cost < 2.0
    applied = solution.by_register["voltage"].applied(profile.registers["voltage"])
    assert decoded(snapshot(words), [applied])["voltage"][0] == pytest.approx(231.4)


def test_a_unit_as_its_profile_says_needs_no_belief() -> None:
    """Nothing differs, nothing is paid."""
    profile = PROFILES["eastron-sdm120"]
    words = written(profile.registers["voltage"], 231.4, Order.ABCD)
    samples = {"voltage": [Sample(snapshot(words), Shown.of("231.4"))]}
    solution = solve_unit(samples, profile.registers)
    assert (solution.base, solution.order, solution.cost) == (0, None, 0)


def test_a_scale_ten_times_too_large_is_a_scale() -> None:
    """The display shows 21.5, the register holds 2150 where the profile expects 215."""
    register = PROFILES["xy-md02"].registers["temperature"]
    best = solve([Sample(snapshot({register.address: 2150}), Shown.of("21.50"))], register)[0]
    assert best.changes == ("scale",)
    assert best.factor == pytest.approx(0.01)


def test_an_unknown_device_is_solved_from_two_displays() -> None:
    """No profile, 40 words of noise around a quantity: one display leaves several hypotheses, two the true one."""
    rng = random.Random(7)
    truth = Register(name="p", function=3, address=17, type=DataType.S32, order=Order.CDAB, divisor=100)
    samples = []
    for value in ("1345.67", "1351.02"):
        words = {address: rng.randrange(65536) for address in range(40)} | written(truth, float(value), Order.CDAB)
        samples.append(Sample(snapshot(words, 3), Shown.of(value)))
    assert len(solve(samples[:1])) >= 1
    found = solve(samples)
    assert (found[0].address, found[0].form.order, found[0].factor) == (17, Order.CDAB, 0.01)
    assert is_decided(found)


def test_nothing_agrees_nothing_is_claimed() -> None:
    """A display that no register explains has no hypothesis."""
    found = solve([Sample(snapshot({0: 1, 1: 2}), Shown.of("9999.5"))])
    assert found == ()
    assert not is_decided(found)


# --- identification -------------------------------------------------------------------------------------------------


def survey(held: Mapping[tuple[int, int], int], identity: Mapping[int, str] | None = None) -> tuple[str, bool, int]:
    """Ask a simulated unit until it is known: profile, whether it is sure, questions."""
    seen = Observation(identity=dict(identity or {}), asked_identity=True)
    asked = 0
    while (request := next_question(PROFILES, seen, asked)) is not None:
        asked += 1
        places = [(request.function, request.address + index) for index in range(request.count)]
        if all(place in held for place in places):
            seen.answered(request.function, request.address, [held[place] for place in places])
        else:
            seen.failed(request.function, request.address, request.count, refused=True)
    fits = rank(PROFILES.values(), seen)
    return fits[0].profile, is_identified(fits), asked


def holding(profile: Profile, values_by_name: Mapping[str, float]) -> dict[tuple[int, int], int]:
    """All registers of a product: the given values, zero elsewhere."""
    held: dict[tuple[int, int], int] = {}
    for register in profile.quantities:
        if register.function not in (3, 4):
            continue
        words = dict.fromkeys(range(register.address, register.stop), 0)
        if register.name in values_by_name:
            words = written(register, values_by_name[register.name], register.order)
        held |= {(register.function, address): word for address, word in words.items()}
    return held


def test_a_meter_is_told_from_fifty_other_products_in_a_dozen_reads() -> None:
    """An SDM630 by what it holds alone, and with few questions."""
    profile = PROFILES["eastron-sdm630"]
    live = {"voltage_l1": 231.4, "voltage_l2": 230.9, "voltage_l3": 232.0, "current_l1": 4.2, "frequency": 50.02}
    key, _, asked = survey(holding(profile, live))
    assert key == "eastron-sdm630"
    assert asked <= 24


def test_what_a_unit_says_of_itself_decides() -> None:
    """Of the profiles with 43/14 patterns each is found by its own texts."""
    for key, profile in PROFILES.items():
        plain = {number: text for number, text in profile.identify.objects.items() if text.isalnum()}
        if plain and len(plain) == len(profile.identify.objects):
            seen = Observation(identity=plain, asked_identity=True)
            assert rank(PROFILES.values(), seen)[0].profile == key


def test_a_unit_that_refuses_everything_is_not_identified() -> None:
    """Nothing known is nothing claimed, and the questions come to an end."""
    _, sure, asked = survey({})
    assert not sure
    assert asked <= 24


def test_reasons_are_given_in_both_languages() -> None:
    """A technician reads why."""
    seen = Observation()
    profile = PROFILES["eastron-sdm120"]
    for (function, address), word in holding(profile, {"voltage": 231.0, "frequency": 50.0}).items():
        seen.answered(function, address, [word])
    best = rank(PROFILES.values(), seen)[0]
    assert best.reasons
    assert all(reason.zh and reason.en and "{" not in reason.zh + reason.en for reason in best.reasons)


# --- scan -----------------------------------------------------------------------------------------------------------


def scanned(scan: Scan, alive: Mapping[tuple[Setting, int], Heard]) -> int:
    asked = 0
    while (probe := scan.next()) is not None:
        asked += 1
        scan.heard(probe, alive.get((probe.setting, probe.unit), Heard.NOTHING), 0.3)
    return asked


def test_all_units_are_found_at_the_setting_that_lives() -> None:
    """A bus at 19200 even with units 1, 57 and 200: found, though only unit 1 is among the likely ones."""
    settings = settings_to_try(PROFILES.values())
    bus = Setting(19200, Parity.EVEN, 1)
    scan = Scan(settings)
    asked = scanned(scan, {(bus, unit): Heard.ANSWER for unit in (1, 57)} | {(bus, 200): Heard.DAMAGED})
    assert [(one.unit, one.sure) for one in sorted(scan.found, key=lambda one: one.unit)] == [
        (1, True),
        (57, True),
        (200, False),
    ]
    assert asked < len(settings) * 10 + 247
    progress = scan.progress()
    assert (progress.asked, progress.left_s) == (progress.planned, 0)


def test_the_time_left_is_told_and_shrinks() -> None:
    """Before the first answer by the timeout, then by the pace so far."""
    scan = Scan([Setting(9600)], units=range(1, 11), timeout_s=0.5)
    assert scan.progress().left_s == pytest.approx(5.0)
    probe = scan.next()
    assert probe is not None
    scan.heard(probe, Heard.NOTHING, 0.2)
    assert scan.progress().left_s == pytest.approx(9 * 0.2)


def test_no_unit_is_asked_twice_at_one_setting() -> None:
    """However the passes overlap; broadcast 0 is never asked."""
    scan = Scan([Setting(9600), Setting(4800)], thorough=True)
    seen = []
    while (probe := scan.next()) is not None:
        seen.append(probe)
        scan.heard(probe, Heard.EXCEPTION, 0.01)
    assert len(seen) == len(set(seen)) == 2 * len(ALL_UNITS)
    with pytest.raises(ValueError, match="1 to 247"):
        Scan([Setting(9600)], units=[0])


def test_fresh_products_settings_come_first() -> None:
    """What most known products leave the factory with is tried before anything else."""
    assert settings_to_try(PROFILES.values())[0] == Setting(9600, Parity.NONE, 1)
    assert settings_to_try([], bauds=[4800]) == (Setting(4800), Setting(4800, Parity.EVEN))


# --- proof and record -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "tolerance", "value", "verdict"),
    [
        ("230.5", 0.0, 230.549, Verdict.PROVEN),
        ("230.5", 0.0, 230.56, Verdict.DIFFERS),
        ("230.5", 1.0, 231.5, Verdict.PROVEN),
        ("230.5", 1.0, math.nan, Verdict.NOT_READ),
        ("12", 0.0, 12.5, Verdict.PROVEN),
    ],
)
def test_a_point_is_proven_within_tolerance_and_rounding(
    shown: str, tolerance: float, value: float, verdict: Verdict
) -> None:
    """The display's last digit is a tolerance of its own; nothing read is not proven."""
    assert prove(Reference(metric="m/v", shown=Shown.of(shown), tolerance=tolerance), value).verdict is verdict


def test_timing_sums_up_and_suggests_a_timeout() -> None:
    """A hundred polls, two lost: 2 %; three times the slowest answer, rounded up."""
    result = timing([0.03] * 97 + [0.12], 2, 60.0)
    assert (result.polls, result.errors, result.error_percent) == (100, 2, 2.0)
    assert (result.p50_s, result.longest_s) == (0.03, 0.12)
    assert timeout_to_set_s(result) == pytest.approx(0.4)
    nothing = timing([], 5, 60.0)
    assert math.isnan(nothing.p99_s)
    assert timeout_to_set_s(nothing) == 1.0


def signed_unit() -> as_built.UnitRecord:
    register = PROFILES["eastron-sdm120"].registers["voltage"]
    proof = prove(Reference(metric="pm-1/voltage", shown=Shown.of("230.5"), by="w-07", time_ms=5), 230.51)
    return as_built.UnitRecord(
        unit=3,
        setting=Setting(9600),
        profile="eastron-sdm120",
        profile_digest="0" * 64,
        identity={0: "Eastron"},
        signature={(3, 0xFC02): 0x0020},
        points=(as_built.ProvenPoint(metric="pm-1/voltage", register=register, proof=proof),),
        timing=timing([0.03], 0, 60),
        placement=as_built.Placement(facility="pm-1"),
        product=PROFILES["eastron-sdm120"].product,
    )


def record() -> as_built.AsBuilt:
    return as_built.AsBuilt(
        gateway="wtl/gw-1", bus="b", transport="t", units=(signed_unit(),), by="w-07", time_ms=9, version="0.1.0"
    )


def test_the_same_facts_are_the_same_bytes() -> None:
    """The digest survives writing, reading and another order of keys, and changes with any fact."""
    content = as_built.document(record())
    again = json.loads(json.dumps(content, indent=2))
    assert as_built.digest(dict(reversed(again.items()))) == as_built.digest(content)
    again["units"][0]["points"][0]["proof"]["read"] = 230.52
    assert as_built.digest(again) != as_built.digest(content)
    assert record().unproven == ()


def test_a_record_names_product_and_quantities_in_both_languages() -> None:
    """Who reads it later needs no profile to know what was proven."""
    content = as_built.document(record())["units"][0]
    assert content["product"] == {"zh": "东鸿 Eastron SDM120 Modbus", "en": "Eastron SDM120 Modbus"}
    assert content["points"][0]["quantity"] == "voltage"
    assert content["points"][0]["label"] == {"zh": "电压", "en": "voltage"}


def test_a_swapped_device_and_a_changed_map_are_contradictions() -> None:
    """Another name, another signature, a refused register: each is said; silence says nothing."""
    unit = signed_unit()
    assert as_built.contradictions(unit, Observation()) == ()
    seen = Observation(identity={0: "Chint"}, asked_identity=True)
    seen.answered(3, 0xFC02, [0x0021])
    seen.failed(4, 0, 2, refused=True)
    found = as_built.contradictions(unit, seen)
    assert [text.en for text in found] == [
        "says 'Chint', was 'Eastron'",
        "register 3:64514 is 33, was 32",
        "registers of pm-1/voltage are refused now",
    ]


def test_an_offset_step_shows_at_the_next_reference() -> None:
    """The same point, read again beside the display: 3 V off is a step, within the tolerance is none."""
    unit = signed_unit()
    register = unit.points[0].register
    shot = snapshot(written(register, 233.5, Order.ABCD))
    text = as_built.step(unit, "pm-1/voltage", 230.5, shot)
    assert text is not None
    assert "230.5" in text.en
    assert as_built.step(unit, "pm-1/voltage", 233.52, shot) is None
