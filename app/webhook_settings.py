"""Where webhooks may lead."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from app.settings_section import Section


class WebhookSettings(Section):
    """Where other programs may be told of alarms and cases (docs/ecosystem.md)."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """May lead there though the addresses are not public, such as 10.1.0.0/16."""
    plain_http: bool = False
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
