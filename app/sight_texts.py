"""What alarms of "cannot see now" say: the element by its name, what is wrong, and what cannot be seen because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.alarms import AlarmChange, AlarmKind, Severity, Unseen
from core.cases import Deadline, DeadlineClock, LevelInfo, RuleInfo
from core.places import Grid, Text
from core.ports.registry import FacilityPlace
from rules.sight_tree import (
    BUS_RULE,
    DEVICE_RULE,
    GATEWAY_RULE,
    POINT_RULE,
    SEVERITY,
    SITE_RULE,
    SUPPLY_RULE,
    UNIT_RULE,
)

_WATCH = (
    Text(
        zh="派人到现场值守看不到的燃气、消防设施和电梯，直到恢复",
        en="Have gas, fire-fighting and lifts that cannot be seen watched on site until it is back",
    ),
    Text(
        zh="多个网关同时失联时，先查停电和运营商断网",
        en="Where many gateways are gone, look for a power cut or a fault of the operator first",
    ),
)
"""What is asked for first of an outage that has become grave."""
_GRAVE_LIMIT = Deadline(hours=4, clock=DeadlineClock.CONTINUOUS)


def _info(rule_id: str, say: Text, *do: Text, support: Grid | None = None, rises: bool = False) -> RuleInfo:
    least = Severity(SEVERITY[rule_id])
    grave = LevelInfo(severity=Severity.HIGH, do=(*_WATCH, *do), deadline=_GRAVE_LIMIT)
    return RuleInfo(
        rule_id=rule_id,
        family="sight",
        severity=Severity.HIGH if rises else least,
        levels=(LevelInfo(severity=least), grave) if rises else (),
        kind=AlarmKind.SIGHT,
        lead=Grid.CONSTRUCTION,
        support=support,
        say=say,
        do=do,
    )


SIGHT_INFOS: Mapping[str, RuleInfo] = {
    one.rule_id: one
    for one in (
        _info(
            SITE_RULE,
            Text(zh="社区失联，所有网关都看不到", en="Community is cut off: none of its gateways is heard"),
            Text(zh="查看社区供电和对外网络", en="Check the community's power and its line to the outside"),
            Text(zh="联系运营商，询问故障范围", en="Ask the network operator how far the fault reaches"),
            Text(zh="恢复后确认缓存的读数已补传", en="Once it is back, see that stored readings arrive"),
            support=Grid.GOVERNANCE,
        ),
        _info(
            SUPPLY_RULE,
            Text(zh="疑似停电，其下网关都看不到", en="Probably without power: no gateway that hangs on it is heard"),
            Text(zh="到现场查看进线电压和开关", en="On site, check the incoming voltage and the breakers"),
            Text(zh="有电则检查其下网关的共用网络", en="If there is power, check the network that the gateways share"),
            support=Grid.GOVERNANCE,
            rises=True,
        ),
        _info(
            GATEWAY_RULE,
            Text(zh="网关失联，其后设施暂时看不到", en="Gateway is not heard; what stands behind it cannot be seen"),
            Text(zh="查看网关电源与指示灯", en="Check the gateway's power and lamps"),
            Text(zh="检查网络（网线、SIM 卡、信号）", en="Check its network: cable, SIM card, signal"),
            Text(zh="恢复后确认缓存的读数已补传", en="Once it is back, see that its stored readings arrive"),
            support=Grid.GOVERNANCE,
            rises=True,
        ),
        _info(
            BUS_RULE,
            Text(zh="总线失联", en="Bus is lost"),
            Text(zh="检查总线供电、接线和终端电阻", en="Check the bus's power, wiring and termination"),
            Text(zh="检查串口服务器或转换器", en="Check the serial server or converter"),
            rises=True,
        ),
        _info(
            UNIT_RULE,
            Text(zh="设备无应答", en="Device does not answer"),
            Text(zh="检查设备供电和接线", en="Check the device's power and wiring"),
            Text(zh="核对总线地址与通信参数", en="Check its bus address and line settings"),
        ),
        _info(
            DEVICE_RULE,
            Text(zh="设备没有读数", en="No readings from the facility"),
            Text(zh="检查传感器供电和接线", en="Check the sensor's power and wiring"),
            Text(zh="核对总线地址与通信参数", en="Check its bus address and line settings"),
        ),
        _info(
            POINT_RULE,
            Text(zh="测点没有读数，同设备其他测点正常", en="A point has no readings, its neighbours have"),
            Text(zh="检查该测点的传感器和接线", en="Check the sensor of this point and its wiring"),
            Text(zh="核对寄存器或字段是否还存在", en="See whether its register or field still exists"),
        ),
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Where names come from.

    Attributes:
        places: facilities by number.
        communities: by code.
        measurements: by class and measurement key.
    """

    places: Mapping[int, FacilityPlace]
    communities: Mapping[str, Text]
    measurements: Mapping[tuple[str, str], Text]

    def facility(self, number: int) -> Text:
        """What people call a facility."""
        place = self.places.get(number)
        return place.name if place is not None else Text(zh=str(number), en=str(number))

    def measurement(self, facility: int, key: str) -> Text:
        """What people call a point of it."""
        place = self.places.get(facility)
        return self.measurements.get((place.class_id, key) if place else ("", ""), Text(zh=key, en=key))


