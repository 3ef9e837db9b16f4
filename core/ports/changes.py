"""What a day has changed, by community: the figures of "since yesterday"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityChanges:
    """How a community stood when a span began, and what came and went in it; drills and tests are left out.

    Attributes:
        community: its number.
        alarmed_before: facilities with an alarm of a condition at the beginning, by event time.
        alarms_opened: alarms of conditions, above information, whose start lies in the span.
        alarms_ended: such alarms whose end lies in it.
        cases_before: cases that were open at the beginning.
        cases_opened: cases opened in the span.
        cases_closed: cases that ended in it, also cancelled and merged ones.
        overdue_new: open cases past a limit that lies in the span.
        unseen_ms: time for which facilities could not be seen within the span, added up over facilities; what several
            alarms say of one facility at once counts once.
        unseen_before_ms: the same of the span of equal length before.
    """

    community: int
    alarmed_before: int = 0
    alarms_opened: int = 0
    alarms_ended: int = 0
    cases_before: int = 0
    cases_opened: int = 0
    cases_closed: int = 0
    overdue_new: int = 0
    unseen_ms: int = 0
    unseen_before_ms: int = 0


class ChangeQueries(Protocol):
    """Reading what has changed."""

    def changes(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[CommunityChanges]:
        """Those communities in sight in which anything stood or happened, by number."""
        ...
