"""The plan of a city: communities and facilities, read from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

_DATA: Final = Path(str(resources.files("firmware_sim") / "data"))
DEMO_CITY: Final = _DATA / "demo_city.yaml"
DEMO_SCRIPT: Final = _DATA / "demo_script.yaml"


class CityError(Exception):
    """A city file with mistakes; one line for each."""


@dataclass(frozen=True, kw_only=True)
class Facility:
    """A facility of the plan.

    Attributes:
        id: as `wtl-sp-01`.
        class_id: facility class.
        kit: which devices it has.
        name_zh, name_en, place_zh, place_en: texts for people.
        lon, lat: WGS 84 degrees.
        options: parameters of the kit.
        parent: id of the facility that supplies it; empty: none.
    """

    id: str
    class_id: str
    kit: str
    name_zh: str
    name_en: str
    place_zh: str
    place_en: str
    lon: float
    lat: float
    options: Mapping[str, Any]
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class Community:
    """A community of the plan.

    Attributes:
        id: as `wtl`.
        name_zh, name_en, centre_zh, centre_en: texts for people.
        gateway: id of its gateway.
        boundary: corners of its outline as (lon, lat), WGS 84, not closed.
        baud: pace of its serial line.
        facilities: what stands there.
    """

    id: str
    name_zh: str
    name_en: str
    centre_zh: str
    centre_en: str
    gateway: str
    boundary: tuple[tuple[float, float], ...]
    baud: int
    facilities: tuple[Facility, ...]


@dataclass(frozen=True, kw_only=True)
class City:
    """A plan."""

    id: str
    name_zh: str
    name_en: str
    communities: tuple[Community, ...]


def read_city(path: Path) -> City:
    """Reads a city file.

    Raises:
        CityError: it is not YAML, or lacks something.
        OSError: the file cannot be read.
    """
    try:
        root = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CityError(f"{path}: not YAML: {error}") from None
    try:
        return City(
            id=root["id"],
            name_zh=root["name"]["zh"],
            name_en=root["name"]["en"],
            communities=tuple(_community(c) for c in root["communities"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CityError(f"{path}: {type(error).__name__}: {error}; see demo_city.yaml for the form") from None


def _community(raw: Any) -> Community:
    west, south, east, north = (float(x) for x in raw["box"])
    facilities = tuple(_facility(f, raw["id"]) for f in raw["facilities"])
    return Community(
        id=raw["id"],
        name_zh=raw["name"]["zh"],
        name_en=raw["name"]["en"],
        centre_zh=raw["centre"]["zh"],
        centre_en=raw["centre"]["en"],
        gateway=raw["gateway"],
        boundary=((west, south), (east, south), (east, north), (west, north)),
        baud=int(raw["baud"]),
        facilities=facilities,
    )


def _facility(raw: Any, community: str) -> Facility:
    return Facility(
        id=f"{community}-{raw['id']}",
        class_id=raw["class"],
        kit=raw["kit"],
        name_zh=raw["name"]["zh"],
        name_en=raw["name"]["en"],
        place_zh=raw["place"]["zh"],
        place_en=raw["place"]["en"],
        lon=float(raw["at"][0]),
        lat=float(raw["at"][1]),
        options=dict(raw.get("options", {})),
        parent=f"{community}-{raw['parent']}" if "parent" in raw else "",
    )
