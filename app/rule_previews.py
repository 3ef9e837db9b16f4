"""Previews for the pages: a few warm processes that answer one question after the other, bounded in number and time."""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any

from app import rule_edit_findings as kinds
from app.bound_process import Process, Starter
from app.rule_preview_answers import explained_from, preview_from, trial_from
from app.settings import Settings
from core.errors import Refused, Unavailable
from core.ports.rule_editing import ExplainAsk, Explained, Preview, PreviewAsk, Trial

MOST_AT_ONCE = 2
LIMIT_S = 4.0
TRIAL_LIMIT_S = 8.0
_HARD_LIMIT_S = 40.0
_MOST_WAITING = 6
_PATIENCE_S = 15.0
_END_S = 2.0


class PreviewWorkers:
    """``core.ports.rule_editing.RulePreviews``; a context manager, safe to use from several threads."""

    def __init__(self, settings: Settings, *, most_at_once: int = MOST_AT_ONCE, limit_s: float = LIMIT_S) -> None:
        """Nothing runs yet."""
        self._settings, self._limit_s = settings, limit_s
        self._free = threading.BoundedSemaphore(most_at_once)
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        self._starter = Starter()
        self._waiting = 0
        self._newest: dict[str, object] = {}

    def __enter__(self) -> PreviewWorkers:
        """Ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        with self._lock:
            for child in self._idle:
                child.end()
            self._idle.clear()
        self._starter.close()

    def look(self, ask: PreviewAsk, owner: str) -> Preview:
        """Try a rule on the past."""
        return preview_from(self._asked({"ask": asdict(ask), "limit_s": self._limit_s}, owner))

    def trial(self, text: str, owner: str) -> Trial:
        """Play a rule's scenarios."""
        return trial_from(self._asked({"trial": text, "limit_s": TRIAL_LIMIT_S}, f"{owner} trial"))

    def explain(self, ask: ExplainAsk, owner: str) -> Explained:
        """Look at a rule on a facility."""
        question = {"explain": asdict(ask), "limit_s": self._limit_s}
        return explained_from(self._asked(question, f"{owner} explain"))

    def _asked(self, question: Mapping[str, Any], owner: str) -> dict[str, Any]:
        mark = object()
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                raise Refused(kinds.PREVIEW_BUSY())
            self._waiting += 1
            self._newest[owner] = mark
        try:
            if not self._free.acquire(timeout=_PATIENCE_S):
                raise Refused(kinds.PREVIEW_BUSY())
        finally:
            with self._lock:
                self._waiting -= 1
        try:
            if self._newest.get(owner) is not mark:
                raise Refused(kinds.PREVIEW_OLD())
            return self._answer(question)
        finally:
            self._free.release()
            with self._lock:
                if self._newest.get(owner) is mark:
                    del self._newest[owner]

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            gone = [child for child in self._idle if not child.is_alive()]
            self._idle = [child for child in self._idle if child not in gone]
            child = self._idle.pop() if self._idle else None
        for one in gone:
            one.end()
        child = child or _Child(self._starter.start("app.rule_preview_child"), self._settings)
        try:
            answer = child.ask(question)
        except BaseException:
            child.end()
            raise
        with self._lock:
            self._idle.append(child)
        return answer


class _Child:
    """One process."""

    def __init__(self, process: Process, settings: Settings) -> None:
        self._process = process
        self._said = b""
        self._say(settings.handed_over())

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer.

        Raises:
            Unavailable: if it ends, or takes too long.
        """
        self._say(question)
        pipe = self._process.stdout
        assert pipe is not None
        while b"\n" not in self._said:
            if not select.select([pipe], [], [], _HARD_LIMIT_S)[0]:
                raise Unavailable(kinds.PREVIEW_DIED())
            more = os.read(pipe.fileno(), 1 << 16)
            if not more:
                raise Unavailable(kinds.PREVIEW_DIED())
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return dict(json.loads(line))

    def end(self) -> None:
        """End it; its pipes too."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _say(self, value: object) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(value).encode() + b"\n")
            pipe.flush()
        except OSError as error:
            raise Unavailable(kinds.PREVIEW_DIED()) from error
