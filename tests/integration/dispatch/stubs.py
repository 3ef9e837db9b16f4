"""Channels on loopback that answer as they are told: HTTP and SMTP, over real sockets."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the stub does once it has the whole request.

    Attributes:
        end: ``answer``, ``hang`` (no byte until it is told to stop), ``reset`` (RST), ``close``, ``dribble`` (a byte
            now and then).
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    end: str = "answer"


@dataclass
class HttpStub:
    """Takes requests; answers with the next reply, then with the last one for ever."""

    replies: list[Reply]
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bodies(self) -> list[Any]:
        """The requests' bodies as JSON."""
        return [json.loads(body) for _, _, body in self.requests]

    def serve(self, listener: socket.socket) -> None:
        """One connection after the other, until it is told to stop."""
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                try:
                    self._one(connection if self.tls is None else self.tls.wrap_socket(connection, server_side=True))
                except OSError:  # the other side has given up
                    continue

    def _one(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65_536)
            if not part:
                return
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += connection.recv(65_536)
        self.requests.append((first.split()[1], headers, body))
        self._reply(connection, self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])

    def _reply(self, connection: socket.socket, reply: Reply) -> None:
        if reply.end == "hang":
            self.stopping.wait(5)
            return
        if reply.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if reply.end == "close":
            return
        if reply.end == "dribble":
            while not self.stopping.wait(0.02):
                try:
                    connection.sendall(b"H")
                except OSError:
                    return
        text = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        lines = [f"HTTP/1.1 {reply.status} x", f"Content-Length: {len(text)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + text)


@contextmanager
def http_stub(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[HttpStub]:
    """A stub with its thread."""
    stub = HttpStub(list(replies), tls=tls)
    with served(stub):
        yield stub


@contextmanager
def served(stub: HttpStub) -> Iterator[None]:
    """The thread of a stub, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stub.port = listener.getsockname()[1]
        thread = threading.Thread(target=stub.serve, args=(listener,), name="http-stub")
        thread.start()
        try:
            yield
        finally:
            stub.stopping.set()
            thread.join()


@dataclass
class SmtpStub:
    """A mail server that answers each verb with what stands for it; ``reset`` breaks the connection instead."""

    answers: Mapping[str, str] = field(default_factory=dict)
    letters: list[bytes] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """One connection after the other, until it is told to stop."""
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection, connection.makefile("rwb") as lines:
                connection.settimeout(5)
                try:
                    self._talk(lines)
                except OSError:
                    continue

    def _talk(self, lines: Any) -> None:
        def say(text: str) -> None:
            lines.write(f"{text}\r\n".encode())
            lines.flush()

        say("220 stub")
        for raw in lines:
            verb = raw.decode().split()[0].upper() if raw.strip() else ""
            self.verbs.append(verb)
            answer = self.answers.get(
                verb, {"EHLO": "250-stub\r\n250 AUTH PLAIN", "DATA": "354 go", "AUTH": "235 ok"}.get(verb, "250 ok")
            )
            if answer == "reset":
                return
            say(answer)
            if verb == "QUIT":
                return
            if verb == "DATA" and answer.startswith("354"):
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    letter += lines.readline()
                self.letters.append(letter)
                if self.answers.get("TEXT") == "reset":
                    return
                say(self.answers.get("TEXT", "250 taken"))


@contextmanager
def smtp_stub(**answers: str) -> Iterator[SmtpStub]:
    """A stub with its thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stub = SmtpStub(answers, port=listener.getsockname()[1])
        thread = threading.Thread(target=stub.serve, args=(listener,), name="smtp-stub")
        thread.start()
        try:
            yield stub
        finally:
            stub.stopping.set()
            thread.join()
