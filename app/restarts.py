"""When a process that ended is started again: the deciding half of the supervisor, without a clock.

A *failure* is an end before the process was ready, or within ``healthy_after_s`` of being ready. Failures in a row
double the delay; a healthy run makes the next restart immediate again. After ``max_failures`` in a row nothing is
started any more, because whatever is wrong needs a person.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartPolicy:
    """How patient the supervisor is; all times in seconds."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 5.0
    max_failures: int = 20
    healthy_after_s: float = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """What to do after an end: wait ``delay_s`` and start again, or give up (``None``)."""

    delay_s: float | None
    failures: int


def after_end(policy: RestartPolicy, *, failures: int, ready_for_s: float | None) -> Restart:
    """Decide.

    Args:
        policy: limits.
        failures: failures in a row before this end.
        ready_for_s: how long the process had been ready; ``None`` if it never was.
    """
    if ready_for_s is not None and ready_for_s >= policy.healthy_after_s:
        return Restart(delay_s=policy.first_delay_s, failures=0)
    failures += 1
    if failures >= policy.max_failures:
        return Restart(delay_s=None, failures=failures)
    doublings = min(failures - 1, 32)
    return Restart(delay_s=min(policy.first_delay_s * 2**doublings, policy.longest_delay_s), failures=failures)
