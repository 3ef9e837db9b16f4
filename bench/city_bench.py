"""The shipped rule book on the simulated city, two seeds: false alarms, missed faults, work (``docs/city.md``)."""

from __future__ import annotations

from bench.city.command import renew, simulated
from bench.city.run import Wish
from bench.rows import Row

SEEDS = (1, 2)


def rows() -> list[Row]:
    """Simulate, keep the figures and renew the page."""
    return renew([simulated(Wish(seed=seed)) for seed in SEEDS])
