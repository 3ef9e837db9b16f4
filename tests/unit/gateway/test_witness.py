"""A unit held against its record: what contradicts, what does not, and what its readings are worth meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import Invalid, Refused
from core.quality import GOOD, QualityClass, Reason, class_of, quality, reason_of
from gateway import as_built
from gateway.config import PointConfig, UnitConfig
from gateway.config_file import parse_config
from gateway.profile import Order
from gateway.profile_file import shipped
from gateway.site import SiteValue
from gateway.site_survey.words import Observation
from gateway.witness import CONTRADICTED, IDENTITY_AGAIN_S, IDENTITY_EVERY_S, REFUSED_AFTER_S, Doubt, Witness
from tests.unit.gateway.test_site_session import proven

CODES = np.full(2, GOOD, np.uint8)


@pytest.fixture
async def signed(tmp_path: Path) -> as_built.SignedBus:
    """The record of a meter that was proven."""
    one = await proven(tmp_path)
    one.sign("Li Wei")
    return as_built.load(tmp_path / "record.json")


def unit_of(signed: as_built.SignedUnit) -> UnitConfig:
    """A configuration that reads the record's points as they were signed."""
    points = tuple(
        PointConfig(metric=point.metric, register=point.register, interval_ms=1000) for point in signed.record.points
    )
    return UnitConfig(
        name="meter", unit=signed.record.unit, profile=shipped()["eastron-sdm630"], timeout_s=1.0, points=points
    )


def doubts(witness: Witness) -> list[Doubt]:
    return [one.doubt for one in witness.contradictions]


async def test_as_signed_nothing_speaks_against_it(signed: as_built.SignedBus) -> None:
    """Same answers, same registers: good readings stay good, and identification is asked once an hour."""
    one = next(iter(signed.units.values()))
    witness = Witness(one, unit_of(one))
    if witness.identity_due(0.0):
        seen = Observation(identity=dict(one.record.identity), words=dict(one.record.signature), asked_identity=True)
        witness.heard(seen, 0.0, complete=True)
        assert not witness.identity_due(IDENTITY_EVERY_S - 1)
        assert witness.identity_due(IDENTITY_EVERY_S)
    rows = np.arange(len(one.record.points))
    codes = np.full(len(rows), GOOD, np.uint8)
    assert (witness.judged(rows, np.full(len(rows), 5.0), codes) == GOOD).all()
    assert not witness.stands


def swapped(signed: as_built.SignedBus) -> tuple[as_built.SignedUnit, Witness]:
    one = next(iter(signed.units.values()))
    record = replace(one.record, identity={0: "Eastron", 1: "SDM630"}, signature={(3, 100): 7, (3, 101): 8, (4, 5): 1})
    one = replace(one, record=record)
    return one, Witness(one, unit_of(one))


async def test_another_device_is_seen_at_the_first_answer(signed: as_built.SignedBus) -> None:
    """Another name, or other signature words: its readings are uncertain until it says again what was signed."""
    one, witness = swapped(signed)
    assert [(q.function, q.address, q.count) for q in witness.questions] == [(3, 100, 2), (4, 5, 1)]
    seen = Observation(identity={0: "Other", 1: "X"}, words={(3, 100): 7}, asked_identity=True)
    witness.heard(seen, 10.0, complete=True)
    assert set(doubts(witness)) == {Doubt.SWAPPED}
    codes = witness.judged(np.array([0]), np.array([230.0]), np.array([GOOD], np.uint8))
    assert (class_of(int(codes[0])), reason_of(int(codes[0]))) == (QualityClass.UNCERTAIN, Reason.CONTRADICTS_RECORD)
    bad = np.array([quality(QualityClass.BAD, Reason.SENSOR_ERROR)], np.uint8)
    assert witness.judged(np.array([0]), np.array([np.nan]), bad).tolist() == bad.tolist()
    assert witness.identity_due(10.0 + IDENTITY_AGAIN_S)
    same = Observation(identity=dict(one.record.identity), words=dict(one.record.signature), asked_identity=True)
    witness.heard(same, 80.0, complete=True)
    assert not witness.stands


async def test_silence_and_a_device_that_starts_say_nothing(signed: as_built.SignedBus) -> None:
    """No answer contradicts nothing and is asked again, ever more rarely; a refusal has to be heard twice."""
    _, witness = swapped(signed)
    now_s, pauses = 0.0, []
    for _ in range(8):
        witness.heard(Observation(), now_s, complete=False)
        pause_s = next(s for s in range(1, 10_000) if witness.identity_due(now_s + s))
        pauses.append(pause_s)
        now_s += pause_s
    assert not witness.stands
    assert pauses == sorted(pauses)
    assert pauses[-1] == IDENTITY_EVERY_S
    refused = Observation(refused={(3, 100)})
    witness.heard(refused, now_s, complete=True)
    assert not witness.stands
    witness.heard(refused, now_s + 60, complete=True)
    assert doubts(witness) == [Doubt.SWAPPED]
    witness.returned()
    assert witness.identity_due(now_s)


