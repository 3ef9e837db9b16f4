"""The demo's files come from the simulator's own description, and every reader of them accepts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import demo_city
from core.errors import Invalid
from firmware_sim import description
from firmware_sim.city import describe
from gateway.config_file import load_config
from registry.classbook import load_classes
from registry.content import read_folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The demo's folder."""
    folder = tmp_path_factory.mktemp("demo")
    city = demo_city.parse_city(description.to_yaml(describe(host="127.0.0.1", port_base=15020, seed=1)))
    broker = demo_city.Broker(host="127.0.0.1", port=1883, user={}, password_file={})
    return folder, demo_city.write(city, broker, folder)


def test_the_registry_accepts_the_folder(written: tuple[Path, list[Path]]) -> None:
    """Sixty facilities and their gateways, three hundred points, both grids, a dozen workers, one vacant cell."""
    content = read_folder(written[0] / "registry", load_classes(), "2026-01-01")
    assert len(content.communities) == 3
    assert len(content.facilities) >= 60
    assert len(content.points) >= 300
    assert len(content.people) >= 12
    held = {cell for person in content.people for cell in person.cells}
    assert len({cell.code for cell in content.cells} - held) == 1


def test_the_gateways_accept_their_configurations_and_read_every_point(written: tuple[Path, list[Path]]) -> None:
    """What the registry expects of a gateway is exactly what the gateway reads, in the same unit."""
    content = read_folder(written[0] / "registry", load_classes(), "2026-01-01")
    classes = {facility.code: facility.class_id for facility in content.facilities}
    expected = {
        f"{point.facility}/{point.key}": load_classes()[classes[point.facility]]
        .facility_class.measurements[point.key]
        .unit
        for point in content.points
    }
    read: dict[str, str] = {}
    for path in written[1]:
        config = load_config(path)
        for bus in config.buses:
            read.update({point.metric: point.unit for unit in bus.units for point in unit.points})
        for adapter in config.adapters:
            read.update({field.metric: field.unit for source in adapter.sources for field in source.fields})
    assert read == expected


def test_a_description_without_communities_is_refused() -> None:
    """One clear finding instead of an empty demo."""
    with pytest.raises(Invalid, match="communities"):
        demo_city.parse_city("id: demo\n")
