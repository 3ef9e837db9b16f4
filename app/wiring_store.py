"""The store that the core process owns, as the settings choose it."""

from __future__ import annotations

from app.settings import Settings
from core.clock import Clock
from core.ports.store import TimeSeriesStore
from store.duckdb_store import DuckDBStore
from store.memory import MemoryStore
from store.settings import StoreSettings

_MB = 1024 * 1024


def open_store(settings: Settings, clock: Clock) -> TimeSeriesStore:
    """The store that this process owns.

    Raises:
        Unavailable: if it cannot be opened.
        Invalid: if its settings contradict each other.
    """
    chosen = settings.store
    if chosen.engine == "memory":
        return MemoryStore()
    if chosen.engine == "victoriametrics":
        # its client library is large; who does not use it does not pay for it
        from store.victoriametrics import VictoriaMetricsSettings, VictoriaMetricsStore

        options = VictoriaMetricsSettings(raw_days=chosen.raw_days)
        return VictoriaMetricsStore(chosen.url, settings.store_path, settings=options, clock=clock)
    return DuckDBStore(settings.store_path, settings=store_settings(settings), clock=clock)


def store_settings(settings: Settings) -> StoreSettings:
    """Settings of the embedded store in its own words."""
    chosen = settings.store
    return StoreSettings(
        hot_rows_max=chosen.hot_rows_max,
        raw_days=chosen.raw_days,
        minute_days=chosen.minute_days,
        disk_budget_bytes=chosen.disk_budget_mb * _MB,
        memory_limit=f"{chosen.memory_mb}MB",
        threads=chosen.threads,
    )
