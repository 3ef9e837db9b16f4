"""Notes of a history that name people by number and alarms by their id, with their names. Pure."""

from __future__ import annotations

import re
from typing import Final

from api.places import Places
from core.cases import SYSTEM
from core.ports.cases import AlarmRow, HistoryRow

_PERSON: Final = re.compile(r"\bperson (\d+)\b")
_OF_PEOPLE: Final = frozenset({"assigned", "escalated"})
_LADDER: Final = "ladder_"
_ALARM: Final = re.compile(r"[a-z2-7]{16}")
_OF_ALARMS: Final = frozenset(
    {"opened", "joined", "on_again", "folded", "folds", "reopen", "sensor_returned", "sensor_still_on"}
)
_NOBODY: Final = "无人 / nobody"


def named(what: str, note: str, places: Places) -> str:
    """The note; where it says whose something became, or who was told: their names, Chinese first, then `` / ``."""
    if what not in _OF_PEOPLE and not what.startswith(_LADDER):
        return note
    found = [places.person_ref(int(number)) for number in _PERSON.findall(note)]
    names = [one.name for one in found if one is not None]
    if not names:
        return _NOBODY
    return f"{'、'.join(name.zh for name in names)} / {', '.join(name.en for name in names)}"


def alarm_of(one: HistoryRow) -> str:
    """The id of the alarm that a line written by the system is about; empty: of none."""
    return one.note if one.actor == SYSTEM and one.action in _OF_ALARMS and _ALARM.fullmatch(one.note) else ""


def of_alarm(row: AlarmRow | None, places: Places) -> str:
    """What is wrong and where, Chinese first, then `` / ``; empty for whoever does not see the alarm."""
    if row is None:
        return ""
    where = places.facility_ref(row.facility).name
    return f"{row.say.zh} · {where.zh} / {row.say.en} · {where.en}"
