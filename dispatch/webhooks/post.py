"""Takes messages of webhooks to their addresses: one lane a webhook, so that one that hangs delays no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from core.clock import Clock
from core.faultpoints import hit
from core.ports.notifications import Outcome, Sent
from core.webhooks import MOST_WEBHOOKS
from dispatch.senders.wire import Answer, Line, exchange
from dispatch.senders.wording import masked
from dispatch.webhooks.outbox import Due, WebhookOutbox, secrets_of
from dispatch.webhooks.signing import signed

log = logging.getLogger(__name__)

_SPOKEN: Final = frozenset(range(200, 300))
_PRUNE_EVERY_MS: Final = 3_600_000
_NOT_SENT: Final = Sent(outcome=Outcome.UNREACHABLE, detail="the database failed before the attempt")


def post(line: Line, row: Any, key: str, body: str, now_ms: int) -> Sent:
    """One request to the address of a webhook (a row of ``dispatch_webhook``); any 2xx is a yes."""
    raw, keys = body.encode(), secrets_of(row, now_ms)
    headers: Mapping[str, str] = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Twingrid-Webhooks/1",
        **signed(keys, key, now_ms // 1000, raw),
    }
    answer = exchange(line, row.url, raw, headers, now_ms, spoken=_SPOKEN)
    if isinstance(answer, Answer):
        return Sent(outcome=Outcome.ACCEPTED, code=str(answer.status))
    detail = masked(answer.detail, keys)
    return Sent(outcome=answer.outcome, code=answer.code, detail=detail, retry_after_ms=answer.retry_after_ms)


class WebhookPost:
    """Everything between the histories and the addresses; one owner at a time."""

    def __init__(self, outbox: WebhookOutbox, line: Line, clock: Clock, *, threads: bool = True) -> None:
        """Join them; without ``threads`` all in the caller's thread, one after the other."""
        self._outbox, self._line, self._clock = outbox, line, clock
        self._pool = ThreadPoolExecutor(MOST_WEBHOOKS, "webhook") if threads else None
        self._lanes: dict[int, Future[None]] = {}
        self._ending = threading.Event()
        self._recovered, self._pruned_ms = False, 0
        self._unrecorded: dict[int, tuple[Due, Sent]] = {}
        """By webhook: what a database that failed during the attempt has still to be told."""

    def step(self) -> None:
        """Write what has happened, and let every lane that rests send what is due.

        Raises:
            core.errors.Unavailable: if the database does not answer; nothing is lost.
        """
        now_ms = self._clock.now_ms()
        if not self._recovered:
            self._outbox.recover(now_ms)
            self._recovered = True
        if now_ms - self._pruned_ms > _PRUNE_EVERY_MS:
            self._outbox.prune(now_ms)
            self._pruned_ms = now_ms
        for number, lane in list(self._lanes.items()):
            if lane.done():
                del self._lanes[number]
                lane.result()  # what went wrong in a lane is said by whoever steps
        for number in self._outbox.active():
            while self._outbox.collect(number, self._clock.now_ms()):
                if self._ending.is_set():
                    return
            if self._pool is None:
                self._lane(number)
            elif number not in self._lanes:
                self._lanes[number] = self._pool.submit(self._lane, number)

    def close(self) -> None:
        """End the lanes after the attempt that each is at."""
        self._ending.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _lane(self, number: int) -> None:
        if number in self._unrecorded and not self._record(number):
            return
        for one in self._outbox.due(number, self._clock.now_ms()):
            if self._ending.is_set():
                return
            self._unrecorded[number] = (
                one,
                _NOT_SENT,
            )  # until it is: a database that fails in between holds nothing back
            if not self._outbox.begin(one):
                del self._unrecorded[number]
                return
            hit("webhook-sending")
            sent = self._sent(one)
            self._unrecorded[number] = (one, sent)
            hit("webhook-sent")
            if not self._record(number):
                return

    def _record(self, number: int) -> bool:
        """Write down how the last attempt ended; whether to go on now."""
        one, sent = self._unrecorded[number]
        goes_on = self._outbox.end(one, sent, self._clock.now_ms())
        del self._unrecorded[number]
        if sent.outcome is not Outcome.ACCEPTED:
            log.warning(
                "a webhook did not take a message", extra={"webhook": number, "why": f"{sent.code} {sent.detail}"}
            )
        return goes_on

    def _sent(self, one: Due) -> Sent:
        try:
            return post(self._line, one.webhook, one.message.key, one.message.body, self._clock.now_ms())
        except Exception as error:  # noqa: BLE001 - an address that fails in its own way must not end the others
            log.error("a webhook failed", extra={"webhook": one.webhook.number, "error": type(error).__name__})
            return Sent(outcome=Outcome.UNKNOWN, detail=f"the sender failed: {type(error).__name__}")
