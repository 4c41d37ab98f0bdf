"""What the options in front of a command gave it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.settings import Settings, SettingsRejected, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass
class Site:
    """The settings are read when a command first asks, so that `--help` needs none."""

    config: Path | None = None

    @cached_property
    def settings(self) -> Settings:
        try:
            return load_settings(self.config)
        except SettingsRejected as error:
            raise click.ClickException(str(error)) from None

    @cached_property
    def engine(self) -> "Engine":
        """Its connections are closed when the command ends, however it ends."""
        from db.engine import make_engine  # a bridge that starts anew waits for no SQL

        engine = make_engine(self.settings.store_url)
        if context := click.get_current_context(silent=True):
            context.find_root().call_on_close(engine.dispose)
        return engine


pass_site = click.make_pass_decorator(Site, ensure=True)
config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path, resolve_path=True),
    help="Settings file of this site (or L110_CONFIG); over the defaults, under L110_* variables.",
)
