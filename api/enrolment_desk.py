"""Gateways that nobody has enrolled: shown to who keeps the registry of the whole city, and enrolled by them."""

from __future__ import annotations

from collections.abc import Mapping

from api import findings as words
from api.access import Caller
from api.models.base import Bilingual
from api.models.enrolment import (
    EnrolledGateway,
    EnrolmentRequest,
    FittingClass,
    UnknownFacility,
    UnknownGateway,
    UnknownGateways,
    UnknownPoint,
)
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from api.registry_desk import told_at
from api.today import today_of
from core.errors import Invalid
from core.places import FacilityClass, Text
from core.ports.enrolment import Enrolment, NewCommunity, Proposal, ProposedFacility
from core.sparkplug.topics import NodeId


class EnrolmentDesk:
    """What births say, and how a gateway comes into the registry."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join the registry."""
        self._ports = ports

    def unknown(self, caller: Caller) -> UnknownGateways:
        """Gateways that are not in the registry."""
        if not caller.login.everywhere:
            return UnknownGateways(items=[])
        classes = self._ports.registry.classes()
        return UnknownGateways(items=[_gateway(one, classes) for one in self._ports.enrolling.strangers()])

    def enrol(self, caller: Caller, body: EnrolmentRequest) -> EnrolledGateway:
        """Make gateway, facilities and points.

        Raises:
            ProblemError: ``REFUSED`` to who does not see all communities, ``INVALID`` with everything that is wrong.
        """
        if not caller.login.everywhere:
            raise ProblemError(Problems.REFUSED, words.GATEWAYS_OF_ALL)
        wish = Enrolment(
            node=NodeId(body.group, body.node),
            name=Text(zh=body.name_zh, en=body.name_en),
            community=self._community(body),
            new_community=_to_make(body),
            classes={one.code: one.class_id for one in body.facilities},
        )
        try:
            done = self._ports.enrolling.enrol(
                wish, day=today_of(self._ports), actor=caller.login.username, now_ms=self._ports.clock.now_ms()
            )
        except Invalid as error:
            raise told_at("body", error) from error
        return EnrolledGateway(id=done.gateway, facilities=list(done.facilities), points=done.points)

    def _community(self, body: EnrolmentRequest) -> str:
        if (body.community is None) == (body.new_community is None):
            raise ProblemError(Problems.INVALID, errors=[WrongField("body.community", words.ONE_COMMUNITY)])
        if body.community is None:
            return ""
        found = next((one for one in self._ports.registry.communities() if one.number == body.community), None)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found.code


def _to_make(body: EnrolmentRequest) -> NewCommunity | None:
    one = body.new_community
    if one is None:
        return None
    return NewCommunity(name=Text(zh=one.name_zh, en=one.name_en), latitude=one.latitude, longitude=one.longitude)


def _gateway(one: Proposal, classes: Mapping[str, FacilityClass]) -> UnknownGateway:
    stranger = one.stranger
    return UnknownGateway(
        group=stranger.node.group,
        node=stranger.node.node,
        first_ms=stranger.first_ms,
        seen_ms=stranger.seen_ms,
        enrollable=one.enrollable,
        facilities=[_facility(facility, classes) for facility in one.facilities],
        nameless=one.nameless,
        left_out=stranger.left_out,
    )


def _facility(one: ProposedFacility, classes: Mapping[str, FacilityClass]) -> UnknownFacility:
    own = classes.get(one.class_id)
    measured = own.measurements if own is not None else {}
    return UnknownFacility(
        code=one.code,
        known=one.known,
        class_id=one.class_id,
        classes=[FittingClass(id=name, name=Bilingual.of(classes[name].name)) for name in one.classes],
        points=[
            UnknownPoint(
                key=point.key,
                unit=point.unit,
                name=Bilingual.of(measured[point.key].name) if point.key in measured else None,
                state=point.state,
            )
            for point in one.points
        ],
    )
