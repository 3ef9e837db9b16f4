"""``twingrid profile list | show | check | new | schema``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.console import Speaker, finding_values
from app.exits import Exit
from core.foreign import system_problem
from core.people import Language

if TYPE_CHECKING:
    from gateway.profile import Profile
    from gateway.profile_warnings import Checked

_COLUMNS = ("name", "profile.address", "wire", "type", "scale", "profile.unit", "range")


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""
    group = typer.Typer(help=speaker.say("cmd.profile"), no_args_is_help=True)
    app.add_typer(group, name="profile")
    _register_reading(group, speaker)
    _register_check(group, speaker)
    _register_writing(group, speaker)


def _register_reading(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("list", help=speaker.say("cmd.profile.list"))
    def list_(
        kind: str = typer.Option("", help=speaker.say("help.profile.kind")),
        folder: Path | None = typer.Option(None, "--profiles", help=speaker.say("help.profile.folder")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.profile_view import list_rows, summary_values

        _known_kind(kind, speaker)
        profiles = {key: one for key, one in _profiles(folder).items() if not kind or one.kind == kind}
        if as_json:
            speaker.json([summary_values(profiles[key]) for key in sorted(profiles)])
            return
        columns = [speaker.say(f"col.{name}") for name in ("key", "product", "kind", "registers", "profile.evidence")]
        speaker.table(columns, list_rows(profiles, speaker.language.value), whole=1)

    @group.command("show", help=speaker.say("cmd.profile.show"))
    def show(
        key: str = typer.Argument(help=speaker.say("help.profile.key")),
        folder: Path | None = typer.Option(None, "--profiles", help=speaker.say("help.profile.folder")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.profile_view import head, meanings, profile_values, register_rows

        profile = _one(key, folder, speaker)
        if as_json:
            speaker.json(profile_values(profile))
            return
        for line in head(profile, speaker):
            speaker.out.print(line, markup=False, soft_wrap=True)
        speaker.table(
            [speaker.say(f"col.{name}") for name in _COLUMNS], register_rows(profile, speaker.language.value), whole=3
        )
        for line in meanings(profile, speaker):
            speaker.out.print(line, markup=False, soft_wrap=True)


def _register_check(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("check", help=speaker.say("cmd.profile.check"))
    def check(
        files: list[Path] = typer.Argument(None, help=speaker.say("help.profile.files")),
        strict: bool = typer.Option(False, "--strict", help=speaker.say("help.profile.strict")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from gateway.profile_warnings import check as check_file

        results = [check_file(path) for path in _files(files or [_shipped_folder()])]
        errors = [finding for result in results for finding in result.errors]
        warnings = [finding for result in results for finding in result.warnings]
        if as_json:
            speaker.json([_checked_values(result, speaker.language) for result in results])
        else:
            speaker.findings(errors)
            if warnings:
                speaker.note(f"{speaker.say('profile.warning')}:")
                speaker.findings(warnings)
            if errors or warnings:
                speaker.note(speaker.say("profile.odd", errors=len(errors), warnings=len(warnings)))
            else:
                speaker.out.print(speaker.say("profile.good", count=len(results)))
        raise typer.Exit(Exit.FINDING if errors or (strict and warnings) else Exit.OK)


def _register_writing(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("new", help=speaker.say("cmd.profile.new"))
    def new(
        maker: str = typer.Option(
            ..., prompt=speaker.say("help.profile.maker"), help=speaker.say("help.profile.maker")
        ),
        model: str = typer.Option(
            ..., prompt=speaker.say("help.profile.model"), help=speaker.say("help.profile.model")
        ),
        kind: str = typer.Option("other", help=speaker.say("col.kind")),
        source: str = typer.Option("", help=speaker.say("help.profile.source")),
        output: Path | None = typer.Option(None, help=speaker.say("help.profile.output")),
    ) -> None:
        from gateway.product import Evidence, Kind
        from gateway.profile_skeleton import file_name, skeleton

        _known_kind(kind, speaker)
        text = skeleton(
            maker,
            model,
            kind=Kind(kind),
            evidence=Evidence.SECONDARY,
            source=source,
            schema=str(_shipped_folder().parent / "profile.schema.json"),
            language=speaker.language.value,
        )
        _write(output or Path(f"{file_name(maker, model)}.yaml"), text, speaker)

    @group.command("schema", help=speaker.say("cmd.profile.schema"))
    def schema() -> None:
        from gateway.profile_schema import text

        speaker.out.print(text(), markup=False, soft_wrap=True, end="")


def _write(path: Path, text: str, speaker: Speaker) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        speaker.error(speaker.say("profile.exists", file=path))
        raise typer.Exit(Exit.FINDING) from None
    except OSError as error:
        why = system_problem(error).in_language(speaker.language)
        speaker.error(speaker.say("profile.unwritable", file=path, why=why))
        raise typer.Exit(Exit.UNAVAILABLE) from None
    speaker.out.print(speaker.say("profile.written", file=path), markup=False, soft_wrap=True)


def _shipped_folder() -> Path:
    return Path(str(resources.files("gateway") / "profiles"))


def _profiles(folder: Path | None) -> Mapping[str, Profile]:
    from gateway.profile_file import load_folder, shipped

    return shipped() | (load_folder(folder) if folder else {})


def _one(key: str, folder: Path | None, speaker: Speaker) -> Profile:
    """The profile of a key or a file."""
    from gateway.profile_file import load

    path = Path(key)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return load(path)
    profiles = _profiles(folder)
    if key not in profiles:
        near = ", ".join(difflib.get_close_matches(key, profiles, 3, 0.3)) or ", ".join(sorted(profiles))
        speaker.error(speaker.say("profile.unknown", name=key, near=near))
        raise typer.Exit(Exit.USAGE)
    return profiles[key]


def _known_kind(kind: str, speaker: Speaker) -> None:
    from gateway.product import Kind

    if kind and kind not in list(Kind):
        speaker.error(speaker.say("profile.unknown-kind", kind=kind, known=", ".join(Kind)))
        raise typer.Exit(Exit.USAGE)


def _files(paths: Iterable[Path]) -> list[Path]:
    """Files as they are, folders as the profiles in them."""
    return [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]


def _checked_values(result: Checked, language: Language) -> dict[str, object]:
    return {
        "file": result.file,
        "key": result.profile.key if result.profile else None,
        "errors": finding_values(result.errors, language),
        "warnings": finding_values(result.warnings, language),
    }
