"""The lab: every process of Twingrid as it really runs, around devices whose every value says who it is.

Devices, broker and proxies stay up unless a test takes them down; gateways, core and API are killed at named fault
points and at random moments and started again. What waits in the spools is looked at right before every kill, because
a kill with nothing on the way proves nothing.
"""

from __future__ import annotations

import random
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

from core.errors import Unavailable
from gateway.spool_look import Look, look
from tests.faults.chaos import Proxy
from tests.faults.oracle import Excuse
from tests.faults.processes import Victim, until
from tests.faults.world import VALUES, World
from tests.integration.brokers import nats, wait_for_port

EXCUSED_BEFORE_KILL_MS = 1000
"""A read is committed within the spool's linger (200 ms) and one fsync; a loaded machine gets a second."""

REACH_S = 60
"""So long a fault point may take: those of a trim need a dozen acknowledgements, and core may lie dead meanwhile."""

ASKED_BY_THE_DEAD_MS = 200
"""A device may answer a request after its asker's death; a new process needs longer than this to ask its first."""

GATEWAY_POINTS = (
    "after_read",
    "spool.before_commit",
    "spool.after_commit",
    "uplink.before_publish",
    "uplink.after_publish",
    "spool.before_trim",
    "spool.after_trim",
)
CORE_POINTS = (
    "ingest.before_commit",
    "store.before_commit",
    "store.after_commit",
    "ingest.after_commit",
    "ingest.before_acknowledge",
    "judge.before_journal",
    "judge.after_journal",
)


@dataclass(frozen=True, kw_only=True)
class Kill:
    """One kill: who, where, when, with how many readings on the way, and how long until it served again.

    A gateway serves when it reads and commits to its spool, core and broker when readings are acknowledged, the API
    when it answers.
    """

    victim: str
    point: str
    at_ms: int
    on_the_way: int
    back_s: float


