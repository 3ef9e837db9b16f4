"""The demo city's configuration, generated from what the simulator says of itself.

Three things come out: a registry folder, one configuration a gateway, and the settings. They are the same files that
an operator writes for a real city, so that they can be read as examples.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.broker_accounts import gateway_user, write_secret
from app.demo_aging import LIFE_YEARS, aging
from app.demo_description import PointSource, SignalOrigin, SimBus, SimCity, SimCommunity, SimFacility, SimPublisher
from app.demo_office import LEAVE, PAPERS, WISHES, amenities, departments, posts, volunteers
from app.demo_owners import VALID_FROM, box, owner, villages
from core.places import Grid
from core.sparkplug.topics import NodeId
from gateway.remote_file import DEFAULT_SELF_S
from gateway.self_points import MEASURES as SELF_MEASURES

BUS_INTERVAL_S = 5.0
_SILENCE_FACTOR = 3
_DECODERS: Mapping[str, str] = {
    "milesight-em310-udl": "chirpstack",
    "tasmota-energy": "tasmota",
    "zigbee2mqtt-water-leak": "zigbee2mqtt",
}
_SKILLS = (
    ("pump", "drainage", "plumbing", "fire", "gas", "structure"),
    ("electrical", "lift", "hvac", "network", "fire", "gas", "pump"),
)
"""What the two maintainers of a community can do: water and buildings, current and machines."""


_CALENDAR: Sequence[Mapping[str, object]] = (
    {"entry": "general", "zone": "Asia/Shanghai", "holidays": "china", "night": "22:00-06:00"},
    {"entry": "opening", "hours": "workday 08:30-12:00 14:30-17:30; weekend 09:00-12:00; holiday closed"},
    {"entry": "opening", "hours": "daily 05:30-22:30", "class": "public_toilet"},
    {"entry": "season", "name": "flood", "first": "05-01", "last": "10-15"},
    {"entry": "season", "name": "heating", "first": "11-15", "last": "03-15"},
    {"entry": "season", "name": "freeze", "first": "12-15", "last": "02-20"},
)
"""Seasons: flood by the flood-control rules of Hubei (secondary source), heating as in the north, freeze assumed."""


@dataclass(frozen=True, kw_only=True)
class DemoPorts:
    """Where the demo listens."""

    pages: int
    broker: int
    modbus: int


@dataclass(frozen=True, kw_only=True)
class DemoPlace:
    """Where the demo's files are.

    Attributes:
        folder: of everything.
        passwords: broker user to password.
    """

    folder: Path
    passwords: Mapping[str, str]

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "twingrid.yaml"

    @property
    def registry(self) -> Path:
        """The registry folder."""
        return self.folder / "registry"

    def gateway(self, community: SimCommunity) -> Path:
        """The configuration of a community's gateway."""
        return self.folder / "gateways" / f"{community.gateway}.yaml"


def node_of(community: SimCommunity) -> NodeId:
    """The Sparkplug identity of a community's gateway; the group is opaque and never changes."""
    return NodeId(f"p-{community.id}", community.gateway)


def write_demo(city: SimCity, place: DemoPlace, ports: DemoPorts, language: str) -> None:
    """Write all files; what was there is replaced."""
    place.registry.mkdir(parents=True, exist_ok=True)
    for name, rows in registry_tables(city).items():
        (place.registry / f"{name}.csv").write_text(_csv(rows), encoding="utf-8")
    for community in city.communities:
        file = place.gateway(community)
        file.parent.mkdir(parents=True, exist_ok=True)
        user = gateway_user(node_of(community))
        write_secret(file.with_suffix(".secret"), place.passwords[user] + "\n")
        _write_yaml(file, gateway_config(community, place, ports))
    gateways = [str(place.gateway(community)) for community in city.communities]
    _write_yaml(
        place.settings,
        {
            "data_dir": ".",
            "language": language,
            "gateways": gateways,
            "broker": {"port": ports.broker},
            "api": {"port": ports.pages},
            "funds": {"life_years": dict(LIFE_YEARS)},
            "dispatch": {"classes": WISHES},
            "registry": {"folder": str(place.registry), "only_changed": True},
            # A demo must not fill a laptop's disk when it is forgotten over the weekend.
            "store": {"disk_budget_mb": 2048, "memory_mb": 96},
        },
    )


def _write_yaml(file: Path, value: object) -> None:
    file.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# --- registry ---------------------------------------------------------------------------------------------------


