"""Backtests for the pages: each in a process of its own, so that nobody's page waits for it.

Bounded: so many at once, one for each login, each with a time limit, and the newest few are kept for an hour. They live
and die with the API process that started them.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from app import findings as kinds
from app.bound_process import Starter
from app.settings import Settings
from core.errors import Refused
from core.places import Text
from core.ports.backtests import BacktestAsk, BacktestState, BacktestStatus, WrongInQuestion

MOST_AT_ONCE = 2
LIMIT_S = 600.0
_KEPT = 20
_KEPT_MS = 3_600_000
_END_S = 2.0
_TAIL_BYTES = 4 << 20


@dataclass(slots=True)
class _Job:
    """One that runs or ran."""

    state: BacktestState
    process: subprocess.Popen[bytes]
    output: Path
    stopped: bool = False


class BacktestWorkers:
    """``core.ports.backtests.Backtests``; a context manager, safe to use from several threads."""

    def __init__(self, settings: Settings, *, most_at_once: int = MOST_AT_ONCE, limit_s: float = LIMIT_S) -> None:
        """Nothing runs yet."""
        self._settings = settings
        self._most_at_once, self._limit_s = most_at_once, limit_s
        self._folder = settings.data_dir / "run" / f"backtests-{os.getpid()}"
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._starter = Starter()

    def __enter__(self) -> BacktestWorkers:
        """Ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them and forget what they said."""
        with self._lock:
            for job in self._jobs.values():
                self._drop(job)
            self._jobs.clear()
            with suppress(OSError):
                self._folder.rmdir()
        self._starter.close()

    def start(self, ask: BacktestAsk, owner: str, now_ms: int) -> BacktestState:
        """Begin one.

        Raises:
            Refused: if this login has one running, or too many run already.
        """
        with self._lock:
            self._forget(now_ms)
            running = [job for job in self._jobs.values() if self._seen(job).status is BacktestStatus.RUNNING]
            if any(job.state.owner == owner for job in running):
                raise Refused(kinds.BACKTEST_RUNS())
            if len(running) >= self._most_at_once:
                raise Refused(kinds.BACKTESTS_BUSY(most=self._most_at_once))
            number = secrets.token_hex(12)
            state = BacktestState(id=number, owner=owner, ask=ask, status=BacktestStatus.RUNNING, started_ms=now_ms)
            self._jobs[number] = _Job(state, *self._launched(number, ask))
            return state

    def of(self, owner: str) -> list[BacktestState]:
        """Those of a login, newest first."""
        with self._lock:
            mine = [self._seen(job) for job in self._jobs.values() if job.state.owner == owner]
        return sorted(mine, key=lambda state: -state.started_ms)

    def look(self, owner: str, number: str) -> BacktestState | None:
        """One of a login's."""
        with self._lock:
            job = self._mine(owner, number)
            return None if job is None else self._seen(job)

    def stop(self, owner: str, number: str) -> BacktestState | None:
        """Have it end with what there is."""
        with self._lock:
            job = self._mine(owner, number)
            if job is None:
                return None
            if job.process.poll() is None:
                job.process.terminate()
                job.stopped = True
            return self._seen(job)

    # --- inside -------------------------------------------------------------------------------------------------

    def _mine(self, owner: str, number: str) -> _Job | None:
        job = self._jobs.get(number)
        return job if job is not None and job.state.owner == owner else None

    def _launched(self, number: str, ask: BacktestAsk) -> tuple[subprocess.Popen[bytes], Path]:
        """Start the process that answers; it cannot outlive this one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        output = self._folder / f"{number}.jsonl"
        question = {
            "settings": self._settings.handed_over(),
            "scope": _scope(ask),
            "accept_min": ask.accept_min,
            "work_min": ask.work_min,
            "limit_s": self._limit_s,
        }
        with output.open("wb") as sink:
            process = self._starter.start("app.backtest_child", output=sink)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(json.dumps(question).encode())
        return process, output

    def _seen(self, job: _Job) -> BacktestState:
        """The state as its process has last said it."""
        if job.state.status is not BacktestStatus.RUNNING:
            return job.state
        ended = job.process.poll() is not None
        last = _last(job.output)
        state = _told(job.state, last)
        if ended and state.status is BacktestStatus.RUNNING and job.stopped:  # before it had begun
            state = replace(state, status=BacktestStatus.STOPPED)
        elif ended and state.status is BacktestStatus.RUNNING:
            state = replace(state, status=BacktestStatus.FAILED, problem=_text(kinds.BACKTEST_DIED))
        job.state = state
        if ended:
            job.output.unlink(missing_ok=True)
        return state

    def _forget(self, now_ms: int) -> None:
        """Drop what is old, and the oldest beyond what is kept."""
        over = [job for job in self._jobs.values() if job.process.poll() is not None]
        over.sort(key=lambda job: -job.state.started_ms)
        for place, job in enumerate(over):
            if place >= _KEPT or job.state.started_ms < now_ms - _KEPT_MS:
                self._drop(job)
                del self._jobs[job.state.id]

    def _drop(self, job: _Job) -> None:
        if job.process.poll() is None:
            job.process.terminate()
            try:
                job.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                job.process.kill()
                job.process.wait()
        job.output.unlink(missing_ok=True)


def _scope(ask: BacktestAsk) -> dict[str, Any]:
    return {
        "subject": ask.rule,
        "text": ask.text,
        "class_id": ask.class_id,
        "communities": ask.communities,
        "cells": ask.cells,
        "facilities": ask.facilities,
        "begin_ms": ask.from_ms,
        "end_ms": ask.to_ms,
    }


def _last(output: Path) -> dict[str, Any]:
    """The last whole line that was said."""
    try:
        with output.open("rb") as source:
            size = source.seek(0, os.SEEK_END)
            source.seek(max(0, size - _TAIL_BYTES))
            lines = source.read().split(b"\n")[:-1]
        return dict(json.loads(lines[-1])) if lines else {}
    except (OSError, ValueError):
        return {}


def _told(state: BacktestState, last: dict[str, Any]) -> BacktestState:
    """What a line says."""
    if "progress" in last:
        said = last["progress"]
        return replace(state, share=said["share"], left_s=said["left_s"], readings=said["readings"])
    if "report" in last:
        report = last["report"]
        status = BacktestStatus.DONE if report["complete"] else BacktestStatus.STOPPED
        return replace(
            state, status=status, share=1.0, left_s=0.0, readings=report["replayed"]["readings"], report=report
        )
    if "wrong" in last:
        wrong = tuple(
            WrongInQuestion(
                code=one["code"],
                line=one["line"],
                column=one["column"],
                what=Text(**one["what"]),
                fix=Text(**one["fix"]),
            )
            for one in last["wrong"]
        )
        return replace(state, status=BacktestStatus.FAILED, wrong=wrong)
    if "problem" in last:
        return replace(state, status=BacktestStatus.FAILED, problem=Text(**last["problem"]))
    return state


def _text(sentence: Any) -> Text:
    return Text(zh=sentence.zh, en=sentence.en)
