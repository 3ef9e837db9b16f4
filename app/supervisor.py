"""Starts processes in order, keeps them running, and ends all of them within a deadline.

One task per child walks the table below; the decision when to start again is in ``app.restarts``. Stages start one
after the other, each when the one before is ready, and stop in the reverse order. Every child dies with this process
even if it is killed (``app.launch``).

======== ============= ===========
state    event         next
======== ============= ===========
waiting  start         starting
starting ready         ready
starting ended         delayed
ready    ended         delayed
delayed  start         starting
delayed  give up       failed
any      stop          stopped
======== ============= ===========
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from app import findings as kinds
from app.child import Child, LogFile, ProcessSpec
from app.probes import busy_ports
from app.restarts import RestartPolicy, after_end
from core.errors import Invalid, TwingridError
from core.findings import Said

log = logging.getLogger(__name__)


class State(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DELAYED = "delayed"
    FAILED = "failed"
    STOPPED = "stopped"


class Event(StrEnum):
    """What moves it."""

    START = "start"
    READY = "ready"
    ENDED = "ended"
    GIVE_UP = "give_up"
    STOP = "stop"


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.WAITING, Event.START): State.STARTING,
    (State.STARTING, Event.READY): State.READY,
    (State.STARTING, Event.ENDED): State.DELAYED,
    (State.READY, Event.ENDED): State.DELAYED,
    (State.DELAYED, Event.START): State.STARTING,
    (State.DELAYED, Event.GIVE_UP): State.FAILED,
    **{(state, Event.STOP): State.STOPPED for state in State},
}

Report = Callable[[str, State, Said | None], None]
"""Told of every change: name, new state, one clause why where there is one."""


class ChildFailed(TwingridError):
    """A process cannot be kept running; the message carries its last lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SupervisorOptions:
    """How children are looked after.

    Attributes:
        log_dir: where their output goes.
        log_bytes, log_keep: size of one log file, and how many old ones are kept.
        policy: restarts.
        start_timeout_s: a process that is not ready after that is ended and started again.
        stop_timeout_s: everything has ended after that.
    """

    log_dir: Path
    log_bytes: int = 10_000_000
    log_keep: int = 3
    policy: RestartPolicy = RestartPolicy()  # noqa: RUF009 - frozen
    start_timeout_s: float = 40.0
    stop_timeout_s: float = 4.5


