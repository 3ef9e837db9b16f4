"""Gateways come into the registry by what their births say: all of it or nothing, and nothing of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.cases import UnknownItem
from core.errors import Invalid, Refused
from core.places import Text
from core.ports.enrolment import Announced, Enrolment, NewCommunity, PointState, Stranger
from core.sparkplug.topics import NodeId
from registry import rows, tables
from registry.classbook import load_classes
from registry.database import version
from registry.directory import Directory
from registry.enrolment import SqlEnrolling, fitting
from registry.queries import Registry
from registry.strangers import MOST, SqlStrangerBook, stranger
from tests.databases import Databases
from tests.unit.registry import city
from tests.unit.registry.city import DAY, NOW_MS, City

NODE = NodeId("g1", "gw-new")
PUMP = {"outlet_pressure": "MPa", "inlet_pressure": "MPa", "vibration": "mm/s"}
NAME = Text(zh="新网关", en="New gateway")
HERE = NewCommunity(name=Text(zh="我们社区", en="Our community"), latitude=31.2, longitude=121.4)


@pytest.fixture
def town(tmp_path: Path, databases: Databases | None) -> Iterator[City]:
    """The small city, with a place for strangers."""
    made = city.build_city(tmp_path, databases)
    stranger.create(made.engine, checkfirst=True)
    yield made
    made.engine.dispose()


def heard(node: NodeId, seen_ms: int = NOW_MS, **facilities: dict[str, str]) -> Stranger:
    """A stranger that announces measurements with units of facilities (``_`` stands for ``-``)."""
    metrics = [
        Announced(f"{code.replace('_', '-')}/{key}", unit, "bus1")
        for code, found in facilities.items()
        for key, unit in found.items()
    ]
    return Stranger(node=node, first_ms=NOW_MS, seen_ms=seen_ms, metrics=tuple(metrics))


def wish(community: str = "aa", new: NewCommunity | None = None, **classes: str) -> Enrolment:
    """Enrol the newcomer."""
    chosen = {code.replace("_", "-"): class_id for code, class_id in classes.items()}
    return Enrolment(node=NODE, name=NAME, community="" if new else community, new_community=new, classes=chosen)


def enrolling(engine: sa.Engine) -> SqlEnrolling:
    """Where gateways are enrolled."""
    return SqlEnrolling(engine, load_classes())


def test_a_class_is_found_by_measurements_and_their_units() -> None:
    """The one that measures most of them; a wrong unit measures nothing, none said does."""
    classes = load_classes()
    assert fitting(PUMP, classes)[0] == "water_supply_pump"
    assert fitting({"sump_depth": "", "leak": ""}, classes)[0] == "indoor_leak"
    assert "indoor_leak" not in fitting({"sump_depth": "m"}, classes)
    assert fitting({"nobody_measures_this": "m"}, classes) == ()


def test_an_empty_installation_begins_with_its_first_gateway(engine: sa.Engine) -> None:
    """Street, community, a cell in each grid, facility, gateway, points: ingest knows them, the history says who."""
    SqlStrangerBook(engine).put([heard(NODE, p1=PUMP)])
    desk = enrolling(engine)
    (found,) = desk.strangers()
    assert found.enrollable
    assert [(one.code, one.class_id, one.known) for one in found.facilities] == [("p1", "water_supply_pump", False)]
    done = desk.enrol(wish(new=HERE, p1="water_supply_pump"), day=DAY, actor="admin", now_ms=NOW_MS)
    assert (done.points, len(done.facilities)) == (3, 1)
    directory = Directory(engine, Registry(engine, load_classes()))
    assert directory.knows(NODE)
    (bound,) = directory.bindings(NODE, ["p1/outlet_pressure"])
    assert bound is not None
    assert bound.unit == "MPa"
    assert not desk.strangers()
    with engine.begin() as connection:
        assert set(connection.execute(sa.select(tables.history.c.actor)).scalars()) == {"admin"}
        (facility,) = rows.present(connection, ["facilities"])["facilities"].values()
    assert (facility["cell_governance"], facility["cell_construction"]) == ("c1-g", "c1-c")
    with pytest.raises(UnknownItem):
        desk.enrol(wish(new=HERE, p1="water_supply_pump"), day=DAY, actor="admin", now_ms=NOW_MS)


def test_points_of_a_known_facility_come_and_those_of_another_gateway_stay(town: City) -> None:
    """A stranger that names somebody else's points gets none of them."""
    with town.engine.begin() as connection:
        served = next(key for key in rows.present(connection, ["points"])["points"] if key[0] == "aa-sp-01")
        before = rows.present(connection, ["points"])["points"][served]
        class_id = str(rows.present(connection, ["facilities"])["facilities"][("aa-sp-01",)]["class_id"])
        taken = {key[1] for key in rows.present(connection, ["points"])["points"] if key[0] == "aa-sp-01"}
    measured = load_classes()[class_id].facility_class.measurements
    free = next((key for key in measured if key not in taken), None)
    said = {served[1]: measured[served[1]].unit} | ({free: measured[free].unit} if free else {})
    SqlStrangerBook(town.engine).put([heard(NODE, aa_sp_01=said, p1=PUMP)])
    desk = enrolling(town.engine)
    states = {point.key: point.state for point in desk.strangers()[0].facilities[0].points}
    assert states[served[1]] is PointState.TAKEN
    done = desk.enrol(wish(p1="water_supply_pump"), day=DAY, actor="admin", now_ms=NOW_MS)
    assert done.points == 3 + (free is not None)
    with town.engine.begin() as connection:
        assert rows.present(connection, ["points"])["points"][served] == before


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (wish(), Refused),
        (wish(p1="no_such_class"), Refused),
        (wish("zz", p1="water_supply_pump"), Refused),
        (wish(new=HERE, p1="indoor_leak"), Refused),
    ],
)
def test_what_cannot_be_enrolled_writes_nothing(town: City, wanted: Enrolment, error: type[Exception]) -> None:
    """No point, no such class, no such community, a class that measures none of it: not even the version grows."""
    SqlStrangerBook(town.engine).put([heard(NODE, p1=PUMP)])
    with town.engine.begin() as connection:
        before = (version(connection), rows.present(connection))
    with pytest.raises(error):
        enrolling(town.engine).enrol(wanted, day=DAY, actor="admin", now_ms=NOW_MS)
    with town.engine.begin() as connection:
        assert (version(connection), rows.present(connection)) == before


