"""How old the demo's facilities are, whom they serve and what a new one would cost; made up, as its communities are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zlib import crc32

_OF_CLASS: Final[Mapping[str, tuple[int, int, int]]] = {
    "drain_well": (30, 900, 1_800_000),
    "electrical_distribution": (20, 600, 9_500_000),
    "elevator": (15, 120, 38_000_000),
    "ev_charging": (8, 80, 2_600_000),
    "hvac": (15, 200, 6_200_000),
    "indoor_air": (8, 60, 240_000),
    "indoor_leak": (8, 60, 160_000),
    "old_house": (50, 30, 120_000_000),
    "sewage_pump": (12, 450, 3_400_000),
    "water_network": (30, 2_400, 22_000_000),
    "water_supply_pump": (15, 1_300, 8_800_000),
}
"""Years that one is made for, people whom one serves, and fen that a new one costs, by class."""
_FIRST_YEAR, _LAST_YEAR = 1994, 2024

LIFE_YEARS: Final[Mapping[str, int]] = {class_id: years for class_id, (years, _, _) in _OF_CLASS.items()}


def aging(code: str, class_id: str) -> Mapping[str, object]:
    """Columns of the registry; each facility its own, the same at each start, some long past their time."""
    if class_id not in _OF_CLASS:
        return {}
    years, people, renewal_fen = _OF_CLASS[class_id]
    chance = crc32(code.encode())
    age = round(years * (0.2 + 1.2 * (chance % 997) / 997))
    return {
        "built": str(min(max(_LAST_YEAR - age, _FIRST_YEAR), _LAST_YEAR)),
        "attributes.people_served": round(people * (0.6 + (chance // 997 % 89) / 100)),
        "attributes.renewal_cost_fen": renewal_fen,
    }
