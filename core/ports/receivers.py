"""Who may be given a task by hand: what a supervisor chooses from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.cases import Actor
from core.places import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Somebody of the community, and whether a task may be theirs.

    Attributes:
        person: registry number.
        open_tasks: how many they have now.
        refused: why they may not be given it; ``None``: they may.
        lacks: what they lack for it although they may be given it; the history will say so.
        on_leave, off_shift: where they are now; neither keeps anybody from being given it.
    """

    person: int
    open_tasks: int
    refused: Text | None
    lacks: Text | None
    on_leave: bool
    off_shift: bool


class ReceiverQueries(Protocol):
    """Reading, for whoever transfers."""

    def receivers(self, task: int, actor: Actor, now_ms: int) -> Sequence[Receiver]:
        """Everybody of the task's community but its owner: whoever may have it first, the fewest tasks first.

        Raises:
            UnknownItem: if there is no such task.
            NotPermitted, Conflict: as the transfer itself would.
        """
        ...
