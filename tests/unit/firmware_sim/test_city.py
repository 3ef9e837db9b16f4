"""The demo city: its size, its description, and what happens in its first minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from firmware_sim.city import SimulatedCity, build_city, describe
from firmware_sim.description import ModbusSource, MqttSource, PointDescription, to_yaml
from firmware_sim.devices.generic import ANALOG_INPUTS, LIFT_STATUS
from firmware_sim.modbus.server import Served
from firmware_sim.plan import DEMO_CITY, DEMO_SCRIPT, CityError, read_city
from firmware_sim.script import read_script
from firmware_sim.signals.base import ProvenanceKind

START_S = 1_795_374_000.0
HOURS = (0, 5, 9, 13, 18, 22)


def running_city(start_s: float, *, seed: int = 1) -> SimulatedCity:
    plan = read_city(DEMO_CITY)
    targets = build_city(plan, start_s=start_s, seed=seed).script_targets()
    script = read_script(DEMO_SCRIPT, targets, start_s=start_s, seed=seed)
    return build_city(plan, start_s=start_s, seed=seed, incidents=script.incidents)


class Probe:
    """Computes measurements as a gateway does that follows the description."""

    def __init__(self, city: SimulatedCity) -> None:
        self._points = {p.id: p for p in points(city)}
        self._signals = {d.device_id: d.signals() for line in city.lines for d in line.units.values()}

    def __call__(self, point_id: str, time_s: float) -> float:
        source = self._points[point_id].source
        assert isinstance(source, ModbusSource)
        signals = self._signals[source.device]
        raw = signals[source.register].value(time_s)
        if source.decimals_address is not None:
            raw *= 10.0 ** -signals["decimals"].value(time_s)
        if source.bit is not None:
            raw = int(raw) >> source.bit & 1
        if source.value_map:
            raw = source.value_map[int(raw)]
        return raw * source.scale + source.offset


def points(city: SimulatedCity) -> list[PointDescription]:
    return [p for c in city.description().communities for f in c.facilities for p in f.points]


def test_its_size() -> None:
    """Three communities, 60 facilities, about 300 points, one gateway and one line each, and publishers in each."""
    city = describe()
    facilities = [f for c in city.communities for f in c.facilities]
    assert len(city.communities) == len({c.gateway for c in city.communities}) == 3
    assert len(facilities) == 60
    assert 290 <= sum(len(f.points) for f in facilities) <= 330
    assert all(c.mqtt_devices for c in city.communities)
    assert [c.modbus_line.port for c in city.communities] == [5020, 5021, 5022]
    wanted = {
        "indoor_air",
        "electrical_distribution",
        "sewage_pump",
        "elevator",
        "drain_well",
        "water_network",
        "old_house",
    }
    for community in city.communities:
        assert wanted <= {f.class_id for f in community.facilities}


def test_ids_are_unique_and_fit_topics() -> None:
    """Facility, device and point ids are unique and use only characters that a topic allows."""
    city = describe()
    ids = [f.id for c in city.communities for f in c.facilities]
    ids += [d.id for c in city.communities for d in c.modbus_line.devices]
    ids += [d.id for c in city.communities for d in c.mqtt_devices]
    ids += [p.id for c in city.communities for f in c.facilities for p in f.points]
    assert [i for i, n in Counter(ids).items() if n > 1] == []
    assert all(set(i) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.") for i in ids)


def test_facilities_stand_inside_their_community() -> None:
    """Every facility has both names and lies inside its community's outline."""
    for community in describe().communities:
        west, south = community.boundary[0]
        east, north = community.boundary[2]
        for facility in community.facilities:
            assert west < facility.lon < east
            assert south < facility.lat < north
            assert facility.name_zh
            assert facility.name_en


def test_every_source_exists() -> None:
    """Each described source names a device of its own community, and its address is in that product's map."""
    city = build_city(read_city(DEMO_CITY), start_s=START_S, seed=1)
    for line, community in zip(city.lines, city.description().communities, strict=True):
        publishers = {d.id for d in community.mqtt_devices}
        for point in (p for f in community.facilities for p in f.points):
            source = point.source
            if isinstance(source, MqttSource):
                assert source.device in publishers
            else:
                device = line.units[source.unit_id]
                assert device.device_id == source.device
                assert device.PRODUCT.register(source.register).address == source.address


def test_every_register_has_a_signal() -> None:
    """No map of any device in the city has a register without a signal."""
    city = build_city(read_city(DEMO_CITY), start_s=START_S, seed=1)
    for line in city.lines:
        assert max(line.units) <= 247
        for device in line.units.values():
            Served.of(device)


def test_recordings_are_shown_as_such() -> None:
    """Exactly the weather temperatures and the trunk main's flow are recordings, with licence; the rest are models."""
    kinds = {p.id: p.provenance for p in points(running_city(START_S))}
    recorded = {i for i, provenance in kinds.items() if provenance.kind is ProvenanceKind.RECORDED}
    assert recorded == {"wtl-wx-01.air_temp", "htn-wx-01.air_temp", "sqw-wx-01.air_temp", "sqw-wn-01.flow"}
    assert all(kinds[i].licence and kinds[i].file for i in recorded)
    assert len(running_city(START_S).recordings()) == 4


def test_generic_modules_say_that_they_are_no_makers_product() -> None:
    """The lift module and the analog module claim no maker."""
    for product in (LIFT_STATUS, ANALOG_INPUTS):
        assert product.maker == "(generic)"
        assert "no maker's map" in product.reference


