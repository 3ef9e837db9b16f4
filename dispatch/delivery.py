"""How a message goes on: the states of a delivery as a table, and every decision about it. No clock, no I/O.

A message is given up only when every channel of its route has refused it for good, when none reaches the person, or a
day after it was written; a message that was given up stays visible until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.alarms import Severity
from core.ports.notifications import Outcome, Preference, Sent

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


class DeliveryState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENDING = "sending"
    """An attempt has begun and its end is not recorded; found at a start, its outcome is unknown."""
    SENT = "sent"
    COVERED = "covered"
    """The same transition reaches the same person by another way."""
    WITHDRAWN = "withdrawn"
    """It was taken back before it was sent."""
    GIVEN_UP = "given_up"
    DISMISSED = "dismissed"
    """Given up, and somebody has looked at it."""


class DeliveryEvent(StrEnum):
    """What can happen to it."""

    BEGIN = "begin"
    ACCEPTED = "accepted"
    FAILED = "failed"
    COVER = "cover"
    WITHDRAW = "withdraw"
    GIVE_UP = "give_up"
    TRY_AGAIN = "try_again"
    DISMISS = "dismiss"


TABLE: Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (DeliveryState.WAITING, DeliveryEvent.BEGIN): DeliveryState.SENDING,
    (DeliveryState.WAITING, DeliveryEvent.COVER): DeliveryState.COVERED,
    (DeliveryState.WAITING, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
    (DeliveryState.WAITING, DeliveryEvent.GIVE_UP): DeliveryState.GIVEN_UP,
    (DeliveryState.SENDING, DeliveryEvent.ACCEPTED): DeliveryState.SENT,
    (DeliveryState.SENDING, DeliveryEvent.FAILED): DeliveryState.WAITING,
    (DeliveryState.SENDING, DeliveryEvent.COVER): DeliveryState.COVERED,
    (DeliveryState.SENDING, DeliveryEvent.WITHDRAW): DeliveryState.WITHDRAWN,
    (DeliveryState.SENDING, DeliveryEvent.GIVE_UP): DeliveryState.GIVEN_UP,
    (DeliveryState.GIVEN_UP, DeliveryEvent.TRY_AGAIN): DeliveryState.WAITING,
    (DeliveryState.GIVEN_UP, DeliveryEvent.DISMISS): DeliveryState.DISMISSED,
}
"""Everything else is impossible: what was sent is not sent again, what was given up does not vanish."""

FINAL = frozenset(DeliveryState) - {DeliveryState.WAITING, DeliveryState.SENDING}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryPolicy:
    """The numbers; by severity, ``OTHER`` for those without an entry of their own.

    Attributes:
        patience: failed attempts at one channel before the next one is tried.
        wait_ms: how long a message waits for a channel that is paused before the next one is tried.
        pauses_ms: between attempts at one channel, by the number of failures so far; the last one goes on.
        mend_ms: how long a channel is left alone that must be mended.
        limited_ms: how long one that says "too many" without saying how long.
        longest_limit_ms: no channel is believed that asks for more.
        give_up_ms: a message older than that is given up at its next failure.
        failures: so many in a row pause the channel itself, so that a dead one costs one attempt and not one a message.
        longest_pause_ms: of such a pause; the next critical message may be the first in it.
    """

    patience: Mapping[Severity, int]
    wait_ms: Mapping[Severity, int]
    pauses_ms: Sequence[int] = (5_000, 20_000, 60_000, 300_000, 900_000, 1_800_000)
    mend_ms: int = 10 * MINUTE_MS
    limited_ms: int = MINUTE_MS
    longest_limit_ms: int = HOUR_MS
    give_up_ms: int = 24 * HOUR_MS
    failures: int = 3
    longest_pause_ms: int = 2 * MINUTE_MS


DELIVERY = DeliveryPolicy(
    patience={
        Severity.CRITICAL: 2,
        Severity.HIGH: 3,
        Severity.MEDIUM: 4,
        Severity.LOW: 4,
        Severity.INFO: 4,
    },
    wait_ms={
        Severity.CRITICAL: 15 * SECOND_MS,
        Severity.HIGH: 2 * MINUTE_MS,
        Severity.MEDIUM: 15 * MINUTE_MS,
        Severity.LOW: HOUR_MS,
        Severity.INFO: HOUR_MS,
    },
)
"""A critical task must be accepted within five minutes (``dispatch.policy``): two attempts, five seconds apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of a message before a decision.

    Attributes:
        since_ms: when it was written, or begun anew.
        chain: channels of its route that reach the person, best first, without those that refused it.
        via: the channel it waits for; ``tries``: failed attempts there; unsure: one of them may have arrived.
        withdrawn: taken back while the attempt was under way.
        together: messages in the same attempt; above 1 it was a digest.
    """

    severity: Severity
    since_ms: int
    chain: tuple[str, ...]
    via: str
    tries: int = 0
    unsure: bool = False
    withdrawn: bool = False
    together: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What follows for a message.

    Attributes:
        next_ms: when it is due again; ``None`` once nothing is to be done.
        refused: this channel will never take it.
        alone: do not put it into a digest again.
    """

    state: DeliveryState
    via: str
    next_ms: int | None = None
    tries: int = 0
    unsure: bool = False
    refused: bool = False
    alone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A channel (or one address of it) is left alone until then, after so many failures in a row."""

    until_ms: int
    failures: int


def target(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """The state after an event.

    Raises:
        KeyError: if the table has no such step; that is a defect.
    """
    return TABLE[state, event]


def after(standing: Standing, sent: Sent, now_ms: int, policy: DeliveryPolicy = DELIVERY) -> Step:
    """What follows an attempt whose end is known."""
    sending = DeliveryState.SENDING
    if sent.outcome is Outcome.ACCEPTED:
        return Step(state=target(sending, DeliveryEvent.ACCEPTED), via=standing.via, tries=standing.tries)
    unsure = standing.unsure or sent.outcome is Outcome.UNKNOWN
    if standing.withdrawn:
        return Step(state=target(sending, DeliveryEvent.WITHDRAW), via=standing.via, unsure=unsure)
    refused = sent.outcome is Outcome.REFUSED and standing.together == 1
    others = tuple(name for name in standing.chain if name != standing.via)
    old = now_ms - standing.since_ms >= policy.give_up_ms
    if old or (refused and not others):
        state = target(sending, DeliveryEvent.GIVE_UP)
        return Step(state=state, via=standing.via, tries=standing.tries, unsure=unsure, refused=refused)
    waiting = target(sending, DeliveryEvent.FAILED)
    if sent.outcome is Outcome.REFUSED and not refused:  # one line of a digest was too much: each for itself
        return Step(state=waiting, via=standing.via, next_ms=now_ms, tries=standing.tries, unsure=unsure, alone=True)
    if refused:
        return Step(state=waiting, via=_following(standing), next_ms=now_ms, unsure=unsure, refused=True)
    return _retried(standing, sent, now_ms, policy, unsure=unsure, moves=bool(others))


def _retried(standing: Standing, sent: Sent, now_ms: int, policy: DeliveryPolicy, *, unsure: bool, moves: bool) -> Step:
    """The channel did not take it now; here again later, or the next one."""
    counted = sent.outcome in {Outcome.BUSY, Outcome.UNREACHABLE, Outcome.UNKNOWN}
    tries = standing.tries + counted
    if counted:
        wait_ms, impatient = _paused(tries, policy), tries >= policy.patience[standing.severity]
    elif sent.outcome is Outcome.MISCONFIGURED:
        wait_ms, impatient = policy.mend_ms, True
    else:
        wait_ms = limit_ms(sent, policy)
        impatient = wait_ms > policy.wait_ms[standing.severity]
    if impatient and moves:
        following = _following(standing)
        # Once round, all of them have failed: the pause counts again.
        round_over = standing.chain.index(following) == 0
        return Step(state=DeliveryState.WAITING, via=following, next_ms=now_ms + wait_ms * round_over, unsure=unsure)
    return Step(state=DeliveryState.WAITING, via=standing.via, next_ms=now_ms + wait_ms, tries=tries, unsure=unsure)


def _following(standing: Standing) -> str:
    """The channel after this one; after the last the first."""
    if standing.via not in standing.chain:
        return standing.chain[0]
    return standing.chain[(standing.chain.index(standing.via) + 1) % len(standing.chain)]


def _paused(failures: int, policy: DeliveryPolicy) -> int:
    return policy.pauses_ms[min(max(failures, 1), len(policy.pauses_ms)) - 1]


def limit_ms(sent: Sent, policy: DeliveryPolicy = DELIVERY) -> int:
    """How long a channel that says "too many" is left alone."""
    asked = policy.limited_ms if sent.retry_after_ms is None else sent.retry_after_ms
    return min(max(asked, SECOND_MS), policy.longest_limit_ms)


def pause(failures: int, sent: Sent, now_ms: int, policy: DeliveryPolicy = DELIVERY) -> Pause:
    """What an attempt means for the channel; ``failures`` in a row before it."""
    match sent.outcome:
        case Outcome.ACCEPTED | Outcome.REFUSED:
            return Pause(until_ms=0, failures=0)
        case Outcome.LIMITED:
            return Pause(until_ms=now_ms + limit_ms(sent, policy), failures=failures)
        case Outcome.MISCONFIGURED:
            return Pause(until_ms=now_ms + policy.mend_ms, failures=failures + 1)
        case _:
            count = failures + 1
            wait_ms = _paused(count - policy.failures + 1, policy) if count >= policy.failures else 0
            wait_ms = min(wait_ms, policy.longest_pause_ms)
            return Pause(until_ms=now_ms + wait_ms if wait_ms else 0, failures=count)


def moves_on(
    standing: Standing, paused: Mapping[str, int], now_ms: int, policy: DeliveryPolicy = DELIVERY
) -> str | None:
    """The channel that a message goes to instead of waiting for its paused one; ``None``: it waits.

    ``paused`` gives the moment until which a channel is left alone.
    """
    left_ms = paused.get(standing.via, 0) - now_ms
    if left_ms <= policy.wait_ms[standing.severity]:
        return None
    free = (name for name in standing.chain if name != standing.via and paused.get(name, 0) <= now_ms)
    return next(free, None)


# --- who is reached by what -------------------------------------------------------------------------------------


def chain(route: Sequence[str], preference: Preference, personal: Mapping[str, bool]) -> tuple[str, ...]:
    """The channels of a route that reach a person, in their order; ``personal``: whether a channel needs an address."""
    liked = [name for name in preference.order if name in route]
    ordered = dict.fromkeys([*liked, *route])
    return tuple(name for name in ordered if not personal[name] or preference.addresses.get(name))


def first_channels(chains: Mapping[str, tuple[str, ...]]) -> Mapping[str, str | None]:
    """Which channel each way of one transition begins with; ``None``: covered by another way.

    Each channel is used once; a way that has no channel left, or never had one, is covered as long as any way goes.
    If none goes, the first way is ``""``: nothing reaches this person, and somebody must know.

    Args:
        chains: of each way of the transition, in the order of ``WAYS``.
    """
    used: set[str] = set()
    result: dict[str, str | None] = {}
    for way, names in chains.items():
        free = next((name for name in names if name not in used), None)
        result[way] = free
        used |= {free} if free is not None else set()
    if not used:
        result[next(iter(chains))] = ""
    return result


# --- quiet hours ------------------------------------------------------------------------------------------------


def quiet_until(preference: Preference, severity: Severity, now_ms: int, zone: ZoneInfo) -> int | None:
    """When the quiet hours end that hold a message back; ``None`` when it may disturb.

    The end is a local time of day: on a day on which the clocks change, it is the one that the wall clock shows.
    """
    begin, end = preference.quiet_from, preference.quiet_to
    if begin == end or severity >= preference.breaks:
        return None
    local = datetime.fromtimestamp(now_ms / 1000, zone)
    minute = local.hour * 60 + local.minute
    inside = begin <= minute < end if begin < end else minute >= begin or minute < end
    if not inside:
        return None
    day = local.date() if minute < end else local.date() + timedelta(days=1)
    ends = datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=zone)
    return max(int(ends.timestamp() * 1000), now_ms + SECOND_MS)


# --- digests ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A message that could be sent now; ``group``: messages of the same one may share a digest."""

    id: int
    severity: Severity
    group: tuple[str, ...]
    alone: bool = False


