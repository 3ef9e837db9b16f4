"""The processes of an installation: what is started, in which order, on which ports, with which rights."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from app import findings as kinds
from app.broker import BrokerPlan, prepare
from app.broker_accounts import (
    Account,
    devices_account,
    gateway_account,
    gateway_user,
    home_assistant_account,
    host_account,
    outward_account,
    passwords,
)
from app.child import ProcessSpec, python_command
from app.probes import PortUse, TcpProbe
from app.restarts import RestartPolicy
from app.settings import Settings
from app.supervisor import SupervisorOptions
from core.errors import Invalid
from core.findings import Finding
from gateway.config import GatewayConfig
from gateway.rollouts import kept_config

BROKER, CENTRE, EDGE = 0, 1, 2
_MB = 1024 * 1024


def options(settings: Settings) -> SupervisorOptions:
    """How the processes are looked after."""
    chosen = settings.supervisor
    return SupervisorOptions(
        log_dir=settings.log_dir,
        log_bytes=settings.log.max_mb * _MB,
        log_keep=settings.log.keep,
        policy=RestartPolicy(
            first_delay_s=chosen.first_delay_s,
            longest_delay_s=chosen.longest_delay_s,
            max_failures=chosen.max_failures,
            healthy_after_s=chosen.healthy_after_s,
        ),
        start_timeout_s=chosen.start_timeout_s,
        stop_timeout_s=chosen.stop_timeout_s,
    )


def processes(settings: Settings, config: Path | None) -> list[ProcessSpec]:
    """Broker (unless it runs elsewhere), core, API and the gateways of this machine.

    Raises:
        Invalid: with everything that is wrong in the gateways' files.
        Unavailable: if the broker's program is missing.
    """
    gateways = load_gateways(settings.gateways)
    named = ("--config", str(config.resolve())) if config is not None else ()
    specs: list[ProcessSpec] = []
    if settings.broker.kind != "external":
        specs.append(broker_process(settings, list(gateways.values())))
    specs.append(ProcessSpec(name="core", stage=CENTRE, command=python_command("app", "core", *named)))
    pages = PortUse(
        host=settings.api.host,
        port=settings.api.port,
        what=kinds.PAGES(),
        change=kinds.CHANGE_PAGES(),
    )
    specs.append(ProcessSpec(name="api", stage=EDGE, command=python_command("app", "api", *named), ports=(pages,)))
    for file, gateway in gateways.items():
        command = python_command("app.edge", "--config", str(file), "--log-level", settings.log.level)
        specs.append(ProcessSpec(name=gateway.node.node, stage=EDGE, command=command))
    return specs


def load_gateways(files: Sequence[Path]) -> Mapping[Path, GatewayConfig]:
    """The gateways' configurations.

    Raises:
        Invalid: with everything that is wrong in all of them; also two gateways of one name.
    """
    findings: list[Finding] = []
    configs: dict[Path, GatewayConfig] = {}
    for file in files:
        try:
            configs[file] = kept_config(file)
        except Invalid as error:
            findings += error.findings
    seen: dict[str, Path] = {}
    for file, gateway in configs.items():
        if gateway.node.node in seen:
            other = seen[gateway.node.node]
            findings.append(kinds.GATEWAY_TWICE.at(str(file), node=gateway.node.node, other=other))
        seen[gateway.node.node] = file
    if findings:
        raise Invalid(findings)
    return configs


def broker_process(settings: Settings, gateways: Sequence[GatewayConfig]) -> ProcessSpec:
    """Our own broker, with an account for the host, the devices, every gateway, and what is shown outside."""
    topics = {gateway.node: _device_topics(settings, gateway) for gateway in gateways}
    # the outward one also where nothing is shown any more: something may have to be taken away
    accounts: list[Account] = [host_account(), outward_account()]
    if settings.home_assistant.wanted:
        accounts.append(home_assistant_account())
    accounts += [gateway_account(node, own) for node, own in topics.items()]
    everything = sorted({topic for own in topics.values() for topic in own})
    if everything:
        accounts.append(devices_account(everything))
    known = passwords(settings.broker_secrets, [account.user for account in accounts])
    # a gateway's own file says with which password it comes
    given = {
        gateway_user(g.node): g.uplink.broker.password for g in gateways if g.uplink.broker.user == gateway_user(g.node)
    }
    chosen = settings.broker
    plan = BrokerPlan(
        kind=chosen.kind,
        host=chosen.host,
        port=chosen.port,
        folder=settings.broker_dir,
        accounts=tuple(accounts),
        passwords={**known, **{user: password for user, password in given.items() if password}},
        max_message_bytes=chosen.max_message_kib * 1024,
        max_disk_bytes=chosen.max_disk_mb * _MB,
        max_connections=chosen.max_connections,
    )
    port = PortUse(
        host=chosen.host,
        port=chosen.port,
        what=kinds.BROKER(),
        change=kinds.CHANGE_BROKER(),
    )
    return ProcessSpec(
        name="broker", stage=BROKER, command=prepare(plan), ready=TcpProbe(chosen.host, chosen.port), ports=(port,)
    )


def _device_topics(settings: Settings, gateway: GatewayConfig) -> tuple[str, ...]:
    ours = {(settings.broker.host, settings.broker.port)}
    sources = [s for a in gateway.adapters if (a.broker.host, a.broker.port) in ours for s in a.sources]
    return tuple(topic for source in sources for topic in (source.topic, source.availability) if topic)


def mqtt_url(host: str, port: int, user: str, password: str) -> str:
    """A broker's URL with a login."""
    return f"mqtt://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}"


def free_bytes(folder: Path) -> int:
    """Free disk space where ``folder`` is or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
