"""What Home Assistant is told of a point, and what goes to the broker when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.places import PointKind
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Readings, empty, readings
from core.units import UNITS
from dispatch.home_assistant import units
from dispatch.home_assistant.board import Board, Shown
from dispatch.home_assistant.discovery import (
    Message,
    ShownPoint,
    Value,
    availability_topic,
    config_topic,
    configuration,
    state,
    state_topic,
)
from registry.classbook import load_classes

NOW = 1_796_083_200_000
LEVEL = ShownPoint(
    number=101,
    facility_number=7,
    facility="wtl-sp-01",
    facility_name="一号泵站",
    community="文体里",
    class_name="污水泵站",
    key="level",
    name="液位",
    unit="m",
    kind=PointKind.GAUGE,
    yes_or_no=False,
    stale_after_ms=90_000,
)
FLOAT = replace(LEVEL, number=102, key="high_float", name="高液位浮球", unit="1", kind=PointKind.STATE, yes_or_no=True)
HOSTILE = "x\"}{{ states('a') }}\n#/+\u202e\x00<b>" + "长" * 500
_TOPIC = re.compile(r"homeassistant/(sensor|binary_sensor)/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")
"""What Home Assistant takes for a discovery topic (``components/mqtt/discovery.py``)."""
ACCEPTED: Mapping[str, frozenset[str]] = {
    name: frozenset(signs.split())
    for name, signs in {
        "apparent_power": "VA",
        "battery": "%",
        "carbon_dioxide": "ppm",
        "carbon_monoxide": "ppm",
        "current": "A mA",
        "duration": "d h min s ms",
        "energy": "J kJ MJ GJ Wh kWh MWh",
        "frequency": "Hz kHz MHz GHz",
        "humidity": "%",
        "illuminance": "lx",
        "moisture": "%",
        "ph": "",
        "pm10": "µg/m³",
        "pm25": "µg/m³",
        "power": "W kW",
        "power_factor": "%",
        "pressure": "cbar bar hPa mmHg inHg kPa mbar Pa psi",
        "reactive_power": "var",
        "signal_strength": "dB dBm",
        "sound_pressure": "dB dBA",
        "temperature": "°C °F K",
        "voltage": "V mV",
        "volume": "ft³ CCF m³ gal L mL",
        "volume_flow_rate": "m³/h ft³/min L/min gal/min",
        "weight": "kg g mg oz lb",
        "wind_speed": "ft/s km/h kn m/s mph",
    }.items()
}
"""Units of each class in Home Assistant's own table (``components/sensor/const.py``), as far as releases of 2024 go."""
TOTALS = frozenset({"energy", "volume"})
"""Classes that Home Assistant refuses as measurements."""


def said(point: ShownPoint) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(configuration("twingrid", point, "1.0"))
    return read


def test_the_configuration_of_a_sensor_says_everything() -> None:
    """Device, unit, where value and availability stand, and when a value expires."""
    made = said(LEVEL)
    assert config_topic("twingrid", LEVEL) == "homeassistant/sensor/twingrid_wtl-sp-01/level_101/config"
    assert made["state_topic"] == made["json_attributes_topic"] == "twingrid/twingrid/wtl-sp-01/level_101"
    assert made["availability_topic"] == "twingrid/twingrid/availability"
    assert made["expire_after"] == 150
    assert (made["unit_of_measurement"], made["state_class"]) == ("m", "measurement")
    assert "device_class" not in made  # a level is no distance that anybody travels
    assert made["device"] == {
        "identifiers": ["twingrid_facility_7"],
        "name": "一号泵站",
        "model": "污水泵站",
        "suggested_area": "文体里",
    }
    assert made["origin"]["name"] == "Twingrid"


def test_a_yes_or_no_is_a_binary_sensor() -> None:
    """Without unit and class of state; on and off are what its values say."""
    made = said(replace(FLOAT, key="leak"))
    assert config_topic("twingrid", FLOAT).startswith("homeassistant/binary_sensor/")
    assert (made["payload_on"], made["payload_off"], made["device_class"]) == ("ON", "OFF", "moisture")
    assert not {"unit_of_measurement", "state_class"} & made.keys()
    for value, word in ((1.0, "ON"), (0.0, "OFF"), (0.5, None), (float("nan"), None)):
        one = Value(time_ms=NOW, value=value, quality=GOOD)
        assert json.loads(state(FLOAT, one, stale=False))["value"] == word


