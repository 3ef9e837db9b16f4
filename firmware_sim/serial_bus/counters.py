"""Counters on the bus: every value ever served differs, and stands in the ledger before its answer is on the wire."""

from __future__ import annotations

import struct
import time
from collections.abc import Collection, Mapping
from typing import Final

from firmware_sim.counters import CounterBank
from firmware_sim.encoding import DataType
from firmware_sim.ledger import LedgerWriter, counter_limit, pack_record, shown_value
from firmware_sim.modbus.answer import exception_pdu
from firmware_sim.modbus.register_map import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE

_READ: Final = struct.Struct(">BHH")
_PACK: Final = {DataType.F32: "f", DataType.U32: "I", DataType.F64: "d", DataType.U64: "Q"}
_DEVICE_FAILED: Final = 4


class CounterInstrument:
    """One counter device of a bank, as `firmware_sim.ledger` describes its values.

    Args:
        bank: the bank the ledger belongs to.
        device: its number in the bank, from 1.
        ledger: where each read is written before it is answered.
    """

    def __init__(self, bank: CounterBank, device: int, ledger: LedgerWriter) -> None:
        self._bank = bank
        self._device = device
        self._ledger = ledger
        self._counter = ledger.first_counters[device]

    def names(self) -> Collection[str]:
        """It has no named registers."""
        return ()

    def answer(self, pdu: bytes, time_s: float, offsets: Mapping[str, float]) -> bytes:
        """The next counter in the registers asked for; whole values only."""
        function = pdu[0]
        if function not in (3, 4):
            return exception_pdu(function, ILLEGAL_FUNCTION)
        if len(pdu) != _READ.size:
            return exception_pdu(function, ILLEGAL_VALUE)
        _, address, count = _READ.unpack(pdu)
        words = self._bank.words_per_value
        if not 1 <= count <= 125:
            return exception_pdu(function, ILLEGAL_VALUE)
        if address % words or count % words or address + count > self._bank.values * words:
            return exception_pdu(function, ILLEGAL_ADDRESS)
        if self._counter >= counter_limit(self._bank.data_type, self._bank.values):
            return exception_pdu(function, _DEVICE_FAILED)
        return bytes((function, 2 * count)) + self._values(address // words, count // words)

    def _values(self, first: int, count: int) -> bytes:
        counter, bank = self._counter, self._bank
        self._counter += 1
        self._ledger.append(pack_record(time.time_ns() // 1_000_000, counter, self._device, first, count, 0))
        shown = [
            shown_value(bank.data_type, bank.values, self._device, index, counter)
            for index in range(first, first + count)
        ]
        return struct.pack(f">{count}{_PACK[bank.data_type]}", *shown)
