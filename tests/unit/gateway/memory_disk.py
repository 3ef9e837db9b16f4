"""A disk in memory that can lose its power: what was not synced is gone, torn, or there by luck."""

from __future__ import annotations

import copy
import errno
from dataclasses import dataclass, field

import numpy as np


@dataclass
class MemoryDisk:
    """Stands in for the spool's folder (``gateway.spool_disk.Disk``).

    Attributes:
        files: what a reader sees.
        synced: bytes of each log file that are durable.
        before: what stood in place of replaced or removed files, until names are synced.
        capacity: bytes that fit on the disk.
        fail_sync: the next so many syncs fail, after which their bytes are lost.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    synced: dict[str, int] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    fail_sync: int = 0
    syncs: int = 0
    capacity: int = 1 << 40

    def names(self) -> list[str]:
        return sorted(self.files)

    def size(self, name: str) -> int:
        return len(self.read(name))

    def read(self, name: str, at: int = 0, size: int = -1) -> bytes:
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name][at:] if size < 0 else self.files[name][at : at + size]

    def _need(self, more: int) -> None:
        if more + sum(len(data) for data in self.files.values()) > self.capacity:
            raise OSError(errno.ENOSPC, "the disk is full")

    def create(self, name: str) -> None:
        self._need(100)
        assert name not in self.files
        self.files[name] = b""
        self.synced[name] = 0
        self.sync_names()

    def append(self, name: str, data: bytes) -> None:
        self._need(len(data))
        self.files[name] += data

    def sync(self, name: str) -> None:
        self.syncs += 1
        if self.fail_sync:
            self.fail_sync -= 1
            raise OSError(5, "the disk has failed")
        self.synced[name] = len(self.files[name])

    def cut(self, name: str, size: int) -> None:
        self.files[name] = self.files[name][:size]
        self.synced[name] = min(self.synced[name], size)

    def replace(self, name: str, data: bytes) -> None:
        self._need(len(data))
        self.before.setdefault(name, self.files.get(name, b""))
        self.files[name] = data
        self.synced[name] = len(data)

    def sync_names(self) -> None:
        self.before.clear()

    def keep_copy(self, name: str, copy_name: str) -> None:
        self.files[copy_name] = self.files[name]
        self.synced[copy_name] = 0

    def remove(self, name: str) -> None:
        data = self.files.pop(name, None)
        if data is not None:
            self.before.setdefault(name, data[: self.synced[name]])

    def usage(self) -> tuple[int, int]:
        return 0, 0

    def close(self) -> None:
        pass

    def copied(self) -> MemoryDisk:
        """An independent copy."""
        return copy.deepcopy(self)

    def after_power_loss(self, rng: np.random.Generator) -> MemoryDisk:
        """What a reader finds afterwards: one of the many states that are possible."""
        found = MemoryDisk()
        for name, data in self.files.items():
            safe = self.synced[name]
            found.files[name] = data[:safe] + _unsynced(data[safe:], rng)
        for name, data in self.before.items():
            if rng.random() < 0.5 and (data or name not in self.files):
                found.files[name] = data
        found.synced = {name: len(data) for name, data in found.files.items()}
        return found


def _unsynced(tail: bytes, rng: np.random.Generator) -> bytes:
    """A tail that was written and not synced: whole, gone, cut, zeros where a page did not make it, or rubbish."""
    if not tail:
        return tail
    kept = tail[: int(rng.integers(0, len(tail) + 1))]
    match int(rng.integers(0, 5)):
        case 0:
            return b""
        case 1:
            return tail
        case 2:
            return kept
        case 3:
            return bytes(len(kept)) + tail[len(kept) :]
        case _:
            return kept + rng.bytes(len(tail) - len(kept))
