"""Counters and durations of one API process in the OpenMetrics text format.

Labels are bounded: operations, status classes, kinds; never a person, a facility or a point.
Source: OpenMetrics 1.0 (``_total`` for counters, base units, ``# EOF``).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass
class _Histogram:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS_S) + 1))
    sum_s: float = 0.0

    def observe(self, seconds: float) -> None:
        self.sum_s += seconds
        self.buckets[next((i for i, bound in enumerate(_BOUNDS_S) if seconds <= bound), len(_BOUNDS_S))] += 1


class Metrics:
    """Counts; safe to use from any thread."""

    def __init__(self) -> None:
        """All counters at zero."""
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._durations: dict[str, _Histogram] = {}
        self._counts: Counter[str] = Counter()

    def request(self, operation: str, method: str, status: int, seconds: float) -> None:
        """One finished request; ``operation`` is empty where no route fitted."""
        with self._lock:
            self._requests[(operation or "none", method, f"{status // 100}xx")] += 1
            self._durations.setdefault(operation or "none", _Histogram()).observe(seconds)

    def count(self, name: str, by: int = 1) -> None:
        """Raise a counter; ``name`` without prefix and without ``_total``."""
        with self._lock:
            self._counts[name] += by

    def value(self, name: str) -> int:
        """A counter as it stands."""
        with self._lock:
            return self._counts[name]

    def text(self, gauges: Mapping[str, float]) -> str:
        """Everything as text; ``gauges`` are values of this moment, by name without prefix."""
        with self._lock:
            lines = list(self._request_lines())
            for name in sorted(self._counts):
                lines += [f"# TYPE twingrid_{name} counter", f"twingrid_{name}_total {self._counts[name]}"]
        for name in sorted(gauges):
            lines += [f"# TYPE twingrid_{name} gauge", f"twingrid_{name} {gauges[name]:g}"]
        return "\n".join([*lines, "# EOF", ""])

    def _request_lines(self) -> Iterable[str]:
        yield "# TYPE twingrid_api_requests counter"
        for (operation, method, status), count in sorted(self._requests.items()):
            labels = f'operation="{operation}",method="{method}",status="{status}"'
            yield f"twingrid_api_requests_total{{{labels}}} {count}"
        yield "# TYPE twingrid_api_request_duration_seconds histogram"
        yield "# UNIT twingrid_api_request_duration_seconds seconds"
        for operation, histogram in sorted(self._durations.items()):
            name, running = "twingrid_api_request_duration_seconds", 0
            for bound, count in zip((*map(str, _BOUNDS_S), "+Inf"), histogram.buckets, strict=True):
                running += count
                yield f'{name}_bucket{{operation="{operation}",le="{bound}"}} {running}'
            yield f'{name}_sum{{operation="{operation}"}} {histogram.sum_s:.6f}'
            yield f'{name}_count{{operation="{operation}"}} {running}'
