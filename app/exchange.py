"""Settings of the exchange made into partners, with their secrets read; and what takes and sends their cases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app import findings as kinds
from app.notification import read_secret
from app.settings import Settings
from core.cases import RuleInfo
from core.clock import Clock
from core.errors import Invalid
from core.findings import Finding
from core.foreign import system_problem
from core.intake import SourceKind
from core.ports.registry import RegistryQueries, RosterSource
from dispatch.exchange.desk import SqlExchange
from dispatch.exchange.entry import Partner
from dispatch.exchange.export import SqlExport
from dispatch.exchange.mapping import read_mapping, shipped
from dispatch.exchange.outgoing import PartnerOutbox
from dispatch.exchange.sender import PartnerSender
from dispatch.intakebook import IntakeBook
from dispatch.policy import Policy


def partners(settings: Settings, book: IntakeBook) -> Mapping[str, Partner]:
    """The configured partners by name.

    Raises:
        Invalid: with every secret that cannot be read and everything that is wrong in a mapping.
    """
    findings: list[Finding] = []
    found: dict[str, Partner] = {}
    for name, one in settings.exchange.partners.items():
        secret = ""
        try:
            secret = "" if one.secret is None else read_secret(one.secret)
        except (OSError, UnicodeDecodeError) as error:
            findings.append(kinds.PARTNER_SECRET.at(partner=name, problem=system_problem(error)))
        except LookupError:
            findings.append(kinds.PARTNER_SECRET.at(partner=name, problem=kinds.EMPTY_SECRET()))
        if one.url and not one.url.startswith("https://") and not one.private_addresses:
            findings.append(kinds.PARTNER_PLAIN.at(partner=name))
        try:
            mapped = shipped(book) if one.mapping is None else read_mapping(one.mapping, book)
        except Invalid as error:
            findings += error.findings
            continue
        found[name] = Partner(
            name=name,
            mapped=mapped,
            source=SourceKind(one.source),
            department=one.department,
            secret=secret,
            url=one.url,
            sends=one.sends,
            private=one.private_addresses,
            timeout_s=one.timeout_s,
        )
    if findings:
        raise Invalid(findings)
    return found


def partner_secrets(settings: Settings) -> Iterator[str]:
    """Every secret of partners that can be read, for those who must take them out of a text."""
    for one in settings.exchange.partners.values():
        if one.secret is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError, LookupError):
                yield read_secret(one.secret)


def exchange(
    settings: Settings,
    engine: sa.Engine,
    registry: RegistryQueries,
    source: RosterSource,
    rules: Callable[[str], RuleInfo | None],
    policy: Policy,
) -> SqlExchange:
    """What takes cases in.

    Raises:
        Invalid: with everything that is wrong with the partners.
    """
    return SqlExchange(
        engine,
        rules=rules,
        source=source,
        communities=registry.communities,
        partners=partners(settings, policy.intake),
        policy=policy,
    )


def export_of(engine: sa.Engine, registry: RegistryQueries, source: RosterSource, zone: ZoneInfo) -> SqlExport:
    """What writes files."""
    return SqlExport(engine, source=source, communities=registry.communities, zone=zone)


def senders(
    settings: Settings, engine: sa.Engine, registry: RegistryQueries, source: RosterSource, policy: Policy, clock: Clock
) -> Sequence[PartnerSender]:
    """One sender for each partner that has an address.

    Raises:
        Invalid: with everything that is wrong with the partners.
    """
    return [
        PartnerSender(
            PartnerOutbox(engine, one),
            one,
            source=source,
            communities=registry.communities,
            zone=policy.calendar.zone,
            clock=clock,
        )
        for one in partners(settings, policy.intake).values()
        if one.url
    ]
