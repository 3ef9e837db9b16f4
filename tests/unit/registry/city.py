"""A small city for tests: two communities, both grids, a dozen workers. Nobody in it is a real person.

Each community is a square of 2 × 2 governance cells under 1 × 2 construction cells. ``write_city`` writes the folder
that the importer reads; ``build_city`` imports it into a fresh database and returns everything a test asks for.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from dispatch import closure_tables, funds_tables, intake_tables, plan_tables
from dispatch.database import prepare
from dispatch.exchange import tables as exchange_tables
from dispatch.revisit import tables as revisit_tables
from registry import importer, tables
from registry.classbook import load_classes
from registry.content import read_folder
from registry.queries import Registry
from tests.databases import Databases

DAY = "2026-11-22"
NOW_MS = 1_795_400_000_000
_ROOM = (
    closure_tables.report,
    intake_tables.intake,
    funds_tables.project,
    plan_tables.plan,
    exchange_tables.foreign,
    revisit_tables.revisit,
)
_DISPATCH = _ROOM[0].metadata
"""Of all tables of dispatch."""

WEST, SOUTH, SIDE = 112.10, 31.70, 0.01

STREETS = """code,name_zh,name_en
yc,样例街道,Sample Street Office
"""

COMMUNITIES = f"""code,name_zh,name_en,street,valid_from,valid_to,latitude,longitude
aa,甲社区,Community A,yc,2020-01-01,,{SOUTH + SIDE},{WEST + SIDE}
bb,乙社区,Community B,yc,2020-01-01,,{SOUTH + SIDE},{WEST + 3 * SIDE}
"""

PEOPLE = """\
- {code: aa-g1, name: {zh: 网格员甲一, en: Grid worker A1}, role: grid_worker, communities: aa, cells: [aa-g-00]}
- {code: aa-g2, name: {zh: 网格员甲二, en: Grid worker A2}, role: grid_worker, communities: aa,
   cells: [aa-g-01, aa-g-10]}
- {code: aa-g3, name: {zh: 网格长甲, en: Grid head A}, role: grid_worker, communities: aa, supervisor: true}
- {code: aa-m1, name: {zh: 维修员甲一, en: Maintainer A1}, role: maintainer, communities: aa, cells: [aa-c-0],
   skills: [pump, lift, electrical]}
- {code: aa-m2, name: {zh: 维修员甲二, en: Maintainer A2}, role: maintainer, communities: aa,
   cells: [aa-c-1], skills: [pump]}
- {code: aa-m3, name: {zh: 维修班长甲, en: Foreman A}, role: maintainer, communities: aa, supervisor: true}
- {code: bb-g1, name: {zh: 网格员乙一, en: Grid worker B1}, role: grid_worker, communities: bb,
   cells: [bb-g-00, bb-g-01, bb-g-10, bb-g-11]}
- {code: bb-m1, name: {zh: 维修员乙一, en: Maintainer B1}, role: maintainer, communities: bb, cells: [bb-c-0],
   skills: [pump], shifts: "mon-sun 08:00-20:00"}
