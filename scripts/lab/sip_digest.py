"""A telephone's proof that it knows its password: digest with MD5 and qop=auth (RFC 2617)."""

import hashlib
import re
import secrets

from scripts.lab.sip_message import Header, Message

PART = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
ASKS = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


class NoChallengeOfOurs(ValueError):
    """The answer asks for a proof, and for none that this telephone can give."""


def proof(answer: Message, request: Message, user: str, password: str) -> Header:
    """The header with which `request` is sent again.

    Raises:
        NoChallengeOfOurs: no challenge with MD5 in `answer`.
    """
    asks, gives = ASKS[answer.status]
    challenges = [_parts(value) for value in answer.all(asks)]
    ours = [c for c in challenges if c.get("algorithm", "MD5").upper() == "MD5"]
    if not ours:
        raise NoChallengeOfOurs(answer.start)
    told = ours[0] | {"username": user, "uri": request.uri, "cnonce": secrets.token_hex(8)}
    told["response"] = response(told, request.method, password)
    quoted = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")
    text = ", ".join(f'{name}="{told[name]}"' for name in quoted if name in told)
    return gives, f"Digest {text}, algorithm=MD5, qop=auth, nc=00000001"


def response(told: dict[str, str], method: str, password: str) -> str:
    """The digest itself, for the first use of a nonce."""
    who = _md5(f"{told['username']}:{told['realm']}:{password}")
    what = _md5(f"{method}:{told['uri']}")
    return _md5(f"{who}:{told['nonce']}:00000001:{told['cnonce']}:auth:{what}")


def _parts(challenge: str) -> dict[str, str]:
    return {m[1].lower(): m[2] if m[2] is not None else m[3] for m in PART.finditer(challenge)}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
