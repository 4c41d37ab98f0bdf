"""Codes of six digits that change every 30 seconds (TOTP, RFC 6238).

The store keeps a salt, the site's key makes the secret of it: who has a copy of the store alone
makes no codes.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp

STEP_S = 30
EITHER_SIDE = 1  # of the present step: clocks of telephones are not exact
ISSUER = "Livelihood 110"


def new_salt() -> str:
    return secrets.token_hex(16)


def uri(key: bytes, salt: str, name: str) -> str:
    """What an authenticator takes in, also as a QR code. A secret."""
    return pyotp.TOTP(_secret(key, salt)).provisioning_uri(name=name, issuer_name=ISSUER)


def code(key: bytes, salt: str, now: datetime) -> str:
    return pyotp.TOTP(_secret(key, salt)).at(now)


def step_of(key: bytes, salt: str, given: str, now: datetime, *, after: int) -> int | None:
    """The step whose code this is; None: of no step near now and later than `after`."""
    present = int(now.timestamp()) // STEP_S
    made = pyotp.TOTP(_secret(key, salt))
    found = None
    for step in range(present - EITHER_SIDE, present + EITHER_SIDE + 1):
        same = hmac.compare_digest(made.at(step * STEP_S).encode(), given.encode())
        if same and step > after:
            found = step
    return found


def _secret(key: bytes, salt: str) -> str:
    return base64.b32encode(hmac.digest(key, salt.encode(), hashlib.sha256)[:20]).decode()