@pytest.mark.parametrize("hour", HOURS)
def test_the_first_incident_is_due_within_a_minute_and_a_half(hour: int) -> None:
    """At any hour a sewage pump has run dry for 30 s between 60 and 90 s after the start, and not at the start."""
    start_s = START_S + hour * 3600
    probe = Probe(running_city(start_s))
    dry = [
        probe("wtl-sp-01.pump_current", start_s + t) > 2 and probe("wtl-sp-01.level", start_s + t) < 0.2
        for t in range(91)
    ]
    assert not any(dry[:15])
    alarm_s = next(t for t in range(30, 91) if all(dry[t - 30 : t + 1]))
    assert 60 <= alarm_s <= 90


@pytest.mark.parametrize("hour", HOURS)
def test_incidents_follow_and_some_clear(hour: int) -> None:
    """Within the next minutes a lift, a sump, a phase and a booster fail, and each is well again by its end."""
    start_s = START_S + hour * 3600
    probe = Probe(running_city(start_s))
    cases: list[tuple[str, Callable[[float], bool], int, int]] = [
        ("htn-el-01.fault_code", lambda v: v == 8, 120, 400),
        ("sqw-sp-01.pump_fault", lambda v: v == 11, 130, 500),
        ("sqw-sp-01.high_float", lambda v: v == 1, 400, 800),
        ("htn-dw-01.freeboard", lambda v: v < 0.2, 400, 900),
        ("sqw-ed-02.u_b", lambda v: v < 110, 300, 450),
        ("htn-wn-01.pressure", lambda v: v < 0.2, 700, 1000),
        ("sqw-ws-01.vfd_fault", lambda v: v != 0, 450, 700),
        ("wtl-oh-02.tilt_permille", lambda v: v > 10, 900, 1500),
        ("htn-sp-02.seal_leak", lambda v: v == 1, 1200, 1600),
    ]
    for point, failed, during_s, after_s in cases:
        assert failed(probe(point, start_s + during_s)), point
        assert not failed(probe(point, start_s + after_s)), point
        assert not failed(probe(point, start_s + 1)), point


def test_a_level_and_its_complements_agree() -> None:
    """Level, freeboard and fill ratio of a well are three views of one value."""
    probe = Probe(running_city(START_S))
    for t in (0, 200, 470):
        level, free, fill = (probe(f"htn-dw-01.{m}", START_S + t) for m in ("level", "freeboard", "fill_ratio"))
        assert level + free == pytest.approx(2.4)
        assert fill == pytest.approx(100 * level / 2.4)


def test_the_same_seed_gives_the_same_city() -> None:
    """A seed fixes every value; another seed gives another city."""
    moment = START_S + 333
    values = []
    for seed in (1, 1, 2):
        devices = [d for line in running_city(START_S, seed=seed).lines for d in line.units.values()]
        values.append([s.value(moment) for d in devices for s in d.signals().values()])
    assert repr(values[0]) == repr(values[1]) != repr(values[2])


def test_the_description_is_yaml(tmp_path: Path) -> None:
    """The written description reads back as plain YAML with the same points."""
    text = to_yaml(describe(port_base=6000))
    (tmp_path / "city.yaml").write_text(text, encoding="utf-8")
    read = yaml.safe_load(text)
    assert read["communities"][0]["name_zh"] == "梧桐里社区"
    assert read["communities"][1]["modbus_line"]["port"] == 6001
    assert sum(len(f["points"]) for c in read["communities"] for f in c["facilities"]) == len(points(running_city(0.0)))
    assert "!!" not in text


def test_mistakes_in_a_city_are_reported_together(tmp_path: Path) -> None:
    """Unknown kits, wrong classes, unknown and wrong options and doubled ids come in one report."""
    raw = yaml.safe_load(DEMO_CITY.read_text(encoding="utf-8"))
    facilities = raw["communities"][0]["facilities"]
    facilities[0]["kit"] = "crystal_ball"
    facilities[1]["class"] = "elevator"
    facilities[3]["options"] = {"mean_kw": "many", "colour": 3}
    facilities[5]["id"] = facilities[6]["id"]
    facilities[18]["options"] = {}
    path = tmp_path / "city.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(CityError) as caught:
        describe(path)
    text = str(caught.value)
    for expected in (
        "unknown kit 'crystal_ball'",
        "is for indoor_air, not elevator",
        "unknown option 'colour'",
        "option mean_kw must be a number, not 'many'",
        "this id is taken",
        "option recording must be one of",
    ):
        assert expected in text
    assert len(text.splitlines()) == 6


def test_an_impossible_parameter_names_its_facility(tmp_path: Path) -> None:
    """A parameter that the model refuses is reported with the facility."""
    path = tmp_path / "city.yaml"
    path.write_text(DEMO_CITY.read_text(encoding="utf-8").replace("floors: 11", "floors: 90", 1), encoding="utf-8")
    with pytest.raises(CityError, match="wtl-el-01: floors must be"):
        describe(path)


@pytest.mark.parametrize("text", ["", "[1, 2]", "id: x", "{", "id: x\nname: {zh: a, en: b}\ncommunities: [{}]"])
def test_a_file_that_is_no_city_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever is not a city file is refused with its path."""
    path = tmp_path / "city.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CityError, match=r"city\.yaml"):
        describe(path)
