"""Reading blocks from Modbus devices through pymodbus, with nothing believed that was not checked.

pymodbus sends, frames and matches unit and transaction ids; what it leaves open is closed here:

* the response must carry the transaction id of the request (pymodbus lets 0 pass), its function code, and exactly as
  many data bytes as were asked for. Anything else is *malformed*, never a value;
* bytes that form no frame by the timeout leave the stream in an unknown state, so the connection is dropped;
* without transaction ids (RTU framing over TCP) a late answer would fit the next request, so a timeout drops the
  connection too;
* a lost connection fails the waiting request at once instead of at its timeout;
* retries are ours to decide, so pymodbus makes none, and it never reconnects on its own;
* a cancellation that meets the answer is repeated, so that the answer is kept and the next wait ends: pymodbus waits
  with ``asyncio.wait_for``, which before Python 3.12 then returns the answer and forgets the cancellation [1].

The stamp is taken when the response has been framed, before any task waits for its turn.

[1] https://github.com/python/cpython/issues/86296
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from core import faultpoints
from core.quality import Reason
from gateway.plan import Request, check_function

log = logging.getLogger(__name__)

Stamp = Callable[[], tuple[int, bool]]
"""The event time of this moment (UTC ms), and whether the clock is to be doubted."""

_EXCEPTIONS = {
    1: Reason.DEVICE_EXCEPTION,
    2: Reason.ILLEGAL_ADDRESS,
    3: Reason.ILLEGAL_ADDRESS,
    4: Reason.DEVICE_EXCEPTION,
    5: Reason.BUSY,
    6: Reason.BUSY,
    # 10 and 11: the bridge in between found no way to the device, or had no answer from it
    10: Reason.TIMEOUT,
    11: Reason.TIMEOUT,
}


class _ReadRequest(ModbusPDU):
    """A read; its function code is the request's."""

    def __init__(self, unit: int, request: Request) -> None:
        super().__init__(dev_id=unit, address=request.address, count=request.count)
        self.function_code = request.function

    def encode(self) -> bytes:
        """Address and count."""
        return self.address.to_bytes(2, "big") + self.count.to_bytes(2, "big")


class _BlockResponse(ModbusPDU):
    """The data bytes of a read response as they came, or None if the byte count does not fit them."""

    rtu_byte_count_pos: ClassVar[int] = 2  # type: ignore[misc]
    data: bytes | None = None

    def decode(self, data: bytes) -> None:
        """Keep the bytes."""
        self.data = bytes(data[1:]) if data and data[0] == len(data) - 1 else None


_RESPONSES = tuple(type(f"_Block{code}", (_BlockResponse,), {"function_code": code}) for code in (1, 2, 3, 4))


@dataclass(frozen=True, slots=True)
class Answer:
    """Data bytes of a response, and when it arrived."""

    data: bytes
    time_ms: int
    clock_doubtful: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable response: why, and when that was known."""

    reason: Reason
    time_ms: int
    clock_doubtful: bool
    exception: int = 0


class ModbusLine:
    """One connection to a Modbus TCP server: a device, or a bridge to a bus of them. One request at a time."""

    def __init__(
        self, host: str, port: int, stamp: Stamp, *, rtu: bool = False, connect_timeout_s: float = 3.0
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            host: the server.
            port: its TCP port.
            stamp: called at each arrival.
            rtu: RTU frames over the TCP connection, as transparent serial servers send them.
            connect_timeout_s: for the connection itself.
        """
        self._stamp = stamp
        self._rtu = rtu
        self._connect_timeout_s = connect_timeout_s
        self._arrived: tuple[int, bool] = (0, False)
        self._waiting = False
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            framer=FramerType.RTU if rtu else FramerType.SOCKET,
            name=f"{host}:{port}",
            reconnect_delay=0,
            retries=0,
            timeout=connect_timeout_s,
            trace_pdu=self._trace_pdu,
            trace_connect=self._trace_connect,
        )
        for response in _RESPONSES:
            self._client.register(response)
        self._client.set_max_no_responses(1 << 30)

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._client.connected

    async def connect(self) -> bool:
        """Connect; False if nobody answers."""
        self._client.ctx.comm_params.timeout_connect = self._connect_timeout_s
        connected = await self._client.connect()
        _repeat_cancellation()
        return connected

    def close(self) -> None:
        """Drop the connection."""
        self._client.close()

    async def read(self, unit: int, request: Request, timeout_s: float) -> Answer | Failure:
        """Send one read and wait for its answer.

        Args:
            unit: unit id, 1 to 255.
            request: what to read.
            timeout_s: longest wait.

        Raises:
            Refused: if the function code is not a read.
        """
        check_function(request.function)
        outcome = await self._read(unit, request, timeout_s)
        _repeat_cancellation()
        return outcome

    async def _read(self, unit: int, request: Request, timeout_s: float) -> Answer | Failure:
        pdu = _ReadRequest(unit, request)
        self._client.ctx.comm_params.timeout_connect = timeout_s
        self._waiting = True
        try:
            response = await self._client.execute(False, pdu)
        except ConnectionException:
            return Failure(Reason.CONNECTION_LOST, *self._stamp())
        except ModbusException:
            if self._rtu or self._client.ctx.recv_buffer:
                self.close()
            return Failure(Reason.TIMEOUT, *self._stamp())
        finally:
            self._waiting = False
        faultpoints.hit("after_read")
        return self._checked(pdu, request, response)

    def _checked(self, pdu: _ReadRequest, request: Request, response: ModbusPDU) -> Answer | Failure:
        if response.function_code == request.function | 0x80:
            reason = _EXCEPTIONS.get(response.exception_code, Reason.DEVICE_EXCEPTION)
            return Failure(reason, *self._arrived, exception=response.exception_code)
        expected = (request.count + 7) // 8 if request.function in (1, 2) else 2 * request.count
        data = response.data if isinstance(response, _BlockResponse) else None
        fits = (
            data is not None
            and len(data) == expected
            and response.function_code == request.function
            and (self._rtu or response.transaction_id == pdu.transaction_id)
        )
        if data is None or not fits:
            return Failure(Reason.MALFORMED_REPLY, *self._arrived)
        return Answer(data, *self._arrived)

    def _trace_pdu(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        if not sending:
            self._arrived = self._stamp()
        return pdu

    def _trace_connect(self, connected: bool) -> None:
        waiting = self._client.ctx.response_future
        if not connected and self._waiting and not waiting.done():
            waiting.set_exception(ConnectionException("the connection was lost"))


def _repeat_cancellation() -> None:
    """Cancel this task once more if ``wait_for`` took its cancellation and did not pass it on [1]; counted once."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        task.uncancel()
        task.cancel()
