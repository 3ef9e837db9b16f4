"""When a child is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.restarts import RestartPolicy, after_end

POLICY = RestartPolicy(first_delay_s=0.2, longest_delay_s=5.0, max_failures=4, healthy_after_s=5.0)


def test_a_healthy_run_is_restarted_at_once() -> None:
    """A process that ran well and then died is started again with the shortest delay, whatever happened before."""
    decision = after_end(POLICY, failures=3, ready_for_s=5.0)
    assert (decision.delay_s, decision.failures) == (0.2, 0)


def test_failures_in_a_row_wait_longer_and_then_give_up() -> None:
    """Each failure doubles the delay; the last one allowed starts nothing any more."""
    delays, failures = [], 0
    for _ in range(4):
        decision = after_end(POLICY, failures=failures, ready_for_s=None)
        delays.append(decision.delay_s)
        failures = decision.failures
    assert delays == [0.2, 0.4, 0.8, None]


@given(st.integers(0, 10_000), st.one_of(st.none(), st.floats(0, 1e6)))
def test_the_delay_is_bounded(failures: int, ready_for_s: float | None) -> None:
    """No history leads to a delay outside the bounds, or to an endless number of failures."""
    policy = RestartPolicy(max_failures=10_001)
    decision = after_end(policy, failures=failures, ready_for_s=ready_for_s)
    assert decision.delay_s is None or policy.first_delay_s <= decision.delay_s <= policy.longest_delay_s
    assert (decision.delay_s is None) == (decision.failures >= policy.max_failures)
