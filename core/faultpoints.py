"""Named places at which a test makes the process fail: the only way to know what a crash between two lines costs.

``TWINGRID_FAULT`` holds one or more faults, separated by commas: ``name:count:action``. The process acts at the
``count``-th time that it passes the point ``name``. Actions:

* ``kill``: SIGKILL to itself, as a power cut or the OOM killer would do it;
* ``raise:ENOSPC`` (any errno name): an ``OSError``, as from a full or broken disk; from that pass on, every time;
* ``raise-once:EIO``: the same, at that one pass only;
* ``hang``: the thread stands still for ever, as with a disk that never answers.

Without the variable ``hit`` does nothing; it is looked up once, at import, so that a passed point costs one call.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Invalid
from core.findings import Finding, kind

VARIABLE = "TWINGRID_FAULT"
NO_FAULT = kind(
    "TG-0090",
    "{variable} 的值是 {entry!r}",
    "{variable} holds {entry!r}",
    "写成 name:count:action，动作为 kill、hang、raise:ENOSPC 或 raise-once:EIO",
    "write name:count:action with kill, hang, raise:ENOSPC or raise-once:EIO",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One planted fault.

    Attributes:
        name: the point.
        count: acts at this pass, 1 is the first.
        action: ``kill``, ``raise``, ``raise-once`` or ``hang``.
        errno: for ``raise`` and ``raise-once``.
    """

    name: str
    count: int
    action: str
    errno: int = 0


def parse(text: str) -> tuple[Fault, ...]:
    """Read the variable's value.

    Raises:
        Invalid: if an entry is not ``name:count:action``.
    """
    return tuple(_parse_one(entry.strip()) for entry in text.split(",") if entry.strip())


def _parse_one(entry: str) -> Fault:
    name, _, rest = entry.partition(":")
    count, _, action = rest.partition(":")
    action, _, code = action.partition(":")
    number = getattr(errno, code, 0) if code else 0
    if not (name and count.isdigit() and int(count) >= 1) or action not in {"kill", "hang", "raise", "raise-once"}:
        raise Invalid([_finding(entry)])
    if action.startswith("raise") != bool(number):
        raise Invalid([_finding(entry)])
    return Fault(name=name, count=int(count), action=action, errno=number)


def _finding(entry: str) -> Finding:
    return NO_FAULT.at(variable=VARIABLE, entry=entry)


class Faults:
    """The planted faults and how often their points were passed."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Plant ``faults``; several may stand at one point."""
        self._faults: dict[str, list[Fault]] = {}
        for fault in faults:
            self._faults.setdefault(fault.name, []).append(fault)
        self._passed: dict[str, int] = {}
        self._lock = threading.Lock()

    def hit(self, name: str) -> None:
        """Pass the point ``name``.

        Raises:
            OSError: when a ``raise`` fault is due here.
        """
        due = self._faults.get(name)
        if due is None:
            return
        with self._lock:
            passed = self._passed[name] = self._passed.get(name, 0) + 1
        for fault in due:
            if passed == fault.count or (fault.action == "raise" and passed > fault.count):
                _act(fault)


def _act(fault: Fault) -> None:
    if fault.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault.action == "hang" or fault.action == "kill":
        threading.Event().wait()
    raise OSError(fault.errno, f"{os.strerror(fault.errno)} (planted at {fault.name})")


def _nothing(_name: str) -> None:
    """No fault is planted."""


hit: Callable[[str], None] = Faults(parse(os.environ[VARIABLE])).hit if os.environ.get(VARIABLE) else _nothing
"""Pass a fault point. Call it as ``faultpoints.hit("spool.before_commit")``, so that a test can replace it."""
