"""The promises of the demo and of the alarm: latency to a page, memory, time to the first value and the first alarm.

One demo with all its processes is started as a person starts it, looked at over its API as their browser does, and
ended with Ctrl-C. Memory is the sum of the proportional set sizes (PSS) over the demo's process tree: pages that its
processes share are counted once. Programs elsewhere on the machine that map the same libraries take their share of it,
so it is measured where nothing else of Twingrid runs; the sum of the resident sizes (RSS) is its upper bound. Beside it
the host's broker account listens to what the gateways really send: how many readings travel in a message is the shape
that ``bench.ingest_bench`` loads the host with.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.broker_accounts import HOST_USER, passwords
from bench import latency
from bench.latency import Visitor, plain_environment
from bench.mqtt_raw import RawPublisher
from bench.rows import Row
from core.sparkplug.commit import decode_header
from core.sparkplug.sparkplug_b_pb2 import Payload

PAGES_PORT: Final = 24210
BROKER_PORT: Final = 24211
MODBUS_PORT: Final = 24220
MEMORY_AT_S: Final = 90.0
LISTEN_S: Final = 60.0
MEMORY_GOAL_MB: Final = 600
VALUE_GOAL_S: Final = 60
ALARM_GOAL_S: Final = 240
_UP_WITHIN_S: Final = 120.0
_YOUNG_MS: Final = 10_000
_LOOK_EVERY_S: Final = 0.5


@dataclass(kw_only=True)
class Demo:
    """A running demo, and since when (monotonic)."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path
    started_s: float
    cookie: Visitor = field(default_factory=lambda: Visitor(port=PAGES_PORT))

    @property
    def age_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started_s

    def wait(self, what: str, limit_s: float) -> None:
        """Let a moment pass.

        Raises:
            RuntimeError: if the demo has ended, or ``limit_s`` after its start.
        """
        if self.process.poll() is not None or self.age_s > limit_s:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{what}: not after {self.age_s:.0f} s; the demo said:\n{tail}")
        time.sleep(_LOOK_EVERY_S)


