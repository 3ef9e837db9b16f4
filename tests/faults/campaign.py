"""A campaign of kills by a plan drawn from a seed: two hands kill gateways, a third kills core, broker and API."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.lab import CORE_POINTS, GATEWAY_POINTS, Lab


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many kills of what.

    Attributes:
        per_gateway_point, gateway_moments: of gateways, at each fault point and at random moments.
        per_core_point, core_moments: of core.
        broker, api: of these; the broker's data are wiped at the first.
    """

    per_gateway_point: int
    gateway_moments: int
    per_core_point: int
    core_moments: int
    broker: int
    api: int

    @property
    def total(self) -> int:
        """All kills."""
        gateways = self.per_gateway_point * len(GATEWAY_POINTS) + self.gateway_moments
        return gateways + self.per_core_point * len(CORE_POINTS) + self.core_moments + self.broker + self.api


def run(lab: Lab, counts: Counts, seed: int) -> None:
    """Carry out the plan.

    Raises:
        AssertionError: the first failure of any hand.
    """
    rng = random.Random(seed)
    gateways = [*GATEWAY_POINTS * counts.per_gateway_point, *[""] * counts.gateway_moments]
    rng.shuffle(gateways)
    middle: list[Callable[[random.Random], None]] = [
        *[lambda hand, point=point: lab.kill_core(hand, point) for point in CORE_POINTS * counts.per_core_point],
        *[lambda hand: lab.kill_core(hand)] * counts.core_moments,
        *[lambda hand, wipe=index == 0: lab.kill_broker(hand, wipe=wipe) for index in range(counts.broker)],
        *[lambda hand: lab.kill_api(hand)] * counts.api,
    ]
    rng.shuffle(middle)
    half = len(lab.gateways) // 2
    failures: list[BaseException] = []
    hands = [
        _hand("left", _of_gateways(lab, gateways[::2], range(half)), seed + 1, failures),
        _hand("right", _of_gateways(lab, gateways[1::2], range(half, len(lab.gateways))), seed + 2, failures),
        _hand("middle", middle, seed + 3, failures),
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    if failures:
        raise AssertionError(f"seed {seed}: {failures[0]}\n{lab.record.histogram()}") from failures[0]


def _of_gateways(lab: Lab, points: Sequence[str], own: range) -> list[Callable[[random.Random], None]]:
    def deed(number: int, point: str) -> Callable[[random.Random], None]:
        return lambda hand: lab.kill_gateway(number, hand, point)

    return [deed(own[index % len(own)], point) for index, point in enumerate(points)]


def _hand(
    name: str, deeds: Sequence[Callable[[random.Random], None]], seed: int, failures: list[BaseException]
) -> threading.Thread:
    def work() -> None:
        rng = random.Random(seed)
        for deed in deeds:
            if failures:
                return
            try:
                deed(rng)
            except BaseException as error:  # noqa: BLE001 - the hand's end; reported by the campaign
                failures.append(error)

    return threading.Thread(target=work, name=f"hand-{name}", daemon=True)
