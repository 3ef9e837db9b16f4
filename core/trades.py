"""What the trades are called that the classes of facilities ask for; a city's own are called what it calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.findings import Sentence, Speaks

SKILLS: Final[Mapping[str, Sentence]] = {
    "drainage": Sentence("排水", "drainage"),
    "electrical": Sentence("电气", "electrical work"),
    "fire": Sentence("消防", "fire protection"),
    "gas": Sentence("燃气", "gas"),
    "hvac": Sentence("暖通", "heating and ventilation"),
    "lift": Sentence("电梯", "lifts"),
    "network": Sentence("网络", "networks"),
    "plumbing": Sentence("给水", "plumbing"),
    "pump": Sentence("水泵", "pumps"),
    "structure": Sentence("结构", "structures"),
}


def skill_name(skill: str) -> Speaks | str:
    """What a trade is called."""
    return SKILLS.get(skill, skill)
