"""VictoriaMetrics with the plug pulled: what ``durable`` has reached survives, the rest is written again."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import Refused, Unavailable
from core.offsets import OffsetRange
from core.ports.store import Chunk, Commit
from core.readings import readings
from core.sparkplug.topics import NodeId
from store.victoriametrics import VictoriaMetricsSettings, VictoriaMetricsStore
from tests.conftest import find_free_port

pytestmark = pytest.mark.requires("victoria-metrics")

T0_MS = 20_000 * 86_400_000
POINTS = np.arange(4, dtype=np.int32)


class Server:
    """A VictoriaMetrics that can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._address = f"127.0.0.1:{find_free_port()}"
        self.url = f"http://{self._address}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        command = ["victoria-metrics", f"-storageDataPath={self._folder}", f"-httpListenAddr={self._address}"]
        self._process = subprocess.Popen(
            [*command, *(options or ("-retentionPeriod=100y",))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "/health", timeout=1):
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is not running yet."""
    one = Server(tmp_path / "data")
    yield one
    one.kill()
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


def commit(number: int) -> Commit:
    """Commit ``number``: four readings."""
    first = 4 * number
    return Commit(
        readings=readings(
            point=POINTS,
            time_ms=[T0_MS + 1000 * number] * 4,
            value=[number + 0.1, number / 3, np.nan, -0.0],
            epoch=7,
            offset=range(first, first + 4),
        ),
        chunks=[Chunk(node=NodeId("g", "n"), epoch=7, span=OffsetRange(first, first + 4), crc32=number)],
    )


def wait_until_durable(store: VictoriaMetricsStore, number: int) -> None:
    deadline = time.monotonic() + 40
    while store.durable() < number:
        assert time.monotonic() < deadline, "the watermark does not move"
        time.sleep(0.05)


def test_what_is_durable_survives_a_kill_of_the_server(server: Server, tmp_path: Path) -> None:
    """The server is killed the moment ``durable`` reaches a commit; everything up to it is in the server alone."""
    server.start()
    store = VictoriaMetricsStore(server.url, tmp_path / "log")
    began = time.monotonic()
    for number in range(5):
        store.commit(commit(number))
    assert store.durable() == 0
    assert store.ledgers() == {}, "nothing may be acknowledged yet"
    wait_until_durable(store, 5)
    server.kill()
    assert time.monotonic() - began > 12
    with pytest.raises(Unavailable):
        store.commit(commit(5))
    server.start()
    found = store.read(POINTS, T0_MS, T0_MS + 10_000)
    expected = [value for number in range(5) for value in commit(number).readings.value.tolist()]
    assert sorted(found.value.view(np.int64).tolist()) == sorted(np.array(expected).view(np.int64).tolist())
    assert store.commit(commit(5)) == 6
    store.close()


def test_what_a_killed_server_forgot_is_written_again(server: Server, tmp_path: Path) -> None:
    """Commits that the server lost with its life become durable all the same, also across a restart of the store."""
    quick = VictoriaMetricsSettings(poll_s=0.2)
    server.start()
    store = VictoriaMetricsStore(server.url, tmp_path / "log", settings=quick)
    store.commit(commit(0))
    server.kill()
    time.sleep(1)  # the start time that tells two lives apart has whole seconds
    server.start()
    store.close()
    store = VictoriaMetricsStore(server.url, tmp_path / "log", settings=quick)
    assert len(store.read(POINTS, T0_MS, T0_MS + 10_000)) == 4
    wait_until_durable(store, 1)
    assert len(store.read(POINTS, T0_MS, T0_MS + 10_000)) == 4
    assert store.ledgers()[NodeId("g", "n"), 7].settled.low == 4
    store.close()


@pytest.mark.parametrize(
    ("option", "message"),
    [("-retentionPeriod=1", "-retentionPeriod=90d"), ("-dedup.minScrapeInterval=1ms", "dedup")],
)
def test_an_unfit_server_is_refused_at_the_door(server: Server, tmp_path: Path, option: str, message: str) -> None:
    """A server that would drop readings is refused when the store opens, with what to change."""
    server.start(option, *(["-retentionPeriod=12"] if "dedup" in option else []))
    with pytest.raises(Refused, match=message):
        VictoriaMetricsStore(server.url, tmp_path / "log")


def test_an_absent_server_is_unavailable(server: Server, tmp_path: Path) -> None:
    """Without a server the store does not open, and says where it looked."""
    with pytest.raises(Unavailable, match=server.url):
        VictoriaMetricsStore(server.url, tmp_path / "log")
