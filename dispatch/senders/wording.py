"""Messages as text: names from outside stay text in every markup, and cuts fall between characters."""

from __future__ import annotations

from collections.abc import Sequence

from core.places import Text
from core.ports.notifications import Item, Message

_INERT = str.maketrans(
    {
        **dict(zip("<>[]()*_`#@~|\\!&", "＜＞［］（）＊＿｀＃＠～｜＼！＆", strict=True)),
        **dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029, 0x202A, 0x202B, 0x202D, 0x202E], " "),
    }
)
REPEATED = Text(zh="（可能重复：上次发送未得到答复）", en="(may be a repeat: the last attempt got no answer)")
AGAIN = Text(zh="可能重复：", en="Repeat? ")
"""The same where there is no room for more."""
OPEN = Text(zh="查看详情", en="Open")
MORE = Text(zh="{count} 条通知", en="{count} notifications")
FOR = Text(zh="致 {name}", en="For {name}")


def inert(text: str) -> str:
    """The text with every sign that a markup could read replaced by its full-width twin, on one line."""
    return text.translate(_INERT).strip()


def cut(text: str, most_bytes: int) -> str:
    """At most so many bytes of UTF-8, with an ellipsis where something is missing."""
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    if most_bytes < 3:
        return ""
    return encoded[: most_bytes - 3].decode(errors="ignore") + "…"


def heading(message: Message) -> str:
    """One line for the whole message; markup-free."""
    first = inert(message.items[0].title)
    if len(message.items) == 1:
        return first
    return MORE.in_language(message.language).format(count=len(message.items))


def notes(message: Message) -> list[str]:
    """For whom, and whether it may be a repeat."""
    language = message.language
    named = [FOR.in_language(language).format(name=inert(message.recipient))] if message.recipient else []
    return [*named, *([REPEATED.in_language(language)] if message.repeated else [])]


def plain(message: Message) -> str:
    """The message as plain text; links stand on lines of their own."""
    blocks = ["\n".join(part for part in (one.title, one.body, one.link) if part) for one in message.items]
    if len(message.items) > 1:
        blocks = [heading(message), *blocks]
    return "\n\n".join([*blocks, *notes(message)])


def markdown(message: Message, most_bytes: int, *, links: bool = True) -> str:
    """The message in the markdown that the three robots share: bold, links (unless a card has them), line breaks."""
    head, tail = [], notes(message)
    if len(message.items) > 1:
        head = [f"**{heading(message)}**"]
    room = most_bytes - sum(len(line.encode()) + 2 for line in (*head, *tail))
    each = room // len(message.items) - 2
    lines = [_markdown_item(one, message.language if links else "", each) for one in message.items]
    return "\n\n".join([*head, *lines, *tail])


def _markdown_item(one: Item, language: str, most_bytes: int) -> str:
    link = f"[{OPEN.in_language(language)}]({one.link})" if one.link and language else ""
    room = max(most_bytes - len(link.encode()) - 14, 24)
    title = cut(inert(one.title), room)
    body = cut(inert(one.body), max(room - len(title.encode()), 0)) if one.body else ""
    return "  \n".join(part for part in (f"**{title}**", body if body != "…" else "", link) if part)


def masked(text: str, secrets: Sequence[str]) -> str:
    """A line for people without the channel's secrets, short and printable."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "‹secret›")
    return "".join(sign if sign.isprintable() else " " for sign in text)[:300]
