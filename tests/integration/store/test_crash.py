"""The embedded store after SIGKILL, on a full disk, and with two owners: what was acknowledged is there, once."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core import faultpoints
from core.errors import Unavailable
from core.offsets import Settled
from core.readings import concat
from store.duckdb_store import DuckDBStore
from store.memory import MemoryStore
from tests.integration.store.crash_child import DAY_MS, NODE, ROWS, SETTINGS, T0_MS, content

ROOT = Path(__file__).parents[3]
POINTS = np.arange(5, dtype=np.int32)


def run_child(folder: Path, fault: str = "", kill_after_s: float = 0.0) -> int:
    """Run the child until it dies; returns the last acknowledged commit."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TWINGRID_FAULT": fault}
    command = [sys.executable, "-m", "tests.integration.store.crash_child", str(folder)]
    acknowledged = 0
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        killed_at = 0.0
        for line in child.stdout:
            if line.strip().isdigit():
                acknowledged = int(line)
            if kill_after_s and not killed_at:
                killed_at = time.monotonic() + kill_after_s
            if killed_at and time.monotonic() >= killed_at:
                child.kill()
    assert child.returncode == -9, f"the child ended by itself with {child.returncode}"
    return acknowledged


def check(folder: Path, acknowledged: int) -> int:
    """Everything acknowledged is there once, nothing is half there, nothing lies about; returns the last commit."""
    store = DuckDBStore(folder, settings=SETTINGS)
    try:
        last = store.durable()
        assert acknowledged <= last <= acknowledged + 1
        twin = MemoryStore()
        for number in range(1, last + 1):
            twin.commit(content(number))
        expected = twin.read(POINTS, 0, T0_MS + 100 * DAY_MS)
        found = store.read(POINTS, 0, T0_MS + 100 * DAY_MS)
        for name in ("point", "time_ms", "value", "quality", "epoch", "offset"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
        assert store.counts().readings == last * ROWS
        if last:
            assert store.ledgers()[NODE, 7].settled == Settled(last * ROWS)
            hours = store.rollup(POINTS, 0, T0_MS + 100 * DAY_MS, 3_600_000)
            wanted = twin.rollup(POINTS, 0, T0_MS + 100 * DAY_MS, 3_600_000)
            np.testing.assert_array_equal(hours.count, wanted.count)
            np.testing.assert_array_equal(hours.last, wanted.last)
    finally:
        store.close()
    assert not list(folder.rglob("*.tmp"))
    with duckdb.connect(folder / "twingrid.duckdb", read_only=True) as database:
        (named,) = database.execute("SELECT count(*) FILTER (has_raw) FROM segments").fetchone() or (0,)
    assert len(list((folder / "segments" / "raw").iterdir())) == named
    return last


@pytest.mark.parametrize(
    "fault",
    [
        "store.before_commit:1",
        "store.before_commit:10",
        "store.after_commit:1",
        "store.after_commit:12",
        "store.compact.before_switch:1",
        "store.compact.before_switch:2",
        "store.compact.before_switch:4",
        "store.compact.before_switch:7",
        "store.compact.after_switch:1",
        "store.compact.after_switch:3",
        "store.compact.after_switch:6",
    ],
)
def test_a_kill_at_a_fault_point_leaves_before_or_after(tmp_path: Path, fault: str) -> None:
    """Killed at a fault point twice in a row, the store holds every acknowledged commit exactly once."""
    last = acknowledged = 0
    for _ in range(2):
        acknowledged = max(run_child(tmp_path, fault=f"{fault}:kill"), last)
        last = check(tmp_path, acknowledged)
    if fault.startswith("store.after_commit"):
        assert last == acknowledged + 1, "the commit was durable before the process could say so"


def test_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    """Five kills at random moments of one store's life cost nothing that was acknowledged."""
    chance = random.Random(seed)
    last = 0
    for _ in range(5):
        acknowledged = run_child(tmp_path, kill_after_s=chance.uniform(0.01, 0.6))
        last = check(tmp_path, max(acknowledged, last))


def test_a_failing_disk_is_unavailable_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit on a full disk is refused for now with the reason; afterwards the same commit succeeds, once."""
    store = DuckDBStore(tmp_path, settings=SETTINGS)
    store.commit(content(1))

    def full(name: str) -> None:
        if name == "store.after_commit":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "hit", full)
        with pytest.raises(Unavailable, match="No space left"):
            store.commit(content(2))
        assert len(store.latest()) == 5, "reading goes on"
    store.commit(content(2))
    store.commit(content(3))
    found = store.read(POINTS, 0, T0_MS + 100 * DAY_MS)
    assert len(found) == 3 * ROWS
    assert store.counts().readings == 3 * ROWS
    store.close()


def test_a_failing_flush_keeps_the_readings_hot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When segments cannot be written nothing is lost, and the next flush takes it all."""
    store = DuckDBStore(tmp_path, settings=SETTINGS)
    store.commit(content(1))

    def broken(name: str) -> None:
        if name == "store.compact.before_switch":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "hit", broken)
        with pytest.raises(Unavailable, match="Input/output error"):
            store.flush()
    store.commit(content(2))
    assert len(store.read(POINTS, 0, T0_MS + 100 * DAY_MS)) == 2 * ROWS
    assert store.flush().readings_compacted == 2 * ROWS
    assert [number for number, _ in store.since(0)] == [1, 2]
    store.close()
    check(tmp_path, 2)


def test_a_second_owner_is_told(tmp_path: Path) -> None:
    """Another process cannot open the same store, and the message says why."""
    store = DuckDBStore(tmp_path, settings=SETTINGS)
    code = (
        "import sys; from pathlib import Path; from core.errors import Unavailable\n"
        "from store.duckdb_store import DuckDBStore\n"
        "try: DuckDBStore(Path(sys.argv[1]))\n"
        "except Unavailable as error: print(error)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    store.close()
    assert "lock" in answer.stdout.lower()


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A store below something that is no folder says so at once, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"cannot open .*file/store"):
        DuckDBStore(tmp_path / "file" / "store")


def test_any_parquet_reader_can_compute_the_values(tmp_path: Path) -> None:
    """The SQL of docs/store.md gives the readings back bit by bit from the segments alone."""
    store = DuckDBStore(tmp_path, settings=SETTINGS)
    commits = [content(number) for number in range(1, 8)]
    for one in commits:
        store.commit(one)
    store.flush()
    store.close()
    text = (ROOT / "docs" / "store.md").read_text()
    query = text.split("```sql")[1].split("```")[0].replace("segments/raw", str(tmp_path / "segments" / "raw"))
    with duckdb.connect() as database:
        rows = database.execute(query).fetchall()
    whole = concat([one.readings for one in commits])
    assert sorted(rows) == sorted(zip(whole.point.tolist(), whole.time_ms.tolist(), whole.value.tolist(), strict=True))
