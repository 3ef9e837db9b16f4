"""The store's port served to other processes of this machine: one thread a connection, bounded in number and in size.

Reads run in the connection's own thread beside the owner's commits; the store itself is what makes that safe. The
socket is a file that only its owner may open, or a TCP port on the loopback interface for systems without such
sockets.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from core.errors import Refused, TwingridError, Unavailable
from core.ports.store import TimeSeriesStore
from store import remote_wire as wire
from store.shared_view import Shareable, pack_catalog

_LOG = logging.getLogger(__name__)
_BACKLOG = 64
_SEND_TIMEOUT_S = 120.0
_LOOPBACK = ("127.0.0.1", "localhost")

Reply = tuple[wire.Answer, bytes]


class RemoteServer:
    """Serves one store until ``close``; a context manager."""

    def __init__(self, store: TimeSeriesStore, address: str | Path, *, max_clients: int = 64) -> None:
        """Listen at ``address`` and start the accepting thread.

        Args:
            store: the store to serve; it stays its owner's to close.
            address: a path or ``unix:/path`` for a Unix socket, ``tcp:127.0.0.1:8123`` for TCP.
            max_clients: connections served at once; more are turned away.

        Raises:
            Unavailable: if nobody can listen there.
            Refused: if ``address`` is not on this machine.
        """
        self._store = store
        self._max_clients = max_clients
        self._lock = threading.Lock()
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._closing = False
        self._listener, self._path = listen(address)
        self._thread = threading.Thread(target=self._accept, name="store-remote-accept", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The TCP port it listens at; 0 for a Unix socket."""
        name = self._listener.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    def __enter__(self) -> RemoteServer:
        """It listens already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop listening, hang up on everybody, wait for the threads; idempotent."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            clients = dict(self._clients)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for thread in clients.values():
            thread.join()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed
            client.settimeout(None)
            with self._lock:
                if self._closing or len(self._clients) >= self._max_clients:
                    _LOG.warning("store connection turned away", extra={"clients": len(self._clients)})
                    client.close()
                    continue
                thread = threading.Thread(target=self._serve, args=(client,), name="store-remote", daemon=True)
                self._clients[client] = thread
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client:
                while (frame := wire.receive_frame(client)) is not None:
                    self._answer(client, *frame)
        except (OSError, Unavailable) as error:
            if not self._closing:
                _LOG.info("store connection lost", extra={"error": str(error)})
        finally:
            with self._lock:
                self._clients.pop(client, None)

    def _answer(self, client: socket.socket, head: bytes, body: bytearray) -> None:
        try:
            request = wire.REQUESTS.decode(head)
            if isinstance(request, wire.SinceRequest):
                self._stream(client, request)
                return
            handler: Callable[[Any, Any, bytearray], Reply] = _HANDLERS[type(request)]
            wire.send_frame(client, *handler(self._store, request, body))
        except Unavailable as error:
            wire.send_frame(client, wire.ErrorAnswer(True, str(error)))
        except (TwingridError, msgspec.MsgspecError, ValueError) as error:
            wire.send_frame(client, wire.ErrorAnswer(False, str(error)))

    def _stream(self, client: socket.socket, request: wire.SinceRequest) -> None:
        commits = self._store.since(request.commit_number)
        client.settimeout(_SEND_TIMEOUT_S)
        wire.send_frame(client, wire.StartAnswer())
        for number, batch in commits:
            table, body = wire.pack_readings(batch)
            wire.send_frame(client, wire.CommitAnswer(number, table), body)
        wire.send_frame(client, wire.EndAnswer())
        client.settimeout(None)


def serve(store: TimeSeriesStore, address: str | Path, *, max_clients: int = 64) -> RemoteServer:
    """Serve ``store`` at ``address``; close the result to end. See ``RemoteServer``."""
    return RemoteServer(store, address, max_clients=max_clients)


def parse_address(address: str | Path) -> Path | tuple[str, int]:
    """A Unix socket's path, or (host, port) of the loopback interface.

    Raises:
        Refused: if it is neither, or not on this machine: the protocol knows no passwords.
    """
    text = str(address)
    if not text.startswith("tcp:"):
        return Path(text.removeprefix("unix:"))
    host, _, port = text.removeprefix("tcp:").rpartition(":")
    if not port.isdigit() or int(port) > 65535 or not host:
        raise Refused(f"{text!r} is no store address: write unix:/path or tcp:127.0.0.1:port")
    if host not in _LOOPBACK:
        raise Refused(f"the store is served to this machine only, not at {host!r}: use 127.0.0.1")
    return host, int(port)


def listen(address: str | Path) -> tuple[socket.socket, Path | None]:
    """A listening socket, and its file if it has one.

    Raises:
        Unavailable: if another process listens there or the place cannot be used.
        Refused: if the address is malformed.
    """
    place = parse_address(address)
    try:
        if isinstance(place, tuple):
            return socket.create_server(place, backlog=_BACKLOG), None
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(place)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(place))
            place.chmod(0o600)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener, place
    except OSError as error:
        raise Unavailable(f"the store cannot be served at {address}: {error}") from error


def _remove_stale(path: Path) -> None:
    """Remove the socket of a server that died; leave one that answers."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise Unavailable(f"another process serves a store at {path}")


