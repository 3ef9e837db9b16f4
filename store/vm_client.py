"""VictoriaMetrics over HTTP: writes through influxdb-client, reads through ``/api/v1/export``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from core.errors import Refused, Unavailable

_FLAG = re.compile(r'flag\{name="([^"]+)", value="([^"]*)"')
_UNIT_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.0, "": 31.0}


@dataclass(frozen=True, slots=True)
class ServerState:
    """What the server says of itself: when it started, how long it keeps samples, whether it drops equal stamps."""

    started: int
    retention_days: float
    deduplicates: bool


class VictoriaMetricsClient:
    """One server; thread-safe."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Remember the server; nothing is sent yet."""
        self._url, self._timeout_s = url.rstrip("/"), timeout_s
        self._http = httpx2.Client(base_url=self._url, timeout=timeout_s)
        self._influx: Any = InfluxDBClient(url=self._url, token="-", org="-", timeout=int(timeout_s * 1000))
        self._writer: Any = self._influx.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: bytes) -> None:
        """Write lines with millisecond stamps; the server has taken them when this returns, not yet saved them.

        Raises:
            Unavailable: if the server does not take them.
        """
        if not lines:
            return
        with self._translated("write"):
            self._writer.write(bucket="-", record=lines, write_precision=WritePrecision.MS)

    def export(self, selector: str, from_ms: int, to_ms: int) -> bytes:
        """Raw samples in [from_ms, to_ms) as JSON lines, and possibly some after them.

        The range asked for ends 2 ms later: a range that ends exactly at midnight misses series that begin there.

        Raises:
            Unavailable: if the server does not answer.
        """
        form = {"match[]": selector, "start": f"{from_ms / 1000:.3f}", "end": f"{(to_ms + 1) / 1000:.3f}"}
        with self._translated("read"):
            answer = self._http.post("/api/v1/export", data=form)
            answer.raise_for_status()
            return bytes(answer.content)

    def flush(self) -> None:
        """Make what was written readable.

        Raises:
            Unavailable: if the server does not answer.
        """
        with self._translated("flush"):
            self._http.get("/internal/force_flush").raise_for_status()

    def state(self) -> ServerState:
        """What the server says of itself.

        Raises:
            Unavailable: if it does not answer.
            Refused: if it answers something else.
        """
        with self._translated("ask"):
            answer = self._http.get("/metrics")
            answer.raise_for_status()
        text = str(answer.text)
        flags = dict(_FLAG.findall(text))
        started = re.search(r"^vm_app_start_timestamp (\d+)", text, re.MULTILINE)
        if started is None or "retentionPeriod" not in flags:
            raise Refused(f"{self._url} is no single-node VictoriaMetrics: its /metrics names no retentionPeriod")
        return ServerState(
            int(started[1]),
            retention_days(flags["retentionPeriod"]),
            flags.get("dedup.minScrapeInterval", "0s") != "0s",
        )

    def close(self) -> None:
        """Let go of connections."""
        self._writer.close()
        self._influx.close()
        self._http.close()

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (httpx2.HTTPError, ApiException, HTTPError, OSError) as error:
            raise Unavailable(f"VictoriaMetrics at {self._url} cannot {doing}: {error}") from error


def retention_days(text: str) -> float:
    """Days that a ``-retentionPeriod`` means: a number of months, or a number with h, d, w or y.

    Raises:
        Refused: if it is neither.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([hdwy]?)", text)
    if match is None:
        raise Refused(f"VictoriaMetrics has the retentionPeriod {text!r}, which this version cannot read")
    return float(match[1]) * _UNIT_DAYS[match[2]]
