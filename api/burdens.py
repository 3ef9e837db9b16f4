"""What departments ask of communities, as it travels; one count for the gate's page and the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from api.models.base import Bilingual
from api.models.intakes import BurdenView
from api.places import Places
from core.ports.intake import Burden

_COUNTS = frozenset(BurdenView.model_fields) - {"department", "department_name", "community"}


def shown(found: Iterable[Burden], places: Places, name_of: Callable[[str], Bilingual]) -> list[BurdenView]:
    """Each with the names of its department and community."""
    return [
        BurdenView(
            **{name: getattr(one, name) for name in _COUNTS},
            department=one.department,
            department_name=name_of(one.department),
            community=places.community_ref(one.community),
        )
        for one in found
    ]
