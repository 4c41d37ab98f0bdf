"""Commands that are read when they are called: a bridge that starts anew waits for none of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class Lazily(click.Group):
    """`where`: name of a command -> `module:attribute`, for those that are not added by code."""

    where: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.where})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        at = self.where.get(cmd_name)
        if at is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = at.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command
