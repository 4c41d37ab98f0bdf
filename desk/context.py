"""What the desk is handed: nothing here reads a setting, a clock or an environment by itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.audit_heads import HeadFile
from db.audit_log import Entry, append
from db.engine import writing
from db.models import TicketRow
from db.ticket_moves import Order, apply_move
from tickets.terms import Cut


def no_words(_text: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Desk:
    """now: aware. codes_key: the site's key of the codes (desk/security/codes.py).

    https: browsers reach the desk over HTTPS, so the cookie is sent over nothing else.
    apply: makes a move, with the deadline that goes with it.
    links_key: of the signed links in mails to units; empty: no page answers them.
    cut: cuts Chinese text into words, for the knowledge base; by itself it knows none.
    """

    engine: Engine
    now: Callable[[], datetime]
    codes_key: bytes
    heads: HeadFile
    https: bool = False
    apply: Callable[[Session, int, Order], TicketRow] = apply_move
    links_key: bytes = b""
    cut: Cut = no_words

    def audit(self, session: Session, entry: Entry) -> None:
        """In the transaction of what is audited, as its last act."""
        append(session, entry, self.heads)

    def audit_alone(self, entry: Entry) -> None:
        """What was refused: its own transaction was taken back."""
        with writing(self.engine) as session:
            self.audit(session, entry)
