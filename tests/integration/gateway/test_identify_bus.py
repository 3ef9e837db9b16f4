"""Which product is first, over the plant room's bus and random days of it: measured, and held.

The units are asked as a session asks them, one question after the other, but without a wire.
"""

from __future__ import annotations

import random
import struct

import pytest

from firmware_sim.clock import ManualClock
from firmware_sim.serial_bus.plan import PLANT_ROOM, build_bus, read_bus
from firmware_sim.serial_bus.unit import BusUnit
from gateway.profile import Order
from gateway.profile_file import shipped
from gateway.site_survey.alike import side_by_side
from gateway.site_survey.identify import MOST_QUESTIONS, Fit, alike, is_identified, next_question, rank
from gateway.site_survey.words import Observation

PROFILES = shipped()
PLAN = read_bus(PLANT_ROOM)
PRODUCTS = {unit.unit_id: unit.product for unit in PLAN.units}
DAY_MS = 86_400_000
START_MS = 1_780_000_000_000


def survey(unit: BusUnit, time_s: float) -> tuple[tuple[Fit, ...], int]:
    """Ask a unit until it is known; the fits and the questions."""
    seen = Observation(identity=identity(unit, time_s), asked_identity=True)
    asked = 1
    while (wanted := next_question(PROFILES, seen, asked)) is not None:
        asked += 1
        pdu = struct.pack(">BHH", wanted.function, wanted.address, wanted.count)
        answer = unit.instrument.answer(pdu, time_s + asked * 0.05, unit.faults.offsets)
        hole = any(
            table == wanted.function and wanted.address <= address < wanted.address + wanted.count
            for table, address in unit.faults.holes
        )
        if answer[0] & 0x80 or hole:
            code = 2 if hole else answer[1]
            seen.failed(wanted.function, wanted.address, wanted.count, refused=True, exception=code)
        else:
            words = [int.from_bytes(answer[at : at + 2], "big") for at in range(2, len(answer), 2)]
            seen.answered(wanted.function, wanted.address, words)
    return rank(PROFILES.values(), seen), asked


def identity(unit: BusUnit, time_s: float) -> dict[int, str]:
    """What a unit says of itself, its basic objects."""
    answer = unit.instrument.answer(bytes((43, 14, 1, 0)), time_s, {})
    found: dict[int, str] = {}
    if answer[0] & 0x80:
        return found
    at = 7
    for _ in range(answer[6]):
        number, size = answer[at], answer[at + 1]
        found[number] = answer[at + 2 : at + 2 + size].decode().strip("\0 ")
        at += 2 + size
    return found


def test_the_right_product_is_first_for_nearly_all_units_and_never_wrongly_certain(seed: int) -> None:
    """On random days: first for nine of ten, certain for a third, and what is certain is true."""
    luck = random.Random(seed)
    first = certain = units = questions = 0
    for _ in range(2):
        start_ms = START_MS + luck.randrange(300 * DAY_MS)
        bus = build_bus(PLAN, ManualClock(start_ms=start_ms), seed=luck.randrange(1 << 30), paced=False)
        for unit in bus.units:
            fits, asked = survey(unit, start_ms / 1000)
            truth = PRODUCTS[unit.unit_id]
            units, questions = units + 1, questions + asked
            first += fits[0].profile == truth
            certain += is_identified(fits)
            assert not is_identified(fits) or fits[0].profile == truth, (unit.unit_id, fits[:2])
            assert asked <= MOST_QUESTIONS
    assert first >= 0.9 * units, (first, units)
    assert certain >= 0.33 * units, (certain, units)
    assert questions <= 32 * units


@pytest.mark.parametrize(("unit_id", "order", "shift"), [(7, Order.CDAB, 0), (14, None, 1)])
def test_a_clone_is_known_for_what_it_copies(unit_id: int, order: Order | None, shift: int) -> None:
    """With swapped words or moved addresses the product is first, says how it differs, and is never certain."""
    bus = build_bus(PLAN, ManualClock(start_ms=START_MS), seed=1, paced=False)
    unit = next(one for one in bus.units if one.unit_id == unit_id)
    fits, _ = survey(unit, START_MS / 1000)
    assert (fits[0].profile, fits[0].order, fits[0].shift) == (PRODUCTS[unit_id], order, shift)
    assert not is_identified(fits)


def fit(profile: str, evidence: float) -> Fit:
    return Fit(profile, evidence, 0.5, (), False)


def test_what_cannot_be_told_apart_stands_side_by_side_with_what_a_person_can_see() -> None:
    """Equal evidence is no choice: both products are named with what only one of them measures."""
    fits = (fit("eastron-sdm630", 20.4), fit("eastron-sdm72", 20.4), fit("eastron-sdm120", 9.5))
    assert alike(fits) == ("eastron-sdm630", "eastron-sdm72")
    found = side_by_side(PROFILES, fits)
    assert [one.profile for one in found] == ["eastron-sdm630", "eastron-sdm72"]
    assert found[0].look != found[1].look
    assert all(one.look.zh and one.look.en for one in found)
    assert side_by_side(PROFILES, (fit("eastron-sdm630", 20.0), fit("eastron-sdm72", 15.0))) == ()
    assert side_by_side(PROFILES, (fit("qdy30a", 0.2), fit("xy-md02", 0.1))) == ()