def test_a_community_over_another_is_told_and_nothing_is_written(town: City) -> None:
    """Its square would lie on cells that are there."""
    SqlStrangerBook(town.engine).put([heard(NODE, p1=PUMP)])
    over = NewCommunity(name=HERE.name, latitude=city.SOUTH + city.SIDE, longitude=city.WEST + city.SIDE)
    with pytest.raises(Invalid):
        enrolling(town.engine).enrol(wish(new=over, p1="water_supply_pump"), day=DAY, actor="admin", now_ms=NOW_MS)
    assert enrolling(town.engine).strangers()


def test_the_code_of_an_ended_facility_is_taken(town: City) -> None:
    """It is not brought back under another name and class by a gateway."""
    with town.engine.begin() as connection:
        connection.execute(sa.update(tables.facility).where(tables.facility.c.code == "aa-sp-01").values(active=False))
    SqlStrangerBook(town.engine).put([heard(NODE, aa_sp_01=PUMP)])
    with pytest.raises(Invalid) as told:
        enrolling(town.engine).enrol(wish(aa_sp_01="water_supply_pump"), day=DAY, actor="admin", now_ms=NOW_MS)
    assert told.value.findings[0].code == "TG-3070"


def test_hostile_names_are_text_and_cannot_be_enrolled(engine: sa.Engine) -> None:
    """Whatever a stranger calls itself and its metrics is kept as it is and makes no record."""
    nasty = NodeId("g1", "<b>'; DROP TABLE registry_point; --")
    metrics = ("../../etc", "a b/c", "p1/<script>", "x" * 200, "p1/level/\0", "")
    SqlStrangerBook(engine).put(
        [
            Stranger(
                node=nasty,
                first_ms=NOW_MS,
                seen_ms=NOW_MS,
                metrics=tuple(Announced(name, "\0", "d") for name in metrics),
            )
        ]
    )
    (found,) = enrolling(engine).strangers()
    assert found.stranger.node == nasty
    assert (found.enrollable, found.facilities, found.nameless) == (False, (), len(metrics))


def test_only_so_many_are_kept_and_enrolled_ones_are_not_shown(engine: sa.Engine) -> None:
    """Those heard last stay."""
    book = SqlStrangerBook(engine)
    book.put([heard(NodeId("g1", f"n{at}"), NOW_MS + at, p1=PUMP) for at in range(MOST + 10)])
    book.put([heard(NodeId("g1", "n20"), NOW_MS + 9_999, p1=PUMP)])
    found = enrolling(engine).strangers()
    assert len(found) == MOST
    assert found[0].stranger.node.node == "n20"
    assert found[-1].stranger.node.node == "n10"


def test_a_gateway_of_many_facilities_does_not_read_the_registry_for_each(town: City) -> None:
    """Two hundred facilities read ten thousand two hundred times, with the registry locked meanwhile."""
    codes = [f"n{number}" for number in range(12)]
    metrics = tuple(Announced(f"{code}/{key}", unit, "bus1") for code in codes for key, unit in PUMP.items())
    SqlStrangerBook(town.engine).put([replace(heard(NODE), metrics=metrics)])
    read: list[str] = []

    def hears(_connection: sa.Connection, _cursor: object, text: str, *_: object) -> None:
        if text.startswith("SELECT") and "FROM registry_facility" in text and "WHERE" not in text:
            read.append(text)

    sa.event.listen(town.engine, "before_cursor_execute", hears)
    try:
        chosen = dict.fromkeys(codes, "water_supply_pump")
        wanted = replace(wish(), classes=chosen)
        done = enrolling(town.engine).enrol(wanted, day=DAY, actor="admin", now_ms=NOW_MS)
    finally:
        sa.event.remove(town.engine, "before_cursor_execute", hears)
    assert len(done.facilities) == 12
    assert len(read) < 12, "once for all of them, not for each"
