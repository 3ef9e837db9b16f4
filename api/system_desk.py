"""Gateways, the health of the system, probes and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import Request, Response
from sqlalchemy.exc import SQLAlchemyError

from api.access import Caller
from api.histories import DAY_MS, asked_range
from api.metrics import CONTENT_TYPE, Metrics
from api.models.base import Bilingual
from api.models.system import (
    GatewayGap,
    GatewayLedger,
    GatewayList,
    GatewayView,
    Health,
    HealthPart,
    LostReadings,
    PartStatus,
    Probe,
    Promise,
    StoreSize,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.settings import ApiSettings
from api.words import LEDGER, gap_name, gap_text
from core.completeness import completeness
from core.errors import TwingridError, Unavailable
from core.ports.nodes import NodeStatus
from core.ports.registry import Gateway
from core.ports.store import GapRecord, StoreCounts
from core.sparkplug.commit import GapReason
from core.webhooks import WebhookState

_BACKLOG_METRICS = ("Health/Spool readings", "spool_readings", "Spool/Readings", "spool.readings", "spool_backlog")
_LATE_MS = 15 * 60_000
"""A limit of a channel delays a message by some minutes; more is worth a look."""
_MOST_GAPS = 200
"""Gap records in one answer; a gateway that thins for days writes thousands."""
_ANSWERS = Bilingual(zh="正常", en="answers")
_SILENT = Bilingual(zh="没有应答", en="does not answer")


class SystemDesk:
    """How the system itself is."""

    def __init__(self, ports: ApiPorts, places: PlaceBook, settings: ApiSettings, metrics: Metrics) -> None:
        """Join everything that can fail."""
        self._ports = ports
        self._places = places
        self._settings = settings
        self._metrics = metrics

    def gateways(self, caller: Caller) -> GatewayList:
        """Gateways in the communities the caller sees: offline first, then those nobody has heard of."""
        places = self._places.now()
        states = {one.node: one for one in self._ports.nodes.all()}
        views = [
            _gateway(one, states.get(one.node), places)
            for one in self._ports.registry.gateways(caller.horizon)
            if caller.sees(one.community)
        ]
        order = {False: 0, None: 1, True: 2}
        return GatewayList(items=sorted(views, key=lambda one: (one.revoked, order[one.online], one.id)))

    def ledger(self, caller: Caller, gateway: int, from_ms: int | None, to_ms: int | None) -> GatewayLedger:
        """What a gateway owes for a stretch of time, or gave up.

        Raises:
            ProblemError: if there is no such gateway in sight, or the stretch is none.
        """
        known = next((one for one in self._ports.registry.gateways(caller.horizon) if one.number == gateway), None)
        if known is None or not caller.sees(known.community):
            raise ProblemError(Problems.NOT_FOUND)
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), DAY_MS)
        state = next((one for one in self._ports.nodes.all() if one.node == known.node), None)
        # Records of an unknown time stand at 0.
        gaps = [*self._ports.store.gaps(0, 1), *self._ports.store.gaps(max(begin_ms, 1), end_ms)]
        found = completeness(known.node, begin_ms, end_ms, gaps, state)
        return GatewayLedger(
            gateway=gateway,
            from_ms=begin_ms,
            to_ms=end_ms,
            verdict=found.verdict.value,
            say=LEDGER[found.verdict.value],
            waiting=found.waiting,
            oldest_waiting_ms=found.oldest_ms or None,
            without_date=found.held,
            lost=[*_lost(found.lost, dated=True), *_lost(found.undated, dated=False)],
            gaps=[_gap(one) for one in found.records[:_MOST_GAPS]],
            gap_count=len(found.records),
            last_seen_ms=found.seen_ms or None,
        )

    def health(self) -> Health:
        """Parts, sizes and promises."""
        counts = self._counts()
        parts = [
            _part("store", counts is not None),
            _part("registry", self._answers(self._ports.registry.version)),
            _part("cases", self._answers(self._ports.cases.feed_head)),
            self._gateway_part(),
            self._notification_part(),
            *self._webhook_part(),
        ]
        promises: list[Promise] = []
        try:
            parts += [
                HealthPart(name=one.name, status=one.status, say=Bilingual.of(one.say))
                for one in self._ports.watch.parts()
            ]
            promises = [
                Promise(id=one.id, say=Bilingual.of(one.say), breaches=one.breaches, kept=one.breaches == 0)
                for one in self._ports.watch.promises()
            ]
        except Unavailable:
            parts.append(_part("core", False))
        return Health(
            status=_worst([part.status for part in parts], broken=any(not one.kept for one in promises)),
            version=self._settings.version,
            now_ms=self._ports.clock.now_ms(),
            parts=parts,
            store=None if counts is None else _size(counts),
            promises=promises,
        )

    def ready(self, response: Response) -> Probe:
        """Whether the parts that pages need answer."""
        checks: Mapping[str, Callable[[], object]] = {
            "store": self._ports.store.durable,
            "registry": self._ports.registry.version,
            "cases": self._ports.cases.feed_head,
        }
        failing = [name for name, check in checks.items() if not self._answers(check)]
        if failing:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Probe(status="unavailable" if failing else "ok", failing=failing)

    def metrics(self, request: Request) -> Response:
        """All counters as text."""
        gauges: dict[str, float] = {"api_up": 1}
        counts = self._counts()
        if counts is not None:
            gauges |= {
                "store_readings": counts.readings,
                "store_quarantined_readings": counts.quarantined,
                "store_evicted_readings": counts.evicted,
                "store_superseded_readings": counts.superseded,
                "store_size_bytes": counts.bytes_on_disk,
            }
        gauges |= self._notification_gauges()
        gauges |= self._part_gauges() | request.app.state.services.live.gauges()
        return Response(self._metrics.text(gauges), media_type=CONTENT_TYPE)

    def _counts(self) -> StoreCounts | None:
        try:
            return self._ports.store.counts()
        except Unavailable:
            return None

    def _part_gauges(self) -> Mapping[str, float]:
        """``part_rules_up`` and its like: 1 while a part of the core is fine."""
        try:
            return {f"part_{one.name}_up": float(one.status == "ok") for one in self._ports.watch.parts()}
        except Unavailable:
            return {}

    def _answers(self, check: Callable[[], object]) -> bool:
        try:
            check()
        except (TwingridError, SQLAlchemyError):
            return False
        return True

    def _notification_part(self) -> HealthPart:
        try:
            backlog = self._ports.notifications.backlog(self._ports.clock.now_ms())
        except Unavailable:
            return _part("notifications", False)
        lag_ms = 0 if backlog.oldest_ms is None else self._ports.clock.now_ms() - backlog.oldest_ms
        say = _ANSWERS
        if backlog.given_up:
            lost = backlog.given_up
            say = Bilingual(zh=f"{lost} 条未能送达，见“通知”页", en=f"{lost} could not be delivered: see Notifications")
        elif backlog.paused:
            names = ", ".join(backlog.paused)
            say = Bilingual(zh=f"渠道暂停：{names}", en=f"channels left alone for now: {names}")
        elif lag_ms > _LATE_MS:
            say = Bilingual(zh=f"{backlog.waiting} 条等待发送", en=f"{backlog.waiting} wait to be sent")
        return HealthPart(name="notifications", status="ok" if say is _ANSWERS else "degraded", say=say)

    def _webhook_part(self) -> list[HealthPart]:
        """Where other programs are told: a part of its own once there is one."""
        try:
            alive = [one for one in self._ports.webhooks.all() if one.state is not WebhookState.ENDED]
        except Unavailable:
            return [_part("webhooks", False)]
        now_ms = self._ports.clock.now_ms()
        failing = [
            one.name
            for one in alive
            if one.state is WebhookState.DISABLED
            or one.given_up
            or (one.failing_since_ms is not None and now_ms - one.failing_since_ms > _LATE_MS)
        ]
        if not alive:
            return []
        if not failing:
            return [_part("webhooks", True)]
        names = ", ".join(failing)
        say = Bilingual(zh=f"没有接收：{names}", en=f"do not take what they are told: {names}")
        return [HealthPart(name="webhooks", status="degraded", say=say)]

    def _notification_gauges(self) -> Mapping[str, float]:
        try:
            backlog = self._ports.notifications.backlog(self._ports.clock.now_ms())
        except Unavailable:
            return {}
        lag_ms = 0 if backlog.oldest_ms is None else self._ports.clock.now_ms() - backlog.oldest_ms
        return {
            "notifications_waiting": backlog.waiting,
            "notifications_oldest_seconds": max(lag_ms, 0) / 1000,
            "notifications_given_up": backlog.given_up,
            "notification_channels_paused": len(backlog.paused),
        }

    def _gateway_part(self) -> HealthPart:
        try:
            silent = sum(not one.online for one in self._ports.nodes.all())
        except Unavailable:
            return _part("gateways", False)
        if silent == 0:
            return _part("gateways", True)
        say = Bilingual(zh=f"{silent} 个网关离线", en=f"{silent} offline")
        return HealthPart(name="gateways", status="degraded", say=say)


def _lost(counts: Mapping[GapReason, int], *, dated: bool) -> list[LostReadings]:
    return [
        LostReadings(reason=gap_name(reason), say=gap_text(reason), readings=readings, dated=dated)
        for reason, readings in sorted(counts.items())
    ]


def _gap(record: GapRecord) -> GatewayGap:
    dated = record.gap.to_ms > 0
    return GatewayGap(
        from_ms=record.gap.from_ms if dated else None,
        to_ms=record.gap.to_ms if dated else None,
        readings=len(record.span),
        reason=gap_name(record.gap.reason),
        say=gap_text(record.gap.reason),
        epoch=record.epoch,
        first=record.span.first,
    )


def _gateway(one: Gateway, state: NodeStatus | None, places: Places) -> GatewayView:
    health = dict(state.health) if state else {}
    backlog = next((health[name] for name in _BACKLOG_METRICS if name in health), None)
    return GatewayView(
        id=one.number,
        node=str(one.node),
        name=Bilingual.of(one.name),
        community=places.community_ref(one.community),
        online=state.online if state else None,
        since_ms=state.since_ms if state else None,
        last_seen_ms=state.seen_ms if state and state.seen_ms else None,
        backlog=None if backlog is None else int(backlog),
        stored=state.readings if state else None,
        health=health,
        devices=list(state.devices) if state else [],
        points=one.points,
        revoked=one.revoked_ms is not None,
    )


def _part(name: str, answers: bool) -> HealthPart:
    return HealthPart(name=name, status="ok" if answers else "down", say=_ANSWERS if answers else _SILENT)


def _worst(statuses: list[PartStatus], *, broken: bool) -> PartStatus:
    if "down" in statuses:
        return "down"
    return "degraded" if broken or "degraded" in statuses else "ok"


def _size(counts: StoreCounts) -> StoreSize:
    return StoreSize(
        readings=counts.readings,
        quarantined=counts.quarantined,
        evicted=counts.evicted,
        superseded=counts.superseded,
        bytes_on_disk=counts.bytes_on_disk,
    )
