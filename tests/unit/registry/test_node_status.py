"""The newest state of each gateway is kept, one row each."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from core.ports.nodes import NodeStatus
from core.sparkplug.topics import NodeId
from registry.node_status import SqlNodeStatusBook, node_status


def status(node: str, *, online: bool, seen_ms: int) -> NodeStatus:
    """A status with some health."""
    return NodeStatus(
        node=NodeId("g", node),
        online=online,
        since_ms=seen_ms - 5,
        seen_ms=seen_ms,
        health={"spool_bytes": 12.5},
        readings=7,
        devices=("bus1", "mqtt"),
    )


def test_the_newest_status_replaces_the_older_one(tmp_path: Path) -> None:
    """Putting twice keeps one row, with the newer values; other gateways stay."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'r.db'}")
    node_status.create(engine)
    book = SqlNodeStatusBook(engine)
    book.put([status("a", online=True, seen_ms=10), status("b", online=True, seen_ms=11)], 12)
    book.put([status("a", online=False, seen_ms=20)], 21)
    assert list(book.all()) == [status("a", online=False, seen_ms=20), status("b", online=True, seen_ms=11)]
    book.put([], 30)
    assert len(book.all()) == 2
    engine.dispose()
