"""What a product is, how its map is known and in what it differs from the standard: closed lists with their texts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.places import Text


class Kind(StrEnum):
    """What a product is for."""

    METER = "meter"
    CLIMATE = "climate"
    AIR = "air"
    WEATHER = "weather"
    LEVEL = "level"
    FLOW = "flow"
    TILT = "tilt"
    GAS = "gas"
    DRIVE = "drive"
    UPS = "ups"
    POWER_SUPPLY = "power_supply"
    THERMOSTAT = "thermostat"
    REFRIGERATION = "refrigeration"
    LIFT = "lift"
    INPUTS = "inputs"
    OTHER = "other"


class Evidence(StrEnum):
    """Where a map was read, the best first."""

    MAKER = "maker"
    """The maker's document."""
    PROJECT = "project"
    """A public project that reads the product."""
    SECONDARY = "secondary"
    """Somebody's description of the maker's document; to be proven on site."""
    OWN = "own"
    """A proposal of this project; no product behind it."""

    @property
    def verified(self) -> bool:
        """Whether the map was read where the product is documented or read in earnest."""
        return self in (Evidence.MAKER, Evidence.PROJECT)


class Quirk(StrEnum):
    """In what a product differs from the standard or from its own document."""

    TRANSACTION_ID_PLUS_ONE = "transaction_id_plus_one"
    BROADCAST_ADDRESS = "broadcast_address"
    NEEDS_SINGLE_READS = "needs_single_reads"
    WORD_SWAPPED_CLONES = "word_swapped_clones"
    SWAPPED_REGISTERS = "swapped_registers"
    SILENT_ON_ILLEGAL = "silent_on_illegal"
    FIRST_REQUEST_LOST = "first_request_lost"
    SECONDARY_SIDE_VALUES = "secondary_side_values"
    SCALE_VARIES = "scale_varies"
    ADDRESS_BASE_VARIES = "address_base_varies"


KINDS: Final[Mapping[Kind, Text]] = {
    Kind.METER: Text(zh="电能表", en="meter"),
    Kind.CLIMATE: Text(zh="温湿度", en="climate"),
    Kind.AIR: Text(zh="空气质量", en="air quality"),
    Kind.WEATHER: Text(zh="气象", en="weather"),
    Kind.LEVEL: Text(zh="液位/压力", en="level, pressure"),
    Kind.FLOW: Text(zh="流量", en="flow"),
    Kind.TILT: Text(zh="倾角", en="tilt"),
    Kind.GAS: Text(zh="气体", en="gas"),
    Kind.DRIVE: Text(zh="变频器", en="drive"),
    Kind.UPS: Text(zh="不间断电源", en="UPS"),
    Kind.POWER_SUPPLY: Text(zh="电源", en="power supply"),
    Kind.THERMOSTAT: Text(zh="温控器", en="thermostat"),
    Kind.REFRIGERATION: Text(zh="制冷", en="refrigeration"),
    Kind.LIFT: Text(zh="电梯", en="lift"),
    Kind.INPUTS: Text(zh="输入模块", en="inputs"),
    Kind.OTHER: Text(zh="其他", en="other"),
}
EVIDENCE: Final[Mapping[Evidence, Text]] = {
    Evidence.MAKER: Text(zh="厂家文档", en="maker's document"),
    Evidence.PROJECT: Text(zh="公开项目", en="public project"),
    Evidence.SECONDARY: Text(zh="二手资料，须现场核对", en="second hand, prove on site"),
    Evidence.OWN: Text(zh="本项目的建议", en="proposal of this project"),
}
QUIRKS: Final[Mapping[Quirk, Text]] = {
    Quirk.TRANSACTION_ID_PLUS_ONE: Text(
        zh="Modbus TCP 应答的事务号比请求大 1", en="answers over TCP with the transaction id plus one"
    ),
    Quirk.BROADCAST_ADDRESS: Text(zh="对任意从站地址（如 0xFE）应答", en="answers to an any-address such as 0xFE"),
    Quirk.NEEDS_SINGLE_READS: Text(zh="每次只能读一个量", en="answers one quantity per read only"),
    Quirk.WORD_SWAPPED_CLONES: Text(zh="有字序相反的仿制品", en="clones with swapped words exist"),
    Quirk.SWAPPED_REGISTERS: Text(zh="有寄存器互换的变型", en="variants with exchanged registers exist"),
    Quirk.SILENT_ON_ILLEGAL: Text(zh="对非法地址不应答", en="does not answer illegal addresses"),
    Quirk.FIRST_REQUEST_LOST: Text(zh="休眠后的第一个请求会丢失", en="loses the first request after a pause"),
    Quirk.SECONDARY_SIDE_VALUES: Text(
        zh="数值为互感器二次侧，须乘变比", en="shows the secondary side: multiply by the transformer ratio"
    ),
    Quirk.SCALE_VARIES: Text(zh="不同资料的比例不一致", en="sources disagree on a scale"),
    Quirk.ADDRESS_BASE_VARIES: Text(zh="不同资料的地址相差 1", en="sources disagree on addresses by one"),
}
