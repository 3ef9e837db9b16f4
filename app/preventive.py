"""Preventive work of the core process, joined with facilities in use and the counters of what runs."""

from __future__ import annotations

import sqlalchemy as sa

from app.upkeep import InUse, StoreCounters
from app.wiring import RuleInfos
from core.ports.store import TimeSeriesStore
from dispatch.plan_desk import SqlPlans
from dispatch.policy import Policy
from registry.queries import Registry


def preventive(
    engine: sa.Engine, store: TimeSeriesStore, registry: Registry, infos: RuleInfos, policy: Policy
) -> SqlPlans:
    """The plans."""
    return SqlPlans(
        engine,
        rules=infos,
        source=registry,
        classes=frozenset(registry.classes()),
        in_use=InUse(registry).numbers,
        counters=StoreCounters(store, registry, policy.calendar.zone),
        policy=policy,
    )
