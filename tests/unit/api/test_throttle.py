"""Guessing is slowed down; nobody is locked out by somebody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.testclient import TestClient

from api.application import create_app
from api.entrance import address_of
from api.throttle import RULES, Attempt, LoginThrottle, Scope, Tally, after_failure, wait_ms
from tests.unit.api.world import NOW_MS, PASSWORD, World

SESSION = "/api/v1/session"


@pytest.fixture
def world(either_world: World) -> World:
    """Every test here runs on both databases."""
    return either_world


@given(st.sampled_from(Scope), st.lists(st.integers(-10_000_000, 10_000_000), max_size=40), st.integers(0, 10**13))
def test_a_wait_is_never_longer_than_its_rule_says(scope: Scope, steps: list[int], start_ms: int) -> None:
    """Whatever the failures and however the clock jumps, the wait stays within its limit."""
    rule, tally, now_ms = RULES[scope], Tally(), start_ms
    for step in steps:
        now_ms = max(0, now_ms + step)
        tally = after_failure(tally, rule, now_ms)
        assert 0 <= wait_ms(tally, rule, now_ms) <= rule.longest_ms
        assert wait_ms(tally, rule, now_ms + rule.longest_ms) == 0


def test_free_failures_cost_nothing_then_the_wait_doubles() -> None:
    """Five failures are free, the sixth costs 15 s, the seventh 30 s; after the window it starts afresh."""
    rule, tally = RULES[Scope.PAIR], Tally()
    waits = []
    for n in range(8):
        tally = after_failure(tally, rule, NOW_MS + n)
        waits.append(wait_ms(tally, rule, NOW_MS + n))
    assert waits == [0, 0, 0, 0, 0, 15_000, 30_000, 60_000]
    assert after_failure(tally, rule, NOW_MS + rule.window_ms + 1).failures == 1


def from_address(world: World, address: str) -> TestClient:
    """A browser somewhere."""
    return TestClient(create_app(world.ports(), world.settings), base_url="http://localhost", client=(address, 1))


def attempt(client: TestClient, username: str, password: str) -> tuple[int, str]:
    answer = client.post(SESSION, json={"username": username, "password": password})
    return answer.status_code, answer.headers.get("retry-after", "")


def test_the_right_password_waits_too(world: World) -> None:
    """Once a pair must wait, even the right password is not looked at; afterwards it is, and clears the tally."""
    with from_address(world, "10.0.0.1") as client:
        for _ in range(6):
            assert attempt(client, "manager1", "wrong")[0] == 401
        assert attempt(client, "manager1", PASSWORD) == (429, "15")
        world.clock.advance(15_000)
        assert attempt(client, "manager1", PASSWORD)[0] == 200
        for _ in range(5):
            assert attempt(client, "manager1", "wrong")[0] == 401


def test_an_owner_is_not_locked_out_from_where_they_are_known(world: World) -> None:
    """An account that is hammered from many places still opens from an address it has been opened at before."""
    with from_address(world, "10.0.0.1") as home:
        assert attempt(home, "manager1", PASSWORD)[0] == 200
        throttle = LoginThrottle(world.engine)
        for n in range(60):
            throttle.admit(Attempt(account="manager1", address=f"192.0.2.{n}", known=False), NOW_MS)
        with from_address(world, "203.0.113.9") as elsewhere:
            assert attempt(elsewhere, "manager1", PASSWORD)[0] == 429
        assert attempt(home, "manager1", PASSWORD)[0] == 200


def test_one_password_for_many_accounts_is_stopped_by_address(world: World) -> None:
    """After 20 failures an address waits, whatever account it names, in any spelling, known or not."""
    with from_address(world, "10.0.0.66") as client:
        outcomes = [attempt(client, f"user{n}", "wrong")[0] for n in range(30)]
    assert outcomes[:20] == [401] * 20
    assert set(outcomes[21:]) == {429}
    with from_address(world, "10.0.0.67") as client:
        assert attempt(client, "manager2", PASSWORD)[0] == 200


def test_an_address_cannot_be_invented(world: World) -> None:
    """Forwarded headers do not make a new address out of an old one."""
    with from_address(world, "10.0.0.1") as client:
        for n in range(6):
            client.post(
                SESSION,
                json={"username": "manager1", "password": "wrong"},
                headers={"X-Forwarded-For": f"192.0.2.{n}", "X-Real-IP": f"192.0.2.{n}"},
            )
        assert attempt(client, "manager1", PASSWORD)[0] == 429


def test_spelling_an_account_differently_gains_nothing(world: World) -> None:
    """Upper and lower case count together."""
    with from_address(world, "10.0.0.1") as client:
        for name in ("manager1", "MANAGER1", "Manager1", "mAnager1", "manaGer1", "managEr1"):
            attempt(client, name, "wrong")
        assert attempt(client, "manager1", PASSWORD)[0] == 429


def test_waiting_attempts_are_not_counted(world: World) -> None:
    """Hammering during the wait does not make it longer."""
    throttle = LoginThrottle(world.engine)
    one = Attempt(account="a", address="b", known=True)
    for _ in range(6):
        assert throttle.admit(one, NOW_MS) == 0
    assert {throttle.admit(one, NOW_MS + 1000) for _ in range(20)} == {14_000}
    throttle.succeeded(one)
    assert throttle.admit(one, NOW_MS + 1001) == 0


@pytest.mark.parametrize(
    ("peer", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", "unknown"),
    ],
)
def test_addresses_count_by_what_somebody_commands(peer: str, counted_as: str) -> None:
    """IPv4 counts by address, also when mapped; IPv6 by its /64."""
    scope: dict[str, object] = {"type": "http", "headers": [], "client": (peer, 1) if peer else None}
    assert address_of(Request(scope)) == counted_as
