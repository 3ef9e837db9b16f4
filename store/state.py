"""What the embedded store holds in memory beside its files, how it is loaded, and the only places where it changes.

Three locks. ``commits`` serializes everything that writes to the database (commits, switches, rotations). ``_view``
guards which files and hot columns readers look at, ``_newest`` the newest readings; both are held for microseconds
only, so no reader waits for a disk, and no chart for the copying of a commit.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.clock import Clock
from core.offsets import OffsetRange
from core.ports.store import Commit
from core.readings import Int32s, Readings, empty, readings
from core.sparkplug.topics import NodeId
from store import manifest
from store.catalog import Change
from store.commit_log import CommitLog, decode_settlement, settlement
from store.compaction import Compacted, SegmentFolder
from store.database import Database, translated
from store.hot import HotColumns
from store.latest import LatestTable
from store.queries import View
from store.segments import FooterCache
from store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters since the store was created."""

    readings: int = 0
    quarantined: int = 0
    evicted: int = 0


@dataclass(frozen=True, slots=True)
class Generation:
    """One hot table: ``last_ms`` is the wall-clock time of its newest commit, ``last`` that commit's number."""

    number: int
    created_ms: int
    first: int
    last: int
    last_ms: int
    rows: int
    flushed: bool


class StoreState:
    """Memory and database of one open store."""

    def __init__(self, root: Path, settings: StoreSettings, clock: Clock) -> None:
        """Open the database and load everything.

        Raises:
            Unavailable: if the files cannot be opened.
        """
        self.commits = threading.Condition(threading.RLock())
        self._view = threading.Lock()
        self._root, self._settings, self._clock = root, settings, clock
        self.generations: list[Generation] = []
        self._newest = threading.Lock()
        self._footers = FooterCache()
        self.folder = SegmentFolder(root, self._footers)
        self.folder.create()
        self.load()

    # --- loading ------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the database anew; the caller holds ``commits`` or is the constructor."""
        self.broken = True
        self.database = Database(self._root, self._settings)
        catalog = manifest.load(self.database, self.folder)
        self.deleted_at_open = self.folder.delete_strangers(catalog.paths())
        self.log = CommitLog(self._settings.recent_chunks)
        self._load_commit_log()
        latest = LatestTable()
        latest.update(self._load_latest())
        self.generations, unflushed = self._load_generations()
        for columns in unflushed:
            latest.update(columns.snapshot())
        if not unflushed:
            with self.database.transaction():
                self._add_generation()
        with self._newest:
            self._latest = latest
        with self._view:
            self._catalog, self._stamp = catalog, secrets.randbits(62) | 1
            self._hot = unflushed.pop() if unflushed else HotColumns()
            self._frozen = unflushed
        self.superseded = self.database.meta("superseded", 0)
        self.repeated = self.database.meta("repeated", 0)
        self.next_item = 1 + int(self.database.rows("SELECT coalesce(max(item), 0) FROM quarantine")[0][0])
        self.broken = False

    def _load_commit_log(self) -> None:
        rows = self.database.rows("SELECT * FROM ledgers")
        gaps = self.database.rows('SELECT "group", node, epoch, first, stop FROM gaps')
        self.log.load(
            [((NodeId(group, node), epoch), bytes(body)) for group, node, epoch, body in rows],
            [(NodeId(group, node), epoch, OffsetRange(first, stop)) for group, node, epoch, first, stop in gaps],
        )
        self.last = self.database.meta("last", 0)
        totals = Totals(*(self.database.meta(name, 0) for name in ("readings", "quarantined", "evicted")))
        for number, stored, quarantined, evicted, body in self.database.rows(
            "SELECT commit_no, readings, quarantined, evicted, settlement FROM commits ORDER BY commit_no"
        ):
            if body is not None:
                self.log.apply(decode_settlement(bytes(body)))
            self.last, totals = number, Totals(stored, quarantined, evicted)
        self.totals = totals

    def _load_latest(self) -> Readings:
        rows = self.database.rows("SELECT * FROM latest ORDER BY point")
        if not rows:
            return empty()
        point, time_ms, value, quality, epoch, offset, texts = zip(*rows, strict=True)
        return readings(
            point=point,
            time_ms=time_ms,
            value=value,
            quality=quality,
            epoch=epoch,
            offset=offset,
            text={row: text for row, text in enumerate(texts) if text is not None},
        )

    def _load_generations(self) -> tuple[list[Generation], list[HotColumns]]:
        """All hot tables, and the readings of those that are in no segment, oldest first."""
        ages = {
            generation: (last, last_ms)
            for generation, last, last_ms in self.database.rows(
                "SELECT generation, max(commit_no), max(created_ms) FROM commits GROUP BY generation"
            )
        }
        generations: list[Generation] = []
        unflushed: list[HotColumns] = []
        rows = self.database.rows("SELECT * FROM generations ORDER BY generation")
        for number, created_ms, first, flushed in rows:
            last, last_ms = ages.get(number, (first - 1, created_ms))
            if flushed:
                count = self.database.rows(f"SELECT count(*) FROM hot_{number}")[0][0]  # noqa: S608 - our own name
            else:
                blocks = HotColumns([batch for _, batch in self.database.read_hot(number, first - 1, last)])
                count = blocks.rows
                unflushed.append(blocks)
            generations.append(Generation(number, created_ms, first, last, last_ms, count, flushed))
        return generations, unflushed

    # --- views --------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """The store as it is now."""
        with self._view:
            hot = tuple(one.snapshot() for one in (*self._frozen, self._hot) if one.rows)
            return View(self._catalog, hot, self._stamp)

    def latest(self, points: Int32s | None) -> Readings:
        """The newest reading of each point."""
        with self._newest:
            return self._latest.get(points)

    def hot_rows(self) -> int:
        """Readings that are in no segment yet."""
        with self._view:
            return self._hot.rows + sum(frozen.rows for frozen in self._frozen)

    # --- changes; the caller holds ``commits`` ------------------------------------------------------------------

    def admit(self, number: int, commit: Commit) -> None:
        """A commit has become durable: let everybody see it."""
        batch = commit.readings
        self._hot.append(batch)
        with self._newest:
            self._latest.update(batch)
        self.log.apply(settlement(commit))
        self.last = number
        newest = self.generations[-1]
        self.generations[-1] = replace(newest, last=number, last_ms=self._clock.now_ms(), rows=newest.rows + len(batch))

    def rotate(self) -> list[Readings]:
        """Begin a new hot table; returns the blocks of all tables that are in no segment, oldest first."""
        if self._hot.rows:
            with self.database.transaction():
                generation = self._new_generation()
                self.database.create_generation(generation.number, generation.created_ms, generation.first)
            with self._view:
                self._frozen.append(self._hot)
                self._hot = HotColumns()
            self.generations.append(generation)
        with self._view:
            return [frozen.snapshot() for frozen in self._frozen if frozen.rows]

    def switch(self, change: Change, found: Compacted | None = None, *, flushed: bool = False) -> None:
        """Make new files visible and old ones invisible, at once in the database and then for readers.

        Args:
            change: what the manifest gains and loses.
            found: what merging left out, to be counted.
            flushed: the frozen hot tables are in ``change.added`` now.
        """
        superseded = self.superseded + (found.superseded if found else 0)
        repeated = self.repeated + (found.repeated if found else 0)
        with self.database.transaction() as writer:
            manifest.write(writer, change)
            numbers = [one.number for one in change.added] + [one.number for one in change.hours_added]
            if numbers:  # never used again, even when the file is gone
                self.database.set_meta("next_number", max(self.database.meta("next_number", 1), max(numbers) + 1))
            self.database.set_meta("superseded", superseded)
            self.database.set_meta("repeated", repeated)
            if flushed:
                writer.execute(
                    "UPDATE generations SET flushed = true WHERE generation < $1", [self.generations[-1].number]
                )
                self._save_log()
                self._save_latest()
        self.superseded, self.repeated = superseded, repeated
        with self._view:
            self._catalog, self._stamp = self._catalog.changed(change), secrets.randbits(62) | 1
            if flushed:
                self._frozen = []
            paths = self._catalog.paths()
        self._footers.keep(paths)
        if flushed:
            self.generations = [replace(one, flushed=True) for one in self.generations[:-1]] + self.generations[-1:]
        for file in change.retired_files():
            file.retire()

    def drop_history(self, now_ms: int) -> None:
        """Drop hot tables that are in segments and that ``since`` need not keep any longer."""
        rows, keep = 0, len(self.generations)
        for index in reversed(range(len(self.generations))):
            generation = self.generations[index]
            rows += generation.rows
            old = generation.last_ms + self._settings.history_s * 1000 < now_ms
            if generation.flushed and (old or rows > self._settings.history_rows_max):
                break
            keep = index
        dropped = self.generations[:keep]
        if dropped:
            with self.database.transaction():
                for generation in dropped:
                    self.database.drop_generation(generation.number)
            self.generations = self.generations[keep:]

    @contextmanager
    def breaking(self) -> Iterator[None]:
        """After any failure in here memory and database may differ: read everything anew before the next change."""
        try:
            yield
        except BaseException:
            self.broken = True
            raise

    def require_sound(self) -> None:
        """Reopen the database if an earlier failure has left it in doubt.

        Raises:
            Unavailable: if it still cannot be opened.
        """
        if self.broken:
            with translated("open again"):
                self.database.close()
                self.load()

    def _add_generation(self) -> None:
        generation = self._new_generation()
        self.database.create_generation(generation.number, generation.created_ms, generation.first)
        self.generations.append(generation)

    def _new_generation(self) -> Generation:
        number = self.generations[-1].number + 1 if self.generations else 1
        now_ms = self._clock.now_ms()
        return Generation(number, now_ms, self.last + 1, self.last, now_ms, 0, flushed=False)

    def _save_log(self) -> None:
        """Ledgers and totals, so that the commits' own rows may go."""
        writer = self.database.writer
        for (node, epoch), body in self.log.changed():
            writer.execute(
                'DELETE FROM ledgers WHERE "group" = $1 AND node = $2 AND epoch = $3', [node.group, node.node, epoch]
            )
            writer.execute("INSERT INTO ledgers VALUES ($1, $2, $3, $4)", [node.group, node.node, epoch, body])
        for name, value in (
            ("last", self.last),
            ("readings", self.totals.readings),
            ("quarantined", self.totals.quarantined),
            ("evicted", self.totals.evicted),
        ):
            self.database.set_meta(name, value)

    def _save_latest(self) -> None:
        newest = self.latest(None)
        self.database.writer.execute("DELETE FROM latest")
        if len(newest):
            text = [newest.text.get(row) for row in range(len(newest))]
            columns = {
                "point": newest.point,
                "time_ms": newest.time_ms,
                "value": newest.value,
                "quality": newest.quality,
                "epoch": newest.epoch,
                "offset": newest.offset,
            }
            self.database.insert_columns("latest", {**columns, "text": text} if newest.text else columns)
