"""Which points Home Assistant is shown, and how often."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.settings_section import Section
from core.people import Language


class HomeAssistantSettings(Section):
    """Points shown to Home Assistant by MQTT discovery; without a community or a facility nothing is shown."""

    communities: tuple[str, ...] = ()
    """Codes of communities: all points of their facilities."""
    facilities: tuple[str, ...] = ()
    """Codes of facilities."""
    every_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    """Least time between two values of one point; what lies between is left out."""
    per_second: Annotated[int, Field(ge=1, le=1000)] = 200
    """Messages of all points in a second at most."""
    language: Language | None = None
    """Of the names; that of the installation by default."""

    @property
    def wanted(self) -> bool:
        """Whether anything is to be shown."""
        return bool(self.communities or self.facilities)
