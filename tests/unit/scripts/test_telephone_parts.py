"""What a telephone of the lab writes and reads, held against the RFCs' own examples."""

from scripts.lab.sip_dialog import calling, mirrored, sdp, sound_of
from scripts.lab.sip_digest import response
from scripts.lab.sip_message import Message, ack_of, address_of, answer_to, parameter, parse

INVITE = Message(
    "INVITE sip:110@node SIP/2.0",
    (
        ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
        ("From", '"a;b" <sip:a@a;user=phone>;tag=1'),
        ("To", "<sip:110@node>"),
        ("Call-ID", "c"),
        ("CSeq", "7 INVITE"),
    ),
    "民生",
)


def test_the_digest_is_that_of_rfc_2617() -> None:
    told = {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "cnonce": "0a4f113b",
    }
    assert response(told, "GET", "Circle Of Life") == "6629fae49393a05397450978507c4ef1"


def test_a_message_is_read_as_it_was_written() -> None:
    data = INVITE.encode()
    assert parse(data) == INVITE
    assert b"Content-Length: 6\r\n\r\n" in data  # bytes, not letters


def test_an_answer_keeps_the_names_of_its_request_and_adds_one_tag() -> None:
    ok = answer_to(INVITE, "200 OK", ("Contact", "<sip:110@node:5070>"), tag="x")
    assert (ok.status, ok.method, ok.number) == (200, "INVITE", 7)
    assert ok.get("To") == "<sip:110@node>;tag=x"
    assert answer_to(ok, "200 OK", tag="y").get("To") == "<sip:110@node>;tag=x"


def test_a_success_is_acknowledged_at_its_contact_and_a_refusal_in_its_own_transaction() -> None:
    ok = answer_to(INVITE, "200 OK", ("Contact", "<sip:110@node:5070>"), tag="x")
    assert ack_of(INVITE, ok).start == "ACK sip:110@node:5070 SIP/2.0"
    assert ack_of(INVITE, ok).branch != INVITE.branch
    busy = answer_to(INVITE, "486 Busy Here", tag="x")
    assert ack_of(INVITE, busy).start == "ACK sip:110@node SIP/2.0"
    assert ack_of(INVITE, busy).branch == INVITE.branch


def test_what_stands_inside_the_brackets_is_no_parameter_of_the_header() -> None:
    assert parameter("<sip:a@b;tag=no>;tag=yes", "tag") == "yes"
    assert parameter("<sip:a@b;tag=no>", "tag") == ""
    assert address_of(INVITE.get("From")) == "sip:a@a;user=phone"


def test_a_dialog_is_named_from_the_other_sides_view_in_replaces() -> None:
    dialog = calling("seat", "a:1", "sip:livelihood@node")
    dialog.remote = "<sip:livelihood@node>;tag=theirs"
    assert dialog.replaces == f"{dialog.call_id}%3Bto-tag%3Dtheirs%3Bfrom-tag%3D{dialog.tag}"


def test_a_hold_is_answered_with_its_mirror_image() -> None:
    held = sdp("127.0.0.1", 4000, direction="sendonly")
    assert (mirrored(held), sound_of(held)) == ("recvonly", ("127.0.0.1", 4000))
    assert mirrored(sdp("127.0.0.1", 4000)) == "sendrecv"
    assert sound_of("") is None
