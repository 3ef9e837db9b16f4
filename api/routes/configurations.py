"""Configurations of gateways: versions, drafts, the push."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.guard import PREFIX, GuardedRoute
from api.models.configurations import ConfigurationDetail, ConfigurationDraft, ConfigurationList
from api.routes.inputs import Asking, Desk, NumberInPath

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["system"])
VersionInPath = Annotated[int, Path(ge=1, le=2_147_483_647, examples=[3])]


@router.get("/gateways/{gateway}/configurations", operation_id="get_configurations", summary="Versions, and what runs")
def get_configurations(gateway: NumberInPath, caller: Asking, desk: Desk) -> ConfigurationList:
    """Newest first, without their texts."""
    return desk.configurations.versions(caller, gateway)


@router.get("/gateways/{gateway}/configurations/{version}", operation_id="get_configuration", summary="One version")
def get_configuration(gateway: NumberInPath, version: VersionInPath, caller: Asking, desk: Desk) -> ConfigurationDetail:
    """With its text, the gateway's findings, and how it differs from what runs."""
    return desk.configurations.version(caller, gateway, version)


@router.post(
    "/gateways/{gateway}/configurations",
    operation_id="draft_configuration",
    summary="Keep a new version",
    status_code=201,
)
def draft_configuration(
    gateway: NumberInPath, body: ConfigurationDraft, caller: Asking, desk: Desk
) -> ConfigurationDetail:
    """A draft changes nothing in the gateway; the same text again is the same draft."""
    return desk.configurations.draft(caller, gateway, body)


@router.post(
    "/gateways/{gateway}/configurations/{version}/push",
    operation_id="push_configuration",
    summary="Send a version to its gateway",
)
def push_configuration(
    gateway: NumberInPath, version: VersionInPath, caller: Asking, desk: Desk
) -> ConfigurationDetail:
    """The gateway tries it and keeps it or puts it back by itself; pushing what is on its way changes nothing."""
    return desk.configurations.push(caller, gateway, version)
