"""The newest state of each gateway: written by ingest, read by the pages of every API process.

One row a gateway, replaced every few seconds; it is no history and raises no registry version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from core.ports.nodes import NodeStatus
from core.sparkplug.topics import NodeId
from registry import tables
from registry.database import put_row, reading, writing

node_status = sa.Table(
    "registry_node_status",
    tables.metadata,
    sa.Column("group_id", sa.String(255), primary_key=True),
    sa.Column("node_id", sa.String(255), primary_key=True),
    sa.Column("online", sa.Boolean, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("put_ms", sa.BigInteger, nullable=False),
    sa.Column("readings", sa.BigInteger, nullable=False),
    sa.Column("health", sa.Text, nullable=False),
    sa.Column("devices", sa.Text, nullable=False),
)


class SqlNodeStatusBook:
    """``core.ports.nodes.NodeStatusBook`` in the registry's database."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine; the table is made by the migrations."""
        self._engine = engine

    def put(self, statuses: Sequence[NodeStatus], now_ms: int) -> None:
        """Replace the status of these gateways in one transaction.

        Raises:
            core.errors.Unavailable: if the database does not answer.
        """
        if not statuses:
            return
        with writing(self._engine) as connection:
            for status in statuses:
                put_row(connection, node_status, _row(status, now_ms))

    def all(self) -> Sequence[NodeStatus]:
        """The newest status of every gateway, by group and node.

        Raises:
            core.errors.Unavailable: if the database does not answer.
        """
        with reading(self._engine) as connection:
            order = sa.select(node_status).order_by(node_status.c.group_id, node_status.c.node_id)
            return [_status(row) for row in connection.execute(order).mappings()]


def _row(status: NodeStatus, now_ms: int) -> Mapping[str, object]:
    return {
        "group_id": status.node.group,
        "node_id": status.node.node,
        "online": status.online,
        "since_ms": status.since_ms,
        "seen_ms": status.seen_ms,
        "put_ms": now_ms,
        "readings": status.readings,
        "health": json.dumps(dict(status.health)),
        "devices": json.dumps(list(status.devices)),
    }


def _status(values: sa.RowMapping) -> NodeStatus:
    return NodeStatus(
        node=NodeId(str(values["group_id"]), str(values["node_id"])),
        online=bool(values["online"]),
        since_ms=int(values["since_ms"]),
        seen_ms=int(values["seen_ms"]),
        readings=int(values["readings"]),
        health={str(name): float(value) for name, value in json.loads(str(values["health"])).items()},
        devices=tuple(str(name) for name in json.loads(str(values["devices"]))),
    )