async def test_refused_registers_count_when_they_were_read_before_and_stay_refused(signed: as_built.SignedBus) -> None:
    """A minute without a break; a point that was never proven is none of its business."""
    one = next(iter(signed.units.values()))
    config = unit_of(one)
    witness = Witness(one, config)
    proven_row = next(row for row, point in enumerate(config.points) if point.metric in one.read)
    witness.lacks([proven_row], 0.0)
    witness.lacks([], 30.0)
    witness.lacks([proven_row], 40.0)
    witness.lacks([proven_row], 40.0 + REFUSED_AFTER_S - 1)
    assert not witness.stands
    witness.lacks([proven_row], 40.0 + REFUSED_AFTER_S)
    assert doubts(witness) == [Doubt.REFUSED]
    witness.lacks([], 200.0)
    assert not witness.stands
    never = Witness(replace(one, read=frozenset()), config)
    for now_s in (0.0, 1000.0):
        never.lacks([proven_row], now_s)
    assert not never.stands


async def test_a_configuration_that_reads_otherwise_is_seen_without_a_question(signed: as_built.SignedBus) -> None:
    """Address, type, order, scale, offset, and the site's own scale; what was not signed is no contradiction."""
    one = next(iter(signed.units.values()))
    config = unit_of(one)
    point = config.points[0]
    other_order = next(order for order in Order if order is not point.register.order)
    changed = [
        replace(point, register=replace(point.register, address=point.register.address + 2)),
        replace(point, register=replace(point.register, order=other_order)),
        replace(point, register=replace(point.register, scale=point.register.scale * 10)),
        replace(point, register=replace(point.register, offset=1.0)),
        replace(point, site=SiteValue(scale=0.1)),
    ]
    for now in changed:
        assert doubts(Witness(one, replace(config, points=(now,)))) == [Doubt.MAP], now
    unsigned = replace(changed[0], metric="other/point")
    assert not Witness(one, replace(config, points=(unsigned,))).stands


async def test_a_step_makes_the_point_uncertain_at_once_and_the_unit_when_it_is_sure(
    signed: as_built.SignedBus,
) -> None:
    """From the first reading on nothing of it is good; after five the unit's other points follow."""
    one = next(iter(signed.units.values()))
    points = tuple(replace(point, register=replace(point.register, unit="Hz")) for point in unit_of(one).points[:2])
    witness = Witness(one, replace(unit_of(one), points=points))
    rng = np.random.default_rng(1)
    for _ in range(200):
        witness.judged(np.array([0]), 50 + 0.2 * rng.random(1), CODES[:1])
    first = witness.judged(np.array([0]), np.array([500.0]), CODES[:1])
    assert first.tolist() == [CONTRADICTED]
    for _ in range(4):
        witness.judged(np.array([0]), np.array([500.5]), CODES[:1])
    assert doubts(witness) == [Doubt.STEP]
    assert witness.judged(np.array([1]), np.array([1.0]), CODES[:1]).tolist() == [CONTRADICTED]


async def test_an_altered_record_is_not_used(tmp_path: Path) -> None:
    """A changed byte, another file, no file: refused with the reason."""
    one = await proven(tmp_path)
    one.sign("Li Wei")
    path = tmp_path / "record.json"
    envelope = json.loads(path.read_bytes())
    envelope["record"]["by"] = "somebody"
    path.write_text(json.dumps(envelope), encoding="utf-8")
    for wrong in (path, tmp_path / "none.json", tmp_path / "session.json"):
        with pytest.raises(Refused):
            as_built.load(wrong)


async def test_a_bus_names_its_record_and_a_broken_one_is_a_finding(tmp_path: Path) -> None:
    """What ``site config`` writes loads; an altered or missing record is named with its line and what to do."""
    one = await proven(tmp_path / "site")
    assert "record:" not in one.configuration().buses
    signed = one.sign("Li Wei")
    found = one.configuration()
    assert found.record == "records/plant-room-as-built.json"
    text = "group: wtl\nnode: gw-1\nbroker: {host: localhost}\nspool: {path: s}\n" + found.buses
    for name, profile in found.profiles.items():
        (tmp_path / "profiles").mkdir(exist_ok=True)
        (tmp_path / "profiles" / name).write_text(profile, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        parse_config(text, tmp_path)
    (finding,) = caught.value.findings
    assert finding.code == "TG-0104"
    assert finding.line
    assert "site sign --into" in finding.fix_in("zh")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "plant-room-as-built.json").write_bytes(signed.file.read_bytes())
    assert parse_config(text, tmp_path).buses[0].record == tmp_path / "records" / "plant-room-as-built.json"
    altered = signed.file.read_bytes().replace(b"Li Wei", b"Li Wai")
    (tmp_path / "records" / "plant-room-as-built.json").write_bytes(altered)
    with pytest.raises(Invalid, match="altered"):
        parse_config(text, tmp_path)
