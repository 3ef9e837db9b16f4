"""Facilities are asked for once in each version of the registry."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app import facility_memory
from app.facility_memory import FacilityMemory


class CountedRegistry:
    """Says which version and which question it was asked."""

    def __init__(self) -> None:
        self.now = 1
        self.asked: list[int] = []

    def version(self) -> int:
        return self.now

    def facility(self, number: int) -> Any:
        self.asked.append(number)
        return None if number == 9 else f"{number} of version {self.now}"


def test_each_facility_is_asked_for_once_a_version() -> None:
    """Also one that does not exist; with a new version everything is asked for anew."""
    registry = CountedRegistry()
    memory: Any = FacilityMemory(cast("Any", registry))
    assert [memory.detail(number) for number in (7, 9, 7, 9)] == ["7 of version 1", None, "7 of version 1", None]
    assert (registry.asked, memory.version) == ([7, 9], 1)
    registry.now = 2
    assert memory.detail(7) == "7 of version 2"
    assert (registry.asked, memory.version) == ([7, 9, 7], 2)


def test_it_does_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """With too many in use it begins anew and answers all the same."""
    monkeypatch.setattr(facility_memory, "MOST_FACILITIES", 3)
    registry = CountedRegistry()
    memory: Any = FacilityMemory(cast("Any", registry))
    assert [memory.detail(number) for number in range(5)] == [f"{number} of version 1" for number in range(5)]
    assert registry.asked == [0, 1, 2, 3, 4]
    assert memory.detail(0) == "0 of version 1"
    assert registry.asked == [0, 1, 2, 3, 4, 0]
