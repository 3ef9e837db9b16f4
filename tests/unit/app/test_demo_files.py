"""The demo's files fit together: what the simulator serves is what gateways read and what the registry knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app import demo_files
from app.broker_accounts import gateway_user, passwords
from app.demo_description import SimCity, read_city
from app.demo_files import DemoPlace, DemoPorts, node_of, provenance_note, registry_tables, write_demo
from app.demo_setup import _give_logins
from app.settings import DispatchSettings
from app.settings_file import load
from core.alarms import Severity
from core.errors import Invalid
from core.people import Language
from core.places import Grid
from core.ports.cases import Mode
from dispatch.policy import Policy
from gateway.self_points import MEASURES, names
from gateway.service import load_config
from registry import tables
from registry.checks import Content
from registry.classbook import load_classes
from registry.content import read_folder
from registry.queries import Registry
from tests.unit.registry.city import import_city, new_engine

PORTS = DemoPorts(pages=21501, broker=21502, modbus=21510)


@pytest.fixture(scope="module")
def city() -> SimCity:
    """What the simulator says."""
    command = [sys.executable, "-m", "firmware_sim", "describe", "--modbus-port-base", str(PORTS.modbus)]
    return read_city(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.fixture(scope="module")
def place(city: SimCity, tmp_path_factory: pytest.TempPathFactory) -> DemoPlace:
    """The written demo."""
    folder = tmp_path_factory.mktemp("demo")
    users = [gateway_user(node_of(community)) for community in city.communities]
    place = DemoPlace(folder=folder, passwords=passwords(folder / "secrets.json", users))
    write_demo(city, place, PORTS, "en")
    return place


@pytest.fixture(scope="module")
def content(place: DemoPlace) -> Content:
    """The registry folder, as the importer reads it."""
    return read_folder(place.registry, load_classes(), "2026-01-01")


def test_the_city_has_the_promised_size(city: SimCity, content: Content) -> None:
    """Three communities, about 60 facilities and 300 simulated points, both grids, a dozen workers.

    The gateways report themselves besides.
    """
    workers = [person for person in content.people if person.role.grid is not None and not person.volunteer]
    assert len(content.communities) == 3
    assert 50 <= len(content.facilities) <= 70
    assert 280 <= city.point_count <= 350
    assert len(workers) == 12
    assert {person.code.rpartition("-")[2] for person in content.people if person.volunteer} == {"v1"}
    assert len(content.posts) == 13
    assert [one.code for one in content.posts if not one.holder] == ["sqw-post-c2b"]
    assert content.departments
    assert content.amenities
    assert any(person.certificates for person in content.people)
    assert any(person.leave for person in content.people)
    assert {person.role.grid for person in workers} == set(Grid)
    assert city.point_count + 3 * len(MEASURES) == len(content.points)


def test_gateways_read_every_point_and_nothing_else(city: SimCity, place: DemoPlace, content: Content) -> None:
    """The metrics of the gateways are the points of the registry."""
    read: set[str] = set()
    for community in city.communities:
        config = load_config(place.gateway(community))
        read |= {point.metric for bus in config.buses for unit in bus.units for point in unit.points}
        read |= {field.metric for a in config.adapters for source in a.sources for field in source.fields}
        assert config.own is not None
        read |= {name.metric for name in names(config.own.facility)}
    assert read == {f"{point.facility}/{point.key}" for point in content.points}


def test_units_on_the_wire_are_those_of_the_classes(city: SimCity, place: DemoPlace) -> None:
    """Each metric is announced in the unit its class asks for, or ingest would refuse it."""
    classes = load_classes()
    class_of = {f.id: f.class_id for community in city.communities for f in community.facilities}
    wrong = []
    for community in city.communities:
        config = load_config(place.gateway(community))
        said = {p.metric: p.unit for bus in config.buses for unit in bus.units for p in unit.points}
        said |= {f.metric: f.unit for a in config.adapters for source in a.sources for f in source.fields}
        for metric, unit in said.items():
            facility, key = metric.split("/")
            wanted = classes[class_of[facility]].facility_class.measurements[key].unit
            wrong += [(metric, unit, wanted)] if unit != wanted else []
    assert wrong == []


def test_the_settings_are_valid(place: DemoPlace) -> None:
    """The settings file passes the door, and names the gateways' files."""
    settings = load(place.settings, environment={}).settings
    assert settings.data_dir == place.folder
    assert all(file.is_file() for file in settings.gateways)
    assert (settings.broker.port, settings.api.port) == (PORTS.broker, PORTS.pages)