def test_only_what_is_good_and_holds_has_a_value() -> None:
    """Else it is null, which Home Assistant shows as unknown; the attribute says why."""
    good = Value(time_ms=NOW, value=2.5, quality=GOOD)
    doubt = replace(good, quality=quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED))
    strange = replace(good, quality=quality(QualityClass.BAD) | 63)

    def tell(one: Value, stale: bool = False) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(state(LEVEL, one, stale=stale))
        return read

    assert tell(good) == {"value": 2.5, "quality": "good", "reason": "", "measured_at": "2026-12-01T00:00:00.000Z"}
    assert (tell(doubt)["value"], tell(doubt)["reason"]) == (None, "clock_unsynced")
    assert (tell(strange)["value"], tell(strange)["reason"]) == (None, "reason_63")
    assert (tell(good, True)["value"], tell(good, True)["quality"]) == (None, "stale")
    assert tell(replace(good, value=float("inf")))["value"] is None
    assert tell(replace(good, value=float("nan"), text="9007199254740993"))["value"] == "9007199254740993"


def test_its_templates_read_what_is_told() -> None:
    """Rendered as Home Assistant does it: a number, a word, None where nothing is known, and attributes as JSON."""
    house = ImmutableSandboxedEnvironment()

    def seen(point: ShownPoint, one: Value) -> tuple[str, dict[str, Any]]:
        told = {"value_json": json.loads(state(point, one, stale=False))}
        made = said(point)
        value = house.from_string(made["value_template"]).render(told)
        attributes: dict[str, Any] = json.loads(house.from_string(made["json_attributes_template"]).render(told))
        return value, attributes

    one = Value(time_ms=NOW, value=2.5, quality=GOOD)
    assert seen(LEVEL, one) == (
        "2.5",
        {"quality": "good", "reason": "", "measured_at": "2026-12-01T00:00:00.000Z"},
    )
    assert seen(FLOAT, replace(one, value=1.0))[0] == said(FLOAT)["payload_on"]
    dead = replace(one, value=float("nan"), quality=quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT))
    value, attributes = seen(LEVEL, dead)
    assert (value, attributes["reason"]) == ("None", "timeout")
    assert seen(replace(LEVEL, kind=PointKind.EVENT), replace(one, value=3.0))[0] == "3"
    evil = "{{ 7*7 }}<script>"
    assert seen(LEVEL, replace(one, value=float("nan"), text=evil))[0] == evil


@pytest.mark.parametrize("field", ["facility_name", "community", "class_name", "name", "facility", "key"])
def test_a_hostile_name_stays_a_text(field: str) -> None:
    """It is a JSON string on one line, cut; topics and templates are as without it."""
    hostile: dict[str, Any] = {field: HOSTILE}
    point = replace(LEVEL, **hostile)
    made = said(point)
    assert _TOPIC.fullmatch(config_topic("twingrid", point))
    assert re.fullmatch(r"twingrid/twingrid/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+", state_topic("twingrid", point))
    assert made["value_template"] == said(LEVEL)["value_template"]
    assert made["json_attributes_template"] == said(LEVEL)["json_attributes_template"]
    for text in (made["name"], *(made["device"][name] for name in ("name", "model", "suggested_area"))):
        assert len(text) <= 120
        assert not re.search(r"[\x00-\x1f\u202e]", text)


def test_a_lone_half_of_a_sign_breaks_no_message() -> None:
    """A surrogate cannot be written in UTF-8; it is left out."""
    assert said(replace(LEVEL, name="a\ud800b"))["name"] == "a b"


def test_two_points_never_share_a_topic() -> None:
    """Also where their codes differ in signs that a topic does not carry."""
    one, two = replace(LEVEL, facility="a.b"), replace(LEVEL, facility="a_b", number=103)
    assert config_topic("t", one) != config_topic("t", two)
    assert state_topic("t", one) != state_topic("t", two)


