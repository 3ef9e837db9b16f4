"""How an aggregate over time is bucketed, and what it keeps: what a person is shown, and what the engine does.

Every aggregate over a window is bucketed (``docs/alarms.md`` section 2): event time is cut into slots, a result is
made at the end of each and holds for the next. So a window costs the same for each reading whatever its length, and
keeps the same number of shares: only their width grows.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.findings import Said, Sentence
from rules.expression import (
    Aged,
    Derived,
    Graded,
    Grouped,
    InForce,
    Measured,
    OfParent,
    OnCalendar,
    Operand,
    Windowed,
    WindowedOver,
    inner_operands,
)
from rules.operators.kinds import WindowAggregate
from rules.operators.weekly import WeeklyAggregate

REWIND_SLOTS = 30
"""How many slots before the open one a window can be set back to."""
WEEK_HOURS = 168
WEEKLY_REWIND_SLOTS = WEEK_HOURS + 2
"""The same of a weekly aggregate: as far as the oldest saved state."""
_HOUR_MS = 3_600_000

_TOLD = Sentence(
    "窗口 {window} 分为 {slots} 格，每格 {step}，结果每 {step} 更新一次；每个设施占 {size} 字节",
    "a window of {window} in {slots} slots of {step}: a new result every {step}; {size} bytes per facility",
)
_TOLD_WEEKLY = Sentence(
    "按一周中的小时从最近 {weeks} 周学习，结果每小时更新一次；每个设施占 {size} 字节",
    "learned by hour of the week from the last {weeks} weeks: a new result every hour; {size} bytes per facility",
)
_AT_ONCE = Sentence("每条读数立即判断", "judged with every reading")


@dataclass(frozen=True, slots=True)
class Bucket:
    """How one operand is computed.

    Attributes:
        step_ms: width of a slot and distance of two results; 0 where nothing is bucketed.
        slots: how many make a window.
        state_bytes: kept for each facility.
        weeks: how many weeks it learns from, where it is a weekly aggregate.
    """

    step_ms: int
    slots: int
    state_bytes: int
    weeks: int = 0

    @property
    def window_ms(self) -> int:
        """The window as it is looked at: rounded up to whole slots."""
        return self.step_ms * self.slots

    def told(self) -> Said:
        """For people."""
        if not self.step_ms:
            return _AT_ONCE()
        if self.weeks:
            return _TOLD_WEEKLY(weeks=self.weeks, size=self.state_bytes)
        window, step = duration(self.window_ms), duration(self.step_ms)
        return _TOLD(window=window, slots=self.slots, step=step, size=self.state_bytes)


def slot_plan(window_ms: int) -> tuple[int, int]:
    """Slot width in milliseconds and number of slots of a window (``docs/alarms.md`` section 2)."""
    step_ms = max(1000, -(-window_ms // 60_000) * 1000)
    return step_ms, -(-window_ms // step_ms)


def plan_of(aggregate: WindowAggregate, window_ms: int) -> tuple[int, int]:
    """The same of any aggregate: a weekly one has hours, and keeps those that its results look at."""
    if isinstance(aggregate, WeeklyAggregate):
        return _HOUR_MS, window_ms // _HOUR_MS + 2
    return slot_plan(window_ms)


CELL_BYTES = 72
"""State of a cell (``rules.engine.cells``)."""
_ROW_BYTES = 8 * 8


def bucket(operand: Operand) -> Bucket:
    """How an operand is computed, and what it keeps for each facility.

    A window keeps one share for every slot of the block of its tails (and one more), and one with its known time for
    every slot of the window and of the stretch it can be set back; two open ones; eight numbers; and its cell.
    """
    match operand:
        case (
            Windowed(aggregate=aggregate, window_ms=window_ms) | WindowedOver(aggregate=aggregate, window_ms=window_ms)
        ):
            step_ms, slots = plan_of(aggregate, window_ms)
            if isinstance(aggregate, WeeklyAggregate):
                hours = 4 * (slots + WEEKLY_REWIND_SLOTS) + _ROW_BYTES + CELL_BYTES
                source = CELL_BYTES if isinstance(operand, WindowedOver) else 0
                return Bucket(step_ms, slots, hours + source, slots // WEEK_HOURS)
            size = aggregate.identity.itemsize
            ring = (slots + REWIND_SLOTS) * (size + 4)
            source = CELL_BYTES if isinstance(operand, WindowedOver) else 0
            return Bucket(step_ms, slots, (slots + 1) * size + ring + 2 * size + _ROW_BYTES + CELL_BYTES + source)
        case OfParent(operand=inner):
            return _fed(frozenset({inner}))
        case Grouped(inner=inner):
            return _fed(inner_operands(inner))
        case Measured() | Derived() | InForce() | OnCalendar() | Graded() | Aged():
            return Bucket(0, 0, CELL_BYTES)


def _fed(read: frozenset[Operand]) -> Bucket:
    """The cell that is fed, and what is kept of each member or parent besides; the slots of its largest window."""
    inner = [bucket(operand) for operand in read]
    largest = max(inner, key=lambda one: one.window_ms, default=Bucket(0, 0, 0))
    return Bucket(largest.step_ms, largest.slots, CELL_BYTES + sum(one.state_bytes for one in inner))


def duration(milliseconds: int) -> str:
    """The shortest whole number of a unit: ``90 s``, ``10 min``, ``12 h``, ``7 d``."""
    for code, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size} {code}"
    return f"{milliseconds} ms"
