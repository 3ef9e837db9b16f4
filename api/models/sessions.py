"""Setup, login and the person behind a session."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from api.models.base import Bilingual, CommunityRef, Model, Number, TimeMs
from core.people import Language, Role

Username = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f\x7f]+$", examples=["lin.qing"])]
Password = Annotated[SecretStr, Field(min_length=1, max_length=256)]
NewPassword = Annotated[
    SecretStr, Field(min_length=8, max_length=256, description="8 characters or more; 15 are better")
]


class SetupState(Model):
    """Whether the first administrator is still to be created."""

    needed: bool


class SetupRequest(Model):
    """Create the first administrator; the code stands in the file that the server's log names."""

    setup_code: Annotated[SecretStr, Field(min_length=1, max_length=128)]
    username: Username
    password: NewPassword
    language: Language = Language.CHINESE


class LoginRequest(Model):
    """A username and its password."""

    username: Username
    password: Password


class PasswordChange(Model):
    """Replace one's own password; every other session of the login ends."""

    current_password: Password
    new_password: NewPassword


class SessionPatch(Model):
    """What one may change of the own login."""

    language: Language


class Me(Model):
    """Who is logged in, and what they may do."""

    username: str
    person: Number | None = Field(description="the person they are; null for pure office logins")
    name: Bilingual
    role: Role
    department: Bilingual | None = Field(description="for which a login of the role `department` stands")
    language: Language
    communities: list[CommunityRef] = Field(description="those they see")
    everywhere: bool = Field(description="they see every community, future ones too")
    permissions: list[str] = Field(examples=[["see", "alarm.acknowledge", "task.work"]])
    must_change_password: bool = Field(description="logged in with a one-time password: all but changing it is refused")
    expires_ms: TimeMs = Field(description="when the session ends whatever happens")
