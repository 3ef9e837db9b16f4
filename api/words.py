"""What people read about qualities, reasons and gaps, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from api.models.base import Bilingual
from core.quality import REASON_MASK, QualityClass, Reason, class_of
from core.sparkplug.commit import GapReason

QualityName = Literal["good", "uncertain", "bad", "not_measured"]

QUALITY_NAMES: Mapping[QualityClass, QualityName] = {
    QualityClass.GOOD: "good",
    QualityClass.UNCERTAIN: "uncertain",
    QualityClass.BAD: "bad",
    QualityClass.NOT_MEASURED: "not_measured",
}

_CLASSES: Mapping[QualityClass, Bilingual] = {
    QualityClass.GOOD: Bilingual(zh="正常", en="good"),
    QualityClass.UNCERTAIN: Bilingual(zh="存疑", en="uncertain"),
    QualityClass.BAD: Bilingual(zh="不可信", en="bad"),
    QualityClass.NOT_MEASURED: Bilingual(zh="未测到", en="not measured"),
}

_REASONS: Mapping[Reason, Bilingual] = {
    Reason.TIMEOUT: Bilingual(zh="设备未应答", en="the device did not answer"),
    Reason.CONNECTION_LOST: Bilingual(zh="连接中断", en="the connection was lost"),
    Reason.DEVICE_EXCEPTION: Bilingual(zh="设备返回异常", en="the device refused"),
    Reason.ILLEGAL_ADDRESS: Bilingual(zh="寄存器地址不存在", en="the device knows no such register"),
    Reason.BUSY: Bilingual(zh="设备忙", en="the device was busy"),
    Reason.MALFORMED_REPLY: Bilingual(zh="应答格式错误", en="the answer was malformed"),
    Reason.BUS_BUDGET: Bilingual(zh="总线时间不足", en="there was no time left on the bus"),
    Reason.NOT_PUBLISHED: Bilingual(zh="设备未上报", en="the device did not publish"),
    Reason.NOTHING_TO_MEASURE: Bilingual(zh="当前无可测之值", en="there was nothing to measure"),
    Reason.OUT_OF_RANGE: Bilingual(zh="超出合理范围", en="outside the plausible range"),
    Reason.NOT_IMPLEMENTED: Bilingual(zh="设备不提供该值", en="the device does not provide it"),
    Reason.SENSOR_ERROR: Bilingual(zh="传感器故障", en="the sensor reports an error"),
    Reason.NOT_A_NUMBER: Bilingual(zh="不是数值", en="not a number"),
    Reason.WRONG_TYPE: Bilingual(zh="类型错误", en="of the wrong type"),
    Reason.DEVICE_OFFLINE: Bilingual(zh="设备离线", en="the device is offline"),
    Reason.CLOCK_UNSYNCED: Bilingual(zh="网关时钟未同步", en="the gateway's clock was not set"),
    Reason.RETAINED: Bilingual(zh="旧的保留值", en="an old retained value"),
    Reason.SUBSTITUTED: Bilingual(zh="人工替代值", en="a substituted value"),
    Reason.STALE: Bilingual(zh="数据过期", en="stale"),
    Reason.EXTRAPOLATED: Bilingual(zh="外推值", en="extrapolated"),
    Reason.CONTRADICTS_RECORD: Bilingual(zh="与竣工记录不符", en="contradicts the as-built record"),
}

_GAP_REASONS: Mapping[int, Bilingual] = {
    int(GapReason.SPOOL_FULL): Bilingual(zh="网关缓存已满，数据被舍弃", en="the gateway's spool was full"),
    int(GapReason.DAMAGED): Bilingual(zh="网关缓存损坏", en="the gateway's spool was damaged"),
    int(GapReason.THINNED): Bilingual(
        zh="网关缓存将满，较旧的数据只保留了一部分",
        en="the gateway's spool was filling, of older readings only some were kept",
    ),
    int(GapReason.TOO_OLD): Bilingual(zh="数据过旧，网关已舍弃", en="too old, given up by the gateway"),
}

_NOTHING = Bilingual(zh="", en="")
NO_DATA = Bilingual(zh="没有数据", en="no data")
EVICTED = Bilingual(zh="数据被网关舍弃", en="given up by the gateway")
SYSTEM = Bilingual(zh="系统", en="system")
RESIDENT = Bilingual(zh="居民", en="a resident")


def reason_name(code: int) -> str:
    """The reason of a packed quality byte in lower case; empty when there is none, a number when it is unknown."""
    number = code & REASON_MASK
    if number == Reason.NONE:
        return ""
    try:
        return Reason(number).name.lower()
    except ValueError:
        return f"reason_{number}"


def quality_parts(code: int) -> tuple[Bilingual, Bilingual]:
    """Class and reason of a packed quality byte for people; the reason is empty where there is none."""
    try:
        reason = _REASONS.get(Reason(code & REASON_MASK), _NOTHING)
    except ValueError:
        reason = _NOTHING
    return _CLASSES[class_of(code)], reason


def quality_text(code: int) -> Bilingual:
    """A packed quality byte for people: class, and the reason where there is one."""
    klass, reason = quality_parts(code)
    if not reason.zh:
        return klass
    return Bilingual(zh=f"{klass.zh}：{reason.zh}", en=f"{klass.en}: {reason.en}")


LEDGER: Mapping[str, Bilingual] = {
    "complete": Bilingual(zh="数据完整", en="everything has arrived"),
    "in_gateway": Bilingual(
        zh="部分数据还在网关中，稍后会补传", en="some readings still wait in the gateway and will come"
    ),
    "lost": Bilingual(
        zh="部分数据已被网关舍弃，其余均已到达", en="some readings were given up, all others have arrived"
    ),
    "unknown": Bilingual(zh="网关失联，尚不清楚", en="the gateway has not been heard since; nobody knows yet"),
}


def gap_name(reason: int) -> str:
    """Why a gateway gave readings up, as a word."""
    try:
        return GapReason(reason).name.lower()
    except ValueError:
        return f"reason_{reason}"


def gap_text(reason: int) -> Bilingual:
    """Why a gateway gave readings up, for people."""
    return _GAP_REASONS.get(reason, EVICTED)
