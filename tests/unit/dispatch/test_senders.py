"""Signatures against the platforms' own examples, texts that stay text, addresses that may be reached."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.ports.notifications import Item, Message, Outcome
from dispatch.senders.address import is_public
from dispatch.senders.aliyun_sms import AliyunSms, canonical_query, signed_headers
from dispatch.senders.mail import Mail
from dispatch.senders.robots import DingTalk, Feishu, WeCom, dingtalk_signature, feishu_signature
from dispatch.senders.services import Service, is_allowed
from dispatch.senders.wire import Answer, meaning
from dispatch.senders.wording import cut, inert, markdown, plain

NOW = 1_795_000_000_000
LINK = "https://city.example/tasks/41"
HOSTILE = "[点我](http://evil.example) <at id=all></at> **x** <font> `y` @所有人\n# 头\u202e"


def message(count: int = 1, **values: Any) -> Message:
    """A message of so many things."""
    items = tuple(Item(title=f"水泵 {n} {HOSTILE}", body="某小区（C-1）", link=LINK) for n in range(count))
    known: dict[str, Any] = {"key": "app/1/task/41/1", "items": items, "severity": Severity.HIGH}
    return Message(**(known | values))


def test_the_signature_of_aliyun_is_that_of_its_documentation() -> None:
    """The worked example of "V3 request structure and signature": RunInstances with its fixed nonce and date."""
    headers = signed_headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        date="2023-10-26T10:22:32Z",
        nonce="3156853299f313e23d1673dc12e1703d",
        query=canonical_query(
            {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
        ),
        key_id="YourAccessKeyId",
        key_secret="YourAccessKeySecret",
    )
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_queries_are_encoded_as_the_signature_wants() -> None:
    """Space is %20, a star %2A, the tilde stays."""
    assert canonical_query({"b": "a b*~", "a": "中"}) == "a=%E4%B8%AD&b=a%20b%2A~"


def test_the_two_robot_signatures_differ_in_what_is_key() -> None:
    """DingTalk signs time and secret under the secret; Feishu signs nothing under both; openssl gives the same."""
    # printf '1577262236757\nSEC' | openssl dgst -sha256 -hmac SEC -binary | base64
    assert dingtalk_signature("SEC", 1577262236757) == "FCrkybxczqYG4jomAMzHQsyxBVrxsDxfRW1CGgX+1rk="
    # printf '' | openssl dgst -sha256 -hmac $'1599360473\nSEC' -binary | base64
    assert feishu_signature("SEC", 1599360473) == "4JWgcpNmrcsrGNgV/GWd+prGAlJRbFPZbsD5UJ6/bmE="


@pytest.mark.parametrize(
    "robot", [DingTalk(token="t"), WeCom(token="t"), Feishu(token="t")], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("address", ["", "13800000001"])
def test_names_from_outside_stay_text(robot: Any, count: int, address: str) -> None:
    """No link, call or markup of a facility's name survives; our own link and call do."""
    told = json.dumps(robot.payload(message(count, address=address), NOW), ensure_ascii=False)
    assert "evil.example)" not in told
    assert "<at id=all>" not in told
    assert "<font>" not in told
    assert "@所有人" not in told
    assert told.count(LINK) == count
    assert ("13800000001" in told) == bool(address)


def test_a_card_opens_the_task() -> None:
    """One thing for a room is a card with a link at each of the three."""
    assert DingTalk(token="t").payload(message(), NOW)["actionCard"]["singleURL"] == LINK
    assert WeCom(token="t").payload(message(), NOW)["template_card"]["card_action"] == {"type": 1, "url": LINK}
    card = Feishu(token="t", secret="s").payload(message(), NOW)
    assert card["card"]["elements"][1]["actions"][0]["url"] == LINK
    assert card["card"]["header"]["template"] == "orange"
    assert (card["timestamp"], card["sign"]) == ("1795000000", feishu_signature("s", 1_795_000_000))


def test_a_repeat_says_so_in_the_language_of_its_reader() -> None:
    """Only where an earlier attempt may have arrived."""
    assert "may be a repeat" in plain(message(repeated=True, language="en"))
    assert "可能重复" in plain(message(repeated=True))
    assert "重复" not in plain(message())


@given(st.text(), st.integers(min_value=-2, max_value=60))
def test_cuts_fall_between_characters(text: str, most: int) -> None:
    """Never too long, always text, unchanged where it fits."""
    text = text.encode(errors="ignore").decode()
    made = cut(text, most)
    assert len(made.encode()) <= max(most, 0)
    assert made in {text, ""} or made.endswith("…")


@given(st.text())
def test_inert_text_has_one_line_and_no_markup(text: str) -> None:
    """Whatever comes in."""
    assert not set(inert(text)) & set("<>[]()*_`#@~|\\!&\n\r\t\u2028\u202e")


