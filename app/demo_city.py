"""The demo's files, made from one description of its city: gateway configurations and the registry folder.

``python -m firmware_sim describe`` says what stands on the wire. From that alone come the three gateways'
configurations and the folder that the registry imports, so the two can never disagree. Only the people and the cells
of the two grids, which no device knows, are made here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import Finding, Invalid

GROUP = "demo"
_DECODERS = {
    "milesight-em310-udl": ("chirpstack", "object."),
    "tasmota-energy": ("tasmota", ""),
    "zigbee2mqtt-water-leak": ("zigbee2mqtt", ""),
}
_SLOW = frozenset({"energy", "volume", "door_cycles", "thd_u", "battery", "tilt_permille", "crack_width"})
_FAST_S, _SLOW_S = 2, 5
_ROUND_THE_CLOCK = "mon-sun 0:00-24:00"


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """Where the gateways find the broker north of them, and the one their MQTT devices publish to.

    Attributes:
        host, port: the broker.
        user, password_file: by gateway, of its own account; empty where the broker asks for none.
        device_user, device_password_file: of the account under which devices are listened to.
    """

    host: str
    port: int
    user: Mapping[str, str]
    password_file: Mapping[str, Path]
    device_user: str = ""
    device_password_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPerson:
    """A person of the demo city; no real one.

    Attributes:
        code: registry code, and name of the login.
        zh, en: what people read.
        role: registry role.
        communities: codes, or ``*``.
        cells: cells the person holds.
        skills: of the construction grid.
        supervisor: takes what nobody else can.
    """

    code: str
    zh: str
    en: str
    role: str
    communities: str
    cells: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    supervisor: bool = False


def gateway_nodes(city: Mapping[str, Any]) -> list[str]:
    """Node ids of the city's gateways."""
    return [str(community["gateway"]) for community in city["communities"]]


def people(city: Mapping[str, Any]) -> list[DemoPerson]:
    """A dozen workers: per community two of each grid, and those of the whole city. One governance cell is vacant."""
    found = [
        DemoPerson(code="manager", zh="城区管理者", en="District manager", role="manager", communities="*"),
        DemoPerson(code="technician", zh="城区调试员", en="District technician", role="technician", communities="*"),
        DemoPerson(
            code="crew-lead",
            zh="建管网格长",
            en="Construction supervisor",
            role="maintainer",
            communities="*",
            supervisor=True,
        ),
    ]
    for number, community in enumerate(city["communities"]):
        found += _workers(str(community["id"]), community["name_zh"], community["name_en"], vacant=number == 2)
    return found


def _workers(code: str, zh: str, en: str, *, vacant: bool) -> Iterator[DemoPerson]:
    for index, side in enumerate(("a", "b")):
        letter = "甲乙"[index]
        yield DemoPerson(
            code=f"{code}-crew-{side}",
            zh=f"{zh}维修员{letter}",
            en=f"{en} maintainer {side.upper()}",
            role="maintainer",
            communities=code,
            cells=(f"{code}-c{index + 1}",),
            skills=("pump", "electrical") if index == 0 else ("lift", "drain", "water"),
        )
        if not (vacant and index == 1):
            yield DemoPerson(
                code=f"{code}-grid-{side}",
                zh=f"{zh}网格员{letter}",
                en=f"{en} grid worker {side.upper()}",
                role="grid_worker",
                communities=code,
                cells=(f"{code}-g{index + 1}",),
                supervisor=index == 0,
            )


# -- gateways --------------------------------------------------------------------------------------------------------


def gateway_config(community: Mapping[str, Any], broker: Broker, folder: Path) -> str:
    """One gateway's configuration as YAML."""
    node = str(community["gateway"])
    config: dict[str, Any] = {
        "group": GROUP,
        "node": node,
        "broker": _broker(broker, broker.user.get(node, ""), broker.password_file.get(node)),
        "spool": {"path": str(folder / f"{node}.sqlite"), "budget_mb": 64},
        "status_file": str(folder / f"{node}.json"),
        "buses": [_bus(community)],
        "adapters": [
            {
                "id": "mqtt",
                "broker": _broker(broker, broker.device_user, broker.device_password_file),
                "sources": list(_sources(community)),
            }
        ],
    }
    return yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=120)


