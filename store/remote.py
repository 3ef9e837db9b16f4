"""The store's port in another process: what the pages and the command line use.

Charts are computed here: the owner sends what is hot, the segments are read from the disk (``store/shared_view.py``).
Where that folder cannot be seen, for large questions, and with other stores, the owner answers.

Each call borrows a connection from a small pool, so calls of several threads run side by side. A connection that has
died while it lay idle (the server was restarted) is replaced once without the caller noticing; a commit is never sent
twice by itself, because only the caller knows what it means.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from core.errors import Refused, Unavailable
from core.ports.store import (
    Commit,
    GapRecord,
    Maintenance,
    Quarantined,
    Rollups,
    SpoolLedger,
    StoreCounts,
)
from core.readings import Int32s, Readings
from core.sparkplug.topics import NodeId
from store import queries
from store import remote_wire as wire
from store.aggregates import check_step
from store.queries import View
from store.remote_server import parse_address
from store.selection import Points
from store.shared_view import CatalogMirror, is_small

_CONNECT_TIMEOUT_S = 2.0
_MAINTAIN_TIMEOUT_S = 3600.0
_ATTEMPTS = 2
_T = TypeVar("_T")
_A = TypeVar("_A", bound=msgspec.Struct)


class RemoteStore:
    """``TimeSeriesStore`` over a local socket."""

    def __init__(self, address: str | Path, *, timeout_s: float = 15.0, pool: int = 8) -> None:
        """Remember where the server is; the first call connects.

        Args:
            address: as for ``store.remote_server.serve``.
            timeout_s: longest silence of the server before a call is ``Unavailable``.
            pool: idle connections kept.

        Raises:
            Refused: if ``address`` is malformed.
        """
        self._place = parse_address(address)
        self._timeout_s, self._pool_size = timeout_s, pool
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._mirror = CatalogMirror()
        self._open = True

    def commit(self, commit: Commit) -> int:
        """Store a commit and return its number; ``Unavailable`` leaves open whether it was stored."""
        request, body = wire.pack_commit(commit)
        return self._call(request, body, wire.NumberAnswer, repeat=False)[0].number

    def durable(self) -> int:
        """The number of the last durable commit."""
        return self._call(wire.DurableRequest(), b"", wire.NumberAnswer)[0].number

    def ledgers(self) -> Mapping[tuple[NodeId, int], SpoolLedger]:
        """The commit log by (node, epoch)."""
        return wire.unpack_ledgers(self._call(wire.LedgersRequest(), b"", wire.LedgersAnswer)[0])

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time)."""
        found = self._here(points, from_ms, to_ms, 0, queries.read)
        if found is not None:
            return found
        return self._asked(points, from_ms, to_ms)

    def _asked(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """The owner's answer to ``read``."""
        request = wire.ReadRequest(len(points), from_ms, to_ms)
        answer, body = self._call(request, _points(points), wire.ReadingsAnswer)
        return wire.unpack_readings(answer.table, body)

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in buckets of ``step_ms``."""
        check_step(step_ms)
        found = self._here(points, from_ms, to_ms, step_ms, lambda view, wanted: queries.rollup(view, wanted, step_ms))
        if found is not None:
            return found
        request = wire.RollupRequest(len(points), from_ms, to_ms, step_ms)
        return wire.unpack_rollups(*self._call(request, _points(points), wire.RollupsAnswer))

    def stretch(self, points: Int32s, from_ms: int, to_ms: int, points_at_once: int) -> Iterator[Readings]:
        """``PastReadings``: read from the owner's files, however much; by the owner where they cannot be seen."""
        points = np.unique(points).astype(np.int32)
        done, failures = 0, 0
        while done < len(points) and failures < _ATTEMPTS:
            view = self._view(points[done:], from_ms, to_ms, 0)
            if view is None:
                break
            try:
                while done < len(points):
                    some = Points(points[done : done + points_at_once], from_ms, to_ms)
                    yield from queries.pieces(view, some, points_at_once)
                    done += points_at_once
            except (OSError, pa.ArrowException):  # most likely merged away meanwhile
                self._mirror.forget()
                failures += 1
        for begin in range(done, len(points), points_at_once):
            yield self._asked(points[begin : begin + points_at_once], from_ms, to_ms)

    def raw_from_ms(self) -> int:
        """``PastReadings``: from when on no readings were dropped for their age; 0 where the files cannot be seen."""
        view = self._view(np.empty(0, np.int32), 0, 1, 0)
        return 0 if view is None else queries.raw_from_ms(view.catalog)

    def _here(
        self, points: Int32s, from_ms: int, to_ms: int, step_ms: int, answer: Callable[[View, Points], _T]
    ) -> _T | None:
        """The answer from the owner's files, ``None`` if it has to give it itself."""
        if not is_small(points, from_ms, to_ms):
            return None
        for _ in range(_ATTEMPTS):
            view = self._view(points, from_ms, to_ms, step_ms)
            if view is None:
                return None
            try:
                return answer(view, Points(points, from_ms, to_ms))
            except (OSError, pa.ArrowException):  # most likely merged away meanwhile; if not, the owner will say so
                self._mirror.forget()
        return None

    def _view(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> View | None:
        """What is needed to answer a question here; ``None`` if the owner's files cannot be seen from here."""
        if not self._mirror.usable:
            return None
        held = self._mirror.held
        request = wire.ViewRequest(len(points), from_ms, to_ms, step_ms, held.stamp)
        reply, body = self._call(request, _points(points), wire.ViewAnswer)
        return self._mirror.view(held, reply.stamp, reply.catalog, wire.unpack_readings(reply.table, body))

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point."""
        request = wire.LatestRequest(-1 if points is None else len(points))
        answer, body = self._call(request, b"" if points is None else _points(points), wire.ReadingsAnswer)
        return wire.unpack_readings(answer.table, body)

    def since(self, commit_number: int) -> Iterator[tuple[int, Readings]]:
        """Commits after ``commit_number``, streamed as they are read; close the iterator if you stop early."""
        client = self._connect()
        try:
            wire.send_frame(client, wire.SinceRequest(commit_number))
            _expect(client, wire.StartAnswer)
        except OSError as error:
            client.close()
            raise Unavailable(f"the store does not answer: {error}") from error
        except (_AnsweredError, Unavailable) as error:
            client.close()
            raise error.as_port_error() if isinstance(error, _AnsweredError) else error from None
        return self._replay(client)

    def _replay(self, client: socket.socket) -> Iterator[tuple[int, Readings]]:
        with client:
            while True:
                try:
                    answer, body = _receive(client)
                except OSError as error:
                    raise Unavailable(f"the store fell silent during a replay: {error}") from error
                if isinstance(answer, wire.EndAnswer):
                    return
                if not isinstance(answer, wire.CommitAnswer):
                    raise _unexpected(answer)
                yield answer.number, wire.unpack_readings(answer.table, body)

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records whose event times touch [from_ms, to_ms)."""
        return self._call(wire.GapsRequest(from_ms, to_ms), b"", wire.GapsAnswer)[0].gaps

    def quarantine(self, limit: int) -> Sequence[Quarantined]:
        """The newest quarantined items, newest first."""
        return self._call(wire.QuarantineRequest(limit), b"", wire.QuarantineAnswer)[0].items

    def counts(self) -> StoreCounts:
        """Totals and size."""
        return self._call(wire.CountsRequest(), b"", wire.CountsAnswer)[0].counts

    def maintain(self, now_ms: int) -> Maintenance:
        """One round of maintenance at the other end; takes as long as it takes."""
        request = wire.MaintainRequest(now_ms)
        return self._call(request, b"", wire.MaintenanceAnswer, timeout_s=_MAINTAIN_TIMEOUT_S)[0].done

    def close(self) -> None:
        """Hang up; the store at the other end stays open."""
        with self._lock:
            self._open = False
            idle, self._idle = self._idle, []
        for client in idle:
            client.close()

    # --- connections --------------------------------------------------------------------------------------------

    def _call(
        self, request: wire.Request, body: bytes, kind: type[_A], *, repeat: bool = True, timeout_s: float = 0.0
    ) -> tuple[_A, bytearray]:
        pooled = self._borrow()
        if pooled is not None:
            try:
                return self._exchange(pooled, request, body, kind, timeout_s)
            except _Dead as dead:
                if not (repeat or dead.unsent):
                    raise Unavailable(f"the store was lost during a call: {dead}") from dead
        try:
            return self._exchange(self._connect(), request, body, kind, timeout_s)
        except _Dead as dead:
            raise Unavailable(f"the store does not answer: {dead}") from dead

    def _exchange(
        self, client: socket.socket, request: wire.Request, body: bytes, kind: type[_A], timeout_s: float
    ) -> tuple[_A, bytearray]:
        sent, healthy = False, False
        try:
            client.settimeout(timeout_s or self._timeout_s)
            wire.send_frame(client, request, body)
            sent = True
            answer = _expect(client, kind)
            healthy = True
        except TimeoutError as error:
            raise Unavailable(f"the store did not answer within {timeout_s or self._timeout_s:g} s") from error
        except OSError as error:
            raise _Dead(str(error), unsent=not sent) from error
        except (_AnsweredError, Refused) as error:
            healthy = sent
            raise error.as_port_error() if isinstance(error, _AnsweredError) else error from None
        finally:
            self._give_back(client, healthy)
        return answer

    def _borrow(self) -> socket.socket | None:
        with self._lock:
            if not self._open:
                raise Unavailable("the store is closed")
            return self._idle.pop() if self._idle else None

    def _give_back(self, client: socket.socket, healthy: bool) -> None:
        with self._lock:
            if healthy and self._open and len(self._idle) < self._pool_size:
                self._idle.append(client)
                return
        client.close()

    def _connect(self) -> socket.socket:
        if not self._open:
            raise Unavailable("the store is closed")
        family = socket.AF_INET if isinstance(self._place, tuple) else socket.AF_UNIX
        client = socket.socket(family, socket.SOCK_STREAM)
        try:
            client.settimeout(_CONNECT_TIMEOUT_S)
            client.connect(self._place if isinstance(self._place, tuple) else str(self._place))
            with contextlib.suppress(OSError):  # Unix sockets have no such option, and need none
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(self._timeout_s)
        except OSError as error:
            client.close()
            raise Unavailable(f"nobody serves the store at {self._place}: {error}") from error
        return client


class _Dead(Exception):
    """The connection is gone; ``unsent`` says that the request surely did not arrive whole."""

    def __init__(self, message: str, *, unsent: bool) -> None:
        self.unsent = unsent
        super().__init__(message)


class _AnsweredError(Exception):
    """The server answered with an error; the connection is fine."""

    def __init__(self, answer: wire.ErrorAnswer) -> None:
        self._answer = answer
        super().__init__(answer.message)

    def as_port_error(self) -> Unavailable | Refused:
        """The error of the port."""
        return Unavailable(self._answer.message) if self._answer.again else Refused(self._answer.message)


def _receive(client: socket.socket) -> tuple[wire.Answer, bytearray]:
    frame = wire.receive_frame(client)
    if frame is None:
        raise ConnectionResetError("the server has hung up")
    try:
        return wire.ANSWERS.decode(frame[0]), frame[1]
    except msgspec.MsgspecError as error:
        raise Unavailable(f"the store's answer cannot be read: {error}") from error


def _expect(client: socket.socket, kind: type[_A]) -> tuple[_A, bytearray]:
    answer, body = _receive(client)
    if isinstance(answer, wire.ErrorAnswer):
        raise _AnsweredError(answer)
    if not isinstance(answer, kind):
        raise _unexpected(answer)
    return answer, body


def _unexpected(answer: wire.Answer) -> Unavailable | Refused:
    if isinstance(answer, wire.ErrorAnswer):
        return _AnsweredError(answer).as_port_error()
    return Unavailable(f"the store answered with {type(answer).__name__} out of turn")


def _points(points: Int32s) -> bytes:
    return np.ascontiguousarray(points, dtype="<i4").tobytes()
