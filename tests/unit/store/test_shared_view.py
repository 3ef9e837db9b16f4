"""Charts computed beside the owner: from its files where they can be seen, by the owner where not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import ManualClock
from core.ports.store import Commit, Rollups
from core.readings import Int32s, Readings, readings
from store.duckdb_store import DuckDBStore
from store.queries import View
from store.remote import RemoteStore
from store.remote_server import serve
from store.segments import FooterCache
from store.settings import StoreSettings
from store.shared_view import POINT_DAYS_MAX, is_small, pack_catalog, unpack_catalog

DAY_MS, MINUTE_MS = 86_400_000, 60_000
T0_MS = 20_000 * DAY_MS
POINT = np.array([1], np.int32)


class Owner(DuckDBStore):
    """A store that counts what it is asked, and may be told to merge while somebody reads."""

    def __init__(self, path: Path) -> None:
        self.ticker = ManualClock(T0_MS + DAY_MS)
        settings = StoreSettings(fan_in=2, close_grace_s=1.0, overlay_age_s=1.0, row_group_rows=16)
        super().__init__(path, settings=settings, clock=self.ticker)
        self.answered = 0
        self.asked_for_hot = 0
        self.merges_wanted = 0

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        self.answered += 1
        return super().read(points, from_ms, to_ms)

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        self.answered += 1
        return super().rollup(points, from_ms, to_ms, step_ms)

    def excerpt(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> View:
        self.asked_for_hot += 1
        found = super().excerpt(points, from_ms, to_ms, step_ms)
        if self.merges_wanted:
            self.merges_wanted -= 1
            self.segment(10 + self.merges_wanted)
            self.ticker.advance(10_000)
            self.maintain(self.ticker.now_ms())
        return found

    def segment(self, minute: int) -> None:
        """One more segment with one reading."""
        self.commit(Commit(readings=readings(point=[1], time_ms=[T0_MS + minute * MINUTE_MS], value=[float(minute)])))
        self.flush()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    """A store with two segments of one day and a hot reading, served."""
    store = Owner(tmp_path / "store")
    store.segment(1)
    store.segment(2)
    store.commit(Commit(readings=readings(point=[1, 2], time_ms=[T0_MS + 3 * MINUTE_MS] * 2, value=[3.0, 9.0])))
    with serve(store, tmp_path / "socket"):
        yield store
    store.close()


@pytest.fixture
def client(owner: Owner, tmp_path: Path) -> Iterator[RemoteStore]:
    """Another process, as it were."""
    store = RemoteStore(tmp_path / "socket")
    yield store
    store.close()


def chart(store: RemoteStore) -> list[float]:
    return store.rollup(POINT, T0_MS, T0_MS + DAY_MS, MINUTE_MS).maximum.tolist()


def test_a_chart_is_computed_by_who_asks(owner: Owner, client: RemoteStore) -> None:
    """Segments are read in place, the owner only adds what is hot, and each change of its files is noticed."""
    assert chart(client) == [1.0, 2.0, 3.0]
    owner.flush()
    owner.maintain(T0_MS + 2 * DAY_MS)
    assert chart(client) == [1.0, 2.0, 3.0]
    assert client.read(POINT, T0_MS, T0_MS + DAY_MS).value.tolist() == [1.0, 2.0, 3.0]
    assert (owner.answered, owner.asked_for_hot) == (0, 3)


def test_a_segment_that_was_merged_away_is_asked_for_again(owner: Owner, client: RemoteStore) -> None:
    """Files that vanish between the owner's answer and their opening cost a second question, not the chart."""
    owner.merges_wanted = 1
    assert chart(client) == [1.0, 2.0, 3.0, 10.0]
    assert (owner.answered, owner.asked_for_hot) == (0, 2)


def test_where_segments_vanish_time_and_again_the_owner_answers(owner: Owner, client: RemoteStore) -> None:
    """The chart comes even if every look comes too late."""
    owner.merges_wanted = 2
    assert chart(client) == [1.0, 2.0, 3.0, 10.0, 11.0]
    assert (owner.answered, owner.asked_for_hot) == (1, 2)


def test_large_questions_are_the_owners(owner: Owner, client: RemoteStore) -> None:
    """What might fill the asking process's memory is computed where it is bounded."""
    many = np.arange(POINT_DAYS_MAX + 1, dtype=np.int32)
    assert client.rollup(many, T0_MS, T0_MS + DAY_MS, MINUTE_MS).point.tolist() == [1, 1, 1, 2]
    assert (owner.answered, owner.asked_for_hot) == (1, 0)


@pytest.mark.parametrize(
    ("points", "days", "small"), [(1, 1, True), (32, 1, True), (33, 1, False), (1, 32, True), (2, 17, False)]
)
def test_point_days_are_what_counts(points: int, days: int, small: bool) -> None:
    """Both many points and many days make a question large; a part of a day counts as a day."""
    assert is_small(np.arange(points, dtype=np.int32), T0_MS, T0_MS + days * DAY_MS - 1) is small


def test_a_folder_of_the_same_name_is_not_the_same_folder(owner: Owner, client: RemoteStore) -> None:
    """A process that sees another folder under the owner's path, as in a container, has the owner answer."""
    body: Any = pack_catalog(owner.root, owner.excerpt(POINT, 0, 1, 0).catalog)
    assert unpack_catalog(body, FooterCache()) is not None
    body.inode += 1
    assert unpack_catalog(body, FooterCache()) is None
    body.root += "-gone"
    assert unpack_catalog(body, FooterCache()) is None


def test_a_store_out_of_sight_is_asked_once(owner: Owner, client: RemoteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one look at a folder that is not there the owner is asked straight away."""
    monkeypatch.setattr("store.shared_view.unpack_catalog", lambda body, footers: None)
    assert chart(client) == chart(client) == [1.0, 2.0, 3.0]
    assert (owner.answered, owner.asked_for_hot) == (2, 1)


def test_a_replay_is_read_by_who_asks(owner: Owner, client: RemoteStore) -> None:
    """However much a replay reads, the owner gives what is hot and nothing else; files that vanish are no harm."""
    for minute in range(6):
        owner.segment(minute)
    owner.commit(Commit(readings=readings(point=[1, 2], time_ms=[T0_MS + 7 * MINUTE_MS] * 2, value=[7.0, 8.0])))
    points = np.arange(1, POINT_DAYS_MAX + 10, dtype=np.int32)
    owner.answered, owner.merges_wanted = 0, 1
    found = list(client.stretch(points, T0_MS, T0_MS + DAY_MS, 5))
    assert (owner.answered, owner.merges_wanted) == (0, 0)
    expected = owner.read(points, T0_MS, T0_MS + DAY_MS)
    assert [row for piece in found for row in piece.value.tolist()] == expected.value.tolist()


def test_a_replay_knows_from_when_on_readings_are_kept(owner: Owner, client: RemoteStore) -> None:
    """Days whose readings have gone are before ``raw_from_ms``, whoever is asked."""
    owner.segment(1)
    assert (owner.raw_from_ms(), client.raw_from_ms()) == (0, 0)
    for _ in range(3):
        owner.ticker.advance(100 * DAY_MS)
        owner.maintain(owner.ticker.now_ms())
    assert len(owner.read(POINT, T0_MS, T0_MS + DAY_MS)) == 0
    assert owner.raw_from_ms() == T0_MS + DAY_MS
    assert client.raw_from_ms() == T0_MS + DAY_MS
