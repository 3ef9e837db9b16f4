"""The world of the lab as files: counter devices, gateways, registry, one rule. Every value says who it is.

Each device has ``VALUES`` registers; each register is a facility of its own with one counter. Every facility has a
limit, and the one rule is "the counter passes its limit": one incident each, spread over the run, that must become
exactly one alarm and one case whatever is killed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VALUES = 10
GROUP = "lab"
CLASS = "electrical_distribution"
KEY = "energy"
RULE = "lab-counter-passes-limit"

_PROFILE = """\
maker: Lab
model: counter bank
source: the lab's own simulated counters
function: 3
timeout_s: 5.0
registers:
{registers}
"""

_RULE = f"""\
- id: {RULE}
  class: {CLASS}
  when: {KEY} > facility.limit * 1 kW.h
  severity: high
  lead: construction
  support: governance
  say: {{zh: 计数器越限, en: Counter passed its limit}}
  do: {{zh: [核对计数器], en: [Check the counter]}}
  source: the lab
  evidence: proposal
  deadline: {{hours: 2, clock: continuous, what: handle}}
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """How large the lab is and where its parts listen.

    Attributes:
        root: folder of all files.
        gateways: how many.
        devices: counter devices a gateway.
        farm_port, broker_port, client_port, api_port: TCP ports.
        proxy_ports: one a gateway.
        interval_s: poll interval.
        first_limit, last_limit: counters at which the incidents happen.
    """

    root: Path
    gateways: int
    devices: int
    farm_port: int
    broker_port: int
    client_port: int
    api_port: int
    proxy_ports: tuple[int, ...]
    interval_s: float = 0.2
    first_limit: int = 200
    last_limit: int = 6000

    def facility(self, device: int, index: int) -> str:
        """Code of the facility behind one register."""
        return f"d{device:03d}-{index:02d}"

    def node(self, gateway: int) -> str:
        """Sparkplug id of a gateway, counted from 0."""
        return f"gw{gateway}"

    def devices_of(self, gateway: int) -> range:
        """Unit ids of a gateway's devices."""
        return range(1 + gateway * self.devices, 1 + (gateway + 1) * self.devices)

    def limit(self, device: int, index: int) -> int:
        """The counter value of a facility's incident."""
        count = self.gateways * self.devices * VALUES
        position = (device - 1) * VALUES + index
        order = (position * 7919) % count
        return self.first_limit + (self.last_limit - self.first_limit) * order // count

    def gateway_config(self, gateway: int) -> Path:
        """Its configuration file."""
        return self.root / self.node(gateway) / "gateway.yaml"

    def spool(self, gateway: int) -> Path:
        """Its spool."""
        return self.root / self.node(gateway) / "spool"

    @property
    def settings(self) -> Path:
        """The settings of core and API."""
        return self.root / "twingrid.yaml"

    @property
    def ledger(self) -> Path:
        """What the devices served."""
        return self.root / "farm.ledger"

    def write(self) -> None:
        """Write every file."""
        self._write_registry(self.root / "registry")
        (self.root / "rules").mkdir()
        (self.root / "rules" / "lab.yaml").write_text(_RULE)
        (self.root / "profiles").mkdir()
        rows = [
            f"  v{index}: {{address: {2 * index}, type: f32, unit: kW.h, low: 0, high: 99999999}}"
            for index in range(VALUES)
        ]
        (self.root / "profiles" / "counter-bank.yaml").write_text(_PROFILE.format(registers="\n".join(rows)))
        for gateway in range(self.gateways):
            self._write_gateway(gateway)
        self.settings.write_text(
            f"data_dir: {self.root / 'data'}\n"
            f"broker: {{kind: external, host: 127.0.0.1, port: {self.broker_port}}}\n"
            f"api: {{port: {self.api_port}}}\n"
            f"registry: {{folder: {self.root / 'registry'}}}\n"
            f"rules: {{book: {self.root / 'rules'}, snapshot_every_s: 3, storm_facilities: 0}}\n"
            "log: {level: info}\n"
        )

    def _write_gateway(self, gateway: int) -> None:
        config = self.gateway_config(gateway)
        config.parent.mkdir()
        lines = [
            f"group: {GROUP}",
            f"node: {self.node(gateway)}",
            f"broker: {{host: 127.0.0.1, port: {self.proxy_ports[gateway]}}}",
            f"spool: {{path: {self.spool(gateway)}}}",
            f"status_file: {config.parent / 'status.json'}",
            f"profiles: {self.root / 'profiles'}",
            "buses:",
            "  - id: bus1",
            "    host: 127.0.0.1",
            f"    port: {self.farm_port}",
            f"    interval_s: {self.interval_s}",
            "    units:",
        ]
        for device in self.devices_of(gateway):
            lines += [f"      - unit: {device}", "        profile: counter-bank", "        points:"]
            lines += [f"          v{index}: {self.facility(device, index)}/{KEY}" for index in range(VALUES)]
        config.write_text("\n".join(lines) + "\n")

    def _write_registry(self, folder: Path) -> None:
        folder.mkdir()
        ring = '"112.0 31.0, 113.0 31.0, 113.0 32.0, 112.0 32.0"'
        devices = [(gateway, device) for gateway in range(self.gateways) for device in self.devices_of(gateway)]
        tables = {
            "streets": ["code,name_zh,name_en", "s1,甲街道,Street A"],
            "communities": [
                "code,name_zh,name_en,street,valid_from,latitude,longitude",
                "c1,甲社区,Community A,s1,2020-01-01,31.7,112.25",
            ],
            "cells": [
                "code,grid,community,name_zh,name_en,polygon,valid_from",
                f"c1-g,governance,c1,治理一格,Governance 1,{ring},2020-01-01",
                f"c1-c,construction,c1,建管一格,Construction 1,{ring},2020-01-01",
            ],
            "gateways": [
                "group,node,name_zh,name_en,community",
                *(f"{GROUP},{self.node(number)},网关,Gateway {number},c1" for number in range(self.gateways)),
            ],
            "facilities": [
                "code,name_zh,name_en,class,community,latitude,longitude,gateway,measurements,attributes.limit",
                *(
                    f"{self.facility(device, index)},计数器,Counter,{CLASS},c1,31.7,112.25,"
                    f"{GROUP}/{self.node(gateway)},{KEY},{self.limit(device, index)}"
                    for gateway, device in devices
                    for index in range(VALUES)
                ),
            ],
            "people": [
                "code,name_zh,name_en,role,communities,cells,shifts,supervisor",
                "w1,网格员甲,Worker A,grid_worker,c1,c1-g,mon-sun 0:00-24:00,true",
                "w2,维修员乙,Worker B,maintainer,c1,c1-c,mon-sun 0:00-24:00,true",
            ],
        }
        for name, lines in tables.items():
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
