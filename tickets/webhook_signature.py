"""The signature of what goes to a unit's own system, for whoever sends and whoever receives.

`L110-Signature: v1=<hex>` is HMAC-SHA256 with the unit's key over `<timestamp>.<body>`, where
`L110-Timestamp` is in seconds since 1970. The receiver reckons it anew over the raw body, compares
in constant time, and refuses a timestamp that is minutes away: so nobody sends it again later.
"""

import hashlib
import hmac

TIMESTAMP, SIGNATURE, KEY = "L110-Timestamp", "L110-Signature", "Idempotency-Key"
TOLERANCE_S = 300


class SignatureRefused(ValueError):
    """Not signed by us, changed, or too old."""


def unit_key(master: bytes, unit: str) -> str:
    """Each unit has a key of its own, so that none can speak in our name to another."""
    return hmac.digest(master, b"l110 webhook 1\n" + unit.encode(), hashlib.sha256).hex()


def signature(key: str, timestamp_s: int, body: bytes) -> str:
    made = hmac.digest(key.encode(), f"{timestamp_s}.".encode() + body, hashlib.sha256)
    return f"v1={made.hex()}"


def check_signature(key: str, timestamp: str, given: str, body: bytes, now_s: float) -> None:
    """What a receiver does. Raises SignatureRefused."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise SignatureRefused(f"{TIMESTAMP} is not in seconds")
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise SignatureRefused(f"{TIMESTAMP} is more than {TOLERANCE_S} s away")
    expected = signature(key, int(timestamp), body)
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise SignatureRefused(f"{SIGNATURE} does not fit the body")
