"""Who asks, and how far they see."""

from __future__ import annotations

from dataclasses import dataclass

from core.cases import Actor
from core.people import Login


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A login behind a valid session, read afresh for every request, so that changes apply at once.

    Attributes:
        login: from the registry.
        permissions: of its role, and of a supervisor if the registry says so.
        session: hash of its session token, the key of its row.
        expires_ms: when the session ends whatever happens.
        supervises: by role, and so both grids; where the registry says it, dispatch knows which grid and communities.
    """

    login: Login
    permissions: frozenset[str]
    session: str
    expires_ms: int
    supervises: bool = False

    @property
    def horizon(self) -> frozenset[int] | None:
        """Communities they see; ``None`` means all."""
        return None if self.login.everywhere else self.login.communities

    @property
    def actor(self) -> Actor:
        """As dispatch knows them."""
        return Actor(login=self.login.username, person=self.login.person, supervises=self.supervises)

    def sees(self, community: int) -> bool:
        """Whether ``community`` lies within the horizon."""
        return self.login.everywhere or community in self.login.communities

    def narrowed(self, community: int | None) -> frozenset[int] | None:
        """The horizon, narrowed to one community where one is asked for; empty if that is out of sight."""
        if community is None:
            return self.horizon
        return frozenset({community}) if self.sees(community) else frozenset()