def registry_tables(city: SimCity) -> Mapping[str, list[dict[str, object]]]:
    """The registry folder: file name to rows."""
    everywhere = city.communities
    return {
        "streets": [{"code": city.id, "name_zh": f"{city.name_zh}街道", "name_en": f"{city.name_en} street office"}],
        "communities": [_community(city, community) for community in everywhere],
        "villages": villages(city),
        "departments": departments(),
        "cells": [cell for community in everywhere for cell in cells(community)],
        "gateways": [
            {
                "group": node_of(community).group,
                "node": community.gateway,
                "name_zh": f"{community.name_zh}网关",
                "name_en": f"{community.name_en} gateway",
                "community": community.id,
                "facility": _gateway_code(community),
            }
            for community in everywhere
        ],
        "facilities": [
            *(_facility(city, community, one) for community in everywhere for one in community.facilities),
            *(_gateway_facility(community) for community in everywhere),
        ],
        "points": [point for community in everywhere for point in _points(community)],
        "people": [
            *(person for community in everywhere for person in _people(community)),
            *_city_people(),
            *volunteers(city),
        ],
        "posts": posts(city),
        "amenities": amenities(city),
        "calendar": [dict(entry) for entry in _CALENDAR],
    }


def _community(city: SimCity, community: SimCommunity) -> dict[str, object]:
    west, south, east, north = box(community)
    return {
        "code": community.id,
        "name_zh": community.name_zh,
        "name_en": community.name_en,
        "street": city.id,
        "valid_from": VALID_FROM,
        "latitude": round((south + north) / 2, 6),
        "longitude": round((west + east) / 2, 6),
    }


def cells(community: SimCommunity) -> list[dict[str, object]]:
    """Governance: a west and an east half; construction: a south and a north half. The two grids cut differently."""
    west, south, east, north = box(community)
    middle, centre = (south + north) / 2, (west + east) / 2
    halves = (
        ("g1", Grid.GOVERNANCE, "西", "west", (west, south, centre, north)),
        ("g2", Grid.GOVERNANCE, "东", "east", (centre, south, east, north)),
        ("c1", Grid.CONSTRUCTION, "南", "south", (west, south, east, middle)),
        ("c2", Grid.CONSTRUCTION, "北", "north", (west, middle, east, north)),
    )
    words = {Grid.GOVERNANCE: ("治理网格", "governance cell"), Grid.CONSTRUCTION: ("建管网格", "construction cell")}
    return [
        {
            "code": f"{community.id}-{suffix}",
            "grid": grid.value,
            "community": community.id,
            "name_zh": f"{community.name_zh}{zh}片{words[grid][0]}",
            "name_en": f"{community.name_en}, {en} {words[grid][1]}",
            "polygon": _ring(*box),
            "valid_from": VALID_FROM,
        }
        for suffix, grid, zh, en, box in halves
    ]


def _ring(west: float, south: float, east: float, north: float) -> str:
    corners = ((west, south), (east, south), (east, north), (west, north))
    return ", ".join(f"{lon:.6f} {lat:.6f}" for lon, lat in corners)


def _facility(city: SimCity, community: SimCommunity, facility: SimFacility) -> dict[str, object]:
    origins = [point.provenance for point in facility.points]
    recorded = any(origin.kind == "recorded" for origin in origins)
    return {
        "code": facility.id,
        "class": facility.class_id,
        "community": community.id,
        "name_zh": facility.name_zh,
        "name_en": facility.name_en,
        "latitude": facility.lat,
        "longitude": facility.lon,
        "address_zh": facility.place_zh,
        "address_en": facility.place_en,
        "provenance": "recorded" if recorded else "model",
        "provenance_note_zh": provenance_note(origins, "zh"),
        "provenance_note_en": provenance_note(origins, "en"),
        "parent": facility.parent,
        **owner(city, community, facility.lon),
        **aging(facility.id, facility.class_id),
        **{f"attributes.{name}": value for name, value in facility.attributes.items()},
    }


def _gateway_code(community: SimCommunity) -> str:
    return f"{community.id}-gw-01"


def _centre_board(community: SimCommunity) -> str:
    """The distribution board of the house that the gateway stands in; empty if there is none."""
    at_centre = (one.id for one in community.facilities if one.class_id == "electrical_distribution")
    return next(at_centre, "")


