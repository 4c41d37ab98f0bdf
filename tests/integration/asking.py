"""The menu as its caller and its Asterisk see it: what is played, and what is said."""

import asyncio
from collections.abc import Callable

from agi_scripts.registry import scripts
from agi_scripts.services import Services
from tests.integration.fake_asterisk import play, serving

GUARD = "SET VARIABLE TIMEOUT(absolute) 9.4"
ENGLISH_GUARD = "SET VARIABLE TIMEOUT(absolute) 9"
ASK = 'GET OPTION l110/menu "0123456789*#ABCD" 2000'
ENGLISH = "SET VARIABLE CHANNEL(language) en"

MakeServices = Callable[..., Services]


def run(services: Services, *answers: str, hello: bytes | None = None) -> list[str]:
    async def main() -> list[str]:
        async with serving(scripts(services)) as (port, _):
            return await play(port, *answers, hello=hello)

    return asyncio.run(main())


def verdict(wire: str) -> str:
    return f'SET VARIABLE L110_VERDICT "{wire}"'
