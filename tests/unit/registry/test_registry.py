"""The registry answers: lists, places, roster, directory, logins, gateways."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.errors import Refused, Unavailable
from core.people import Language, Login, Role
from core.places import Grid, Text
from core.ports.registry import FacilityFilter, PageRequest
from core.sparkplug.topics import NodeId
from registry import tables
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.directory import Directory
from registry.queries import Registry
from tests.databases import Databases, interrupted
from tests.unit.registry.city import NOW_MS, City, build_city, import_city

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"
NODE = NodeId("city", "gw-aa")


@pytest.fixture
def city(tmp_path: Path, databases: Databases | None) -> Iterator[City]:
    made = build_city(tmp_path, databases)
    yield made
    made.engine.dispose()


@pytest.fixture
def commands(city: City) -> RegistryCommandsSql:
    return RegistryCommandsSql(city.engine)


def edit(city: City, name: str, old: str, new: str) -> None:
    path = city.folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    import_city(city.engine, city.folder)


def login(name: str, role: Role = Role.MANAGER, **changes: object) -> Login:
    values: dict[str, object] = {"username": name, "password_hash": HASH, "role": role}
    return Login(**(values | changes))  # type: ignore[arg-type]


def test_facilities_are_found_and_paged(city: City) -> None:
    """Filters by community, class, cell and text; pages give every facility once; a search knows both languages."""
    registry = city.registry

    def codes(where: FacilityFilter) -> list[str]:
        return [found.code for found in registry.facilities(where, PageRequest()).items]

    assert len(codes(FacilityFilter())) == 5
    assert codes(FacilityFilter(class_id="elevator")) == ["aa-li-01"]
    assert codes(FacilityFilter(communities=frozenset())) == []
    assert codes(FacilityFilter(cell="aa-c-0")) == ["aa-sp-01", "aa-ia-01"]
    assert codes(FacilityFilter(text="电梯")) == codes(FacilityFilter(text="LIFT")) == ["aa-li-01"]
    assert codes(FacilityFilter(numbers=frozenset({city.facility("bb-sp-01")}))) == ["bb-sp-01"]
    seen, cursor = [], ""
    while True:
        page = registry.facilities(FacilityFilter(), PageRequest(cursor=cursor, limit=2))
        seen += [found.code for found in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 5
    for bad in (PageRequest(cursor="x"), PageRequest(limit=0), PageRequest(limit=501)):
        with pytest.raises(Refused):
            registry.facilities(FacilityFilter(), bad)


def test_a_facility_comes_with_its_points(city: City) -> None:
    """Points carry unit, range, usual band, interval and gateway; what is unknown is None."""
    detail = city.registry.facility_by_code("aa-sp-01")
    assert detail is not None
    assert detail.facility.attributes == {"build_year": 1998.0}
    level, current = detail.points
    assert (level.metric, level.unit, level.interval_s, level.stale_after_s) == ("aa-sp-01/level", "m", 30, 90)
    assert (level.low, level.high, level.normal_low, level.normal_high) == (0, 10, 0.3, 1.5)
    assert current.gateway == NODE
    assert city.registry.point(level.number) == level
    assert city.registry.facility(detail.facility.number) == detail
    assert city.registry.facility(10**6) is None
    assert city.registry.facility_by_code("nope") is None
    assert city.registry.point(10**6) is None


def test_the_roster_knows_posts_and_neighbours(city: City) -> None:
    """Every cell has a post, vacant ones included, and neighbours of its own grid."""
    roster = city.registry.roster()
    posts = {post.cell: post.holder for post in roster.posts}
    assert posts["aa-g-00"] == city.person("aa-g1")
    assert posts["aa-g-11"] is None
    assert set(roster.neighbours["aa-g-00"]) >= {"aa-g-01", "aa-g-10", "aa-g-11"}
    assert all(code.split("-")[1] == "g" for code in roster.neighbours["aa-g-00"])
    assert city.registry.roster() is roster
    place = city.registry.place(city.facility("aa-sp-02"))
    assert place is not None
    assert (place.cells[Grid.GOVERNANCE], place.skill) == ("aa-g-11", "pump")
    assert city.registry.place(10**6) is None
    assert city.registry.facility_counts() == {1: 4, 2: 1}


def test_people_and_cells(city: City) -> None:
    """People are listed by community, everywhere-people always; cells by community and grid."""
    everybody = city.registry.people()
    mine = {person.code for person in city.registry.people(frozenset({2}))}
    assert mine == {"bb-g1", "bb-m1", "mgr", "tech"}
    assert city.registry.person(everybody[0].number) == everybody[0]
    assert len(city.registry.cells(1, Grid.GOVERNANCE)) == 4
    assert len(city.registry.cells()) == 12
    first = city.registry.cells()[0]
    assert first.polygon[0] == first.polygon[-1]
    assert [community.street.en for community in city.registry.communities()] == ["Sample Street Office"] * 2


def test_the_directory_answers_from_memory(city: City) -> None:
    """Bindings by gateway and metric, members by class with -1 for missing points; unknown is None."""
    directory = Directory(city.engine, city.registry)
    assert directory.knows(NODE)
    assert not directory.knows(NodeId("city", "gw-zz"))
    bound = directory.bindings(NODE, ["aa-sp-01/level", "aa-sp-01/nope", "bb-sp-01/level", "x"])
    assert [binding is not None for binding in bound] == [True, False, False, False]
    pumps = directory.members()["sewage_pump"]
    assert pumps.code == ("aa-sp-01", "aa-sp-02", "bb-sp-01")
    assert pumps.point["level"].dtype == np.int32
    assert (pumps.point["run_hours"] >= 0).tolist() == [False, True, False]
    assert pumps.stale_after_ms["level"].tolist() == [90_000] * 3
    assert pumps.attribute["build_year"][0] == 1998
    assert np.isnan(pumps.attribute["build_year"][2])
    assert bound[0] is not None
    assert bound[0].point == pumps.point["level"][0]
    version = directory.version
    assert not directory.refresh()
    edit(city, "facilities.csv", "level pump_current", "level pump_current run_hours")
    assert directory.version == version
    assert directory.refresh()
    assert directory.version > version
    assert (directory.members()["sewage_pump"].point["run_hours"] >= 0).tolist() == [True, True, False]


def test_revoked_gateways_are_shut_out(city: City, commands: RegistryCommandsSql) -> None:
    """A revoked gateway is unknown to the directory, stays revoked through an import, and may be let in again."""
    directory = Directory(city.engine, city.registry)
    commands.revoke_gateway(NODE, "boss", NOW_MS)
    commands.revoke_gateway(NODE, "boss", NOW_MS + 1)
    edit(city, "gateways.csv", "Gateway A", "Gateway Alpha")
    directory.refresh()
    assert not directory.knows(NODE)
    assert directory.bindings(NODE, ["aa-sp-01/level"]) == [None]
    (gateway, _) = city.registry.gateways()
    assert (gateway.revoked_ms, gateway.name.en) == (NOW_MS, "Gateway Alpha")
    assert gateway.points > 5
    commands.enrol_gateway(NODE, Text(zh="甲", en="A"), 1, "boss", NOW_MS)
    directory.refresh()
    assert directory.knows(NODE)
    with pytest.raises(Refused):
        commands.revoke_gateway(NodeId("city", "nope"), "boss", NOW_MS)
    with pytest.raises(Refused):
        commands.enrol_gateway(NodeId("ci ty", "x"), Text(zh="甲", en="A"), 1, "boss", NOW_MS)
    with pytest.raises(Refused):
        commands.enrol_gateway(NodeId("city", "x"), Text(zh="甲", en="A"), 99, "boss", NOW_MS)


def test_a_new_gateway_gets_a_fresh_number(city: City, commands: RegistryCommandsSql) -> None:
    """Enrolling by hand and importing draw from the same numbers."""
    made = commands.enrol_gateway(NodeId("city", "gw-new"), Text(zh="新", en="New"), 2, "boss", NOW_MS)
    edit(city, "gateways.csv", "city,gw-bb", "city,gw-cc,丙,C,bb,\ncity,gw-bb")
    numbers = {gateway.node.node: gateway.number for gateway in city.registry.gateways()}
    assert len(set(numbers.values())) == 4
    assert numbers["gw-new"] == made.number
    assert [gateway.node.node for gateway in city.registry.gateways(frozenset({1}))] == ["gw-aa"]


def test_there_is_one_first_administrator(city: City, commands: RegistryCommandsSql) -> None:
    """Of several browsers that create the first administrator at once exactly one succeeds."""
    start = threading.Barrier(4)
    outcomes: list[str] = []

    def create(number: int) -> None:
        start.wait()
        try:
            commands.create_first_administrator(f"admin{number}", HASH, Language.CHINESE, NOW_MS)
            outcomes.append("made")
        except Refused:
            outcomes.append("refused")

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    (admin,) = city.registry.logins()
    assert (admin.role, admin.everywhere) == (Role.ADMINISTRATOR, True)


def test_logins(city: City, commands: RegistryCommandsSql) -> None:
    """Names differ by more than case; passwords change alone; unknown references and bad names are refused."""
    commands.put_login(login("Straße", communities=frozenset({1}), person=city.person("mgr-a")), "boss", NOW_MS)
    found = city.registry.login("STRASSE")
    assert found is not None
    assert (found.username, found.communities, found.changed_ms) == ("Straße", frozenset({1}), NOW_MS)
    commands.put_login(login("strasse", communities=frozenset({2}), active=False), "boss", NOW_MS + 1)
    (only,) = city.registry.logins()
    assert (only.username, only.communities, only.active) == ("strasse", frozenset({2}), False)
    commands.set_password("Strasse", HASH + "2", "boss", NOW_MS + 2, one_time=True)
    changed = city.registry.login("strasse")
    assert changed is not None
    assert (changed.password_hash, changed.one_time, changed.changed_ms) == (HASH + "2", True, NOW_MS + 2)
    assert city.registry.login("nobody") is None
    for bad in (
        login("a b"),
        login(""),
        login("x" * 65),
        login("system"),
        login("Anybody"),
        login("x", password_hash="plain"),
        login("x", person=999),
        login("x", communities=frozenset({99})),
    ):
        with pytest.raises(Refused):
            commands.put_login(bad, "boss", NOW_MS)
    with pytest.raises(Refused):
        commands.set_password("nobody", HASH, "boss", NOW_MS)


def test_the_last_administrator_stays(city: City, commands: RegistryCommandsSql) -> None:
    """Neither deactivation nor another role may leave the house without an administrator."""
    commands.create_first_administrator("admin", HASH, Language.ENGLISH, NOW_MS)
    for change in ({"active": False}, {"role": Role.MANAGER}):
        with pytest.raises(Refused, match="last administrator"):
            commands.put_login(login("admin", **({"role": Role.ADMINISTRATOR} | change)), "admin", NOW_MS)
    commands.put_login(login("second", Role.ADMINISTRATOR), "admin", NOW_MS)
    commands.put_login(login("admin", Role.MANAGER), "second", NOW_MS)


def test_every_change_is_audited_without_secrets(city: City, commands: RegistryCommandsSql) -> None:
    """Each command leaves who, when and what, and no hash; logins leave the version of places and people alone."""
    before = city.registry.version()
    commands.put_login(login("worker", Role.GRID_WORKER), "boss", NOW_MS)
    commands.set_password("worker", HASH, "boss", NOW_MS + 1)
    with city.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.audit).order_by(tables.audit.c.id)).all()
    assert [(row.what, row.actor) for row in rows] == [("import", "test"), ("login", "boss"), ("password", "boss")]
    assert "argon2" not in "".join(row.detail + row.ref for row in rows)
    assert city.registry.version() == before
    commands.revoke_gateway(NODE, "boss", NOW_MS)
    assert city.registry.version() == before + 1


def test_a_dead_database_is_unavailable(city: City) -> None:
    """When the database does not answer, the registry says so in the house's own words."""
    with interrupted(city.engine, "registry_counter"), pytest.raises(Unavailable):
        Registry(city.engine, {}).version()


def test_facilities_without_an_attribute_have_that_of_their_class(city: City) -> None:
    """A number of its own goes before the class's; texts are columns beside the numbers."""
    entries = dict(load_classes())
    pump = entries["sewage_pump"]
    given = replace(pump.facility_class, attributes={"build_year": 1970.0, "material": "PE"})
    registry = Registry(city.engine, {**entries, "sewage_pump": replace(pump, facility_class=given)})
    members = Directory(city.engine, registry).members()
    assert members["sewage_pump"].attribute["build_year"].tolist() == [1998, 2003, 1970]
    assert members["sewage_pump"].text == {"material": ("PE", "PE", "PE")}
    assert not members["elevator"].text
