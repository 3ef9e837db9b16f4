"""Webhooks as administrators keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.ports.notifications import Sent
from core.webhooks import Webhook, WebhookEvent, WebhookMessage, WebhookStep, WebhookWish


class Webhooks(Protocol):
    """Subscriptions. Methods raise ``core.errors.Unavailable`` when the database does not answer."""

    def all(self) -> Sequence[Webhook]:
        """Newest first, ended ones too."""
        ...

    def find(self, number: int) -> Webhook | None:
        """One."""
        ...

    def make(self, wish: WebhookWish, actor: str, now_ms: int) -> tuple[Webhook, str]:
        """A new one and its secret, which nobody can show again; told of what happens from now on.

        Raises:
            core.errors.Refused: if there are too many, or its address is not allowed.
        """
        ...

    def change(self, number: int, wish: WebhookWish, actor: str, now_ms: int) -> Webhook | None:
        """Replace what it is; ``None``: there is none that has not ended.

        Raises:
            core.errors.Refused: if its address is not allowed.
        """
        ...

    def rotate(self, number: int, actor: str, now_ms: int) -> tuple[Webhook, str] | None:
        """A new secret; the old one signs too for a day. ``None``: there is none that has not ended."""
        ...

    def step(self, number: int, event: WebhookEvent, actor: str, now_ms: int, *, skip: bool = False) -> Webhook | None:
        """Pause, resume or end it; with ``skip`` it is not told what happened meanwhile. ``None``: there is none.

        Raises:
            core.errors.Refused: if that cannot be done to it as it stands.
        """
        ...

    def test(self, number: int, actor: str, now_ms: int) -> Sent | None:
        """Send a test now; ``None``: there is none that has not ended."""
        ...

    def messages(self, number: int, limit: int = 100) -> Sequence[WebhookMessage]:
        """Of one webhook, newest first."""
        ...

    def again(self, number: int, message: int, actor: str, now_ms: int) -> bool:
        """Let a message that was given up begin anew; false if there is none."""
        ...

    def steps(self, number: int, limit: int = 100) -> Sequence[WebhookStep]:
        """What was done to it, newest first."""
        ...


class NoWebhooks:
    """Where nobody is told."""

    def all(self) -> Sequence[Webhook]:
        """None."""
        return ()

    def find(self, number: int) -> Webhook | None:
        """None."""
        return None

    def make(self, wish: WebhookWish, actor: str, now_ms: int) -> tuple[Webhook, str]:
        """Never asked."""
        raise NotImplementedError

    def change(self, number: int, wish: WebhookWish, actor: str, now_ms: int) -> Webhook | None:
        """None."""
        return None

    def rotate(self, number: int, actor: str, now_ms: int) -> tuple[Webhook, str] | None:
        """None."""
        return None

    def step(self, number: int, event: WebhookEvent, actor: str, now_ms: int, *, skip: bool = False) -> Webhook | None:
        """None."""
        return None

    def test(self, number: int, actor: str, now_ms: int) -> Sent | None:
        """None."""
        return None

    def messages(self, number: int, limit: int = 100) -> Sequence[WebhookMessage]:
        """None."""
        return ()

    def again(self, number: int, message: int, actor: str, now_ms: int) -> bool:
        """None."""
        return False

    def steps(self, number: int, limit: int = 100) -> Sequence[WebhookStep]:
        """None."""
        return ()


__all__ = ["NoWebhooks", "Webhooks"]