def _broker(broker: Broker, user: str, password_file: Path | None) -> dict[str, Any]:
    account = {"user": user, "password_file": str(password_file)} if user else {}
    return {"host": broker.host, "port": broker.port, **account}


def _points(community: Mapping[str, Any], protocol: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for facility in community["facilities"]:
        for point in facility["points"]:
            if point["source"]["protocol"] == protocol:
                yield f"{facility['id']}/{point['measurement']}", point


def _bus(community: Mapping[str, Any]) -> dict[str, Any]:
    line = community["modbus_line"]
    by_unit: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for metric, point in _points(community, "modbus"):
        source = point["source"]
        registers = by_unit.setdefault(int(source["unit_id"]), {})
        registers.setdefault(str(source["register"]), []).append(_register(metric, point))
    units = [
        {
            "name": device["id"],
            "unit": device["unit_id"],
            "profile": device["product"],
            "points": by_unit[device["unit_id"]],
        }
        for device in line["devices"]
        if device["unit_id"] in by_unit
    ]
    return {"id": line["id"], "host": line["host"], "port": line["port"], "interval_s": _FAST_S, "units": units}


def _register(metric: str, point: Mapping[str, Any]) -> dict[str, Any]:
    source = point["source"]
    entry: dict[str, Any] = {"metric": metric, "unit": point["unit"]}
    if source.get("bit") is not None:
        entry["bit"] = source["bit"]
    if source["value_map"]:
        entry["states"] = {str(raw): value for raw, value in source["value_map"].items()}
    if (source["scale"], source["offset"]) != (1.0, 0.0):
        entry |= {"scale": source["scale"], "offset": source["offset"]}
    if point["measurement"] in _SLOW:
        entry["interval_s"] = _SLOW_S
    return entry


def _sources(community: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    fields: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for metric, point in _points(community, "mqtt"):
        source = point["source"]
        entry: dict[str, Any] = {"metric": metric, "unit": point["unit"]}
        if (source["scale"], source["offset"]) != (1.0, 0.0):
            entry |= {"scale": source["scale"], "offset": source["offset"]}
        fields.setdefault(source["topic"], {}).setdefault(source["json_path"], []).append(entry)
    for device in community["mqtt_devices"]:
        if device["topic"] not in fields:
            continue
        decoder, prefix = _DECODERS[device["product"]]
        yield {
            "name": device["id"],
            "decoder": decoder,
            "topic": device["topic"],
            "availability": device["availability_topic"] or "",
            "silence_s": 3 * float(device["interval_s"]),
            "fields": {path.removeprefix(prefix): entries for path, entries in fields[device["topic"]].items()},
        }


# -- registry --------------------------------------------------------------------------------------------------------


def registry_files(city: Mapping[str, Any]) -> dict[str, str]:
    """The registry folder: file name to CSV text."""
    communities = city["communities"]
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
        "streets": (("code", "name_zh", "name_en"), [("demo-street", "示范街道", "Demo street office")]),
        "communities": (
            ("code", "name_zh", "name_en", "street", "valid_from", "latitude", "longitude"),
            [_community(community) for community in communities],
        ),
        "cells": (
            ("code", "grid", "community", "name_zh", "name_en", "polygon", "valid_from"),
            [cell for community in communities for cell in _cells(community)],
        ),
        "gateways": (
            ("group", "node", "name_zh", "name_en", "community", "facility"),
            [
                (GROUP, c["gateway"], f"{c['name_zh']}网关", f"{c['name_en']} gateway", c["id"], f"{c['id']}-gw-01")
                for c in communities
            ],
        ),
        "facilities": (
            (
                *("code", "name_zh", "name_en", "class", "community", "latitude", "longitude", "address_zh"),
                *("address_en", "provenance", "provenance_note_zh", "provenance_note_en", "gateway", "measurements"),
            ),
            [row for community in communities for row in _facilities(community)],
        ),
        "people": (
            ("code", "name_zh", "name_en", "role", "communities", "cells", "skills", "shifts", "supervisor"),
            [_person(person) for person in people(city)],
        ),
    }
    return {f"{name}.csv": _csv(header, rows) for name, (header, rows) in tables.items()}


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _box(community: Mapping[str, Any]) -> tuple[float, float, float, float]:
    longitudes = [float(corner[0]) for corner in community["boundary"]]
    latitudes = [float(corner[1]) for corner in community["boundary"]]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _community(community: Mapping[str, Any]) -> Sequence[object]:
    west, south, east, north = _box(community)
    middle = (round((south + north) / 2, 6), round((west + east) / 2, 6))
    return community["id"], community["name_zh"], community["name_en"], "demo-street", "2020-01-01", *middle


def _cells(community: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    """Two governance cells side by side, two construction cells one above the other: the grids cross."""
    west, south, east, north = _box(community)
    middle_x, middle_y = round((west + east) / 2, 6), round((south + north) / 2, 6)
    code = community["id"]
    parts = [
        ("g1", "governance", "治理一格", "Governance 1", (west, south, middle_x, north)),
        ("g2", "governance", "治理二格", "Governance 2", (middle_x, south, east, north)),
        ("c1", "construction", "建管一格", "Construction 1", (west, south, east, middle_y)),
        ("c2", "construction", "建管二格", "Construction 2", (west, middle_y, east, north)),
    ]
    for suffix, grid, zh, en, (x1, y1, x2, y2) in parts:
        ring = f"{x1} {y1}, {x2} {y1}, {x2} {y2}, {x1} {y2}"
        names = (f"{community['name_zh']}{zh}", f"{community['name_en']} {en}")
        yield f"{code}-{suffix}", grid, code, *names, ring, "2020-01-01"


def _facilities(community: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    gateway = f"{GROUP}/{community['gateway']}"
    for facility in community["facilities"]:
        kind, zh, en = _provenance(facility["points"])
        yield (
            *(facility["id"], facility["name_zh"], facility["name_en"], facility["class_id"], community["id"]),
            *(facility["lat"], facility["lon"], facility["place_zh"], facility["place_en"], kind, zh, en, gateway),
            " ".join(point["measurement"] for point in facility["points"]),
        )
    west, south, east, north = _box(community)
    yield (
        *(f"{community['id']}-gw-01", f"{community['name_zh']}网关", f"{community['name_en']} gateway", "edge_device"),
        *(community["id"], (south + north) / 2, west + (east - west) / 3, community["centre_zh"]),
        *(community["centre_en"], "measured", "", "", gateway, ""),
    )


def _provenance(points: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
    """(kind, note zh, note en): recorded if any point plays a recording; the note names every signal once."""
    kinds = {point["provenance"]["kind"] for point in points}
    notes = list(dict.fromkeys(_note(point["provenance"]) for point in points))
    text = "; ".join(notes)[:900]
    kind = "recorded" if "recorded" in kinds else "model"
    return kind, f"模拟信号：{text}", f"Simulated signal: {text}"


def _note(provenance: Mapping[str, Any]) -> str:
    if provenance["kind"] != "recorded":
        return f"model: {provenance['name']}"
    return f"recording: {provenance['name']} ({provenance['source']}, {provenance['licence']})"


def _person(person: DemoPerson) -> Sequence[object]:
    return (
        *(person.code, person.zh, person.en, person.role, person.communities, " ".join(person.cells)),
        *(" ".join(person.skills), _ROUND_THE_CLOCK, "true" if person.supervisor else "false"),
    )


# -- both ------------------------------------------------------------------------------------------------------------


def parse_city(text: str) -> Mapping[str, Any]:
    """The description as the simulator prints it.

    Raises:
        Invalid: if it is none.
    """
    city = yaml.safe_load(text)
    if not isinstance(city, dict) or not city.get("communities"):
        raise Invalid([Finding(code="TG-0190", what="the description has no communities", fix="check firmware_sim")])
    return city


def write(city: Mapping[str, Any], broker: Broker, folder: Path) -> list[Path]:
    """Write the registry folder and the gateways' configurations below ``folder``; the configurations' paths."""
    registry = folder / "registry"
    registry.mkdir(parents=True, exist_ok=True)
    for name, text in registry_files(city).items():
        (registry / name).write_text(text, encoding="utf-8")
    gateways = folder / "gateways"
    gateways.mkdir(exist_ok=True)
    written = []
    for community in city["communities"]:
        path = gateways / f"{community['gateway']}.yaml"
        path.write_text(gateway_config(community, broker, gateways), encoding="utf-8")
        written.append(path)
    return written