@pytest.mark.parametrize("count", [1, 12])
def test_a_digest_keeps_within_the_platforms_size(count: int) -> None:
    """4096 bytes at WeCom, with the longest titles the outbox holds."""
    items = tuple(Item(title="水" * 1000, body="泵" * 1000, link=LINK) for _ in range(count))
    made = markdown(Message(key="k", items=items, severity=Severity.LOW), 4_000)
    assert len(made.encode()) <= 4_096
    assert made.count(LINK) == count


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2400:3200::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    """Private, local, shared, multicast, the metadata services of clouds, and IPv4 inside IPv6."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (429, Outcome.LIMITED),
        (500, Outcome.BUSY),
        (503, Outcome.BUSY),
        (408, Outcome.BUSY),
        (502, Outcome.UNKNOWN),
        (504, Outcome.UNKNOWN),
        (204, Outcome.UNKNOWN),
        (302, Outcome.MISCONFIGURED),
        (401, Outcome.MISCONFIGURED),
        (404, Outcome.MISCONFIGURED),
        (400, Outcome.REFUSED),
        (413, Outcome.REFUSED),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome) -> None:
    """A relay that lost an answer knows nothing; a redirect is not followed."""
    assert meaning(Answer(status=status, headers={}, body=b""), NOW).outcome is outcome


@pytest.mark.parametrize(
    ("text", "wait_ms"),
    [
        ("120", 120_000),
        ("Wed, 18 Nov 2026 11:08:40 GMT", 1_795_000_120_000 - NOW),
        ("Wed, 18 Nov 2020 11:08:40 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 40, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait_ms: int | None) -> None:
    """Anything else is not believed."""
    assert meaning(Answer(status=429, headers={"retry-after": text}, body=b""), NOW).retry_after_ms == wait_ms


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("tgram://token/chat", True),
        ("ntfys://host/topic", True),
        ("file:///etc/passwd", False),
        ("exec://rm", False),
        ("json://host", False),
        ("jsons://host", False),
        ("syslog://", False),
        ("dbus://", False),
        ("mailto://u:p@host", False),
        ("tgram", False),
        ("", False),
    ],
)
def test_apprise_does_what_the_list_says(url: str, allowed: bool) -> None:
    """Programs, files and addresses of anybody's choice are not on it."""
    assert is_allowed(url) is allowed
    if not allowed:
        assert Service(url=url).send(message(), NOW).outcome is Outcome.MISCONFIGURED


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Apprise, on modules that are leaving Python
def test_apprise_knows_every_service_on_the_list() -> None:
    """A list with names that Apprise does not have would promise what nobody keeps."""
    from apprise.plugins import N_MGR

    from dispatch.senders.services import OWN, PUBLIC

    known = set(N_MGR.schemas())  # type: ignore[no-untyped-call]
    assert known >= PUBLIC | OWN


def test_a_letter_is_plain_text_and_html_with_one_id() -> None:
    """Every attempt has the same Message-ID; names are escaped; a line break in an address is refused."""
    mail = Mail(host="h", port=25, security="none", sender="Twingrid <tg@city.example>")
    letters = [
        message_from_bytes(mail.letter(message(address="a@b.example"), now).as_bytes(), policy=default)
        for now in (NOW, NOW + 1)
    ]
    assert letters[0]["Message-ID"] == letters[1]["Message-ID"]
    assert letters[0]["Message-ID"].endswith("@city.example>")
    assert [part.get_content_type() for part in letters[0].iter_parts()] == ["text/plain", "text/html"]
    html = list(letters[0].iter_parts())[1].get_content()
    assert "<at id=all>" not in html
    assert f'href="{LINK}"' in html
    with pytest.raises(ValueError, match=r"linefeed|newline|character"):
        mail.letter(message(address="a@b.example\nBcc: c@d.example"), NOW)


def test_the_variables_of_a_short_message_keep_their_length() -> None:
    """35 characters each, never empty; a digest says how many and names the worst."""
    sms = AliyunSms(
        key_id="i",
        key_secret="s",
        sign_name="n",
        templates={"zh": "T"},
        parameters={"title": "title", "code": "ref", "n": "count", "where": "body"},
    )
    values = sms._values(message(3))
    assert values["title"].startswith("3 条通知：水泵 0")
    assert len(values["title"]) == 35
    assert (values["code"], values["n"]) == ("41", "3")
    assert sms._values(Message(key="k", items=(Item(title="x"),), severity=Severity.LOW))["where"] == "-"


def test_secrets_are_not_shown() -> None:
    """Neither a sender's text nor its errors hold them."""
    senders = [
        DingTalk(token="tok-secret", secret="sec-secret"),
        Mail(host="h", port=1, security="none", sender="a@b", password="pw-secret"),
        AliyunSms(key_id="i", key_secret="ks-secret", sign_name="n", templates={}, parameters={}),
        Service(url="tgram://url-secret/1"),
    ]
    assert not [one for one in senders if "secret" in repr(one).replace("secret=", "")]
