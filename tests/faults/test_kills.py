"""Whatever is killed, whenever: nothing lost, nothing twice, nothing altered, every incident one alarm and one case."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import campaign
from tests.faults.campaign import Counts
from tests.faults.lab import Lab
from tests.faults.witness import incidents, verdict

COUNTS = Counts(per_gateway_point=8, gateway_moments=64, per_core_point=4, core_moments=22, broker=16, api=16)
BACK_WITHIN_S = 10.0
CUT_S = 60.0


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print past the capture: seeds and figures are wanted of runs that pass, too."""

    def out(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return out


def close(lab: Lab, say: Callable[[str], None]) -> None:
    """Drain the lab, compare the witnesses, and say what they say.

    Raises:
        AssertionError: with the verdict and the histogram.
    """
    slowest = max(lab.record.kills, key=lambda kill: kill.back_s, default=None)
    say(f"slowest return: {slowest}")
    lab.drain()
    data = lab.world.root / "data"
    result, readings = verdict(
        lab.world, data / "store", data / "twingrid.sqlite", lab.record.excuses, lab.still_spooled()
    )
    say(f"{result}\n{lab.record.histogram()}")
    assert result.clean, f"{result} {result.culprits}"
    found = incidents(lab.world, data / "twingrid.sqlite", readings)
    say(f"incidents={len(found.expected)} wrong={found.wrong[:5]}")
    assert found.expected, "no incident happened: the run proves nothing about alarms"
    assert not found.wrong, f"not exactly one alarm and one case: {found.wrong[:10]}"


@pytest.mark.timeout(1500)
def test_two_hundred_kills_lose_nothing_and_open_everything_once(
    tmp_path: Path, free_ports: Callable[[int], list[int]], seed: int, say: Callable[[str], None]
) -> None:
    """SIGKILL of gateway, broker, core and API at every fault point and at random moments (R-01, R-02, R-03, R-07)."""
    assert COUNTS.total >= 200
    with Lab(tmp_path, free_ports(8), seed=seed) as lab:
        campaign.run(lab, COUNTS, seed)
        close(lab, say)
        assert lab.record.loaded_share >= 0.95
        assert max(kill.back_s for kill in lab.record.kills) <= BACK_WITHIN_S
        assert not [kill for kill in lab.record.kills if "never reached" in kill.point]


@pytest.mark.timeout(300)
def test_a_line_that_is_cut_for_a_minute_loses_nothing(
    tmp_path: Path, free_ports: Callable[[int], list[int]], seed: int, say: Callable[[str], None]
) -> None:
    """One gateway is cut off for 60 s while the others go on; afterwards its backlog arrives whole (R-10)."""
    with Lab(tmp_path, free_ports(6), gateways=2, devices=4, seed=seed) as lab:
        lab.proxies[0].cut()
        others = lab.progress(1)
        time.sleep(CUT_S)
        assert lab.unacknowledged(0) > 1000, "nothing piled up: the line was not cut"
        assert lab.progress(1) > others + 1000, "the other gateway did not go on"
        lab.proxies[0].mend()
        lab.wait_for_progress([0], 60)
        close(lab, say)


@pytest.mark.timeout(300)
def test_a_broker_that_drops_a_fifth_of_all_messages_costs_repetitions_only(
    tmp_path: Path, free_ports: Callable[[int], list[int]], seed: int, say: Callable[[str], None]
) -> None:
    """Births, data and gap records vanish at random; what is not acknowledged is sent again (R-08)."""
    with Lab(tmp_path, free_ports(6), gateways=2, devices=4, seed=seed) as lab:
        for proxy in lab.proxies:
            proxy.line.loss = 0.2
        time.sleep(25)
        lost = sum(proxy.line.lost for proxy in lab.proxies)
        for proxy in lab.proxies:
            proxy.line.loss = 0.0
        assert lost > 20, "nothing was lost: the run proves nothing"
        close(lab, say)
