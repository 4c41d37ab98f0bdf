"""The SIP messages of the lab's telephones, in SIPp's notation."""

TELEPHONE_EVENT = 96  # the payload type that SIPp's play_dtmf sends, whatever the SDP says
CALLER_TAG = "[pid]c[call_number]"
SEAT_TAG = "[pid]s[call_number]"
INVITE_BRANCH = "z9hG4bK-[pid]-[call_number]-invite"

SDP = f"""v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 8 {TELEPHONE_EVENT}
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:{TELEPHONE_EVENT} telephone-event/8000
a=fmtp:{TELEPHONE_EVENT} 0-15
a=sendrecv
"""


def send(message: str, *, retransmit: bool = False) -> str:
    attribute = ' retrans="500"' if retransmit else ""
    return f"<send{attribute}><![CDATA[\n{message}\n]]></send>\n"


def with_body(body: str, kind: str) -> str:
    return f"Content-Type: {kind}\nContent-Length: [len]\n\n{body}"


def key_body(key: str) -> str:
    """One key, as SIP INFO carries it."""
    return with_body(f"Signal={key}\nDuration=160\n", "application/dtmf-relay")


NO_BODY = "Content-Length: 0\n"
# Whether he is still there (session timers) is then asked by UPDATE, which SIPp's -aa answers.
MAY = "Allow: INVITE, ACK, CANCEL, BYE, INFO, OPTIONS, UPDATE\n"
SDP_BODY = with_body(SDP, "application/sdp")


def invite(headers: str = "", *, speaks: bool = False) -> str:
    """An INVITE from number [field0] with display name [field1]; `headers` are whole lines.

    What a caller `speaks` leaves from another port than his keys.
    """
    body = SDP_BODY.replace("[media_port]", "[rtpstream_audio_port]") if speaks else SDP_BODY
    return send(caller_request("INVITE", 1, MAY + headers + body, first=True), retransmit=True)


def caller_request(
    method: str, cseq: int, tail: str = NO_BODY, *, first: bool = False, ends_invite: bool = False
) -> str:
    """A request. `ends_invite`: CANCEL or the ACK of a refusal, with the branch of the INVITE."""
    branch = INVITE_BRANCH if first or ends_invite else "[branch]"
    name = '"[field1]" ' if first else ""
    to_tag = "" if first or method == "CANCEL" else "[peer_tag_param]"
    return (
        f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n"
        f"From: {name}<sip:[field0]@[local_ip]:[local_port]>;tag={CALLER_TAG}\n"
        f"To: <sip:[service]@[remote_ip]:[remote_port]>{to_tag}\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} {method}\n"
        "Contact: <sip:caller@[local_ip]:[local_port]>\n"
        f"Max-Forwards: 70\n{tail}"
    )


def response(status: str, tail: str = NO_BODY, *, tagged: bool = False) -> str:
    """An answer to the request that came last. `tagged` adds our tag to the To header."""
    tag = f";tag={SEAT_TAG}" if tagged else ""
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n"
        f"[last_CSeq:]\nContact: <sip:[local_ip]:[local_port]>\n{tail}"
    )


def recv(what: str, **attributes: str | int) -> str:
    """Wait for one message: `what` is a status like "200" or a method like "BYE"."""
    kind = "response" if what.isdigit() else "request"
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<recv {kind}="{what}"{more}/>\n'


def label(number: int) -> str:
    return f'<label id="{number}"/>\n'


def go(number: int) -> str:
    return f'<nop next="{number}"/>\n'


def scenario(*parts: str) -> str:
    """A whole file; label 1 is its end."""
    body = "".join(parts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="l110">\n{body}'
        f"{label(1)}<nop/>\n</scenario>\n"
    )


def ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
