"""What all groups of settings have in common."""

from __future__ import annotations

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.findings import Said, Sentence


class Contradiction(ValueError):
    """Settings that cannot work; what is wrong and what to do, for the finding that is made of it."""

    def __init__(self, problem: Said, hint: Sentence) -> None:
        """Keep both; a ``ValueError``, because that is what pydantic collects."""
        super().__init__(str(problem))
        self.problem, self.hint = problem, hint


class Section(BaseSettings):
    """A group of settings: unknown keys are errors, values do not change, the environment is read in one place only."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``app.settings_file`` has merged, nothing behind its back."""
        return (init_settings,)
