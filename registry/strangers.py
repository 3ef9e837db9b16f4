"""Gateways that were heard and are not enrolled: written by ingest, read where they are enrolled.

One row each, and never more than ``MOST``: whoever can publish can invent names. Rows of gateways that have been
enrolled since are not shown; they go when others need their place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from core.ports.enrolment import Announced, Stranger
from core.sparkplug.topics import NodeId
from registry import tables
from registry.database import put_row, writing

MOST = 64

stranger = sa.Table(
    "registry_stranger",
    tables.metadata,
    sa.Column("group_id", sa.String(255), primary_key=True),
    sa.Column("node_id", sa.String(255), primary_key=True),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("left_out", sa.Integer, nullable=False),
    sa.Column("metrics", sa.Text, nullable=False),
)


class SqlStrangerBook:
    """``core.ports.enrolment.StrangerBook`` in the registry's database."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine; the table is made by the migrations."""
        self._engine = engine

    def put(self, strangers: Sequence[Stranger]) -> None:
        """Replace these in one transaction, and drop those heard longest ago that are too many.

        Raises:
            core.errors.Unavailable: if the database does not answer.
        """
        if not strangers:
            return
        with writing(self._engine) as connection:
            for one in strangers:
                put_row(connection, stranger, _row(one))
            order = sa.select(stranger.c.group_id, stranger.c.node_id).order_by(stranger.c.seen_ms.desc())
            for group, node in connection.execute(order.offset(MOST)).all():
                connection.execute(sa.delete(stranger).where(stranger.c.group_id == group, stranger.c.node_id == node))


def unknown(connection: sa.Connection) -> list[Stranger]:
    """Those that are in no registry, revoked ones included, the last heard first."""
    gateway = tables.gateway
    enrolled = sa.exists().where(gateway.c.group_id == stranger.c.group_id, gateway.c.node_id == stranger.c.node_id)
    rows = sa.select(stranger).where(~enrolled).order_by(stranger.c.seen_ms.desc(), stranger.c.node_id)
    return [_stranger(row) for row in connection.execute(rows).mappings()]


def _row(one: Stranger) -> dict[str, object]:
    return {
        "group_id": one.node.group,
        "node_id": one.node.node,
        "first_ms": one.first_ms,
        "seen_ms": one.seen_ms,
        "left_out": one.left_out,
        "metrics": json.dumps([list(metric) for metric in one.metrics]),
    }


def _stranger(row: sa.RowMapping) -> Stranger:
    return Stranger(
        node=NodeId(str(row["group_id"]), str(row["node_id"])),
        first_ms=int(row["first_ms"]),
        seen_ms=int(row["seen_ms"]),
        left_out=int(row["left_out"]),
        metrics=tuple(Announced(*map(str, metric)) for metric in json.loads(str(row["metrics"]))),
    )
