"""Gateways, health, probes, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from api.guard import PREFIX, GuardedRoute
from api.models.system import GatewayLedger, GatewayList, Health, Probe
from api.routes.inputs import Asking, Desk, NumberInPath, TimeQuery

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["system"])
probes = APIRouter(route_class=GuardedRoute, tags=["system"])


@router.get("/gateways", operation_id="list_gateways", summary="Gateways, offline first")
def list_gateways(caller: Asking, desk: Desk) -> GatewayList:
    """Those in the communities one sees."""
    return desk.system.gateways(caller)


@router.get("/gateways/{gateway}/ledger", operation_id="get_gateway_ledger", summary="What a gateway owes")
def get_gateway_ledger(
    gateway: NumberInPath, caller: Asking, desk: Desk, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> GatewayLedger:
    """Complete, still in the gateway, or lost and why; of the last 24 hours unless told otherwise."""
    return desk.system.ledger(caller, gateway, from_ms, to_ms)


@router.get("/health", operation_id="get_health", summary="How the system itself is")
def get_health(desk: Desk) -> Health:
    """For people: parts, what the store holds, and the promises with their counters."""
    return desk.system.health()


@probes.get("/-/healthy", operation_id="probe_healthy", summary="The process answers")
async def probe_healthy() -> Probe:
    """For supervisors; touches nothing."""
    return Probe(status="ok", failing=[])


@probes.get("/-/ready", operation_id="probe_ready", summary="The parts answer", responses={503: {"model": Probe}})
def probe_ready(response: Response, desk: Desk) -> Probe:
    """503 while a part that pages need does not answer."""
    return desk.system.ready(response)


@probes.get(
    "/metrics",
    operation_id="get_metrics",
    summary="OpenMetrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}}},
)
def get_metrics(request: Request, desk: Desk) -> Response:
    """From this machine, or with the bearer token of the settings."""
    return desk.system.metrics(request)
