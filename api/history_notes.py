"""Notes of a history that name people by number, with their names. Pure."""

from __future__ import annotations

import re
from typing import Final

from api.places import Places

_PERSON: Final = re.compile(r"\bperson (\d+)\b")
_OF_PEOPLE: Final = frozenset({"assigned", "escalated"})
_LADDER: Final = "ladder_"
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