- {code: mgr-a, name: {zh: 管理员甲, en: Manager A}, role: manager, communities: aa, supervisor: true}
- {code: mgr, name: {zh: 总值班, en: City duty}, role: manager, communities: "*", supervisor: true}
- {code: tech, name: {zh: 调试员, en: Technician}, role: technician, communities: "*"}
"""


def cells() -> str:
    """The file of cells: governance 2 × 2, construction two halves, per community."""
    lines = ["code,grid,community,name_zh,name_en,polygon,valid_from,valid_to"]
    for block, community in enumerate(("aa", "bb")):
        west = WEST + 2 * SIDE * block
        for i in range(2):
            for j in range(2):
                ring = _ring(west + SIDE * i, SOUTH + SIDE * j, SIDE, SIDE)
                lines.append(f'{community}-g-{i}{j},governance,{community},网格{i}{j},Cell {i}{j},"{ring}",2020-01-01,')
            ring = _ring(west + SIDE * i, SOUTH, SIDE, 2 * SIDE)
            lines.append(f'{community}-c-{i},construction,{community},建管{i},Works {i},"{ring}",2020-01-01,')
    return "\n".join(lines) + "\n"


def facilities() -> str:
    """Two pumps, a lift and an indoor climate in A; a pump in B."""
    head = (
        "code,class,community,name_zh,name_en,latitude,longitude,gateway,measurements,provenance,attributes.build_year"
    )
    south, west = SOUTH + SIDE / 2, WEST + SIDE / 2
    return "\n".join(
        [
            head,
            f"aa-sp-01,sewage_pump,aa,一号泵站,Pump 1,{south},{west},city/gw-aa,level pump_current,recorded,1998",
            f"aa-sp-02,sewage_pump,aa,二号泵站,Pump station 2,{south + SIDE},{west + SIDE},city/gw-aa,*,model,2003",
            f"aa-li-01,elevator,aa,一号电梯,Lift 1,{south},{west + SIDE},city/gw-aa,floor door_open has_people,model,",
            f"aa-ia-01,indoor_air,aa,服务大厅,Service hall,{south},{west},city/gw-aa,air_temp co2,recorded,",
            f"bb-sp-01,sewage_pump,bb,三号泵站,Pump station 3,{south},{west + 2 * SIDE},city/gw-bb,level,measured,",
            "",
        ]
    )


GATEWAYS = """group,node,name_zh,name_en,community,facility
city,gw-aa,甲网关,Gateway A,aa,
city,gw-bb,乙网关,Gateway B,bb,
"""


def _ring(west: float, south: float, width: float, height: float) -> str:
    corners = [(west, south), (west + width, south), (west + width, south + height), (west, south + height)]
    return ", ".join(f"{x:.6f} {y:.6f}" for x, y in corners)


def write_city(folder: Path) -> Path:
    """Write the registry folder of the small city."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "streets.csv").write_text(STREETS, encoding="utf-8")
    (folder / "communities.csv").write_text(COMMUNITIES, encoding="utf-8")
    (folder / "cells.csv").write_text(cells(), encoding="utf-8")
    (folder / "gateways.csv").write_text(GATEWAYS, encoding="utf-8")
    (folder / "facilities.csv").write_text(facilities(), encoding="utf-8")
    (folder / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    return folder


def new_engine(path: Path, databases: Databases | None = None) -> sa.Engine:
    """A prepared engine on an empty database: a SQLite file, or one of PostgreSQL."""
    if databases is not None:
        return databases.engine()
    return prepare(sa.create_engine(f"sqlite:///{path}"), durable=False)


def import_city(engine: sa.Engine, folder: Path) -> importer.Plan:
    """Import a folder into an engine whose tables exist."""
    content = read_folder(folder, load_classes(), DAY)
    return importer.apply(engine, content, day=DAY, actor="test", now_ms=NOW_MS)


@dataclass(frozen=True, kw_only=True)
class City:
    """The small city in a database."""

    engine: sa.Engine
    registry: Registry
    folder: Path

    def person(self, code: str) -> int:
        """Registry number of a person."""
        return next(person.number for person in self.registry.people() if person.code == code)

    def facility(self, code: str) -> int:
        """Registry number of a facility."""
        found = self.registry.facility_by_code(code)
        assert found is not None
        return found.facility.number


@cache
def _template() -> bytes:
    """The database file with the small city in it, and with the tables of dispatch; made once a run."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        engine = new_engine(path / "city.db")
        _fill(engine)
        engine.dispose()  # the last connection writes the log back into the file
        return (path / "city.db").read_bytes()


def _fill(engine: sa.Engine) -> None:
    """The tables of the registry and of dispatch, and the small city."""
    tables.metadata.create_all(engine)
    _DISPATCH.create_all(engine)
    with tempfile.TemporaryDirectory() as scratch:
        import_city(engine, write_city(Path(scratch) / "registry"))


def build_city(path: Path, databases: Databases | None = None) -> City:
    """The small city with an empty dispatch: in a fresh file under ``path``, or in a database of PostgreSQL."""
    folder = write_city(path / "registry")
    if databases is None:
        (path / "city.db").write_bytes(_template())
        engine = new_engine(path / "city.db")
    else:
        engine = databases.engine("city", _fill)
    return City(engine=engine, registry=Registry(engine, load_classes()), folder=folder)
