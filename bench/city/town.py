"""What stands in the city and who works there: a registry folder like an operator's, imported into its own database."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.database import migrate, open_database
from app.demo_description import PointSource, SignalOrigin, SimBus, SimCity, SimCommunity, SimFacility, SimPoint
from app.demo_files import registry_tables
from core.calendar import SiteCalendar
from core.people import Person
from core.places import ClassMembers, FacilityClass
from core.ports.registry import Gateway, Roster
from core.sparkplug.topics import NodeId
from dispatch.holidays import mainland_china
from dispatch.policy import Policy
from dispatch.worktime import WorkCalendar
from firmware_sim.stations.all import ATTRIBUTES, STATIONS
from firmware_sim.stations.base import Site
from registry.classbook import load_classes
from registry.content import read_folder
from registry.directory import Directory
from registry.importer import apply
from registry.queries import Registry

ZONE = "Asia/Shanghai"
OPENING = "workday 07:30-20:30; weekend closed; holiday closed"
"""When offices are open: the rooms of the models are used from 8 to 20 with half an hour before and after."""
COUNTS: Mapping[str, int] = {
    "drain_well": 4,
    "electrical_distribution": 3,
    "elevator": 3,
    "ev_charging": 2,
    "fire_hydrant": 4,
    "fire_water": 1,
    "gas_indoor": 4,
    "gas_network": 1,
    "hvac": 2,
    "indoor_air": 4,
    "indoor_leak": 3,
    "old_house": 4,
    "public_toilet": 1,
    "road_ponding": 1,
    "sewage_pump": 2,
    "slope_wall": 1,
    "smoke_fire": 4,
    "street_light": 6,
    "ups_battery": 1,
    "water_network": 2,
    "water_supply_pump": 1,
    "weather": 1,
}
"""Facilities of each class in one community; its gateway comes with it."""
FED = frozenset({"elevator", "sewage_pump", "water_supply_pump", "ups_battery", "smoke_fire", "ev_charging", "hvac"})
"""Classes that hang on a distribution board of their community."""
GATEWAY = "edge_device"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A facility of the plan.

    Attributes:
        code: as ``c1-drain_well-2``.
        class_id: its class.
        community: code of its community.
        parent: code of the board that supplies it; empty: none.
    """

    code: str
    class_id: str
    community: str
    parent: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """The registry as the engine and dispatch see it.

    Attributes:
        members: facilities by class.
        roster: people, posts and places.
        calendar: opening hours, seasons, holidays.
        policy: the shipped numbers of dispatch with that calendar.
        classes: the shipped classes.
        nodes: the points behind each gateway; gateways: who they are; codes: community number to code.
    """

    members: Mapping[str, ClassMembers]
    roster: Roster
    calendar: SiteCalendar
    policy: Policy
    classes: Mapping[str, FacilityClass]
    nodes: Mapping[NodeId, frozenset[int]]
    gateways: Sequence[Gateway]
    codes: Mapping[int, str]

    def person(self, number: int) -> Person:
        """Somebody of the roster."""
        return self.roster.people[number]


def plan(communities: int, counts: Mapping[str, int] = COUNTS) -> list[Place]:
    """The facilities of so many communities, gateways included."""
    places = []
    for number in range(1, communities + 1):
        community = f"c{number}"
        boards = [f"{community}-electrical_distribution-{one}" for one in range(counts["electrical_distribution"])]
        for class_id, count in counts.items():
            places += [
                Place(
                    code=f"{community}-{class_id}-{one}",
                    class_id=class_id,
                    community=community,
                    parent=_parent(class_id, community, boards, one),
                )
                for one in range(count)
            ]
        places.append(Place(code=f"{community}-gw-01", class_id=GATEWAY, community=community))
    return places


def _parent(class_id: str, community: str, boards: list[str], number: int) -> str:
    """What supplies it; a slope hangs on the rain gauge of its community, as its rules ask."""
    if class_id == "slope_wall":
        return f"{community}-weather-0"
    return boards[number % len(boards)] if class_id in FED and boards else ""


