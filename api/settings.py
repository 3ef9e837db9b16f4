"""What the API can be told; ``app`` fills it from files and the environment and has validated it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.ports.documents import MOST_DOCUMENT_BYTES

_MINUTE_S = 60
_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordCost:
    """Argon2id parameters. Source: OWASP Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane)."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSettings:
    """Settings of one API process.

    Attributes:
        version: of Twingrid, shown on the health page.
        setup_code_file: where the one-time setup code is written (mode 0600) while no administrator exists.
        web_root: folder of the built pages; ``None`` serves the API alone.
        kept_on_phones: phones may keep the pages and what was read, to work without signal.
        https: browsers come over https: Secure cookie with the ``__Host-`` prefix, HSTS.
        hosts: host names (without port) a request may name; a defence against DNS rebinding.
        metrics_token: bearer token that opens ``/metrics`` to other machines; empty: this machine only.
        idle_timeout_s: a session unused for so long ends.
        absolute_timeout_s: every session ends after that.
        max_sessions: of one login; the oldest ends when there is one more.
        max_body_bytes: of a request; max_photo_bytes: of one that brings a photo;
            max_document_bytes: of one that brings a document of a facility;
            max_exchange_bytes: of one that brings cases of a partner; max_import_bytes: a file to import.
        max_streams: live connections of this process; max_streams_per_login: of one login.
        stream_poll_s: how often the change feed is looked at; values_every_s: how often values are sent.
        max_query_points: of a series in one query of the Prometheus interface; max_query_series: series it reads.
        max_export_rows: of one export of series; a workbook holds 1,048,575 at most.
        ping_every_s: heartbeat of a live connection; its session is checked again then.
        stream_backlog: changes that may wait for a slow reader before it is told to load afresh.
        password_cost: of new passwords.
    """

    version: str
    setup_code_file: Path
    web_root: Path | None = None
    kept_on_phones: bool = True
    https: bool = False
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})
    metrics_token: str = field(default="", repr=False)
    idle_timeout_s: int = _DAY_S
    absolute_timeout_s: int = 7 * _DAY_S
    max_sessions: int = 10
    max_body_bytes: int = 64 * 1024
    max_photo_bytes: int = 4 * 1024 * 1024
    max_document_bytes: int = MOST_DOCUMENT_BYTES
    max_import_bytes: int = 32 * 1024 * 1024
    max_exchange_bytes: int = 1024 * 1024
    max_streams: int = 500
    max_streams_per_login: int = 10
    max_query_points: int = 11_000
    max_query_series: int = 2_000
    max_export_rows: int = 5_000_000
    stream_poll_s: float = 0.05
    values_every_s: float = 0.5
    ping_every_s: float = 15.0
    stream_send_timeout_s: float = 20.0
    stream_backlog: int = 1_000
    password_cost: PasswordCost = field(default_factory=PasswordCost)

    @property
    def cookie_name(self) -> str:
        """Name of the session cookie; the prefix binds it to this host and to https."""
        return "__Host-twingrid" if self.https else "twingrid"
