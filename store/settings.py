"""What an operator may set about the embedded store; every default stands for the demo and for 10,000 points alike."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Invalid
from store import findings as kinds


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreSettings:
    """Sizes, ages and tiers of ``DuckDBStore``.

    Attributes:
        hot_rows_max: readings in the hot table before it is written to segments at once, whatever the hour. About 40
            bytes of memory each; commits wait when three times as many are hot.
        hot_age_s: a hot table older than this is written to segments by the next maintenance.
        history_s: commits stay replayable by ``since`` at least this long ...
        history_rows_max: ... but not more readings than this (about 3 bytes of disk each), the newest tables always.
        raw_days: age at which raw readings go.
        minute_days: age at which one-minute roll-ups go; one-hour roll-ups stay for ever.
        disk_budget_bytes: when the whole store is larger, the oldest raw days go first, then the oldest minute days;
            0 means no budget.
        close_grace_s: a UTC day is closed (one segment, hour roll-ups) this long after its end.
        overlay_age_s: late readings of a closed day are merged into it when their segment is this old.
        fan_in: so many segments of one size on one day are merged into one of the next size.
        row_group_rows: readings in one Parquet row group; the unit that a query for one point has to decode.
        merge_rows: readings a merge holds in memory at once.
        recent_chunks: checksums kept per spool for clone detection, besides all above the low mark.
        quarantine_kept: newest quarantined items kept; all are counted.
        checkpoint_wal: size of DuckDB's write-ahead log at which it is folded into the database file.
        memory_limit: memory DuckDB may use.
        threads: threads DuckDB may use.
    """

    hot_rows_max: int = 2_000_000
    hot_age_s: float = 3600.0
    history_s: float = 7200.0
    history_rows_max: int = 20_000_000
    raw_days: int = 90
    minute_days: int = 365
    disk_budget_bytes: int = 0
    close_grace_s: float = 3600.0
    overlay_age_s: float = 6 * 3600.0
    fan_in: int = 6
    row_group_rows: int = 16_384
    merge_rows: int = 1_000_000
    recent_chunks: int = 4096
    quarantine_kept: int = 10_000
    checkpoint_wal: str = "64MB"
    memory_limit: str = "256MB"
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse settings that cannot work together.

        Raises:
            Invalid: listing every wrong value.
        """
        findings = [
            kinds.NOT_POSITIVE.at(name=name, value=getattr(self, name))
            for name in _POSITIVE
            if getattr(self, name) <= 0
        ]
        if self.fan_in < 2:
            findings.append(kinds.FAN_IN.at(value=self.fan_in))
        if self.disk_budget_bytes < 0:
            findings.append(kinds.NEGATIVE_BUDGET.at())
        if self.minute_days < self.raw_days:
            findings.append(kinds.MINUTES_SHORT.at(minute_days=self.minute_days, raw_days=self.raw_days))
        if findings:
            raise Invalid(findings)


_POSITIVE = (
    "hot_rows_max",
    "hot_age_s",
    "history_s",
    "history_rows_max",
    "raw_days",
    "minute_days",
    "close_grace_s",
    "overlay_age_s",
    "row_group_rows",
    "merge_rows",
    "recent_chunks",
    "quarantine_kept",
    "threads",
)
