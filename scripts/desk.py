"""`l110 desk`: the web server of the desk."""

import asyncio
import os
import signal
import socket
import threading

import structlog
import uvicorn
from sqlalchemy import Engine

from config.settings import Settings
from desk.app import create_app
from scripts.desk_context import desk_of
from scripts.logs import set_up_logs
from scripts.sd_notify import Notifier
from scripts.store import await_store

STOP_WITHIN_S = 5
MOST_AT_ONCE = 500  # connections; one more is answered 503 by the server itself
SAY_EVERY_S = 5.0

log = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. No call depends on it.

    Waits for the store and brings its tables to this release. Exits with 1 if its port is not to
    be had: who started it tries again.
    """
    set_up_logs(settings.log.level, "desk")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    host, port = settings.web_host, settings.web.port
    try:
        listener = _listen(host, port)
    except OSError as error:
        log.error("desk.no_port", host=host, port=port, error=error.strerror)
        raise SystemExit(1) from None
    notifier = Notifier(os.environ)
    notifier.ready()
    with listener:
        engine = await_store(
            settings.store_url, stop, alive=notifier.alive, name=f"l110-desk-{settings.node}"
        )
        if engine is not None:
            try:
                _serve(settings, engine, listener, stop, notifier)
            finally:
                engine.dispose()
    log.info("desk.stopped")


def _listen(host: str, port: int) -> socket.socket:
    """Raises OSError. Nobody is answered before the store is there, but the port is ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _serve(
    settings: Settings,
    engine: Engine,
    listener: socket.socket,
    stop: threading.Event,
    notifier: Notifier,
) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(desk_of(settings, engine)),
            log_config=None,
            access_log=False,  # addresses hold what people look for, callers' numbers too
            server_header=False,
            proxy_headers=settings.web.https,
            forwarded_allow_ips="127.0.0.1",
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
    )
    log.info("desk.started", host=settings.web_host, port=settings.web.port)
    asyncio.run(_until_stopped(server, listener, stop, notifier))


async def _until_stopped(
    server: uvicorn.Server, listener: socket.socket, stop: threading.Event, notifier: Notifier
) -> None:
    """A life sign out of the loop that serves is the proof that this loop turns."""

    async def tell() -> None:
        every_s = min(notifier.every_s or SAY_EVERY_S, SAY_EVERY_S)
        while True:
            notifier.alive()
            await asyncio.sleep(every_s)

    telling = asyncio.create_task(tell())
    try:
        if not stop.is_set():
            await server.serve(sockets=[listener])
    finally:
        telling.cancel()