def _commit(store: TimeSeriesStore, request: wire.CommitRequest, body: bytearray) -> Reply:
    return wire.NumberAnswer(store.commit(wire.unpack_commit(request, body))), b""


def _durable(store: TimeSeriesStore, request: wire.DurableRequest, body: bytearray) -> Reply:
    return wire.NumberAnswer(store.durable()), b""


def _ledgers(store: TimeSeriesStore, request: wire.LedgersRequest, body: bytearray) -> Reply:
    return wire.pack_ledgers(store.ledgers()), b""


def _read(store: TimeSeriesStore, request: wire.ReadRequest, body: bytearray) -> Reply:
    points = wire.unpack_points(request.points, body)
    table, columns = wire.pack_readings(store.read(points, request.from_ms, request.to_ms))
    return wire.ReadingsAnswer(table), columns


def _rollup(store: TimeSeriesStore, request: wire.RollupRequest, body: bytearray) -> Reply:
    points = wire.unpack_points(request.points, body)
    return wire.pack_rollups(store.rollup(points, request.from_ms, request.to_ms, request.step_ms))


def _view(store: TimeSeriesStore, request: wire.ViewRequest, body: bytearray) -> Reply:
    if not isinstance(store, Shareable):
        return wire.ViewAnswer(0, None, wire.Table(0)), b""
    points = wire.unpack_points(request.points, body)
    view = store.excerpt(points, request.from_ms, request.to_ms, request.step_ms)
    table, columns = wire.pack_readings(view.hot[0])
    catalog = None if view.stamp == request.known else pack_catalog(store.root, view.catalog)
    return wire.ViewAnswer(view.stamp, catalog, table), columns


def _latest(store: TimeSeriesStore, request: wire.LatestRequest, body: bytearray) -> Reply:
    points: np.ndarray[Any, np.dtype[np.int32]] | None = None
    if request.points >= 0:
        points = wire.unpack_points(request.points, body)
    table, columns = wire.pack_readings(store.latest(points))
    return wire.ReadingsAnswer(table), columns


def _gaps(store: TimeSeriesStore, request: wire.GapsRequest, body: bytearray) -> Reply:
    return wire.GapsAnswer(list(store.gaps(request.from_ms, request.to_ms))), b""


def _quarantine(store: TimeSeriesStore, request: wire.QuarantineRequest, body: bytearray) -> Reply:
    return wire.QuarantineAnswer(list(store.quarantine(request.limit))), b""


def _counts(store: TimeSeriesStore, request: wire.CountsRequest, body: bytearray) -> Reply:
    return wire.CountsAnswer(store.counts()), b""


def _maintain(store: TimeSeriesStore, request: wire.MaintainRequest, body: bytearray) -> Reply:
    return wire.MaintenanceAnswer(store.maintain(request.now_ms)), b""


_HANDLERS: dict[type[Any], Callable[[Any, Any, bytearray], Reply]] = {
    wire.CommitRequest: _commit,
    wire.DurableRequest: _durable,
    wire.LedgersRequest: _ledgers,
    wire.ReadRequest: _read,
    wire.RollupRequest: _rollup,
    wire.ViewRequest: _view,
    wire.LatestRequest: _latest,
    wire.GapsRequest: _gaps,
    wire.QuarantineRequest: _quarantine,
    wire.CountsRequest: _counts,
    wire.MaintainRequest: _maintain,
}