def test_everybody_has_a_queue_and_nobody_a_real_name(content: Content) -> None:
    """Each cell has one holder, and each community somebody above its workers."""
    held = [cell for person in content.people for cell in person.cells]
    assert sorted(held) == sorted(cell.code for cell in content.cells)
    for community in content.communities:
        assert any(p.supervisor and community.code in p.communities for p in content.people)


def test_simulated_is_said(city: SimCity) -> None:
    """Every facility but the (real) gateways says that it is a model or a recording, with a recording's licence."""
    rows = [row for row in registry_tables(city)["facilities"] if row["class"] != "edge_device"]
    assert all(row["provenance"] in {"model", "recorded"} and row["provenance_note_en"] for row in rows)
    recorded = [row for row in rows if row["provenance"] == "recorded"]
    assert recorded
    assert all("recording: " in str(row["provenance_note_en"]) for row in recorded)


def test_every_signal_has_a_chinese_name(city: SimCity) -> None:
    """No English name slips into a Chinese note."""
    names = {point.provenance.name for c in city.communities for f in c.facilities for point in f.points}
    assert names <= demo_files._NAMES_ZH.keys()


def test_secrets_are_not_in_the_configuration(city: SimCity, place: DemoPlace) -> None:
    """No configuration file holds a password; it names the file that does, mode 0600."""
    for community in city.communities:
        text = place.gateway(community).read_text()
        assert place.passwords[gateway_user(node_of(community))] not in text
        secret = place.gateway(community).with_suffix(".secret")
        assert secret.stat().st_mode & 0o077 == 0


def test_a_description_that_does_not_fit_is_refused() -> None:
    """All complaints at once, and what to do."""
    with pytest.raises(Invalid) as caught:
        read_city(yaml.safe_dump({"id": "x", "communities": [{"id": 1}]}))
    assert len(caught.value.findings) > 5
    with pytest.raises(Invalid, match="is no YAML"):
        read_city("{")


def test_notes_name_each_origin_once(city: SimCity) -> None:
    """The note of a facility does not repeat itself."""
    origins = [point.provenance for point in city.communities[0].facilities[0].points]
    note = provenance_note([*origins, *origins], "zh")
    parts = note.split("; ")
    assert len(parts) == len(set(parts))


def test_everybody_gets_a_login_and_the_water_office_one_of_its_own(place: DemoPlace, tmp_path: Path) -> None:
    """The clerk's login stands for the department; nobody else's does, and asked again passwords are made anew."""
    engine = new_engine(tmp_path / "demo.sqlite")
    tables.metadata.create_all(engine)
    import_city(engine, place.registry)
    shown = _give_logins(engine, Language.CHINESE, 1)
    logins = Registry(engine, load_classes()).logins()
    engine.dispose()
    assert {one.username for one in shown} == {one.username for one in logins}
    assert {one.username: one.department for one in logins if one.department} == {"water-office": "water"}
    assert all(one.one_time for one in logins)
    assert len({one.password for one in shown}) == len(shown)


def test_the_demo_shows_how_tasks_can_be_given_out(place: DemoPlace, content: Content) -> None:
    """Air conditioning is claimed, indoor air rotates, lifts ask a certificate that those of the trade have."""
    policy = Policy(**load(place.settings).settings.dispatch.of_policy())
    assert policy.classes.keys() <= {one.class_id for one in content.facilities}
    assert policy.mode("hvac", Severity.LOW) is Mode.CLAIM
    assert policy.mode("indoor_air", Severity.LOW) is Mode.ROTATE
    assert policy.mode("indoor_air", Severity.HIGH) is Mode.ASSIGN
    assert policy.wishes("indoor_air").volunteers is Severity.LOW
    paper = policy.wishes("elevator").certificate
    able = [person for person in content.people if "lift" in person.skills]
    held = [one for person in able for one in person.certificates if one.name == paper]
    assert len(held) == len(able) == 3
    assert all(one.valid_to > "2027" for one in held)


def test_the_example_of_the_documentation_is_one() -> None:
    """What docs/dispatch.md shows can be copied into the settings."""
    text = (Path(__file__).parents[3] / "docs" / "dispatch.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found = DispatchSettings(**yaml.safe_load(example)["dispatch"]).of_policy()
    policy = Policy(**found)
    assert policy.mode("sewage_pump", Severity.LOW) is Mode.CLAIM
    assert policy.mode("street_light", Severity.LOW) is Mode.ROTATE
    assert policy.wishes("elevator").certificate
