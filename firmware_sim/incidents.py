"""Incidents: what happens to the plant itself. Each kind belongs to facility classes and has a strength with a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmware_sim.signals.windows import Schedule


@dataclass(frozen=True, kw_only=True)
class IncidentKind:
    """A kind of incident.

    Attributes:
        classes: facility classes it can happen to.
        magnitude: strength when the script names none.
        meaning: what the strength is.
    """

    classes: tuple[str, ...]
    magnitude: float
    meaning: str


INCIDENT_KINDS: Final[dict[str, IncidentKind]] = {
    "pump_runs_on": IncidentKind(classes=("sewage_pump",), magnitude=1, meaning="none"),
    "pump_trip": IncidentKind(classes=("sewage_pump",), magnitude=1, meaning="times the inflow"),
    "pump_clogged": IncidentKind(classes=("sewage_pump",), magnitude=1, meaning="times the inflow"),
    "seal_leak": IncidentKind(classes=("sewage_pump",), magnitude=1, meaning="none"),
    "storm": IncidentKind(classes=("drain_well", "weather"), magnitude=1.5, meaning="rise of the level it tends to, m"),
    "crowd": IncidentKind(classes=("indoor_air",), magnitude=1200, meaning="CO2 it tends to add, ppm"),
    "heat": IncidentKind(classes=("indoor_air", "hvac"), magnitude=8, meaning="temperature it tends to add, Cel"),
    "phase_loss": IncidentKind(classes=("electrical_distribution",), magnitude=1, meaning="none"),
    "outage": IncidentKind(classes=("electrical_distribution",), magnitude=1, meaning="none"),
    "overload": IncidentKind(classes=("electrical_distribution",), magnitude=1.8, meaning="times the load"),
    "burst": IncidentKind(classes=("water_network",), magnitude=0.15, meaning="pressure lost, MPa"),
    "drive_trip": IncidentKind(classes=("water_supply_pump",), magnitude=1, meaning="none"),
    "movement": IncidentKind(classes=("old_house",), magnitude=0.35, meaning="tilt gained, deg"),
    "leak": IncidentKind(classes=("indoor_leak",), magnitude=1, meaning="none"),
    "passengers_trapped": IncidentKind(classes=("elevator",), magnitude=1, meaning="none"),
    "safety_circuit": IncidentKind(classes=("elevator",), magnitude=1, meaning="none"),
    "door_fault": IncidentKind(classes=("elevator",), magnitude=1, meaning="none"),
    "mains_loss": IncidentKind(classes=("elevator",), magnitude=1, meaning="none"),
    "lift_maintenance": IncidentKind(classes=("elevator",), magnitude=1, meaning="none"),
}


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One kind of incident at one facility, with all its windows."""

    facility: str
    kind: str
    when: Schedule