def say(change: AlarmChange, names: Names) -> Text:
    """One sentence: the element, what is wrong, what cannot be seen because of it."""
    name, part = names.facility(change.facility), change.element.split("/", 2)[-1]
    tally = tallied(change.unseen) if change.unseen is not None else Text(zh="", en="")
    match change.rule_id:
        case "sight.site":
            name = names.communities.get(change.element, name)
            return _joined(Text(zh=f"{name.zh}整体失联", en=f"{name.en} is cut off"), tally)
        case "sight.supply":
            return _joined(Text(zh=f"{name.zh}疑似停电", en=f"{name.en} probably without power"), tally)
        case "sight.gateway":
            if change.element:
                name = Text(zh=f"网关 {part}", en=f"Gateway {part}")
            return _joined(Text(zh=f"{name.zh}失联", en=f"{name.en} is not heard"), tally)
        case "sight.bus":
            return _joined(Text(zh=f"{name.zh}的总线 {part} 断开", en=f"{name.en}: bus {part} is lost"), tally)
        case "sight.unit":
            unit = part.partition("/")[2]
            return _joined(Text(zh=f"{name.zh}：设备 {unit} 无应答", en=f"{name.en}: {unit} does not answer"), tally)
        case "sight.point":
            point = names.measurement(change.facility, change.element)
            return Text(zh=f"{name.zh}：{point.zh}没有读数", en=f"{name.en}: no readings of {point.en}")
        case _:
            return Text(zh=f"{name.zh}没有读数", en=f"{name.en}: no readings")


def dark(name: Text, unseen: Unseen) -> Text:
    """What a supply that is known to have failed hides."""
    return _joined(Text(zh=f"{name.zh}停电", en=f"{name.en} without power"), tallied(unseen))


def tallied(unseen: Unseen) -> Text:
    """How many cannot be seen; empty where it is but one device."""
    zh, en = [], []
    if unseen.gateways:
        zh.append(f"网关 {unseen.gateways} 台")
        en.append(f"{unseen.gateways} gateway{'' if unseen.gateways == 1 else 's'}")
    if unseen.devices > 1 or (unseen.devices and unseen.gateways):
        zh.append(f"设备 {unseen.devices} 台")
        en.append(f"{unseen.devices} device{'' if unseen.devices == 1 else 's'}")
    if not zh and len(unseen.facilities) > 1:
        zh.append(f"设施 {len(unseen.facilities)} 处")
        en.append(f"{len(unseen.facilities)} facilities")
    return Text(zh=f"{'、'.join(zh)}失联" if zh else "", en=f"{', '.join(en)} unseen" if en else "")


def _joined(wrong: Text, tally: Text) -> Text:
    if not tally.zh:
        return wrong
    return Text(zh=f"{wrong.zh}：{tally.zh}", en=f"{wrong.en}: {tally.en}")
