"""What a city wishes of a class: how its tasks are given out, what paper it asks, whether volunteers may look.

Data alone; ``routing`` decides by it. Urgent tasks are always assigned, and a repair is never a volunteer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.alarms import Severity
from core.ports.cases import Mode


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassWishes:
    """Of one facility class.

    Attributes:
        certificate: name of the certificate its repair asks for, as ``core.people.Certificate`` has it; empty: none.
        modes: by severity, in the place of the city's.
        volunteers: the worst severity at which a volunteer may look; ``None``: never.
    """

    certificate: str = ""
    modes: Mapping[Severity, Mode] = field(default_factory=dict)
    volunteers: Severity | None = None

    def __post_init__(self) -> None:
        """Refuse what endangers people.

        Raises:
            ValueError: if volunteers are to look at what is worse than medium.
        """
        if self.volunteers is not None and self.volunteers > Severity.MEDIUM:
            raise ValueError("volunteers look at low and medium severities at most")


NO_WISHES = ClassWishes()
