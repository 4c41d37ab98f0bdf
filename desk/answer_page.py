"""The page behind the signed link of a dispatch: a unit answers without signing in.

To open it changes nothing, for mail scanners open every link; only the form does. The token is the
proof of who may: no cookie is read, so there is nothing that another site could ride on.
"""

from collections.abc import Callable
from datetime import datetime
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from sqlalchemy import Engine

from db.answers import Answered, Asked, DispatchOver, answer, asked
from db.engine import reading
from tickets.numbers import SHANGHAI
from tickets.refused import MoveRefused
from tickets.signed_links import AnswerKind, AnswerLink, LinkFault, LinkRefused, read_link

LONGEST_FORM = 128 * 1024  # ten thousand Chinese characters, percent-encoded, are 90 kB
LONGEST_TEXT = 10_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the proof
    "X-Content-Type-Options": "nosniff",
}
WORDS = {
    AnswerKind.ACCEPT: "签收 Accept",
    AnswerKind.OBJECT: "提出异议 Object",
    AnswerKind.SOLVE: "办结 Solved",
}
PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>民生110派单</title>
<style>body{{font:1.1rem/1.6 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}
textarea{{width:100%;height:8rem}}button{{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0}}
pre{{white-space:pre-wrap;font:inherit}}</style></head><body><main>{main}</main></body></html>
"""


def answer_router(
    engine: Engine, secret: bytes, clock: Callable[[], datetime], prefix: str = "/answer"
) -> APIRouter:
    """secret: the one that the worker signs with (scripts/sending.py, `link_secret`)."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get("/{token}")
    def look(token: str) -> HTMLResponse:
        return _told(lambda: _form(_asked(engine, read_link(token, secret, clock()))))

    @router.post("/{token}")
    async def press(token: str, request: Request) -> HTMLResponse:
        form = await _read(request)
        if form is None:
            return _page(413, "<p>内容过长。This is too long.</p>")
        return await run_in_threadpool(_told, lambda: _apply(token, form))

    def _apply(token: str, form: dict[str, str]) -> str:
        link = read_link(token, secret, clock())
        if form.get("kind") not in list(AnswerKind):
            return _form(_asked(engine, link))
        kind = AnswerKind(form["kind"])
        said = form.get("said", "").replace("\0", "").strip()[:LONGEST_TEXT]
        return _thanks(answer(engine, link, kind, said, clock()))

    return router


def _told(make: Callable[[], str]) -> HTMLResponse:
    """The page, or why there is none, in the words of whoever refused."""
    try:
        return _page(200, make())
    except LinkRefused as fault:
        status = 410 if fault.kind is LinkFault.EXPIRED else 404
        return _page(status, f"<p>{escape(str(fault))}</p>")
    except DispatchOver as fault:
        return _page(410, f"<p>{escape(str(fault))}</p>")
    except MoveRefused as fault:
        return _page(409, f"<p>未能提交。Not applied: {escape(str(fault))}</p>")


def _asked(engine: Engine, link: AnswerLink) -> Asked:
    with reading(engine) as session:
        return asked(session, link)


async def _read(request: Request) -> dict[str, str] | None:
    """The form's fields, the first of each name; None: longer than we read."""
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > LONGEST_FORM:
            return None
    try:
        found = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _form(page: Asked) -> str:
    shown = [f"<h1>工单 {escape(page.number)}</h1>"]
    due = f"{page.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if page.due_at else None
    for name, value in (
        ("期限", due),
        ("标题", page.title),
        ("地点", page.place),
        ("诉求", page.request),
    ):
        if value:
            shown.append(f"<p>{name}：</p><pre>{escape(value)}</pre>")
    if not page.kinds:
        return "".join([*shown, "<p>此工单目前无需答复。There is nothing to answer now.</p>"])
    buttons = "".join(
        f'<button name="kind" value="{kind.value}">{WORDS[kind]}</button>' for kind in page.kinds
    )
    note = "异议请写明理由，办结请写明结果。An objection needs its reason, a solution its result."
    return "".join(
        [
            *shown,
            f'<form method="post"><label for="said">{note}</label>',
            f'<textarea id="said" name="said" maxlength="10000"></textarea><br>{buttons}</form>',
        ]
    )


def _thanks(done: Answered) -> str:
    at = f"{done.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    if done.again:
        told = f"此前已于 {at} 提交，未作更改。Answered before, at {at}; nothing was changed."
    else:
        told = f"已提交（{at}）。Done."
    return f"<h1>工单 {escape(done.number)}</h1><p>{told}</p>"


def _page(status: int, main: str) -> HTMLResponse:
    return HTMLResponse(PAGE.format(main=main), status, HEADERS)
