"""Storms: many facilities with alarms of one rule family at once are one case of what they have in common.

Values in, values out; the table and the groups are those of ``docs/alarms.md``, part 8. ``stormwork`` asks them inside
a transaction, ``foresight`` in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from core.alarms import AlarmKind, Severity
from core.cases import Common, RuleInfo
from core.places import Text
from core.ports.registry import FacilityPlace

_SEPARATOR = "|"
_JOINT = "joint/"
_STORM = "storm/"
_LONGEST_FAMILY = 200


class Group(NamedTuple):
    """Facilities whose alarms of a family may have one cause."""

    family: str
    common: Common
    code: str

    @property
    def key(self) -> str:
        """As the case keeps it."""
        return _SEPARATOR.join((self.family, self.common.value, self.code))

    @property
    def joint(self) -> bool:
        """Whether the rule itself gathers them, one by one and in calm too; else it takes a storm."""
        return is_joint(self.key)

    @property
    def case_family(self) -> str:
        """The family of the case, which is none of a single facility."""
        return (self.family if self.joint else f"{_STORM}{self.family}")[:_LONGEST_FAMILY]


class StormState(StrEnum):
    """Where a storm stands."""

    CALM = "calm"
    """There is none; every facility has its own case."""
    RAGING = "raging"
    QUIET = "quiet"
    """None of its alarms is on; it may go on."""


class StormEvent(StrEnum):
    """What moves a storm."""

    CROWD = "crowd"
    """More facilities than one should be asked to take one by one."""
    ON = "on"
    OFF = "off"
    """The last of its alarms is off."""
    LASTED = "lasted"
    """It has been quiet for long enough."""
    ENDED = "ended"
    """People have ended its case."""


TABLE: Mapping[tuple[StormState, StormEvent], StormState] = {
    (StormState.CALM, StormEvent.CROWD): StormState.RAGING,
    (StormState.RAGING, StormEvent.OFF): StormState.QUIET,
    (StormState.QUIET, StormEvent.ON): StormState.RAGING,
    (StormState.QUIET, StormEvent.LASTED): StormState.CALM,
    (StormState.RAGING, StormEvent.ENDED): StormState.CALM,
    (StormState.QUIET, StormEvent.ENDED): StormState.CALM,
}
"""State and event to the next state; what is not in it changes nothing."""


def next_storm(state: StormState, event: StormEvent) -> StormState:
    """The state after an event."""
    return TABLE.get((state, event), state)


def groups(place: FacilityPlace, info: RuleInfo) -> list[Group]:
    """What a facility has in common with others for a rule: supply, cell of the leading grid, community.

    Nothing where the rule gathers by itself: its alarms make no storm.
    """
    return [] if info.gather is not None else _groups(place, info, info.family)


def joint_group(place: FacilityPlace, info: RuleInfo) -> Group | None:
    """The group that shares the case of a rule which gathers: the one it names, or the next wider that there is."""
    if info.gather is None:
        return None
    order = list(Common)
    named = order.index(info.gather)
    return next(one for one in _groups(place, info, f"{_JOINT}{info.family}") if order.index(one.common) >= named)


def _groups(place: FacilityPlace, info: RuleInfo, family: str) -> list[Group]:
    found = []
    if place.parent is not None:
        found.append(Group(family, Common.PARENT, str(place.parent)))
    cell = place.cells.get(info.lead, "")
    if cell:
        found.append(Group(family, Common.CELL, cell))
    return [*found, Group(family, Common.COMMUNITY, str(place.community))]


def group_of(key: str) -> Group:
    """What a case keeps."""
    family, common, code = key.rsplit(_SEPARATOR, 2)
    return Group(family, Common(common), code)


def is_joint(key: str) -> bool:
    """Whether a case that keeps this key is a joint case; else it is a storm's."""
    return key.startswith(_JOINT)


def may_gather(kind: AlarmKind, severity: Severity, *, latching: bool) -> bool:
    """Whether an alarm may share a case with others: what endangers people or must be reset is seen one by one."""
    return kind is AlarmKind.CONDITION and not latching and Severity.LOW <= severity < Severity.CRITICAL


def is_crowd(facilities: int, most: int) -> bool:
    """Whether so many facilities are a storm; ``most`` 0: never."""
    return 0 < most < facilities


def told(group: Group, members: int, say: Text, parent: Text | None) -> Text:
    """What the case says: "17 facilities of cell G-07: level high"; of one facility what its alarm says."""
    if members < 2:
        return say
    where = {
        Common.PARENT: Text(
            zh=f"{parent.zh if parent else group.code}所属", en=f"of {parent.en if parent else group.code}"
        ),
        Common.CELL: Text(zh=f"网格 {group.code} ", en=f"of cell {group.code}"),
        Common.COMMUNITY: Text(zh="同一社区", en="of one community"),
    }[group.common]
    return Text(zh=f"{where.zh}{members} 处设施：{say.zh}", en=f"{members} facilities {where.en}: {say.en}")