def test_every_unit_of_the_shipped_classes_is_accepted() -> None:
    """A class is only given with a unit and a class of state that Home Assistant takes with it."""
    seen = set[str]()
    for entry in load_classes().values():
        for key, one in entry.facility_class.measurements.items():
            named, sign = units.device_class(key, one.unit, one.kind), units.sign(one.unit)
            if not named:
                continue
            seen.add(named)
            assert sign in (ACCEPTED[named] or {""}) or (named == "power_factor" and not sign), (key, named, sign)
            if named in TOTALS:
                assert units.state_class(one.kind) == "total_increasing", key
            elif named != "duration":
                assert units.state_class(one.kind) == "measurement", key
    assert {"temperature", "pressure", "energy", "volume", "humidity", "pm25"} <= seen


@pytest.mark.parametrize("unit", sorted(UNITS))
@pytest.mark.parametrize("kind", [PointKind.GAUGE, PointKind.COUNTER])
def test_every_unit_that_a_point_may_have_is_accepted(unit: str, kind: PointKind) -> None:
    """What an imported class may bring is as right as what is shipped."""
    named, sign = units.device_class("anything", unit, kind), units.sign(unit)
    assert not re.search(r"[\[\]{}]", sign)
    assert not named or sign in (ACCEPTED[named] or {""})
    assert not (named in TOTALS and kind is PointKind.GAUGE)


# --- what goes to the broker when -------------------------------------------------------------------------------


def shown(*points: ShownPoint, wanted: bool = True) -> Shown:
    return Shown(host="t", program="1", wanted=wanted, points={one.number: one for one in points})


def newest(values: Mapping[int, float], at_ms: int = NOW) -> Readings:
    points = sorted(values)
    return readings(point=points, time_ms=[at_ms] * len(points), value=[values[one] for one in points])


def topics(made: list[Message]) -> list[str]:
    return [one.topic for one in made]


def values(made: list[Message]) -> list[Any]:
    return [json.loads(one.payload)["value"] for one in made]


def test_configurations_come_first_and_once() -> None:
    """Then values, of which only the newest is ever told."""
    board = Board(shown(LEVEL, FLOAT), (), 10_000)
    first = board.next(newest({101: 1.0}), NOW, 100)
    assert topics(first) == [
        availability_topic("t"),
        config_topic("t", LEVEL),
        config_topic("t", FLOAT),
        state_topic("t", LEVEL),
    ]
    assert first[0].payload == b"online"
    assert board.next(newest({101: 1.0}), NOW + 20_000, 100) == []
    assert board.next(newest({101: 2.0}, NOW + 3000), NOW + 3000, 100) == []  # too soon
    later = board.next(newest({101: 4.0}, NOW + 9000), NOW + 10_000, 100)
    assert values(later) == [4.0]


def test_a_value_that_holds_no_longer_is_taken_back() -> None:
    """Once, though nothing new has come."""
    board = Board(shown(LEVEL), (), 10_000)
    board.next(newest({101: 1.0}), NOW, 100)
    gone = board.next(newest({101: 1.0}), NOW + 90_001, 100)
    assert values(gone) == [None]
    assert board.next(newest({101: 1.0}), NOW + 200_000, 100) == []


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    """The distance of two values is not waited for by a clock that went back an hour."""
    board = Board(shown(LEVEL), (), 10_000)
    board.next(newest({101: 1.0}), NOW, 100)
    assert values(board.next(newest({101: 2.0}, NOW - 3_600_000), NOW - 3_600_000, 100)) == [2.0]


def test_a_corrected_reading_is_told_again() -> None:
    """Another value of the same moment is news; two that are no numbers are not."""
    board = Board(shown(LEVEL), (), 1000)
    board.next(newest({101: 1.0}), NOW, 100)
    assert values(board.next(newest({101: 3.0}), NOW + 2000, 100)) == [3.0]
    nothing = newest({101: float("nan")})
    assert values(board.next(nothing, NOW + 4000, 100)) == [None]
    assert board.next(nothing, NOW + 6000, 100) == []