@dataclass
class Record:
    """What happened in a run."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)

    def histogram(self) -> str:
        """Kills by victim and point, with how many had readings on the way."""
        total = Counter((kill.victim.rstrip("0123456789"), kill.point) for kill in self.kills)
        loaded = Counter((kill.victim.rstrip("0123456789"), kill.point) for kill in self.kills if kill.on_the_way > 0)
        rows = [
            f"  {who:8} {point:24} {count:4} kills, {loaded[who, point]:4} with readings on the way"
            for (who, point), count in sorted(total.items())
        ]
        return "\n".join([f"seed {self.seed}: {len(self.kills)} kills", *rows])

    @property
    def loaded_share(self) -> float:
        """Share of kills with unacknowledged readings on the way."""
        return sum(kill.on_the_way > 0 for kill in self.kills) / max(len(self.kills), 1)


class Lab:
    """All processes; a context manager."""

    def __init__(
        self,
        root: Path,
        ports: Sequence[int],
        *,
        gateways: int = 4,
        devices: int = 5,
        limits: tuple[int, int] = (200, 20_000),
        seed: int = 0,
    ) -> None:
        """Write the world's files; nothing runs before the context is entered.

        Args:
            root: an empty folder.
            ports: at least ``4 + gateways`` free ports.
            gateways: how many gateways.
            devices: counter devices a gateway.
            limits: values between which the incidents happen, evenly.
            seed: for the losses of the line, and for the record.
        """
        self.world = World(
            root=root,
            gateways=gateways,
            devices=devices,
            first_limit=limits[0],
            last_limit=limits[1],
            farm_port=ports[0],
            broker_port=ports[1],
            client_port=ports[2],
            api_port=ports[3],
            proxy_ports=tuple(ports[4 : 4 + gateways]),
        )
        self.world.write()
        self.record = Record(seed)
        self.proxies = [
            Proxy(port, self.world.broker_port, seed + number) for number, port in enumerate(self.world.proxy_ports)
        ]
        self._stack = ExitStack()
        log = root / "log"
        log.mkdir()
        python = sys.executable
        count = gateways * devices
        farm = ["counters", "--devices", count, "--values", VALUES, "--port", ports[0], "--ledger", self.world.ledger]
        self.farm = Victim(name="farm", command=[python, "-m", "firmware_sim", *map(str, farm)], log=log / "farm.log")
        (root / "broker").mkdir()
        self.broker = Victim(name="broker", command=nats(ports[1], ports[2], root / "broker"), log=log / "broker.log")
        settings = ["--config", str(self.world.settings)]
        self.core = Victim(name="core", command=[*TWINGRID, "core", *settings], log=log / "core.log")
        self.api = Victim(name="api", command=[*TWINGRID, "api", *settings], log=log / "api.log")
        self.gateways = [
            Victim(
                name=f"gateway{number}",
                command=[*TWINGRID, "gateway", "--config", str(self.world.gateway_config(number))],
                log=log / f"gateway{number}.log",
            )
            for number in range(gateways)
        ]

    # -- life ----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Lab:
        """Start everything and wait until readings are acknowledged from every gateway."""
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        starter = self._stack.enter_context(ThreadPoolExecutor(1, "lab-starter"))
        for victim in (self.farm, self.broker, self.core, self.api, *self.gateways):
            victim.starter = starter
            self._stack.callback(victim.kill)
        self.farm.start()
        self.broker.start()
        wait_for_port(self.world.farm_port)
        wait_for_port(self.world.broker_port)
        for proxy in self.proxies:
            self._stack.enter_context(proxy)
        self.core.start()
        until(self._core_answers, "the core process opens its store", 60)
        self.api.start()
        for victim in self.gateways:
            victim.start()
        self.wait_for_progress(range(self.world.gateways), 60)
        until(self.api_is_ready, "the API answers", 60)

    def __exit__(self, *_: object) -> None:
        """End what still runs."""
        self._stack.close()

    def drain(self, timeout_s: float = 60.0) -> None:
        """End the devices, let everything that was read arrive, end the gateways, then core and API.

        Without devices the gateways go on recording that nothing answers; such readings may stay in a spool at the end.
        """
        for number, victim in enumerate(self.gateways):
            if not victim.alive:
                victim.start()
                self.wait_for_progress([number], 30)
        self.farm.stop()
        time.sleep(1.0)  # what was answered is in the spool by now
        last = {number: self.next_offset(number) for number in range(self.world.gateways)}
        until(
            lambda: all(self.progress(number) >= offset for number, offset in last.items()),
            "everything that was read is acknowledged",
            timeout_s,
        )
        for victim in self.gateways:
            victim.stop()
        time.sleep(2.0)  # the judge's grace: what was committed last is judged a moment later
        self.api.stop()
        code = self.core.stop()
        assert code == 0, f"core ended with {code}:\n{self.core.tail()}"

    def still_spooled(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Offsets that wait in the spools, by (gateway, epoch): read, safe, and not yet arrived."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for number in range(self.world.gateways):
            waiting = look(self.world.spool(number))
            if waiting.chunks:
                found[number, waiting.epoch] = [(span.first, span.stop) for span in waiting.chunks]
        return found

    # -- what is seen --------------------------------------------------------------------------------------------

    def unacknowledged(self, gateway: int) -> int:
        """Readings in a gateway's spool; -1 if it cannot be looked at now."""
        seen = self._look(gateway)
        return seen.readings if seen else -1

    def progress(self, gateway: int) -> int:
        """How far a gateway's spool has been settled: the lowest offset it still holds."""
        seen = self._look(gateway)
        return min((span.first for span in seen.chunks), default=seen.next_offset) if seen else -1

    def next_offset(self, gateway: int) -> int:
        """The offset of a gateway's next reading."""
        seen = self._look(gateway)
        return seen.next_offset if seen else -1

    def on_the_way(self) -> int:
        """Readings in all spools."""
        return sum(max(self.unacknowledged(number), 0) for number in range(self.world.gateways))

    def _look(self, gateway: int) -> Look | None:
        try:
            return look(self.world.spool(gateway))
        except Unavailable:
            return None

    def wait_for_progress(self, gateways: Sequence[int], timeout_s: float = 30.0) -> float:
        """Wait until each of these gateways has had new readings acknowledged; how long that took."""
        before = {number: self.progress(number) for number in gateways}
        return until(
            lambda: all(self.progress(number) > max(before[number], 0) for number in gateways),
            f"new readings of gateways {list(gateways)} are acknowledged",
            timeout_s,
        )

    def wait_for_any_progress(self, timeout_s: float = 60.0) -> float:
        """Wait until some gateway has new readings acknowledged (others may lie dead just now); how long that took."""
        before = [self.progress(number) for number in range(self.world.gateways)]
        return until(
            lambda: any(self.progress(number) > max(low, 0) for number, low in enumerate(before)),
            "new readings are acknowledged",
            timeout_s,
        )

    def api_is_ready(self) -> bool:
        """Whether the API serves."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.world.api_port}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _core_answers(self) -> bool:
        if not self.core.alive:
            raise AssertionError(f"core ended:\n{self.core.tail()}")
        return (self.world.root / "data" / "run" / "store.sock").exists()

    # -- kills ---------------------------------------------------------------------------------------------------

    def wait_until_loaded(self, gateways: Sequence[int], timeout_s: float = 1.0) -> int:
        """Wait, not long, for readings on the way; how many there are then."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            count = sum(max(self.unacknowledged(number), 0) for number in gateways)
            if count:
                return count
            time.sleep(0.002)
        return 0

    def kill_gateway(self, number: int, rng: random.Random, point: str = "") -> None:
        """Kill a gateway at a random moment, or let it die at a fault point; start it again; wait until it serves."""
        victim = self.gateways[number]
        devices = frozenset(self.world.devices_of(number))
        if point:
            self._excuse(devices, _now_ms())
            victim.stop()
            self._excuse(devices, _now_ms() + ASKED_BY_THE_DEAD_MS)
            victim.start(f"{point}:{rng.randint(1, 12)}:kill")
            if not victim.died_by_itself(REACH_S):
                victim.kill()
                point += " (never reached)"
        else:
            time.sleep(rng.random() * 0.25)
            self.wait_until_loaded([number])
            victim.kill()
        at_ms = _now_ms()
        on_the_way = self.unacknowledged(number)
        self._excuse(devices, at_ms)
        taken = self.next_offset(number)
        victim.start()
        self._excuse(devices, _now_ms() + ASKED_BY_THE_DEAD_MS)
        back_s = until(lambda: self.next_offset(number) > taken, "the gateway reads and commits again", 30)
        self.wait_for_progress([number], 60)  # core and broker may lie dead just now: that time is theirs
        self._note(victim.name, point, at_ms, on_the_way, back_s)

    def kill_core(self, rng: random.Random, point: str = "") -> None:
        """The same for the core process."""
        if point:
            self.core.stop()
            self.core.start(f"{point}:{rng.randint(1, 3)}:kill")
            if not self.core.died_by_itself(REACH_S):
                self.core.kill()
                point += " (never reached)"
        else:
            time.sleep(rng.random() * 0.25)
            self.wait_until_loaded(range(self.world.gateways))
            self.core.kill()
        at_ms = _now_ms()
        on_the_way = self.on_the_way()
        self.core.start()
        back_s = self.wait_for_any_progress()
        self._note("core", point, at_ms, on_the_way, back_s)

    def kill_broker(self, rng: random.Random, *, wipe: bool = False) -> None:
        """Kill the broker; its data may be lost with it."""
        time.sleep(rng.random() * 0.25)
        on_the_way = self.wait_until_loaded(range(self.world.gateways))
        self.broker.kill()
        at_ms = _now_ms()
        if wipe:
            _empty(self.world.root / "broker" / "jetstream")
        self.broker.start()
        wait_for_port(self.world.broker_port)
        back_s = self.wait_for_any_progress()
        self._note("broker", "data wiped" if wipe else "", at_ms, on_the_way, back_s)

    def kill_api(self, rng: random.Random) -> None:
        """Kill the API."""
        time.sleep(rng.random() * 0.1)
        on_the_way = self.wait_until_loaded(range(self.world.gateways))
        self.api.kill()
        at_ms = _now_ms()
        self.api.start()
        back_s = until(self.api_is_ready, "the API answers again", 30)
        self._note("api", "", at_ms, on_the_way, back_s)

    def _excuse(self, devices: frozenset[int], at_ms: int) -> None:
        """A gateway ends now: what it was just reading, and had not committed, was never taken."""
        self.record.excuses.append(Excuse(from_ms=at_ms - EXCUSED_BEFORE_KILL_MS, to_ms=at_ms, devices=devices))

    def _note(self, victim: str, point: str, at_ms: int, on_the_way: int, back_s: float) -> None:
        self.record.kills.append(
            Kill(victim=victim, point=point or "random moment", at_ms=at_ms, on_the_way=on_the_way, back_s=back_s)
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


TWINGRID = (sys.executable, "-c", "from app.cli import main; main()")
