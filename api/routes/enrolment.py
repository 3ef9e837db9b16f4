"""Gateways that nobody has enrolled yet."""

from __future__ import annotations

from fastapi import APIRouter

from api.guard import PREFIX, GuardedRoute
from api.models.enrolment import EnrolledGateway, EnrolmentRequest, UnknownGateways
from api.routes.inputs import Asking, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["system"])


@router.get("/unknown-gateways", operation_id="list_unknown_gateways", summary="Heard, and not enrolled")
def list_unknown_gateways(caller: Asking, desk: Desk) -> UnknownGateways:
    """What their births say, and what enrolling them would make; names are what they say of themselves."""
    return desk.enrolment.unknown(caller)


@router.post("/gateways", operation_id="enrol_gateway", summary="Enrol a gateway that was heard", status_code=201)
def enrol_gateway(body: EnrolmentRequest, caller: Asking, desk: Desk) -> EnrolledGateway:
    """Gateway, facilities and points at once, or nothing; its readings are taken from its next birth on."""
    return desk.enrolment.enrol(caller, body)