@dataclass(kw_only=True)
class Memory:
    """What the processes of a tree hold, in MB of 10^6 bytes, by command."""

    pss: dict[str, float]
    rss_mb: float

    @property
    def pss_mb(self) -> float:
        """The whole tree."""
        return sum(self.pss.values())


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """``twingrid demo`` while the context lasts; ended with SIGINT.

    Raises:
        RuntimeError: if Ctrl-C does not end it with exit code 0.
    """
    command = [sys.executable, "-m", "app", "demo", "--fresh", "--data", str(folder / "city")]
    command += ["--port", str(PAGES_PORT), "--broker-port", str(BROKER_PORT), "--modbus-port", str(MODBUS_PORT)]
    log = folder / "demo.log"
    started_s = time.monotonic()
    with plain_environment(), log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield Demo(process=process, folder=folder / "city", log=log, started_s=started_s)
        process.send_signal(signal.SIGINT)
        if process.wait(20) != 0:
            raise RuntimeError(f"the demo ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()  # its children die with it
                process.wait()


def log_in(demo: Demo) -> None:
    """Log the manager in as soon as the demo says how, and choose a password as they must."""
    file = demo.folder / "secrets" / "logins.txt"
    while not file.exists():
        demo.wait("logins", _UP_WITHIN_S)
    logins = dict(line.split() for line in file.read_text().splitlines())
    name, chosen = "city-manager", "measured and not guessed"
    demo.cookie.ask("POST", "/session", {"username": name, "password": logins[name]})
    demo.cookie.ask("POST", "/session/password", {"current_password": logins[name], "new_password": chosen})


def shows_live_readings(demo: Demo) -> bool:
    """Whether every community shows a reading younger than ten seconds."""
    communities = demo.cookie.ask("GET", "/communities")["items"]
    oldest_ms = min((one["last_reading_ms"] or 0 for one in communities), default=0)
    return bool(time.time() * 1000 - oldest_ms < _YOUNG_MS)


def shows_alarm_with_tasks(demo: Demo) -> bool:
    """Whether an alarm of a condition has a case with tasks."""
    for alarm in demo.cookie.ask("GET", "/alarms?limit=20")["items"]:
        if alarm["kind"] == "condition" and alarm["case_id"] is not None:
            return bool(demo.cookie.ask("GET", f"/cases/{alarm['case_id']}")["tasks"])
    return False


def memory_of(root: int) -> Memory:
    """What a process and its descendants hold now."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    memory = Memory(pss={}, rss_mb=0.0)
    for pid in sorted(tree):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        held = {line.split()[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines}
        name = _name(pid)
        memory.pss[name] = memory.pss.get(name, 0.0) + held["Pss:"]
        memory.rss_mb += held["Rss:"]
    return memory


def _name(pid: int) -> str:
    """What a process of the demo is, from its command line."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    if "-m" not in words:
        return Path(words[0]).name
    module, first = words[words.index("-m") + 1 : words.index("-m") + 3]
    return first if module == "app" else module


def _listener(demo: Demo) -> RawPublisher:
    """The host's account listening to the gateways' data messages."""
    secret = passwords(demo.folder / "secrets" / "broker.json", [HOST_USER])[HOST_USER]
    link = RawPublisher(BROKER_PORT, "bench-listener", user=HOST_USER, password=secret)
    link.subscribe("spBv1.0/+/DDATA/#")
    return link


def sizes(link: RawPublisher) -> list[int]:
    """Readings in each fresh data message that has arrived."""
    found: list[int] = []
    for _, payload in link.payloads(0.0):
        header = decode_header(Payload.FromString(payload).body)
        if header.gap is None and not header.backlog:
            found.append(len(header.span))
    return found


@dataclass(kw_only=True)
class Seen:
    """What one run of the demo showed."""

    value_s: float
    alarm_s: float
    memory: Memory
    sizes: list[int]
    load: float


def measure() -> Seen:
    """Run the demo once; about two minutes.

    Raises:
        RuntimeError: if readings or an alarm never came, or the demo does not end as it should.
    """
    with tempfile.TemporaryDirectory(prefix="twingrid-demo-bench-") as name, running_demo(Path(name)) as demo:
        log_in(demo)
        while not shows_live_readings(demo):
            demo.wait("live readings", 2 * VALUE_GOAL_S)
        value_s = demo.age_s
        alarm_s = 0.0
        memory: Memory | None = None
        messages: list[int] = []
        with closing(_listener(demo)) as link:
            while not alarm_s or memory is None:
                demo.wait("an alarm with tasks", 2 * ALARM_GOAL_S)
                if not alarm_s and shows_alarm_with_tasks(demo):
                    alarm_s = demo.age_s
                if demo.age_s < value_s + LISTEN_S:
                    messages += sizes(link)
                if memory is None and demo.age_s > value_s + MEMORY_AT_S:
                    memory = memory_of(demo.process.pid)
        return Seen(value_s=value_s, alarm_s=alarm_s, memory=memory, sizes=messages, load=os.getloadavg()[0])


def _rows(seen: Seen) -> list[Row]:
    parts = ", ".join(f"{name} {mb:.0f}" for name, mb in seen.memory.pss.items())
    load = f"load {seen.load:.1f}"
    return [
        Row(
            name="demo_memory_mb",
            value=seen.memory.pss_mb,
            unit="MB",
            against=f"limit {MEMORY_GOAL_MB} MB",
            ratio=seen.memory.pss_mb / MEMORY_GOAL_MB,
            note=f"PSS of all processes after {MEMORY_AT_S:.0f} s: {parts}; sum of RSS {seen.memory.rss_mb:.0f}",
        ),
        Row(
            name="demo_first_value_s",
            value=seen.value_s,
            unit="s",
            against=f"limit {VALUE_GOAL_S} s",
            ratio=seen.value_s / VALUE_GOAL_S,
            note=f"from the command to young readings of every community over the API; {load}",
        ),
        Row(
            name="demo_first_alarm_s",
            value=seen.alarm_s,
            unit="s",
            against=f"limit {ALARM_GOAL_S} s",
            ratio=seen.alarm_s / ALARM_GOAL_S,
            note=f"from the command to the first alarm with its tasks over the API; {load}",
        ),
        Row(
            name="live_readings_per_message",
            value=statistics.median(seen.sizes),
            unit="readings",
            against="",
            ratio=None,
            note=(
                f"median of {len(seen.sizes)} data messages of the demo's gateways in {LISTEN_S:.0f} s; mean"
                f" {statistics.mean(seen.sizes):.1f}, {min(seen.sizes)} to {max(seen.sizes)}"
            ),
        ),
    ]


def rows() -> list[Row]:
    """Measure the alarm's latency, then the demo."""
    return latency.rows() + _rows(measure())
