"""How fast one line reads: ``line.read`` and the decoder, question after question, beside a bare loop on libmodbus.

Both read the same server (100 units, 25 floats in 50 registers, counting up) over one connection, in turns, on the
event loop of the gateway's process. The bare loop is C and keeps nothing; what the line does more is checked framing,
the guard against late answers, the stamp, and the decoded columns with their quality.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.gateway_bench import DEVICES, VALUES, _farm, _ports
from bench.rows import Row

ROUNDS = 9
SECONDS = 1.0
SOURCE = Path(__file__).with_name("libmodbus_loop.c")


def rows() -> list[Row]:
    """The line's values per second and its CPU time, beside libmodbus's in the same run."""
    port = _ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _farm(port):
        bare = _built(Path(folder))
        lines, loops = [], []
        for _ in range(ROUNDS):
            lines.append(_line(port))
            if bare is not None:
                loops.append(_bare(bare, port))
    rates = [line["values"] / line["seconds"] for line in lines]
    rate = statistics.median(rates)
    cpu_us = statistics.median(line["cpu_s"] / line["values"] for line in lines) * VALUES * 1e6
    ratios = [mine / other for mine, other in zip(rates, loops, strict=False)]
    against = "libmodbus is not installed here"
    if loops:
        against = f"bare libmodbus loop in C: {statistics.median(loops):,.0f}; wanted: 60 % of it"
    return [
        Row(
            name="modbus_line_values_s",
            value=rate,
            unit="values/s",
            against=against,
            ratio=statistics.median(ratios) if ratios else None,
            note=f"one connection, 25 f32 a request of 50 registers, decoded, {cpu_us:.0f} us of CPU a request;"
            f" {ROUNDS} rounds in turns, {min(rates):,.0f} to {max(rates):,.0f}, ratio {_spread(ratios)}",
        )
    ]


def _spread(ratios: list[float]) -> str:
    return f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "none"


def _built(folder: Path) -> Path | None:
    """The bare loop, compiled; None without a compiler or libmodbus."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    program = folder / "libmodbus_loop"
    done = subprocess.run(
        [compiler, "-O2", str(SOURCE), "-lmodbus", "-o", str(program)], capture_output=True, check=False
    )
    return program if done.returncode == 0 else None


def _bare(program: Path, port: int) -> float:
    """Values per second of the bare loop."""
    command = [str(program), str(port), str(DEVICES), str(VALUES), str(SECONDS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60)
    return int(done.stdout) / SECONDS


def _line(port: int) -> dict[str, float]:
    """One round of the line in a process of its own."""
    command = [sys.executable, "-m", "bench.line_bench", str(port)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60)
    return dict(json.loads(done.stdout))


async def _read(port: int) -> dict[str, float]:
    from core.clock import SystemClock
    from gateway.decode import BlockDecoder
    from gateway.lines import open_line
    from gateway.lines.base import Answer
    from gateway.plan import Request
    from gateway.profile_file import shipped
    from gateway.stamp import Stamper
    from gateway.transport import TcpTransport

    registers = tuple(shipped()["generic-f32"].registers[f"value_{i}"] for i in range(VALUES))
    request = Request(function=3, address=0, count=2 * VALUES, registers=registers)
    decoder = BlockDecoder(0, 2 * VALUES, registers, [None] * VALUES)
    clock = SystemClock()
    stamper = Stamper(clock.now_ms(), clock.monotonic_s())
    line = open_line(
        TcpTransport(host="127.0.0.1", port=port), lambda: stamper.stamp(clock.now_ms(), clock.monotonic_s())
    )
    if not await line.connect():
        raise RuntimeError(line.trouble)
    values, unit = 0, 0
    begin_s, cpu_s = time.monotonic(), time.process_time()
    while time.monotonic() - begin_s < SECONDS:
        unit = unit % DEVICES + 1
        answer = await line.read(unit, request, 1.0)
        if not isinstance(answer, Answer):
            raise RuntimeError(str(answer))
        values += len(decoder.decode(answer.data).value)
    result = {"values": values, "seconds": time.monotonic() - begin_s, "cpu_s": time.process_time() - cpu_s}
    line.close()
    return result


def _main(port: int) -> None:
    from gateway.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(_read(port))))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
