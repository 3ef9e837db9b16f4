"""Settings of revisits: when people are asked after the end of a case, and about how many cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from app import findings as kinds
from app.settings_section import Contradiction, Section
from dispatch.revisit.choosing import DAY_MS, RevisitPolicy

_PROPOSED = RevisitPolicy()


class RevisitSettings(Section):
    """People are asked after the end of a case (docs/revisits.md)."""

    due_days: Annotated[float, Field(ge=0, le=90)] = _PROPOSED.due_ms / DAY_MS
    """After the closing a call is due."""
    open_days: Annotated[float, Field(gt=0, le=365)] = _PROPOSED.open_ms / DAY_MS
    """After the closing nothing can be answered any more."""
    share: Annotated[float, Field(ge=0, le=1)] = _PROPOSED.share
    """Of the cases that no resident reported; all of the others are asked about."""
    tries: Annotated[int, Field(ge=1, le=30)] = _PROPOSED.tries
    """Days on which a call reaches nobody, and it is over."""
    phone_days: Annotated[float, Field(gt=0, le=365)] = _PROPOSED.phone_ms / DAY_MS
    """After the closing the number is deleted."""

    @model_validator(mode="after")
    def _in_order(self) -> RevisitSettings:
        if self.due_days >= self.open_days:
            raise Contradiction(
                kinds.REVISIT_OVER_BEFORE(due=f"{self.due_days:g}", over=f"{self.open_days:g}"), kinds.REVISIT_ORDER
            )
        if self.phone_days < self.open_days:
            raise Contradiction(
                kinds.REVISIT_NO_NUMBER(kept=f"{self.phone_days:g}", over=f"{self.open_days:g}"), kinds.REVISIT_ORDER
            )
        return self

    def policy(self) -> RevisitPolicy:
        """The same for ``dispatch``."""
        return RevisitPolicy(
            due_ms=round(self.due_days * DAY_MS),
            open_ms=round(self.open_days * DAY_MS),
            share=self.share,
            phone_ms=round(self.phone_days * DAY_MS),
            tries=self.tries,
        )