def test_what_is_shown_no_more_is_taken_away_until_the_broker_says_so() -> None:
    """Configuration and value; what is not answered stays remembered and is taken away again."""
    board = Board(shown(LEVEL, FLOAT), (), 1000)
    board.next(newest({101: 1.0, 102: 0.0}), NOW, 100)
    board.show(shown(LEVEL))
    gone = board.next(empty(), NOW + 1, 100)
    assert topics(gone) == [config_topic("t", FLOAT), state_topic("t", FLOAT)]
    assert {one.payload for one in gone} == {b""}
    board.acknowledged(gone[0])
    assert config_topic("t", FLOAT) not in board.standing
    assert state_topic("t", FLOAT) in board.standing
    board.begin()
    assert state_topic("t", FLOAT) in topics(board.next(empty(), NOW + 2, 1))


def test_an_option_that_went_while_nobody_ran_leaves_nothing() -> None:
    """What was remembered goes, also what an older edition showed under other names."""
    before = Board(shown(LEVEL), (), 1000).standing | {"homeassistant/sensor/old/old_9/config"}
    board = Board(shown(wanted=False), before, 1000)
    assert not board.done
    gone = board.next(empty(), NOW, 100)
    assert set(topics(gone)) == before
    assert {one.payload for one in gone} == {b""}
    for one in gone:
        board.acknowledged(one)
    assert board.done


def test_an_answer_to_the_first_removal_is_none_to_the_second() -> None:
    """A point that goes, comes and goes while the broker is slow is forgotten by its last answer only."""
    board = Board(shown(LEVEL), (), 1000)
    board.next(newest({101: 1.0}), NOW, 100)
    board.show(shown())
    first = board.next(empty(), NOW, 100)
    board.show(shown(LEVEL))
    back = board.next(newest({101: 1.0}), NOW, 100)
    assert topics(back) == [config_topic("t", LEVEL), state_topic("t", LEVEL)]
    board.show(shown())
    second = board.next(empty(), NOW, 100)
    assert topics(second) == topics(first)
    for one in first:
        board.acknowledged(one)
    assert set(topics(first)) <= board.standing
    for one in second:
        board.acknowledged(one)
    assert not set(topics(first)) & board.standing


def test_a_changed_name_is_said_again_and_its_value_not() -> None:
    """A configuration follows the registry; what is told stays told."""
    board = Board(shown(LEVEL), (), 1000)
    board.next(newest({101: 1.0}), NOW, 100)
    board.show(shown(replace(LEVEL, facility_name="二号泵站")))
    made = board.next(newest({101: 1.0}), NOW + 5000, 100)
    assert topics(made) == [config_topic("t", LEVEL)]


@given(
    room=st.integers(1, 7),
    steps=st.lists(st.dictionaries(st.integers(0, 11), st.floats(-5, 5), max_size=12), min_size=1, max_size=12),
)
def test_bounded_latest_only_and_nobody_starves(room: int, steps: list[dict[int, float]]) -> None:
    """However readings come: never more than there is room, no point twice within its time, and in the end what stands
    at the broker is the newest of every point."""
    board = Board(shown(*(replace(LEVEL, number=number) for number in range(12))), (), 3000)
    latest: dict[int, tuple[int, float]] = {}
    stands: dict[str, Any] = {}
    told_at: dict[str, int] = {}
    now = NOW
    for step in [*steps, *({} for _ in range(60))]:
        now += 1000
        latest |= {point: (now, value) for point, value in step.items()}
        batch = readings(
            point=sorted(latest),
            time_ms=[latest[one][0] for one in sorted(latest)],
            value=[latest[one][1] for one in sorted(latest)],
        )
        made = board.next(batch, now, room)
        assert len(made) <= room
        for one in made:
            if one.topic.startswith("twingrid/t/wtl"):
                assert now - told_at.get(one.topic, 0) >= 3000
                told_at[one.topic] = now
                stands[one.topic] = json.loads(one.payload)["value"]
    wanted = {state_topic("t", replace(LEVEL, number=point)): value for point, (_, value) in latest.items()}
    assert stands == wanted


def test_readings_of_other_points_are_nobody_s_business() -> None:
    """A store may answer more than was asked."""
    board = Board(shown(LEVEL), (), 1000)
    board.next(empty(), NOW, 100)
    assert board.next(newest({5: 1.0, 999: 2.0}), NOW, 100) == []
    assert board.points.tolist() == [101]
    assert board.points.dtype == np.int32
