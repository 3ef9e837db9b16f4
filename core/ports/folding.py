"""Folding as pages see it: one outage, one alarm, and what belongs to it (``docs/alarms.md`` section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.alarms import Unseen
from core.places import Text
from core.ports.cases import AlarmRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Folding:
    """What an alarm has to do with others.

    Attributes:
        into: the alarm that says it all, if this one was folded into it.
        folded: the alarms that were folded into this one, newest first.
        unseen: what cannot be seen because of it, as it was last; ``None`` if that is nothing but itself.
        say: the same in a sentence, empty where there is none.
    """

    into: AlarmRow | None
    folded: tuple[AlarmRow, ...]
    unseen: Unseen | None
    say: Text


class FoldQueries(Protocol):
    """Reading. Raises ``core.errors.Unavailable`` if the database does not answer now."""

    def folding(self, alarm_id: str) -> Folding:
        """What an alarm has to do with others; the caller knows that it may be seen."""
        ...
