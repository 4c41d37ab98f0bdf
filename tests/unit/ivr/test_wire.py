import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import AgiCommandRefused, AgiProtocolError
from ivr.wire import MAX_COMMAND, MAX_ENVIRONMENT, Event, Reply, Request, Signal, Wire, encode

HELLO = b"agi_network_script: intake\nagi_uniqueid: n1-1.1\n\n"

agi_lines = st.sampled_from(
    [
        b"200 result=50 endpos=1234\n",
        b"200 result=1 (a) b)\n",
        b"520-Invalid\n usage\n520 End\n",
        b"511 dead\n",
        b"HANGUP\n",
        b"\n",
        b"520-",
        b"200 result=",
        b"x" * 5000,
    ]
)
streams = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(agi_lines, st.binary(max_size=20)), max_size=8).map(
        lambda parts: HELLO + b"".join(parts)
    ),
)


def events(data: bytes, *, wire: Wire | None = None) -> list[Event]:
    return (wire or Wire()).feed(data)


def comparable(found: list[Event]) -> list[object]:
    return [str(event) if isinstance(event, AgiProtocolError) else event for event in found]


def after_hello(data: bytes) -> list[Event]:
    return events(HELLO + data)[1:]


@given(streams, st.lists(st.integers(1, 40), max_size=30))
def test_the_events_do_not_depend_on_how_the_bytes_are_cut(data: bytes, sizes: list[int]) -> None:
    wire, pieces, rest = Wire(), [], data
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    found = [event for piece in [*pieces, rest] for event in wire.feed(piece)]
    assert comparable(found) == comparable(events(data))


@given(streams)
def test_no_bytes_make_the_parser_raise_and_an_error_is_its_last_word(data: bytes) -> None:
    wire = Wire()
    found = wire.feed(data)
    errors = [at for at, event in enumerate(found) if isinstance(event, AgiProtocolError)]
    assert errors in ([], [len(found) - 1])
    if errors:
        assert wire.feed(HELLO) == []


def test_an_environment_ends_at_the_blank_line() -> None:
    request = Request({"agi_network_script": "intake", "agi_uniqueid": "n1-1.1"})
    assert events(HELLO[:-1]) == []
    assert events(HELLO) == [request]
    assert (request.script, request.leg, request.argument(1)) == ("intake", "n1-1.1", "")


def test_of_a_header_given_twice_the_first_wins_and_is_flagged() -> None:
    found = events(b"agi_uniqueid: a\nagi_x: 1\nagi_uniqueid: b\n\n")
    assert found == [Request({"agi_x": "1", "agi_uniqueid": "a"}, ("agi_uniqueid",))]


def test_bytes_that_are_no_utf8_survive() -> None:
    (request,) = events(b"agi_callerid: \xd5\xc5\n\n")
    assert isinstance(request, Request)
    value = request.headers["agi_callerid"]
    assert value.encode("utf-8", "surrogateescape") == b"\xd5\xc5"


def test_a_header_without_a_colon_is_harmless() -> None:
    assert events(b"agi_a: 1\nnonsense\n\n") == [Request({"nonsense": "", "agi_a": "1"})]


@pytest.mark.parametrize("spare", [0, 1])
def test_an_environment_may_be_sixteen_kilobytes_and_no_more(spare: int) -> None:
    block = b"a: " + b"x" * (MAX_ENVIRONMENT - 3 + spare) + b"\n\n"
    assert isinstance(events(block)[0], AgiProtocolError if spare else Request)


@pytest.mark.fault("B7", how="the parser alone")
@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 result=1", Reply(200, 1)),
        (b"200 result=-1", Reply(200, -1)),
        (b"200 result=50 endpos=1234", Reply(200, 50, None, 1234)),
        (b"200 result=1 (a value)", Reply(200, 1, "a value")),
        (b"200 result=1 (a) (b)", Reply(200, 1, "a) (b")),
        (b"200 result=0 (timeout) endpos=9", Reply(200, 0, "timeout", 9)),
        (b"510 Invalid or unknown command", Reply(510, -1, "Invalid or unknown command")),
        (b"511 Not Permitted", Reply(511, -1, "Not Permitted")),
        (b"520 Proper usage not available.", Reply(520, -1, "Proper usage not available.")),
        (b"520-Invalid\nUsage: X\n  more\n520 End", Reply(520, -1, "Invalid\nUsage: X\n  more")),
    ],
)
def test_a_reply_is_read(line: bytes, reply: Reply) -> None:
    assert after_hello(line + b"\n") == [reply]


