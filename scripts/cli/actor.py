"""A command's connection as the manager's actor, who may change what is live."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from config.settings import Settings
from ivr.ami import Ami
from ivr.ami_errors import AmiError

T = TypeVar("T")


def with_actor(settings: Settings, work: Callable[[Ami], Awaitable[T]]) -> T:
    """Raises ClickException: there is no secret, or the manager did not do what was asked."""
    path = settings.secret_path("ami-actor")
    try:
        secret = path.read_text().strip()
    except OSError as error:
        raise click.ClickException(f"no secret of the manager's actor: {error}") from None
    ami = Ami(settings.ami.host, settings.ami.port, "l110-actor", secret)

    async def whole() -> T:
        async with ami:
            return await work(ami)

    try:
        return asyncio.run(whole())
    except AmiError as error:
        raise click.ClickException(str(error)) from None