def found(places: list[Place], folder: Path, day: str) -> Town:
    """Write the registry folder, import it, and read it back.

    Args:
        places: what stands there.
        folder: an empty one.
        day: ISO date of the import.

    Raises:
        Invalid: if the folder is wrong.
    """
    registry_folder = folder / "registry"
    registry_folder.mkdir()
    for name, rows in _tables(places).items():
        columns = list(dict.fromkeys(key for row in rows for key in row))
        with (registry_folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    engine = open_database(f"sqlite:///{folder / 'city.sqlite'}", durable=False)
    try:
        migrate(engine)
        book = load_classes()
        apply(engine, read_folder(registry_folder, book, day), day=day, actor="bench", now_ms=0)
        registry = Registry(engine, book)
        calendar = registry.calendar(mainland_china(), ZONE)
        working = WorkCalendar(is_workday=calendar.holidays.is_workday, zone=calendar.zone)
        directory = Directory(engine, registry)
        return Town(
            members=directory.members(),
            nodes=directory.points_by_node(),
            gateways=registry.gateways(),
            codes={one.number: one.code for one in registry.communities()},
            roster=registry.roster(),
            calendar=calendar,
            policy=Policy(calendar=working),
            classes=registry.classes(),
        )
    finally:
        engine.dispose()


def _tables(places: list[Place]) -> Mapping[str, list[dict[str, object]]]:
    """The demo's registry tables for this plan, with the intervals of the stations."""
    tables = registry_tables(_described(places))
    interval = {
        (place.code, name): output.interval_s
        for place in places
        for output in STATIONS[place.class_id](Site(code=place.code, community=place.community, seed=0, start_s=0.0))
        for name in output.names
    }
    points = [row for row in tables["points"] if (row["facility"], row["measurement"]) in interval]
    for row in points:
        row["interval_s"] = interval[str(row["facility"]), str(row["measurement"])]
    kept = [row for row in tables["calendar"] if row["entry"] != "opening" or "class" in row]
    return {**tables, "points": points, "calendar": [*kept, {"entry": "opening", "hours": OPENING}]}


def _described(places: list[Place]) -> SimCity:
    communities = list(dict.fromkeys(place.community for place in places))
    return SimCity(
        id="city",
        name_zh="模拟城",
        name_en="Simulated city",
        communities=tuple(_community(name, at, places) for at, name in enumerate(communities)),
    )


def _community(name: str, at: int, places: list[Place]) -> SimCommunity:
    west, south = 112.2 + 0.014 * (at % 10), 31.7 + 0.012 * (at // 10)
    mine = [place for place in places if place.community == name and place.class_id != GATEWAY]
    return SimCommunity(
        id=name,
        name_zh=f"{name} 社区",
        name_en=f"{name} Community",
        centre_zh=f"{name} 中心",
        centre_en=f"{name} centre",
        gateway=f"gw-{name}",
        boundary=((west, south), (west + 0.012, south), (west + 0.012, south + 0.01), (west, south + 0.01)),
        modbus_line=SimBus(id=f"{name}-bus", host="127.0.0.1", port=5020, devices=()),
        mqtt_devices=(),
        facilities=tuple(_facilities(mine, west, south)),
    )


def _facilities(places: list[Place], west: float, south: float) -> Iterator[SimFacility]:
    """Facilities on a lattice through the whole community, so that both halves of both grids have their share."""
    for number, place in enumerate(places):
        names = load_classes()[place.class_id].facility_class.name
        row, column = (number * 3) % 10, (number * 7 + number // 10) % 12
        station = STATIONS[place.class_id](Site(code=place.code, community=place.community, seed=0, start_s=0.0))
        yield SimFacility(
            id=place.code,
            class_id=place.class_id,
            name_zh=f"{names.zh} {place.code}",
            name_en=f"{names.en} {place.code}",
            place_zh=place.community,
            place_en=place.community,
            lon=round(west + 0.0005 + 0.00099 * column, 6),
            lat=round(south + 0.0005 + 0.00099 * row, 6),
            points=tuple(_point(place, name) for output in station for name in output.names),
            attributes=dict(ATTRIBUTES.get(place.class_id, {})),
            parent=place.parent,
        )


def _point(place: Place, name: str) -> SimPoint:
    return SimPoint(
        id=f"{place.code}.{name}",
        measurement=name,
        unit=load_classes()[place.class_id].facility_class.measurements[name].unit,
        source=PointSource(protocol="mqtt", device=place.code),
        provenance=SignalOrigin(kind="model", name="setting"),
    )
