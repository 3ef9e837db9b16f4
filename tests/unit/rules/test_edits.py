"""What an edit changes among past alarms."""

from __future__ import annotations

from core.alarms import Interval
from rules.edits import Effect, effect


def past(facility: int, *ends: tuple[int, int | None]) -> list[tuple[str, int, Interval]]:
    """Alarms of one rule and facility."""
    return [("r", facility, Interval(start_ms=start, stop_ms=stop, since_ms=start)) for start, stop in ends]


def test_an_edit_adds_takes_away_and_moves() -> None:
    """An alarm that nothing overlaps is added or gone, one with other ends is moved, equal ones are the same."""
    before = past(1, (10, 20), (30, 40), (50, 60)) + past(2, (10, 20))
    after = past(1, (10, 20), (30, 45), (70, 80)) + past(3, (10, None))
    assert effect(before, after) == Effect(added=2, gone=2, moved=1, same=1)
    assert effect(before, before) == Effect(added=0, gone=0, moved=0, same=4)


def test_one_alarm_that_falls_into_two_adds_one() -> None:
    """Where one alarm becomes two, the first is the old one and the second is more work; and back."""
    whole, halves = past(1, (10, 60)), past(1, (10, 20), (40, 60))
    assert effect(whole, halves) == Effect(added=1, gone=0, moved=1, same=0)
    assert effect(halves, whole) == Effect(added=0, gone=1, moved=1, same=0)
