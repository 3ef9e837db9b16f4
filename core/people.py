"""Who is who: roles, people, shifts, logins. Values only; tables and import live in ``registry``.

A *person* works; a *login* lets somebody in. A person may have no login (a crew's phone number on paper) and a login no
person (the administrator). No real person's name belongs into examples or tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.places import Grid, Text


class Role(StrEnum):
    """What somebody is there for; what a role may do is the business of ``api``."""

    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    """Supervises a community in both grids, or the whole city; the last person a task falls to."""
    MAINTAINER = "maintainer"
    """A worker of the construction grid: repairs."""
    GRID_WORKER = "grid_worker"
    """A worker of the governance grid: looks, warns people, verifies."""
    TECHNICIAN = "technician"
    """Puts gateways and devices into service."""
    DEPARTMENT = "department"
    """Somebody of a department of the city: hands tasks down for it and sees what becomes of them; nothing else."""

    @property
    def grid(self) -> Grid | None:
        """The grid this role works in; ``None`` for roles that stand beside both."""
        return _GRIDS.get(self)


_GRIDS = {Role.MAINTAINER: Grid.CONSTRUCTION, Role.GRID_WORKER: Grid.GOVERNANCE}


class Language(StrEnum):
    """Languages of pages, notifications and rule texts."""

    CHINESE = "zh"
    ENGLISH = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """One stretch of a person's week, local time.

    Attributes:
        weekday: 0 Monday to 6 Sunday, the day it begins.
        from_minute, to_minute: minutes after that day's midnight; ``to_minute`` > 1440 runs into the next day.
    """

    weekday: int
    from_minute: int
    to_minute: int

    def __post_init__(self) -> None:
        """Refuse impossible stretches.

        Raises:
            ValueError: if the weekday or the minutes are out of range.
        """
        if not (0 <= self.weekday <= 6 and 0 <= self.from_minute < 1440 and self.from_minute < self.to_minute <= 2880):
            raise ValueError(f"not a shift: weekday {self.weekday}, minutes {self.from_minute} to {self.to_minute}")


class CertificateStanding(StrEnum):
    """Whether a certificate holds on a day."""

    VALID = "valid"
    ENDING = "ending"
    """It ends within 60 days: time for the training."""
    ENDED = "ended"


ENDING_DAYS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """What somebody is allowed to do by paper.

    Attributes:
        name: as the certificate calls it (``低压电工``); compared as it is written.
        number: of the certificate; may be empty.
        valid_to: ISO date of the last day it holds; empty: without an end.
    """

    name: str
    number: str = ""
    valid_to: str = ""

    def holds(self, day: str) -> bool:
        """Whether it is valid on an ISO date."""
        return not self.valid_to or day <= self.valid_to

    def standing(self, day: str) -> CertificateStanding:
        """How it stands on an ISO date."""
        if not self.holds(day):
            return CertificateStanding.ENDED
        soon = (date.fromisoformat(day) + timedelta(days=ENDING_DAYS)).isoformat()
        return CertificateStanding.VALID if self.holds(soon) else CertificateStanding.ENDING


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """Days on which somebody is not there; ISO dates, both included."""

    first_day: str
    last_day: str

    def covers(self, day: str) -> bool:
        """Whether an ISO date is one of them."""
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who works in one of the grids or beside them.

    Attributes:
        number: registry number, never reused.
        code: stable code people know (``wtl-m1``).
        name: what pages show.
        role: what they are there for.
        communities: where they work; empty together with ``everywhere`` for the whole city.
        everywhere: works in all communities.
        skills: free words matched with what a facility class asks for.
        cells: codes of the cells they answer for (posts they hold).
        shifts: their week; empty means the usual working hours.
        supervisor: takes what nobody else can, for these communities and (by role) this grid.
        active: still works here.
        certificates: what they may do by paper, expired ones included.
        leave: when they are not there, oldest first.
        volunteer: helps without a post; gets no task that asks for a worker.
        department: code of the department that employs them; empty: the community.
    """

    number: int
    code: str
    name: Text
    role: Role
    communities: frozenset[int] = frozenset()
    everywhere: bool = False
    skills: frozenset[str] = frozenset()
    cells: frozenset[str] = frozenset()
    shifts: tuple[Shift, ...] = ()
    supervisor: bool = False
    active: bool = True
    certificates: tuple[Certificate, ...] = ()
    leave: tuple[Leave, ...] = ()
    volunteer: bool = False
    department: str = ""

    @property
    def grid(self) -> Grid | None:
        """The grid they work in, by role."""
        return self.role.grid

    def supervises(self, community: int, grid: Grid) -> bool:
        """Whether they stand above the workers of a grid there; a volunteer stands above nobody."""
        heads = self.active and self.supervisor and not self.volunteer
        return heads and self.grid is grid and self.works_in(community)

    def works_in(self, community: int) -> bool:
        """Whether ``community`` is theirs."""
        return self.everywhere or community in self.communities

    def on_leave(self, day: str) -> bool:
        """Whether they are away on an ISO date."""
        return any(one.covers(day) for one in self.leave)

    def certified(self, name: str, day: str) -> bool:
        """Whether they hold a certificate of that name on an ISO date."""
        return any(one.name == name and one.holds(day) for one in self.certificates)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What lets somebody in.

    Attributes:
        username: unique, compared without regard to case.
        password_hash: argon2id in PHC form; never leaves the server.
        role: decides what they may do.
        language: of pages and notifications.
        communities: what they may see; everything when ``everywhere``.
        everywhere: sees all communities.
        person: the person they are, ``None`` for pure office logins.
        department: code of the department for which a login of that role stands; empty for every other role.
        one_time: the password must be changed at first use.
        active: may log in.
        changed_ms: last change of password, role, communities or activity; sessions older than this end.
        foreman: the registry marks the person they are as supervisor of a grid; read, never written with a login.
    """

    username: str
    password_hash: str
    role: Role
    language: Language = Language.CHINESE
    communities: frozenset[int] = frozenset()
    everywhere: bool = False
    person: int | None = None
    one_time: bool = False
    active: bool = True
    changed_ms: int = 0
    department: str = ""
    foreman: bool = False
