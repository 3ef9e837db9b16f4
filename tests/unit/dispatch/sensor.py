"""A store for observations after a repair: a level that is read each minute, or is out of sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.evidence import FrozenAround, Samples
from core.places import Text
from core.ports.evidence import AroundRequest, SampleRequest
from tests.unit.dispatch.hall import MINUTE

STALE = 3 * MINUTE


def samples(time_ms: Sequence[int], quality: Sequence[int] | None = None, stale_ms: int = STALE) -> Samples:
    return Samples(
        point=1,
        key="level",
        name=Text(zh="液位", en="Level"),
        unit="m",
        stale_after_ms=stale_ms,
        time_ms=np.array(time_ms, np.int64),
        value=np.ones(len(time_ms)),
        quality=np.array(quality if quality is not None else [0] * len(time_ms), np.uint8),
    )


@dataclass
class Sensor:
    """A store that has a good reading each minute, except within the gaps, and never of ``silent`` facilities."""

    gaps: list[tuple[int, int]] = field(default_factory=list)
    without: bool = False
    silent: set[int] = field(default_factory=set)
    asked: set[tuple[int, tuple[str, ...]]] = field(default_factory=set)

    def context(self, rule_id: str, facility: int, at_ms: int) -> str:
        return "{}"

    def samples(self, requests: Sequence[SampleRequest]) -> Sequence[tuple[Samples, ...]]:
        return [self._of(request) for request in requests]

    def around(self, requests: Sequence[AroundRequest]) -> Sequence[tuple[FrozenAround, ...]]:
        return [() for _ in requests]

    def _of(self, request: SampleRequest) -> tuple[Samples, ...]:
        self.asked.add((request.facility, request.keys))
        if self.without:
            return ()
        if request.facility in self.silent:
            return (samples([]),)
        first = (request.from_ms - STALE) // MINUTE * MINUTE
        times = [at for at in range(first, request.to_ms, MINUTE) if not any(a <= at < b for a, b in self.gaps)]
        held = [at for at in times if at <= request.from_ms and at + STALE > request.from_ms][-1:]
        return (samples([*held, *(at for at in times if at > request.from_ms)]),)