def batches(due: Sequence[Due], budget: int | None, most_items: int) -> list[tuple[int, ...]]:
    """What is sent now, in order: single messages as long as the limit allows all of them, digests otherwise.

    The worst come first and alone as far as places remain for the digests of the rest. What finds no place is not in
    the answer and waits.

    Args:
        due: messages, any order.
        budget: attempts that the channel's limit still allows; ``None``: no limit.
        most_items: messages that one digest holds.
    """
    ordered = sorted(due, key=lambda one: (-one.severity, one.id))
    if budget is None or len(ordered) <= budget:
        return [(one.id,) for one in ordered]
    singles: list[tuple[int, ...]] = []
    while ordered and len(singles) < budget:
        first = ordered[0]
        needed = len(_digests(ordered[1:], most_items))
        if not first.alone and (first.severity < Severity.CRITICAL or len(singles) + 1 + needed > budget):
            break
        singles.append((ordered.pop(0).id,))
    together = _digests(ordered, most_items)
    return [*singles, *together[: budget - len(singles)]]


def _digests(ordered: Sequence[Due], most_items: int) -> list[tuple[int, ...]]:
    """The messages in as few digests as hold them, those with the worst message first."""
    groups: dict[tuple[str, ...], list[list[int]]] = {}
    for one in ordered:
        if one.alone:
            groups.setdefault((*one.group, str(one.id)), [[]])[-1].append(one.id)
            continue
        parts = groups.setdefault(one.group, [[]])
        if len(parts[-1]) >= most_items:
            parts.append([])
        parts[-1].append(one.id)
    return [tuple(part) for parts in groups.values() for part in parts]
