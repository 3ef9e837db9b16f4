"""Help and wrong use of the command line in the reader's language; the library below speaks English only.

English passes through word for word. In Chinese the few phrases of the library are replaced; what the table does not
know is named by kind, never left in English.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from app.exits import Exit
from core.people import Language

F = TypeVar("F", bound=Callable[..., Any])

UsageError: Final[type[Exception]] = typer.BadParameter.__bases__[0]
"""What typer raises for wrong use; it has no public name."""

_HELP: Final[tuple[tuple[str, str], ...]] = (
    (r"^Usage: ", "用法："),
    (r"^Options:$", "选项："),
    (r"^Commands:$", "命令："),
    (r"^Arguments:$", "参数："),
    (r"\[OPTIONS\]", "[选项]"),
    (r"COMMAND \[ARGS\]\.\.\.", "命令 [参数]..."),
    (r"Show this\s+message\s+and\s+exit\.", "显示本说明并退出"),
    (r"\[default: ", "[默认："),
    (r"\[required\]", "[必填]"),
    (r"; required\]", "；必填]"),
    (r"<path>", "<路径>"),
    (r"<str>", "<文本>"),
    (r"<int\b", "<整数"),
    (r"<float\b", "<数字"),
    (r" range>", " 范围>"),
)
_WRONG: Final[tuple[tuple[str, str], ...]] = (
    (r"No such option: (?P<name>\S+) \(Possible options: (?P<near>.+)\)", "没有选项 {name}（可能是：{near}）"),
    (r"No such option: (?P<name>\S+)(?P<rest>.*)", "没有选项 {name}"),
    (r"No such command (?P<name>'.+?')\.?(?P<rest>.*)", "没有命令 {name}"),
    (r"Missing option (?P<name>.+?)\.(?P<rest>.*)", "缺少选项 {name}"),
    (r"Missing command\.?", "缺少命令"),
    (r"Missing argument (?P<name>.+?)\.(?P<rest>.*)", "缺少参数 {name}"),
    (r"Option (?P<name>\S+) requires (?P<rest>.+)", "选项 {name} 需要一个值"),
    (r"Got unexpected extra argument\S* \((?P<name>.+)\)", "多余的参数：{name}"),
    (r"Invalid value for (?P<name>.+?): .*greater than or equal to (?P<most>\S+)", "{name} 的值应不小于 {most}"),
    (r"Invalid value for (?P<name>.+?): .*less than or equal to (?P<most>\S+)", "{name} 的值应不大于 {most}"),
    (r"Invalid value for (?P<name>.+?): .*valid integer.*", "{name} 的值应为整数"),
    (r"Invalid value for (?P<name>.+?): .*valid number.*", "{name} 的值应为数字"),
    (r"Invalid value for (?P<name>.+?): .*", "{name} 的值无效"),
)
_OTHER: Final = "命令行有误"


class Command(TyperCommand):
    """A command whose help is in the language that ``ctx.obj`` holds."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """The help page."""
        return _helped(super().get_help(ctx), ctx.obj)

    def get_usage(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """The line of use."""
        return _helped(super().get_usage(ctx), ctx.obj)


class Group(TyperGroup):
    """A group of commands whose help is in the language that ``ctx.obj`` holds."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """The help page."""
        return _helped(super().get_help(ctx), ctx.obj)

    def get_usage(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """The line of use."""
        return _helped(super().get_usage(ctx), ctx.obj)


class Program(typer.Typer):
    """A Typer whose commands and groups are those above."""

    def __init__(self, **options: Any) -> None:
        """Take Typer's options; no markup and no traces, which are for people who write Python."""
        super().__init__(cls=Group, rich_markup_mode=None, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[F], F]:
        """Typer's decorator, for a ``Command``."""
        decorator: Callable[[F], F] = super().command(name, cls=Command, **options)
        return decorator


def explain(error: Exception, language: Language) -> int:
    """Say on standard error what was wrong with the command line; the exit code."""
    context: typer.Context | None = getattr(error, "ctx", None)
    message = str(error.format_message()) if hasattr(error, "format_message") else str(error)
    if context is not None and message == context.get_help():  # called without anything, a group explains itself
        sys.stderr.write(message + "\n")
        return Exit.USAGE
    if context is not None:
        sys.stderr.write(f"{context.get_usage()}\n{hint(context.command_path, language)}\n\n")
    sys.stderr.write(wrong_use(message, language) + "\n")
    return Exit.USAGE


def hint(command: str, language: Language) -> str:
    """Where help is."""
    if language is Language.ENGLISH:
        return f"Try '{command} --help' for help."
    return f"运行 '{command} --help' 查看说明。"


def wrong_use(message: str, language: Language) -> str:
    """The library's complaint in a language."""
    if language is Language.ENGLISH:
        return f"Error: {message}"
    for pattern, chinese in _WRONG:
        match = re.fullmatch(pattern, message, re.DOTALL)
        if match is not None:
            return f"错误：{chinese.format(**match.groupdict())}"
    return f"错误：{_OTHER}"


def _helped(text: str, language: object) -> str:
    if language is not Language.CHINESE:
        return text
    for pattern, chinese in _HELP:
        text = re.sub(pattern, chinese, text, flags=re.MULTILINE)
    return text
