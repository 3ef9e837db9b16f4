"""The parts of the core process that freeze evidence, joined."""

from __future__ import annotations

from app.calendars import Calendars
from app.commands.version import twingrid_version
from app.facility_memory import FacilityMemory
from app.frozen_around import Surroundings
from app.frozen_calendar import FrozenTimes
from app.frozen_evidence import EvidenceFreezer
from app.frozen_place import Births, Places
from app.wiring import RuleInfos
from core.ports.store import TimeSeriesStore
from dispatch.policy import Policy
from registry.directory import Directory
from registry.queries import Registry


def frozen_source(
    store: TimeSeriesStore,
    registry: Registry,
    facilities: FacilityMemory,
    infos: RuleInfos,
    calendars: Calendars,
    policy: Policy,
    directory: Directory,
    births: Births,
) -> EvidenceFreezer:
    """What dispatch asks for what is to be frozen; ``births`` may learn later whom to ask."""
    return EvidenceFreezer(
        store,
        registry,
        facilities,
        lambda: infos.rules,
        places=Places(registry, facilities, births),
        times=FrozenTimes(policy.calendar, lambda: calendars.now),
        surroundings=Surroundings(store, registry, lambda: infos.rules, directory.members, lambda: calendars.now),
        program=twingrid_version(),
    )
