"""``twingrid rule check | test | explain | new | list | show | reload``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker


def register(group: typer.Typer, speaker: Speaker) -> None:
    """Add the commands to the group ``rule``."""
    _register_check(group, speaker)
    _register_test(group, speaker)
    _register_explain(group, speaker)
    _register_list(group, speaker)
    _register_new(group, speaker)
    _register_reload(group, speaker)


def _register_check(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("check", help=speaker.say("cmd.rule.check"))
    def check(
        paths: list[Path] = typer.Argument(None, help=speaker.say("help.rule.paths")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        strict: bool = typer.Option(False, "--strict", help=speaker.say("help.rule.strict")),
        cost: bool = typer.Option(False, "--cost", help=speaker.say("help.rule.cost")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.rule_check import check as run

        options = {"strict": strict, "cost": cost, "json": as_json}
        raise typer.Exit(run(speaker, paths or (), config, options))


def _register_test(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("test", help=speaker.say("cmd.rule.test"))
    def test(
        files: list[Path] = typer.Argument(None, help=speaker.say("help.rule.scenarios")),
        book: list[Path] = typer.Option([], "--book", help=speaker.say("help.rule.test-book")),
        only: str = typer.Option("", help=speaker.say("help.rule.only")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.rule_trial import show, try_files

        raise typer.Exit(show(speaker, try_files(files or (), book, config, only), as_json=as_json))

    @group.command("schema", help=speaker.say("cmd.rule.schema"))
    def schema() -> None:
        from rules.trial.schema import text

        speaker.out.print(text(), markup=False, soft_wrap=True, end="")


def _register_reload(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("reload", help=speaker.say("cmd.rule.reload"))
    def reload(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        wait_s: float = typer.Option(70.0, "--wait", min=0.0, help=speaker.say("help.rule.wait")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.rule_reload_view import reload as run

        raise typer.Exit(run(speaker, config, wait_s, as_json=as_json))


def _register_explain(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("explain", help=speaker.say("cmd.rule.explain"))
    def explain(
        rule: str = typer.Argument(help=speaker.say("help.rule.id")),
        facility: str = typer.Option("", help=speaker.say("help.rule.facility")),
        at: str = typer.Option("", help=speaker.say("help.rule.at")),
        back: str = typer.Option("", help=speaker.say("help.rule.back")),
        book: list[Path] = typer.Option([], "--book", help=speaker.say("help.rule.book")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.rule_explain import back_span
        from app.rule_explain import explain as run

        where = (facility, at, back_span(back))
        raise typer.Exit(run(speaker, rule, tuple(book), config, where, as_json=as_json))


def _register_list(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("list", help=speaker.say("cmd.rule.list"))
    def list_(
        paths: list[Path] = typer.Argument(None, help=speaker.say("help.rule.paths")),
        class_id: str = typer.Option("", "--class", help=speaker.say("help.rule.class")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.rule_find import list_rules

        raise typer.Exit(list_rules(speaker, paths or (), config, class_id, as_json=as_json))

    @group.command("show", help=speaker.say("cmd.rule.show"))
    def show(
        rule: str = typer.Argument(help=speaker.say("help.rule.id")),
        book: list[Path] = typer.Option([], "--book", help=speaker.say("help.rule.book")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
    ) -> None:
        from app.rule_find import show_rule

        raise typer.Exit(show_rule(speaker, rule, book, config))


def _register_new(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("new", help=speaker.say("cmd.rule.new"))
    def new(
        class_id: str = typer.Option("", "--class", help=speaker.say("help.rule.new-class")),
        measurement: str = typer.Option("", help=speaker.say("help.rule.measurement")),
        limit: str = typer.Option("", help=speaker.say("help.rule.limit")),
        held: str = typer.Option("", "--for", help=speaker.say("help.rule.for")),
        clear: str = typer.Option("", help=speaker.say("help.rule.clear")),
        rule_id: str = typer.Option("", "--id", help=speaker.say("help.rule.new-id")),
        severity: str = typer.Option("", help=speaker.say("help.rule.severity")),
        lead: str = typer.Option("construction", help=speaker.say("help.rule.lead")),
        zh: str = typer.Option("", help=speaker.say("help.rule.zh")),
        en: str = typer.Option("", help=speaker.say("help.rule.en")),
        source: str = typer.Option("", help=speaker.say("help.rule.source")),
        output: Path | None = typer.Option(None, help=speaker.say("help.rule.output")),
    ) -> None:
        from app.rule_new import Wanted
        from app.rule_new import new as run

        wanted = Wanted(
            class_id=class_id,
            measurement=measurement,
            limit=limit,
            held=held,
            rule_id=rule_id,
            clear=clear,
            severity=severity,
            lead=lead,
            zh=zh,
            en=en,
            source=source,
            output=output,
        )
        raise typer.Exit(run(speaker, wanted))
