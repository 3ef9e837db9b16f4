"""Every engine behind one door: open it, close it, open it again, wait until it is durable."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.ports.store import TimeSeriesStore
from store.duckdb_store import DuckDBStore
from store.memory import MemoryStore
from store.remote import RemoteStore
from store.remote_server import RemoteServer, serve
from store.settings import StoreSettings

DAY_MS = 86_400_000
T0_MS = 20_000 * DAY_MS

# Small sizes, so that a few hundred readings already make hot tables, overlays, merges and several row groups.
SMALL = StoreSettings(
    hot_rows_max=200, row_group_rows=16, merge_rows=64, fan_in=2, close_grace_s=1.0, overlay_age_s=1.0
)


class Engine:
    """One store under test and its surroundings."""

    durable_at_once = True
    keeps = True
    """Whether it still knows everything after ``reopen``."""

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

    keeps = False

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
        self._server = serve(self._owner, self.folder / "s")
        return RemoteStore(self.folder / "s")

    def reopen(self) -> TimeSeriesStore:
        self.close()
        self.store = self._open()
        return self.store

    def close(self) -> None:
        self.store.close()
        self._server.close()
        self._owner.close()


ENGINES: dict[str, type[Engine]] = {"memory": MemoryEngine, "duckdb": DuckDBEngine, "remote": RemoteEngine}

EngineFactory = Callable[[], "contextmanager[Engine]"]


@pytest.fixture(params=[*ENGINES])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture
def fresh(engine_name: str) -> Callable[[], object]:
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
def engine(fresh: Callable[[], contextmanager[Engine]]) -> Iterator[Engine]:  # type: ignore[valid-type]
    """One empty store."""
    with fresh() as one:
        yield one
