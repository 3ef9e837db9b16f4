"""What the core process tells about itself: a small file, replaced every second, read by the API processes.

A file and not a call, so that a hanging core is seen by its silence and never makes a reader wait.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from api.ports import PartStatus, PromiseCount
from core.clock import Clock
from core.errors import Unavailable
from core.places import Text

_STALE_MS = 10_000
Status = Literal["ok", "degraded", "down"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreStatus:
    """The core process at one moment.

    Attributes:
        at_ms: when it was written.
        broker: whether the host is connected.
        waiting_bytes: payload bytes not committed yet; waiting_readings: readings not judged yet.
        journal_waits: whether alarm changes wait for the database.
        counts: every counter of ingest and judge, by name.
        rules_version: of the rule set in force.
        rules_refused: why a changed rule folder was not taken, by language; empty while the folder is in force.
    """

    at_ms: int
    broker: bool
    waiting_bytes: int
    waiting_readings: int
    journal_waits: bool
    counts: Mapping[str, int]
    rules_version: str = ""
    rules_refused: Mapping[str, str] = field(default_factory=dict)


def write_status(file: Path, status: CoreStatus) -> None:
    """Replace the file at once.

    Raises:
        OSError: if it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    values = {name: getattr(status, name) for name in CoreStatus.__slots__}
    values |= {name: dict(getattr(status, name)) for name in ("counts", "rules_refused")}
    draft.write_text(json.dumps(values), encoding="utf-8")
    draft.replace(file)


def read_status(file: Path) -> CoreStatus:
    """The newest status.

    Raises:
        Unavailable: if there is none.
    """
    try:
        return CoreStatus(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable("the core process has not said how it is") from error


class CoreWatch:
    """The core's parts and promises for the health page."""

    def __init__(self, file: Path, clock: Clock) -> None:
        """Read ``file`` whenever asked."""
        self._file = file
        self._clock = clock

    def parts(self) -> Sequence[PartStatus]:
        """Broker, ingest, rules and dispatch.

        Raises:
            Unavailable: if the core process is silent.
        """
        status = self._fresh()
        busy: Status = "degraded" if status.waiting_bytes > 32 * 1024 * 1024 else "ok"
        return (
            _part("broker", "ok" if status.broker else "down", ("已连接", "connected"), ("未连接", "not connected")),
            _part("ingest", busy, ("正常", "keeps up"), ("积压", "is behind")),
            _rules_part(status),
            _part("dispatch", "degraded" if status.journal_waits else "ok", ("正常", "fine"), ("等待数据库", "waits")),
        )

    def promises(self) -> Sequence[PromiseCount]:
        """The promises that the core counts breaches of.

        Raises:
            Unavailable: if the core process is silent.
        """
        counts = self._fresh().counts
        return tuple(
            PromiseCount(id=promise, say=say, breaches=sum(counts.get(name, 0) for name in names))
            for promise, say, names in _PROMISES
        )

    def _fresh(self) -> CoreStatus:
        status = read_status(self._file)
        if self._clock.now_ms() - status.at_ms > _STALE_MS:
            raise Unavailable("the core process has been silent for more than 10 s")
        return status


_PROMISES = (
    (
        "INV-1",
        Text(zh="网关存下的读数一条不丢", en="No reading that reached a gateway's spool is lost"),
        ("offsets_never_seen",),
    ),
    ("INV-2", Text(zh="同一读数只存一次", en="No reading is stored twice"), ("clone_chunks", "clone_births")),
)
"""Counters that stay at 0 while the promise holds: holes below a gateway's low mark, two gateways with one identity."""


def _rules_part(status: CoreStatus) -> PartStatus:
    if status.rules_refused:
        say = Text(
            zh=f"规则文件有误，仍用原有规则：{status.rules_refused.get('zh', '')}",
            en=f"a rule file is wrong, the rules before it stay in force: {status.rules_refused.get('en', '')}",
        )
        return PartStatus(name="rules", status="degraded", say=say)
    behind: Status = "degraded" if status.waiting_readings > 1_000_000 else "ok"
    return _part("rules", behind, ("正常", "keep up"), ("积压", "are behind"))


def _part(name: str, status: Status, good: tuple[str, str], bad: tuple[str, str]) -> PartStatus:
    zh, en = good if status == "ok" else bad
    return PartStatus(name=name, status=status, say=Text(zh=zh, en=en))