class _Slot:
    """One child over all its lives."""

    def __init__(self, spec: ProcessSpec, output: LogFile) -> None:
        self.spec = spec
        self.output = output
        self.state = State.WAITING
        self.child: Child | None = None
        self.failures = 0
        self.restarts = 0
        self.ready = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Supervisor:
    """An async context manager that owns the children."""

    def __init__(self, specs: Sequence[ProcessSpec], options: SupervisorOptions, report: Report | None = None) -> None:
        """Prepare; nothing is started before the context is entered.

        Raises:
            ValueError: if two have one name.
        """
        if len({spec.name for spec in specs}) != len(specs):
            raise ValueError("two processes have one name")
        self._specs = sorted(specs, key=lambda spec: spec.stage)
        self._options = options
        self._report = report or (lambda _name, _state, _why: None)
        self._slots: dict[str, _Slot] = {}
        self._failed: asyncio.Event = asyncio.Event()
        self._why: Said | None = None

    async def __aenter__(self) -> Supervisor:
        """Start everything, stage by stage, and return when all are ready.

        Raises:
            Invalid: if ports are in use; nothing was started then.
            ChildFailed: if a process cannot be brought up; all others have been ended then.
        """
        busy = busy_ports([port for spec in self._specs for port in spec.ports])
        if busy:
            raise Invalid(busy)
        try:
            for stage in sorted({spec.stage for spec in self._specs}):
                await self._start_stage([spec for spec in self._specs if spec.stage == stage])
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        await self.stop()

    async def run(self, until: asyncio.Event) -> None:
        """Stay until ``until`` is set.

        Raises:
            ChildFailed: if a process cannot be kept running.
        """
        await self._first_of(until, self._failed)
        if self._failed.is_set() and not until.is_set():
            raise ChildFailed(self._why)

    def states(self) -> Mapping[str, State]:
        """The state of every child."""
        return {name: slot.state for name, slot in self._slots.items()}

    def pids(self) -> Mapping[str, int]:
        """The process ids of those that run now."""
        return {n: s.child.pid for n, s in self._slots.items() if s.child and s.child.returncode is None}

    def restarts(self) -> Mapping[str, int]:
        """How often each was started again."""
        return {name: slot.restarts for name, slot in self._slots.items()}

    async def wait_ready(self, name: str) -> None:
        """Wait until the child is ready (again).

        Raises:
            ChildFailed: if it cannot be brought up.
        """
        await self._first_of(self._slots[name].ready, self._failed)
        if self._failed.is_set():
            raise ChildFailed(self._why)

    async def stop(self) -> None:
        """End all, the last stage first, within the deadline: ask, wait, then kill. May be called twice."""
        deadline = time.monotonic() + self._options.stop_timeout_s
        for slot in self._slots.values():
            if slot.task is not None:
                slot.task.cancel()
        await asyncio.gather(*(s.task for s in self._slots.values() if s.task), return_exceptions=True)
        stages = sorted({slot.spec.stage for slot in self._slots.values()}, reverse=True)
        for i, stage in enumerate(stages):
            left_s = max(deadline - time.monotonic(), 0.0)
            await self._stop_stage(
                [s for s in self._slots.values() if s.spec.stage == stage], left_s / (len(stages) - i)
            )
        for slot in self._slots.values():
            slot.output.close()
        self._slots.clear()

    # --- starting ---------------------------------------------------------------------------------------------

    async def _start_stage(self, specs: Sequence[ProcessSpec]) -> None:
        for spec in specs:
            file = self._options.log_dir / f"{spec.name}.log"
            slot = _Slot(spec, LogFile(file, max_bytes=self._options.log_bytes, keep=self._options.log_keep))
            self._slots[spec.name] = slot
            slot.task = asyncio.create_task(self._keep_running(slot), name=f"supervise-{spec.name}")
        for spec in specs:
            await self.wait_ready(spec.name)

    async def _keep_running(self, slot: _Slot) -> None:
        while True:
            self._move(slot, Event.START)
            await self._start(slot)
            assert slot.child is not None
            if await slot.child.wait_ready(self._options.start_timeout_s):
                self._move(slot, Event.READY)
                slot.ready.set()
            elif slot.child.returncode is None:
                slot.output.write(f"[supervisor] not ready after {self._options.start_timeout_s:g} s, ended")
                slot.child.kill()
            code = await slot.child.wait()
            slot.ready.clear()
            if not await self._may_start_again(slot, code):
                return
            slot.restarts += 1

    @staticmethod
    async def _start(slot: _Slot) -> None:
        starting = asyncio.create_task(Child.start(slot.spec, slot.output), name=f"start-{slot.spec.name}")
        try:
            slot.child = await asyncio.shield(starting)
        except asyncio.CancelledError:  # stopping: the child must be known, or nobody would end it
            slot.child = await starting
            raise

    async def _may_start_again(self, slot: _Slot, code: int) -> bool:
        child = slot.child
        assert child is not None
        ready_for_s = None if child.ready_at is None else time.monotonic() - child.ready_at
        decision = after_end(self._options.policy, failures=slot.failures, ready_for_s=ready_for_s)
        slot.failures = decision.failures
        self._move(slot, Event.ENDED, _ending(code))
        if decision.delay_s is not None:
            await asyncio.sleep(decision.delay_s)
            return True
        self._move(slot, Event.GIVE_UP, _ending(code))
        last = "\n".join(f"  {line}" for line in child.tail[-8:])
        ending = _ending(code)
        self._why = kinds.CHILD_FAILED(name=slot.spec.name, ending=ending, file=slot.output.file, last=last)
        self._failed.set()
        return False

    def _move(self, slot: _Slot, event: Event, why: Said | None = None) -> None:
        slot.state = TRANSITIONS[slot.state, event]
        log.info("child changed", extra={"child": slot.spec.name, "state": slot.state.value, "why": str(why or "")})
        self._report(slot.spec.name, slot.state, why)

    # --- stopping ---------------------------------------------------------------------------------------------

    async def _stop_stage(self, slots: Sequence[_Slot], timeout_s: float) -> None:
        children = [slot.child for slot in slots if slot.child is not None]
        for child in children:
            child.terminate()
        if children:
            waiting = [asyncio.create_task(child.wait(), name=f"end-{child.spec.name}") for child in children]
            _, late = await asyncio.wait(waiting, timeout=timeout_s)
            for child in children:
                child.kill()  # also what it may have started itself
            if late:
                await asyncio.wait(late)
        for slot in slots:
            self._move(slot, Event.STOP)

    @staticmethod
    async def _first_of(*events: asyncio.Event) -> None:
        tasks = [asyncio.create_task(event.wait(), name="supervisor-wait") for event in events]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _ending(code: int) -> Said:
    return kinds.ENDED_BY_SIGNAL(signal=-code) if code < 0 else kinds.ENDED_WITH(code=code)
