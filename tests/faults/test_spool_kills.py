"""A short run of ``make proof-spool``: every fault point of the spool and random moments."""

from __future__ import annotations

import pytest

from tests.faults.spool_proof import POINTS, run


@pytest.mark.timeout(300)
def test_kills_at_every_fault_point_of_the_spool_lose_nothing(seed: int) -> None:
    """Whatever a commit was promised is there unaltered, settled, or declared because the spool was full (R-01, K8)."""
    figures = run(seed, rounds=2)
    assert (figures["lost"], figures["duplicated"], figures["altered"], figures["declared_damaged"]) == (0, 0, 0, 0)
    assert figures["kills"] >= len(POINTS)
    assert figures["given_up_and_declared"] > 0
    assert figures["readings_compared"] > 5_000
