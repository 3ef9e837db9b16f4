"""libmodbus through ctypes: a foreign master, used by the tests that compare values to the bit."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

NAME: Final = "libmodbus.so.5"
ORDERS: Final = {"ABCD": "abcd", "CDAB": "cdab", "BADC": "badc", "DCBA": "dcba"}
_READS: Final = {
    1: "modbus_read_bits",
    2: "modbus_read_input_bits",
    3: "modbus_read_registers",
    4: "modbus_read_input_registers",
}
_ERROR_BASE: Final = 112345678  # MODBUS_ENOBASE: exceptions are this plus their code


def declared(loaded: ctypes.CDLL) -> ctypes.CDLL:
    """The library with the types of the functions used here."""
    loaded.modbus_new_rtu.restype = ctypes.c_void_p
    loaded.modbus_new_tcp.restype = ctypes.c_void_p
    for order in ORDERS.values():
        getattr(loaded, f"modbus_get_float_{order}").restype = ctypes.c_float
    return loaded


class Master:
    """A libmodbus context that is connected."""

    def __init__(self, loaded: ctypes.CDLL, context: int, pause_s: float) -> None:
        self._library = loaded
        self._context = ctypes.c_void_p(context)
        self._pause_s = pause_s

    def read(self, unit: int, function: int, address: int, count: int) -> list[int] | int:
        """Bits or registers; the exception code when the device refuses.

        Raises:
            TimeoutError: no answer.
            OSError: anything else libmodbus complains about.
        """
        time.sleep(self._pause_s)  # libmodbus does not leave the silence that a bus needs between two frames
        self._library.modbus_set_slave(self._context, unit)
        kind: Any = ctypes.c_uint8 if function < 3 else ctypes.c_uint16
        into = (kind * count)()
        got = getattr(self._library, _READS[function])(self._context, address, count, into)
        if got == count:
            return list(into)
        error = ctypes.get_errno()
        if _ERROR_BASE < error < _ERROR_BASE + 12:
            return error - _ERROR_BASE
        raise OSError(error, "libmodbus")

    def f32(self, registers: list[int], order: str) -> float:
        """Two registers as libmodbus reads them as a float."""
        pair = (ctypes.c_uint16 * 2)(*registers)
        return float(getattr(self._library, f"modbus_get_float_{ORDERS[order]}")(pair))


@contextmanager
def rtu(loaded: ctypes.CDLL, path: str | Path, baud: int, *, pause_s: float = 0.005) -> Iterator[Master]:
    """A master on a serial device."""
    context = loaded.modbus_new_rtu(str(path).encode(), baud, ctypes.c_char(b"N"), 8, 1)
    with _connected(loaded, context, pause_s) as master:
        yield master


@contextmanager
def tcp(loaded: ctypes.CDLL, port: int) -> Iterator[Master]:
    """A master on a TCP port."""
    context = loaded.modbus_new_tcp(b"127.0.0.1", port)
    with _connected(loaded, context, 0.0) as master:
        yield master


@contextmanager
def _connected(loaded: ctypes.CDLL, context: int, pause_s: float) -> Iterator[Master]:
    handle = ctypes.c_void_p(context)
    loaded.modbus_set_response_timeout(handle, 3, 0)
    assert loaded.modbus_connect(handle) == 0, os.strerror(ctypes.get_errno())
    try:
        yield Master(loaded, context, pause_s)
    finally:
        loaded.modbus_close(handle)
        loaded.modbus_free(handle)
