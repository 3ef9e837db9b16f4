"""A gateway that nobody knows speaks at a real broker, is enrolled by what it said, and its readings are stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from core.clock import SystemClock
from core.places import Text
from core.ports.enrolment import Enrolment, NewCommunity
from ingest.host import Host, HostSettings
from registry import tables
from registry.classbook import load_classes
from registry.directory import Directory
from registry.enrolment import SqlEnrolling
from registry.queries import Registry
from registry.strangers import SqlStrangerBook, stranger
from store.memory import MemoryStore
from tests.integration.brokers import mosquitto, running
from tests.integration.ingest.test_host import line, until
from tests.unit.ingest.edge import Edge
from tests.unit.registry import city

NOW_MS = time.time_ns() // 1_000_000
HERE = NewCommunity(name=Text(zh="我们社区", en="Our community"), latitude=31.2, longitude=121.4)


def test_a_newcomer_is_heard_enrolled_and_stored(
    free_ports: Callable[[int], list[int]], tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """From an empty registry to a stored reading; what the spool held before is asked for and not lost."""
    (port,) = free_ports(1)
    engine: sa.Engine = city.new_engine(tmp_path / "registry.db")
    tables.metadata.create_all(engine)
    assert stranger.name in tables.metadata.tables
    directory, desk = Directory(engine, Registry(engine, load_classes())), SqlEnrolling(engine, load_classes())
    store = MemoryStore()
    settings = HostSettings(broker_url=f"mqtt://127.0.0.1:{port}", status_every_s=0.1)
    host = Host(
        settings,
        store=store,
        directory=directory,
        clock=SystemClock(),
        on_committed=lambda _number, _readings: None,
        stranger_book=SqlStrangerBook(engine),
    )
    edge = Edge(metrics=("p1/outlet_pressure",), units={"p1/outlet_pressure": "MPa"})
    with running(mosquitto(program("mosquitto"), port, tmp_path), port, tmp_path / "broker.log"), line(port) as wire:
        with host:
            until(wire.host_is_online)
            wire.send(*edge.births(), edge.chunk(0, [(0, NOW_MS, 0.4)]))
            until(lambda: bool(desk.strangers()))
            (found,) = desk.strangers()
            assert [(one.code, one.class_id) for one in found.facilities] == [("p1", "water_supply_pump")]
            wish = Enrolment(
                node=edge.node,
                name=Text(zh="新网关", en="New"),
                new_community=HERE,
                classes={"p1": "water_supply_pump"},
            )
            assert desk.enrol(wish, day="2026-12-01", actor="admin", now_ms=NOW_MS).points == 1
            before = wire.rebirths()
            directory.refresh()
            until(lambda: wire.rebirths() > before)
            wire.send(*edge.births(bd_seq=1), edge.chunk(0, [(0, NOW_MS, 0.4)]))
            until(lambda: wire.acknowledged() == 1)
        assert host.count_all()["readings"] == 1
    engine.dispose()
