"""Fault points: what the variable says happens at the named pass and at no other."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from core import faultpoints
from core.errors import Invalid


def test_without_the_variable_a_point_does_nothing() -> None:
    """A process without TWINGRID_FAULT passes every point unharmed."""
    faultpoints.hit("anything")


def test_raise_acts_from_the_named_pass_on() -> None:
    """`raise` leaves the passes before its count alone and stays from there on."""
    faults = faultpoints.Faults(faultpoints.parse("spool.before_commit:2:raise:ENOSPC"))
    faults.hit("spool.before_commit")
    faults.hit("another.point")
    for _ in range(2):
        with pytest.raises(OSError, match="planted") as caught:
            faults.hit("spool.before_commit")
        assert caught.value.errno == errno.ENOSPC


def test_raise_once_acts_once() -> None:
    """`raise-once` fails one pass only."""
    faults = faultpoints.Faults(faultpoints.parse("a:1:raise-once:EIO, b:9:hang"))
    with pytest.raises(OSError, match="planted"):
        faults.hit("a")
    faults.hit("a")


def test_kill_ends_the_process_at_the_named_pass() -> None:
    """`kill` is a SIGKILL at exactly that pass."""
    script = "from core import faultpoints as f\nfor i in range(9):\n print(i, flush=True)\n f.hit('p')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TWINGRID_FAULT": "p:3:kill"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1", "2"]


MISSPELT = ["a", "a:0:kill", "a:x:kill", "a:1:explode", "a:1:raise", "a:1:raise:ENOTHING", "a:1:kill:EIO"]


@pytest.mark.parametrize("text", MISSPELT)
def test_a_misspelt_fault_is_refused(text: str) -> None:
    """A fault that would silently never happen is refused."""
    with pytest.raises(Invalid, match="TG-0090"):
        faultpoints.parse(text)
