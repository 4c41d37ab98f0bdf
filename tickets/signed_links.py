"""Links by which a unit answers a dispatch without signing in.

A token is `payload.signature`, both base64url. The payload names ticket, dispatch, unit and end;
the signature is HMAC-SHA256 over it. Whoever holds the link may answer for that unit, for that
one dispatch, until it ends: an answer on a page that asks first, never by opening the link.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

PURPOSE = b"l110 answer link 1\n"  # a signature made for anything else is none here
LONGEST = 1000


class AnswerKind(StrEnum):
    ACCEPT = "accept"
    OBJECT = "object"
    SOLVE = "solve"


class LinkFault(StrEnum):
    BROKEN = "broken"
    EXPIRED = "expired"


class LinkRefused(ValueError):
    """`kind` is for a program, the text for the person who opened it."""

    def __init__(self, kind: LinkFault, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """version: the ticket's with which it was dispatched; a later dispatch has another link.

    ends_s: seconds since 1970.
    """

    ticket_id: int
    version: int
    unit: str
    ends_s: int

    @property
    def ends_at(self) -> datetime:
        return datetime.fromtimestamp(self.ends_s, UTC)


def link_for(
    ticket_id: int, version: int, unit: str, *, made_at: datetime, days: float
) -> AnswerLink:
    """Ends so many days after the dispatch, in every try of its mail the same."""
    ends_at = made_at + timedelta(days=days)
    return AnswerLink(ticket_id, version, unit, int(ends_at.timestamp()))


def signed(link: AnswerLink, secret: bytes) -> str:
    payload = json.dumps(astuple(link), ensure_ascii=True, separators=(",", ":")).encode()
    return f"{_text(payload)}.{_text(_signature(payload, secret))}"


def read_link(token: str, secret: bytes, now: datetime) -> AnswerLink:
    """The link that we signed and that has not ended.

    Raises:
        LinkRefused: changed, cut short, never ours (BROKEN), or too old (EXPIRED).
    """
    payload = _genuine(token, secret)
    if payload is None:
        raise LinkRefused(
            LinkFault.BROKEN,
            "链接不完整或已被改动，请从邮件中重新打开。"
            "This link is incomplete or was changed: open it from the mail again.",
        )
    link = AnswerLink(*json.loads(payload))
    if now >= link.ends_at:
        raise LinkRefused(
            LinkFault.EXPIRED,
            f"链接已于 {link.ends_at:%Y-%m-%d} 失效，请登录系统办理。"
            f"This link ended on {link.ends_at:%Y-%m-%d}: sign in instead.",
        )
    return link


def _genuine(token: str, secret: bytes) -> bytes | None:
    if len(token) > LONGEST or not token.isascii():
        return None
    first, _, second = token.partition(".")
    try:
        payload, signature = _bytes(first), _bytes(second)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(_signature(payload, secret), signature):
        return None
    return payload if _is_our_text(token, payload, signature) else None


def _is_our_text(token: str, payload: bytes, signature: bytes) -> bool:
    """Base64 has more than one text for some bytes; ours is the only one that counts."""
    return token == f"{_text(payload)}.{_text(signature)}"


def _signature(payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, PURPOSE + payload, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
