"""Tokens of programs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import Model, Number, TimeMs
from api.models.sessions import Password
from api.tokens import LONGEST_DAYS, LONGEST_NAME, USUAL_DAYS

Scope = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z]+:[a-z]+$", examples=["series:read"])]


class ApiTokenRequest(Model):
    """Make a token. The password is asked for, so that a browser left open gives none away."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"\S", description="what it is for")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="how long it serves")] = USUAL_DAYS
    password: Password


class ApiToken(Model):
    """A token without its secret."""

    id: Number
    shown: str = Field(description="its first characters", examples=["tga_Xk29dQaB"])
    name: str
    scopes: list[str]
    created_ms: TimeMs
    created_by: str = Field(description="login or operator who made it")
    expires_ms: TimeMs
    used_ms: TimeMs | None = Field(description="last use, to the minute")
    used_from: str = Field(description="address of the last use")
    ended_ms: TimeMs | None = Field(description="when it was ended before its time")
    serves: bool


class ApiTokenList(Model):
    """One's own tokens, newest first, and the scopes one can choose from."""

    items: list[ApiToken]
    scopes: list[str]


class NewApiToken(ApiToken):
    """A fresh token; the secret is shown this once."""

    token: str = Field(description="goes into `Authorization: Bearer …`; nobody can show it again")