def _gateway_facility(community: SimCommunity) -> dict[str, object]:
    """The gateway as something that stands somewhere: its own outage is an alarm of this facility."""
    west, south, east, north = box(community)
    return {
        "code": _gateway_code(community),
        "class": "edge_device",
        "community": community.id,
        "name_zh": f"{community.name_zh}网关",
        "name_en": f"{community.name_en} gateway",
        "latitude": round(south + (north - south) / 3, 6),
        "longitude": round(west + (east - west) / 3, 6),
        "address_zh": community.centre_zh,
        "address_en": community.centre_en,
        "provenance": "measured",
        "parent": _centre_board(community),
        "owner_kind": "community",
        "owner": community.id,
    }


_KINDS = {
    "model": {"zh": "物理模型", "en": "physical model"},
    "recorded": {"zh": "实测回放", "en": "recording"},
    "constant": {"zh": "固定值", "en": "constant"},
}


_NAMES_ZH = {
    "setting": "设定值",
    "CO2 mass balance with occupancy": "随人数变化的二氧化碳质量平衡",
    "battery discharge": "电池放电",
    "booster pump house": "加压泵房",
    "diurnal electric load": "昼夜用电负荷",
    "lift trips": "电梯运行",
    "outdoor air": "室外空气",
    "rain-driven drain with first-order drain": "降雨驱动、一阶排空的排水",
    "sewage sump with pump hysteresis": "带启停回差的污水集水坑",
    "temperature-driven tilt and crack": "温度驱动的倾斜与裂缝",
    "water on the floor": "地面积水",
    "water pressure by diurnal demand": "随昼夜用水变化的水压",
    "SmartSantander outdoor temperature, mote 16": "SmartSantander 室外温度，16 号节点",
    "SmartSantander outdoor temperature, mote 21": "SmartSantander 室外温度，21 号节点",
    "SmartSantander outdoor temperature, mote 661": "SmartSantander 室外温度，661 号节点",
    "Water flow in a pipeline branch": "管道支线水流量",
}
"""The simulator names its signals in English; a test holds this table complete."""


def provenance_note(origins: Sequence[SignalOrigin], language: str) -> str:
    """Where a facility's signals come from, each kind once, the most frequent first."""
    counted = Counter((o.kind, o.name, o.source, o.licence) for o in origins)
    parts = []
    for (kind, name, source, licence), _ in counted.most_common():
        tail = f" ({', '.join(text for text in (source, licence) if text)})" if source or licence else ""
        if language == "zh":
            parts.append(f"{_KINDS[kind][language]}：{_NAMES_ZH.get(name, name)}{tail}")
        else:
            parts.append(f"{_KINDS[kind][language]}: {name}{tail}")
    return ("；" if language == "zh" else "; ").join(parts)[:1000]


def _points(community: SimCommunity) -> Iterator[dict[str, object]]:
    node = node_of(community)
    published = {device.id: device.interval_s for device in community.mqtt_devices}
    for facility in community.facilities:
        for point in facility.points:
            interval_s = published.get(point.source.device, BUS_INTERVAL_S)
            yield {
                "facility": facility.id,
                "measurement": point.measurement,
                "gateway": f"{node.group}/{node.node}",
                **({"bus": community.modbus_line.id} if point.source.protocol == "modbus" else {}),
                "interval_s": interval_s,
            }
    for measure in SELF_MEASURES:
        yield {
            "facility": _gateway_code(community),
            "measurement": measure.key,
            "gateway": f"{node.group}/{node.node}",
            "interval_s": DEFAULT_SELF_S,
        }


def _people(community: SimCommunity) -> Iterator[dict[str, object]]:
    name = community.name_zh.removesuffix("社区")
    english = community.name_en.removesuffix(" Community")
    day_and_night = "mon-sun 00:00-24:00"
    for number, (zh, skills) in enumerate(zip("甲乙", _SKILLS, strict=True), 1):
        yield {
            "code": f"{community.id}-m{number}",
            "name_zh": f"{name}维修员{zh}",
            "name_en": f"{english} maintainer {number}",
            "role": "maintainer",
            "communities": community.id,
            "cells": f"{community.id}-c{number}",
            "skills": " ".join(skills),
            "shifts": day_and_night,
            "certificates": PAPERS[f"m{number}"],
        }
        yield {
            "code": f"{community.id}-g{number}",
            "name_zh": f"{name}网格员{zh}",
            "name_en": f"{english} grid worker {number}",
            "role": "grid_worker",
            "communities": community.id,
            "cells": f"{community.id}-g{number}",
            "shifts": day_and_night,
            "certificates": PAPERS.get(f"g{number}", ""),
            "leave": LEAVE.get(f"g{number}", ""),
        }
    yield {
        "code": f"{community.id}-manager",
        "name_zh": f"{name}网格长",
        "name_en": f"{english} supervisor",
        "role": "manager",
        "communities": community.id,
        "supervisor": "yes",
        "shifts": day_and_night,
    }


