"""Which open cases may have one cause; values in, values out. It suggests, a person decides."""

from __future__ import annotations

from typing import NamedTuple

from core.ports.closure import Likeness
from core.ports.registry import FacilityPlace
from dispatch import distance
from dispatch.policy import Policy


class Side(NamedTuple):
    """What is compared of a case."""

    family: str
    opened_ms: int
    place: FacilityPlace


def metres(one: FacilityPlace, other: FacilityPlace) -> float | None:
    """How far two facilities are apart on the ground; ``None`` where a place is unknown."""
    return None if one.spot is None or other.spot is None else distance.metres(one.spot, other.spot)


def likeness(one: Side, other: Side, policy: Policy) -> tuple[Likeness, ...]:
    """Why two open cases may have one cause, the strongest reason first; empty: nothing speaks for it.

    A supply and what hangs on it need not have the same family, but then must have failed at about the same time.
    """
    here, there = one.place, other.place
    same = one.family == other.family
    together = abs(one.opened_ms - other.opened_ms) <= policy.together_ms
    found = []
    if (here.parent == there.number or there.parent == here.number) and (same or together):
        found.append(Likeness.SUPPLY)
    if here.redundant_set and here.redundant_set == there.redundant_set and same:
        found.append(Likeness.REDUNDANT)
    if here.parent is not None and here.parent == there.parent and (same or together):
        found.append(Likeness.PARENT)
    apart = metres(here, there)
    if same and apart is not None and apart <= policy.near_m:
        found.append(Likeness.NEAR)
    return tuple(found)
