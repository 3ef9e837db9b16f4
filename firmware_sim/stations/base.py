"""A station: outputs of models under the names of the class catalogue, sampled as an instrument would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_sim.noise import derive_seed
from firmware_sim.signals.windows import NEVER, Schedule

Floats = NDArray[np.float64]
_MASK: Final = (1 << 63) - 1


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a station knows of its place.

    Attributes:
        code: of the facility.
        community: its weather and its mains are those of the community.
        seed: root seed.
        start_s: simulated start, s since 1970 UTC; counters begin there.
        happening: schedule by kind of incident.
        closed_days: local days (days since 1970-01-01 in Asia/Shanghai) on which offices are closed.
    """

    code: str
    community: str
    seed: int
    start_s: float
    happening: Mapping[str, Schedule] = field(default_factory=dict)
    closed_days: frozenset[int] = frozenset()

    def own(self, name: str) -> int:
        """A seed of this facility."""
        return derive_seed(self.seed, f"{self.code}/{name}") & _MASK

    def shared(self, name: str) -> int:
        """A seed that all facilities of the community share."""
        return derive_seed(self.seed, f"{self.community}/{name}") & _MASK

    def when(self, kind: str) -> Schedule:
        """When this kind happens here."""
        return self.happening.get(kind, NEVER)


@dataclass(frozen=True, kw_only=True)
class Output:
    """Measurements that are sampled together.

    Attributes:
        names: keys of the class catalogue.
        interval_s: time between two samples.
        resolution: last digit of each, in its unit; 0: as computed.
        values: their values at a moment.
    """

    names: tuple[str, ...]
    interval_s: float
    resolution: tuple[float, ...]
    values: Callable[[float], tuple[float, ...]]

    def sample(self, time_s: Floats) -> Floats:
        """Their values at these moments.

        Args:
            time_s: float64[n].

        Returns:
            float64[k, n], one row for each of ``names``, rounded to the resolution.
        """
        found = np.array([self.values(one) for one in time_s.tolist()], dtype=np.float64)
        columns = found.reshape(len(time_s), len(self.names)).T.copy()
        for row, step in enumerate(self.resolution):
            if step > 0:
                columns[row] = np.round(columns[row] / step) * step
        return columns


def output(name: str, interval_s: float, resolution: float, function: Callable[[float], float]) -> Output:
    """One measurement by itself."""
    return Output(names=(name,), interval_s=interval_s, resolution=(resolution,), values=lambda t: (function(t),))


Station = tuple[Output, ...]
