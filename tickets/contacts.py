"""How a unit is reached."""

import re
from enum import StrEnum


class Way(StrEnum):
    """inbox: the unit's page; it is sent by being written. console: a line in the worker's log."""

    INBOX = "inbox"
    EMAIL = "email"
    WEBHOOK = "webhook"
    CONSOLE = "console"


ADDED = (Way.EMAIL, Way.WEBHOOK, Way.CONSOLE)  # every unit has its inbox without that
LONGEST = 500
# Narrower than RFC 5321 on purpose: no quoted names, no comments, nothing that ends a header line.
EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\Z"
)
WEBHOOK = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,253}(?:/[!-~]*)?\Z")


class ContactRefused(ValueError):
    """The way or the address cannot be used; says why."""


def checked_contact(way: str, address: str) -> tuple[Way, str]:
    """Raises ContactRefused."""
    if way not in ADDED:
        raise ContactRefused(f"a way is one of {', '.join(ADDED)}, not {way!r}")
    address = address.strip()
    if len(address) > LONGEST:
        raise ContactRefused(f"an address has at most {LONGEST} characters")
    if way == Way.EMAIL and not EMAIL.match(address):
        raise ContactRefused(f"{address!r} is no e-mail address of the form name@host")
    if way == Way.WEBHOOK and not WEBHOOK.match(address):
        raise ContactRefused(f"{address!r} is no address of the form https://host/path")
    return Way(way), address
