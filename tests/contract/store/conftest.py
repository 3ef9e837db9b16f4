"""Every engine behind one door: open it, close it, open it again, wait until it is durable."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import ManualClock
from core.ports.store import TimeSeriesStore
from store.duckdb_store import DuckDBStore
from store.memory import MemoryStore
from store.remote import RemoteStore
from store.remote_server import RemoteServer, serve
from store.settings import StoreSettings
from store.victoriametrics import VictoriaMetricsSettings, VictoriaMetricsStore
from tests.conftest import find_free_port

DAY_MS = 86_400_000
T0_MS = 20_000 * DAY_MS

# Small sizes, so that a few hundred readings already make hot tables, overlays, merges and several row groups.
SMALL = StoreSettings(
    hot_rows_max=200, row_group_rows=16, merge_rows=64, fan_in=2, close_grace_s=1.0, overlay_age_s=1.0
)


class Engine:
    """One store under test and its surroundings."""

    counts_superseded = True
    examples = 25
    """How many stories it is told; a real server is slow to tell stories to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(T0_MS)
        self.store = self._open()

    def _open(self) -> TimeSeriesStore:
        raise NotImplementedError

    def reopen(self) -> TimeSeriesStore:
        """Close and open again, as a restart does."""
        self.store.close()
        self.store = self._open()
        return self.store

    def close(self) -> None:
        """Close for good."""
        self.store.close()

    def settle(self) -> None:
        """Return when all commits are durable."""


class MemoryEngine(Engine):
    """The twin itself."""

    def _open(self) -> TimeSeriesStore:
        return MemoryStore()

    def reopen(self) -> TimeSeriesStore:
        return self.store


class DuckDBEngine(Engine):
    """The embedded store."""

    def _open(self) -> TimeSeriesStore:
        return DuckDBStore(self.folder / "duckdb", settings=SMALL, clock=self.clock)


class RemoteEngine(Engine):
    """The embedded store through a socket."""

    _server: RemoteServer
    _owner: DuckDBStore

    def _open(self) -> TimeSeriesStore:
        self._owner = DuckDBStore(self.folder / "duckdb", settings=SMALL, clock=self.clock)
        self._server = self._serve()
        return RemoteStore(self.folder / "s")

    def _serve(self) -> RemoteServer:
        return serve(self._owner, self.folder / "s")

    def reopen(self) -> TimeSeriesStore:
        self.close()
        self.store = self._open()
        return self.store

    def close(self) -> None:
        self.store.close()
        self._server.close()
        self._owner.close()


class Sealed:
    """A store whose files nobody else may read."""

    def __init__(self, store: DuckDBStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if name in ("root", "excerpt"):
            raise AttributeError(name)
        return getattr(self._store, name)


class SealedEngine(RemoteEngine):
    """The embedded store through a socket, where its folder cannot be seen from the other end."""

    examples = 6

    def _serve(self) -> RemoteServer:
        sealed: Any = Sealed(self._owner)
        return serve(sealed, self.folder / "s")


class VictoriaMetricsEngine(Engine):
    """A real server; every store has its own series on it."""

    url = ""
    counts_superseded = False
    examples = 6

    def _open(self) -> TimeSeriesStore:
        # Durable as soon as it is readable: these tests pull no plug (tests/integration/store does).
        quick = VictoriaMetricsSettings(settle_s=0.0, poll_s=30.0)
        return VictoriaMetricsStore(self.url, self.folder / "vm", settings=quick, clock=self.clock)

    def settle(self) -> None:
        store = self.store
        assert isinstance(store, VictoriaMetricsStore)
        last = max([store.durable(), *(number for number, _ in store.since(store.durable()))])
        deadline = time.monotonic() + 20
        while store.advance() < last:
            assert time.monotonic() < deadline, "the watermark does not move"


ENGINES: dict[str, type[Engine]] = {
    "memory": MemoryEngine,
    "duckdb": DuckDBEngine,
    "remote": RemoteEngine,
    "sealed": SealedEngine,
    "victoriametrics": VictoriaMetricsEngine,
}

Fresh = Callable[[], AbstractContextManager[Engine]]


@pytest.fixture(
    scope="session",
    params=[
        "memory",
        "duckdb",
        "remote",
        "sealed",
        pytest.param("victoriametrics", marks=pytest.mark.requires("victoria-metrics")),
    ],
)
def engine_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine in turn, with the server it needs."""
    name = str(request.param)
    if name != "victoriametrics":
        yield name
        return
    with victoria_metrics() as url:
        VictoriaMetricsEngine.url = url
        yield name


@contextmanager
def victoria_metrics() -> Iterator[str]:
    """A running server; its URL."""
    folder = Path(tempfile.mkdtemp(prefix="victoria-"))
    address = f"127.0.0.1:{find_free_port()}"
    command = ["victoria-metrics", f"-storageDataPath={folder}", f"-httpListenAddr={address}", "-retentionPeriod=100y"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not _answers(f"http://{address}/health"):
            assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        yield f"http://{address}"
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)


def _answers(url: str) -> bool:
    try:
        return bool(httpx2.get(url).status_code == 200)
    except httpx2.HTTPError:
        return False


@pytest.fixture
def fresh(engine_name: str) -> Fresh:
    """`with fresh() as engine:` gives an empty store, as often as wanted (Hypothesis wants many)."""

    @contextmanager
    def make() -> Iterator[Engine]:
        folder = Path(tempfile.mkdtemp(prefix=f"store-{uuid.uuid4().hex[:6]}-"))
        engine = ENGINES[engine_name](folder)
        try:
            yield engine
        finally:
            engine.close()
            shutil.rmtree(folder)

    return make


@pytest.fixture
def engine(fresh: Fresh) -> Iterator[Engine]:
    """One empty store."""
    with fresh() as one:
        yield one


@pytest.fixture
def examples(engine_name: str) -> int:
    """How many stories Hypothesis may tell this engine."""
    return ENGINES[engine_name].examples
