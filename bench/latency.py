"""How long an alarm takes from the end of the read that saw it to a page, with every process as it really runs.

Two gateways poll counter devices; each register is a facility whose one alarm begins with the first read above its
limit. The rule has no ``for``, so the alarm's start *is* the stamp of that read, which the gateway takes when the
answer has arrived. A page waits on the API's live stream; what counts is the first event that shows the alarm. Both
ends read the wall clock of one machine.

The way in between: spool linger and fsync, the lab's proxy of the line, broker, host linger, commit, judge, journal,
change feed, live stream. The feed's own time splits it: an entry is stamped with the beginning of the judge's round.
"""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.rows import Row
from tests.faults.lab import Lab
from tests.faults.processes import until

PORTS: Final = range(24200, 24206)
GATEWAYS: Final = 2
DEVICES: Final = 6
LIMITS: Final = (1500, 3500)
"""The counters rise by 50 a second: incidents from about 30 s after the start on, for about 40 s."""
INCIDENTS: Final = GATEWAYS * DEVICES * 10
FEWEST: Final = 100
GOAL_S: Final = 0.5
_PREFIX: Final = "/api/v1"
_LAST_INCIDENT_S: Final = 150.0


@contextmanager
def plain_environment() -> Iterator[None]:
    """Without variables of ours: they are settings of the app, and its processes would inherit them."""
    ours = {key: value for key, value in os.environ.items() if key.startswith("TWINGRID_")}
    for key in ours:
        del os.environ[key]
    try:
        yield
    finally:
        os.environ.update(ours)


@dataclass(kw_only=True)
class Visitor:
    """Somebody with a browser, as far as the API can tell: a cookie and JSON."""

    port: int
    cookie: str = ""

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """The decoded answer.

        Raises:
            ConnectionError: if the API refuses.
            OSError: if nobody answers.
        """
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            answer = self._send(connection, method, path, body)
            text = answer.read()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    self.cookie = value.partition(";")[0]
        if answer.status >= 300:
            raise ConnectionError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else None

    def stream(self, stop: threading.Event) -> Iterator[tuple[int, str, str]]:
        """(arrival in ms, event, data) of the live stream, until ``stop`` is set."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            answer = self._send(connection, "GET", "/stream", None)
            if answer.status != 200:
                raise ConnectionError(f"the live stream was refused: {answer.status}")
            event, data = "", ""
            while not stop.is_set():
                line = answer.readline().decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: "):
                    data = line[6:]
                elif not line and event:
                    yield time.time_ns() // 1_000_000, event, data
                    event, data = "", ""

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Mapping[str, object] | None
    ) -> http.client.HTTPResponse:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, _PREFIX + path, None if body is None else json.dumps(body), headers)
        return connection.getresponse()


@dataclass
class Watch:
    """A page that is open: the first arrival of every alarm.

    Attributes:
        opened_ms: when the stream was open; alarms from before are not counted.
        judge_ms: alarm start to the beginning of the judge's round that found it, by alarm.
        page_ms: alarm start to the page, by alarm.
    """

    visitor: Visitor
    opened_ms: int = 0
    judge_ms: dict[str, int] = field(default_factory=dict)
    page_ms: dict[str, int] = field(default_factory=dict)
    failure: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Read the stream on a thread while the context lasts."""
        reader = threading.Thread(target=self._read, name="bench-page", daemon=True)
        reader.start()
        try:
            yield
        finally:
            self._stop.set()
            reader.join(20)

    def _read(self) -> None:
        try:
            for now_ms, event, data in self.visitor.stream(self._stop):
                self._see(now_ms, event, data)
        except BaseException as error:  # noqa: BLE001 - the boundary of the thread; the measurement raises it
            if not self._stop.is_set():
                self.failure = error

    def _see(self, now_ms: int, event: str, data: str) -> None:
        if not self.opened_ms:
            self.opened_ms = now_ms
        if event != "alarm":
            return
        said = json.loads(data)
        alarm = said["alarm"]
        if alarm is None:
            raise ValueError("an alarm came without its summary: too many at once to measure one")
        if alarm["kind"] == "condition" and alarm["start_ms"] > self.opened_ms and alarm["id"] not in self.page_ms:
            self.judge_ms[alarm["id"]] = said["at_ms"] - alarm["start_ms"]
            self.page_ms[alarm["id"]] = now_ms - alarm["start_ms"]


def measure() -> Watch:
    """Run the lab until every incident has happened.

    Raises:
        RuntimeError: if too few alarms came to a page.
    """
    with plain_environment(), tempfile.TemporaryDirectory(prefix="twingrid-latency-") as name:
        lab = Lab(Path(name), PORTS, gateways=GATEWAYS, devices=DEVICES, limits=LIMITS)
        with lab:
            visitor = Visitor(port=lab.world.api_port)
            code = (lab.world.root / "data" / "secrets" / "setup-code").read_text().strip()
            visitor.ask(
                "POST", "/setup", {"setup_code": code, "username": "bench", "password": "measured and not guessed"}
            )
            watch = Watch(visitor)
            with watch.open():
                until(lambda: _is_over(lab, watch), "every incident has happened", _LAST_INCIDENT_S, 0.2)
                time.sleep(2.0)
            if watch.failure is not None:
                raise RuntimeError("the live stream ended") from watch.failure
    if len(watch.page_ms) < FEWEST:
        raise RuntimeError(f"only {len(watch.page_ms)} alarms came to the page, {FEWEST} are wanted")
    return watch


def _is_over(lab: Lab, watch: Watch) -> bool:
    """Whether every device was read beyond the last limit."""
    if watch.failure is not None or len(watch.page_ms) == INCIDENTS:
        return True
    reads = min(lab.next_offset(number) for number in range(GATEWAYS)) / (DEVICES * 10)
    return reads * 10 > LIMITS[1] + 100


def rows() -> list[Row]:
    """Measure ``alarm_latency_p99_s``."""
    watch = measure()
    page = np.array(list(watch.page_ms.values())) / 1000
    judged = np.array(list(watch.judge_ms.values())) / 1000
    p50, p99 = np.percentile(page, [50, 99])
    judged50, judged99 = np.percentile(judged, [50, 99])
    return [
        Row(
            name="alarm_latency_p99_s",
            value=float(p99),
            unit="s",
            against=f"limit {GOAL_S} s",
            ratio=float(p99) / GOAL_S,
            note=(
                f"end of the read to the page, {len(page)} alarms, p50 {p50:.3f}, max {page.max():.3f}; of it until the"
                f" judge p50 {judged50:.3f}, p99 {judged99:.3f}; {GATEWAYS * DEVICES * 50} readings/s,"
                f" load {os.getloadavg()[0]:.1f}"
            ),
        )
    ]
