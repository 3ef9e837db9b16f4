"""The supervisor with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.child import ProcessSpec
from app.probes import HttpProbe, LineProbe, PortUse, TcpProbe
from app.restarts import RestartPolicy
from app.supervisor import ChildFailed, State, Supervisor, SupervisorOptions
from core.errors import Invalid

QUICK = RestartPolicy(first_delay_s=0.05, longest_delay_s=0.1, max_failures=3, healthy_after_s=0.2)

GOOD = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
PARENT = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print('ready', flush=True); time.sleep(60)"
)
BROKEN = "import sys; print('a line that explains'); sys.exit(3)"


def _spec(name: str, code: str, **more: object) -> ProcessSpec:
    return ProcessSpec(name=name, command=(sys.executable, "-c", code), **more)  # type: ignore[arg-type]


def _options(tmp_path: Path, **more: object) -> SupervisorOptions:
    return SupervisorOptions(log_dir=tmp_path / "log", policy=QUICK, **more)  # type: ignore[arg-type]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def _until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def test_everything_starts_in_order_and_ends(tmp_path: Path) -> None:
    """Stages start one after the other, all are ready inside the context, none is left after it."""
    seen: list[tuple[str, State]] = []
    specs = [_spec("late", GOOD, stage=1), _spec("early", GOOD, stage=0)]
    async with Supervisor(specs, _options(tmp_path), lambda name, state, _why: seen.append((name, state))) as children:
        pids = list(children.pids().values())
        assert set(children.states().values()) == {State.READY}
    assert seen.index(("early", State.READY)) < seen.index(("late", State.STARTING))
    assert seen.index(("late", State.STOPPED)) < seen.index(("early", State.STOPPED))
    assert not any(map(_alive, pids))
    assert (tmp_path / "log" / "early.log").read_text() == "ready\n"


async def test_a_killed_child_comes_back(tmp_path: Path) -> None:
    """SIGKILL from outside leads to a new process that is ready again, and is counted."""
    async with Supervisor([_spec("a", GOOD)], _options(tmp_path)) as children:
        first = children.pids()["a"]
        os.kill(first, signal.SIGKILL)
        await _until(lambda: children.restarts()["a"] == 1 and children.states()["a"] is State.READY)
        assert children.pids()["a"] != first


async def test_a_child_that_cannot_start_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    """After the allowed failures the error carries what the process said, and the others are ended."""
    specs = [_spec("good", GOOD, stage=0), _spec("broken", BROKEN, stage=1)]
    with pytest.raises(ChildFailed, match=r"(?s)broken ended with code 3.*a line that explains"):
        async with Supervisor(specs, _options(tmp_path)):
            raise AssertionError("must not get here")


async def test_a_child_that_keeps_dying_later_ends_the_run(tmp_path: Path) -> None:
    """`run` raises when a process that was up once cannot be kept up."""
    marker = tmp_path / "second"
    code = (
        f"import pathlib, sys, time; p = pathlib.Path({str(marker)!r}); sys.exit(4) if p.exists() else None;"
        "p.touch(); print('ready', flush=True); time.sleep(0.1)"
    )
    async with Supervisor([_spec("a", code)], _options(tmp_path)) as children:
        with pytest.raises(ChildFailed, match="code 4"):
            await asyncio.wait_for(children.run(asyncio.Event()), 10)


async def test_the_stop_has_a_deadline(tmp_path: Path) -> None:
    """A child that ignores SIGTERM, and one with a child of its own, are gone within the deadline."""
    specs = [_spec("stubborn", STUBBORN), _spec("parent", PARENT)]
    async with Supervisor(specs, _options(tmp_path, stop_timeout_s=0.6)) as children:
        pids = list(children.pids().values())
        started = time.monotonic()
    assert time.monotonic() - started < 2.0
    assert not any(map(_alive, pids))


async def test_a_child_that_never_gets_ready_is_started_again(tmp_path: Path) -> None:
    """Silence is a failure too."""
    with pytest.raises(ChildFailed, match="not ready after"):
        async with Supervisor([_spec("mute", "import time; time.sleep(60)")], _options(tmp_path, start_timeout_s=0.3)):
            raise AssertionError("must not get here")


async def test_ports_in_use_are_named_before_anything_starts(tmp_path: Path, free_port: int) -> None:
    """Every busy port has its line, with how to choose another; nothing was started."""
    with socket.create_server(("127.0.0.1", free_port)):
        use = PortUse(host="127.0.0.1", port=free_port, what="pages", change="--port")
        supervisor = Supervisor([_spec("a", GOOD, ports=(use,))], _options(tmp_path))
        with pytest.raises(Invalid) as caught:
            await supervisor.__aenter__()
    text = str(caught.value)
    assert f"port {free_port} (pages) is in use" in text
    assert "--port" in text
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends the supervisor, SIGKILL included, ends its children."""
    code = (
        "import asyncio, pathlib, sys\n"
        "from app.child import ProcessSpec\n"
        "from app.supervisor import Supervisor, SupervisorOptions\n"
        "async def main():\n"
        f"    spec = ProcessSpec(name='a', command=(sys.executable, '-c', {GOOD!r}))\n"
        f"    async with Supervisor([spec], SupervisorOptions(log_dir=pathlib.Path({str(tmp_path)!r}))) as s:\n"
        "        print(s.pids()['a'], flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    assert process.stdout is not None
    child = int(await asyncio.wait_for(process.stdout.readline(), 10))
    assert _alive(child)
    process.send_signal(number)
    await process.wait()
    await _until(lambda: not _alive(child))


async def test_long_lines_and_large_logs_are_bounded(tmp_path: Path) -> None:
    """A line of a megabyte does not stop the reader, and log files are put aside at their size."""
    code = "print('x' * 1_000_000); [print('y' * 1000) for _ in range(200)]; " + GOOD
    async with Supervisor([_spec("a", code)], _options(tmp_path, log_bytes=50_000, log_keep=2)):
        sizes = [file.stat().st_size for file in (tmp_path / "log").iterdir()]
    assert 1 <= len(sizes) <= 3
    assert sum(sizes) < 300_000


async def test_probes_say_no_before_and_yes_after(free_port: int) -> None:
    """TCP and HTTP probes follow what really listens."""
    tcp, http = TcpProbe("127.0.0.1", free_port), HttpProbe("127.0.0.1", free_port, "/healthz")
    assert not await tcp([])
    assert not await http([])
    status = [b"503 no", b"200 OK"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            writer.write(b"HTTP/1.1 " + status[0] + b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", free_port):
        assert await tcp([])
        assert not await http([])
        status.pop(0)
        assert await http([])
    assert await LineProbe("ready")(["x", "ready now"])
    assert not await LineProbe("ready")(["not ready"])