@pytest.mark.fault("B6", how="the parser alone")
@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"garbage\n",
        b"200\n",
        b"200 result=\n",
        b"200 result=x\n",
        b"200 result=1\r\n",
        b"200 result=99999999999999\n",
        b"x" * 8193,
        b"200 result=1 (" + b"x" * 8192 + b")\n",
        b"520-" + b"x\n" * 5000,
    ],
)
def test_what_is_no_reply_is_a_typed_error(data: bytes) -> None:
    assert isinstance(after_hello(data)[-1], AgiProtocolError)


@pytest.mark.fault("B5", how="the parser alone")
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"HANGUP\n", [Signal.HANGUP]),
        (b"HANGUP\n200 result=-1\n", [Signal.HANGUP, Reply(200, -1)]),
        (b"520-a\nHANGUP\n520 End\n", [Signal.HANGUP, Reply(520, -1, "a")]),
    ],
)
def test_a_hang_up_is_never_a_reply(data: bytes, found: list[Event]) -> None:
    assert after_hello(data) == found


def test_a_hang_up_within_the_environment_is_seen() -> None:
    assert events(b"agi_a: 1\nHANGUP\n\n")[-1] is Signal.HANGUP


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("SET VARIABLE", "TIMEOUT(absolute)", "9.4"), b"SET VARIABLE TIMEOUT(absolute) 9.4\n"),
        (("SET VARIABLE", "A", ""), b'SET VARIABLE A ""\n'),
        (("SET VARIABLE", "A", 'say "x\\'), b'SET VARIABLE A "say \\"x\\\\"\n'),
        (("GET OPTION", "l110/menu", "*#", "20"), b'GET OPTION l110/menu "*#" 20\n'),
        (("SET VARIABLE", "A", "\udcd5"), b'SET VARIABLE A "\xd5"\n'),
    ],
)
def test_a_command_is_one_line(command: tuple[str, ...], line: bytes) -> None:
    assert encode(*command) == line


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\ud800", "x" * MAX_COMMAND])
def test_a_command_that_asterisk_could_read_as_two_is_refused(bad: str) -> None:
    with pytest.raises(AgiCommandRefused):
        encode("SET VARIABLE", "A", bad)


def test_the_longest_command_is_one_byte_short_of_the_cut() -> None:
    room = MAX_COMMAND - len(b"SET VARIABLE A \n") - 1
    assert len(encode("SET VARIABLE", "A", "x" * room)) == MAX_COMMAND - 1
    with pytest.raises(AgiCommandRefused):
        encode("SET VARIABLE", "A", "x" * (room + 1))


@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=4))
def test_whatever_is_encoded_is_exactly_one_line(arguments: list[str]) -> None:
    try:
        line = encode("SET VARIABLE", *arguments)
    except AgiCommandRefused:
        return
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert b"\0" not in line
    assert len(line) < MAX_COMMAND
    assert unquoted(line[:-1]) == [a.encode("utf-8", "surrogateescape") for a in arguments]


def unquoted(line: bytes) -> list[bytes]:
    """The arguments as Asterisk's parse_args reads them."""
    words: list[bytes] = []
    word, quoted, escaped, started = b"", False, False, False
    for byte in line.removeprefix(b"SET VARIABLE"):
        char = bytes([byte])
        if escaped:
            word, escaped = word + char, False
        elif char == b"\\":
            escaped = started = True
        elif char == b'"':
            quoted, started = not quoted, True
        elif char in b" \t" and not quoted:
            words, word, started = [*words, word] if started else words, b"", False
        else:
            word, started = word + char, True
    return [*words, word] if started else words
