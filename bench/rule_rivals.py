"""vmalert with VictoriaMetrics, and Prometheus, beside ours: the same series, the same rules, the same machine.

Both get the same samples by remote write: ten minutes of history, then one sample a series every 10 s while they
evaluate. What is read from them is their own figure for the evaluation of a whole group. They are Debian's packages
(``victoria-metrics`` and ``prometheus``); where one is not installed its rows are left out and the table says so.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

STEP_S: Final = 10
HISTORY_S: Final = 600
SERIES_A_MESSAGE: Final = 5_000
EVALUATIONS: Final = 2
VISIBLE_S: Final = 20.0
"""VictoriaMetrics shows brand-new series only some seconds after they came."""

Groups = Mapping[str, Sequence[str]]
"""Name of a group to the expressions of its rules; each holds for a minute before it alarms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluated:
    """What one rival took for one group: seconds a whole evaluation, and how many of them were seen."""

    seconds: float
    evaluations: int


def values(count: int, round_number: int) -> np.ndarray:
    """One sample a series: 20 with noise, 95 for every hundredth."""
    noise = np.random.default_rng(1_000 + round_number).normal(0, 1, count)
    made: np.ndarray = np.where(np.arange(count) % 100 == 7, 95.0, 20.0) + noise
    return made


def run(name: str, count: int, groups: Groups) -> dict[str, Evaluated] | None:
    """Seconds an evaluation of each group by ``victoria-metrics`` or ``prometheus``; ``None`` if it is not here."""
    needed = ("victoria-metrics", "vmalert") if name == "victoria-metrics" else ("prometheus",)
    if any(shutil.which(program) is None for program in needed):
        return None
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        rival = _Rival(name, Path(folder), free_port())
        running.enter_context(rival.serving())
        rival.fill(count)
        feeding = running.enter_context(_feeding(rival, count))
        time.sleep(VISIBLE_S)
        found = {group: rival.evaluate(group, rules) for group, rules in groups.items()}
        if feeding.failed:
            raise RuntimeError(f"{name} refused samples: {feeding.failed}")
        return found


class _Rival:
    """One store with its rule engine."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name, self.folder, self.port = name, folder, port
        self.begun_s = int(time.time()) // STEP_S * STEP_S
        self.rules = folder / "rules.yaml"
        self.rules.write_text("groups: []", encoding="utf-8")

    @contextmanager
    def serving(self) -> Iterator[None]:
        address = f"127.0.0.1:{self.port}"
        if self.name == "victoria-metrics":
            command = [self.name, f"-storageDataPath={self.folder / 'data'}", f"-httpListenAddr={address}"]
            command.append("-search.maxUniqueTimeseries=1000000")
        else:
            config = self.folder / "prometheus.yaml"
            config.write_text(
                json.dumps({"global": {"evaluation_interval": "3s"}, "rule_files": [str(self.rules)]}), "utf-8"
            )
            command = [self.name, f"--config.file={config}", f"--storage.tsdb.path={self.folder / 'data'}"]
            command += [
                f"--web.listen-address={address}",
                "--web.enable-remote-write-receiver",
                "--web.enable-lifecycle",
            ]
        with _process(command, self.port):
            yield

    def fill(self, count: int) -> None:
        rounds = range(-HISTORY_S // STEP_S, 1)
        for first in range(0, len(rounds), 10):
            self.push(count, rounds[first : first + 10])

    def push(self, count: int, rounds: Sequence[int]) -> None:
        """Some rounds of samples of all series."""
        columns = [values(count, one) for one in rounds]
        stamps = [b"\x10" + _varint((self.begun_s + one * STEP_S) * 1000) for one in rounds]
        for first in range(0, count, SERIES_A_MESSAGE):
            message = b"".join(
                _field(
                    1, _labels(number) + b"".join(_sample(c[number], s) for c, s in zip(columns, stamps, strict=True))
                )
                for number in range(first, min(first + SERIES_A_MESSAGE, count))
            )
            self._post(_snappy(message))

    def _post(self, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        connection.request("POST", "/api/v1/write", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{self.name}: {answer.status} {text[:200]!r}")

    def evaluate(self, group: str, expressions: Sequence[str]) -> Evaluated:
        """Load one group, and wait for two whole evaluations of it."""
        rules = [{"alert": f"A{n}", "expr": one, "for": "1m"} for n, one in enumerate(expressions)]
        self.rules.write_text(
            json.dumps({"groups": [{"name": group, "interval": "3s", "rules": rules}]}), encoding="utf-8"
        )
        if self.name == "prometheus":
            urllib.request.urlopen(
                urllib.request.Request(f"http://127.0.0.1:{self.port}/-/reload", method="POST"), timeout=60
            ).close()
            return self._timed(self.port, "prometheus_rule_group_duration_seconds")
        port = free_port()
        source = f"http://127.0.0.1:{self.port}"
        command = ["vmalert", f"-rule={self.rules}", f"-datasource.url={source}", f"-remoteWrite.url={source}"]
        command += [f"-notifier.url={source}/nobody", f"-httpListenAddr=127.0.0.1:{port}", "-evaluationInterval=3s"]
        with _process(command, port):
            return self._timed(port, "vmalert_iteration_duration_seconds")

    def _timed(self, port: int, metric: str) -> Evaluated:
        time.sleep(3.5)
        sum_s, seen = (_metric(port, f"{metric}_{part}") for part in ("sum", "count"))
        begin = time.monotonic()
        while (count := _metric(port, f"{metric}_count") - seen) < EVALUATIONS:
            if time.monotonic() - begin > 180:
                raise RuntimeError(f"{self.name} does not evaluate its rules")
            time.sleep(0.3)
        return Evaluated(seconds=(_metric(port, f"{metric}_sum") - sum_s) / count, evaluations=int(count))


class _Feeding(threading.Thread):
    """One sample a series every ten seconds, as long as the rival evaluates."""

    def __init__(self, rival: _Rival, count: int) -> None:
        super().__init__(daemon=True)
        self.failed = ""
        self.over = threading.Event()
        self._rival, self._count = rival, count

    def run(self) -> None:
        round_number = 1
        while not self.over.wait(0.05):
            if time.time() < self._rival.begun_s + round_number * STEP_S:
                continue
            try:
                self._rival.push(self._count, [round_number])
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                self.failed = str(error)
                return
            round_number += 1


@contextmanager
def _feeding(rival: _Rival, count: int) -> Iterator[_Feeding]:
    feeding = _Feeding(rival, count)
    feeding.start()
    try:
        yield feeding
    finally:
        feeding.over.set()
        feeding.join()


@contextmanager
def _process(command: Sequence[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with {process.returncode}") from None
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _metric(port: int, name: str) -> float:
    """The sum of a metric over its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def free_port() -> int:
    """A port of loopback that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


# --- remote write 0.1.0, as far as it is needed here ------------------------------------------------------------------


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(tag: int, body: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(body)) + body


def _labels(number: int) -> bytes:
    pairs = (("__name__", "pt"), ("facility", f"f{number % 100}"), ("point", f"p{number}"))
    return b"".join(_field(1, _field(1, key.encode()) + _field(2, value.encode())) for key, value in pairs)


def _sample(value: float, stamp: bytes) -> bytes:
    return _field(2, b"\x09" + struct.pack("<d", value) + stamp)


def _snappy(data: bytes) -> bytes:
    """Snappy's frame around data that is not compressed: a length, then one literal."""
    return _varint(len(data)) + b"\xfc" + struct.pack("<I", len(data) - 1) + data