def _city_people() -> list[dict[str, object]]:
    return [
        {
            "code": "city-manager",
            "name_zh": "区级值班长",
            "name_en": "District duty manager",
            "role": "manager",
            "communities": "*",
            "supervisor": "yes",
        },
        {
            "code": "technician",
            "name_zh": "调试员",
            "name_en": "Field technician",
            "role": "technician",
            "communities": "*",
        },
        {
            "code": "water-office",
            "name_zh": "水务局经办人",
            "name_en": "Clerk of the water office",
            "role": "department",
            "communities": "*",
            "department": "water",
        },
    ]


# --- gateways ---------------------------------------------------------------------------------------------------


def gateway_config(community: SimCommunity, place: DemoPlace, ports: DemoPorts) -> dict[str, Any]:
    """The configuration of a community's gateway."""
    node = node_of(community)
    broker = {
        "host": "127.0.0.1",
        "port": ports.broker,
        "user": gateway_user(node),
        "password_file": f"{community.gateway}.secret",
    }
    return {
        "group": node.group,
        "node": node.node,
        "broker": broker,
        "spool": {"path": str(place.folder / "spool" / node.node), "budget_mb": 64},
        "status_file": str(place.folder / "run" / f"{node.node}.json"),
        "self": _gateway_code(community),
        "buses": [_bus(community, community.modbus_line)],
        "adapters": [
            {"id": "mqtt", "broker": broker, "sources": [_source(community, d) for d in community.mqtt_devices]}
        ],
    }


def _bus(community: SimCommunity, bus: SimBus) -> dict[str, Any]:
    return {
        "id": bus.id,
        "host": bus.host,
        "port": bus.port,
        "interval_s": BUS_INTERVAL_S,
        "units": [
            {"name": unit.id, "unit": unit.unit_id, "profile": unit.product, "points": rows}
            for unit in bus.devices
            if (rows := _read(community, unit.id))
        ],
    }


def _read(community: SimCommunity, device: str) -> dict[str, Any]:
    """What is read from a device: register to one point, or to a list of them."""
    rows: dict[str, list[Any]] = {}
    for facility in community.facilities:
        for point in facility.points:
            if point.source.device == device and point.source.protocol == "modbus":
                metric = f"{facility.id}/{point.measurement}"
                rows.setdefault(point.source.register_name, []).append(_at_site(metric, point.source, point.unit))
    return {
        register: points[0] if len(points) == 1 else [_long(p) for p in points] for register, points in rows.items()
    }


def _long(point: Any) -> Any:
    return {"metric": point} if isinstance(point, str) else point


def _at_site(metric: str, source: PointSource, unit: str) -> str | dict[str, Any]:
    """What a register means here; the short form where the profile says it all."""
    plain = source.scale == 1 and source.offset == 0 and not source.value_map and source.bit is None
    if plain and source.raw_unit == unit:
        return metric
    point: dict[str, Any] = {"metric": metric, "unit": unit}
    if source.bit is not None:
        point["bit"] = source.bit
    if source.value_map:
        point["states"] = {str(raw): value for raw, value in source.value_map.items()}
    if source.scale != 1:
        point["scale"] = source.scale
    if source.offset != 0:
        point["offset"] = source.offset
    return point


def _source(community: SimCommunity, device: SimPublisher) -> dict[str, Any]:
    decoder = _DECODERS.get(device.product, "json")
    rows: dict[str, list[Any]] = {}
    for facility in community.facilities:
        for point in facility.points:
            if point.source.device != device.id:
                continue
            path = _field(point.source.json_path, decoder)
            field: dict[str, Any] = {"metric": f"{facility.id}/{point.measurement}", "unit": point.unit}
            field |= {"scale": point.source.scale} if point.source.scale != 1 else {}
            field |= {"offset": point.source.offset} if point.source.offset != 0 else {}
            rows.setdefault(path, []).append(field)
    fields = {path: row[0] if len(row) == 1 else row for path, row in rows.items()}
    source: dict[str, Any] = {"name": device.id, "decoder": decoder, "topic": device.topic}
    if device.availability_topic:
        source["availability"] = device.availability_topic
    return {**source, "silence_s": _SILENCE_FACTOR * device.interval_s, "fields": fields}


def _field(path: str, decoder: str) -> str:
    """The name under which a decoder gives a field."""
    if decoder == "chirpstack":
        return path.removeprefix("object.")
    return "/" + path.replace(".", "/") if decoder == "json" else path
