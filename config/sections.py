"""The tables of a settings file that shape calls. Each field says what it is for."""

from itertools import permutations
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.fields import Host, Name, Network, Number, Port, SeatKey, Seconds, Section, ServiceClass

LOOPBACK = ("127.", "::1", "localhost")


class Seat(Section):
    number: Number = Field(description="Extension that rings.")
    at: Literal["switch", "registered"] = Field(
        default="switch",
        description="`switch`: dialled through the switch; `registered`: a phone of our Asterisk.",
    )


class Sip(Section):
    host: Host = Field(description="Address on which our Asterisk takes SIP and RTP.")
    port: Port = Field(description="SIP port of our Asterisk (UDP).")
    switch_host: Host = Field(description="Address of the 110 switch; only it may send us calls.")
    switch_port: Port = Field(description="SIP port of the switch (UDP).")
    seat_networks: tuple[Network, ...] = Field(
        description="Networks of registered seats, as `10.1.2.0/24`. SIP from anywhere else than "
        "these and the switch is refused before it is a call."
    )
    rtp_start: Port = Field(description="First RTP port.")
    rtp_end: Port = Field(description="Last RTP port.")

    @model_validator(mode="after")
    def _rtp_ports_are_a_range(self) -> "Sip":
        if self.rtp_end - self.rtp_start < 9:
            raise ValueError("rtp_end must be at least rtp_start + 9")
        return self


class Agi(Section):
    host: Host = Field(description="Address of the bridge (FastAGI).")
    port: Port = Field(description="Port of the bridge (TCP).")
    second: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+:[0-9]{1,5})?$")] = Field(
        description="`host:port` of a second bridge, asked when the first is away; empty: none."
    )
    local_script: bool = Field(
        description="Whether scripts/fallback gives verdicts when no bridge is there."
    )
    max_connections: int = Field(
        ge=1, le=10000, description="Calls that the bridge serves at once; one more is closed."
    )
    read_timeout_s: Seconds = Field(
        description="Seconds that the bridge waits for Asterisk's line beyond a command's length."
    )


class Ami(Section):
    host: Host = Field(description="Address of Asterisk's manager; keep it on loopback.")
    port: Port = Field(description="Port of Asterisk's manager (TCP).")


class Http(Section):
    host: Host = Field(
        description="Address of Asterisk's HTTP server (WebSocket of the softphone)."
    )
    port: Port = Field(description="Port of Asterisk's HTTP server (TCP).")


class Web(Section):
    serve: bool = Field(description="Whether this node runs the desk (`l110 desk`).")
    host: Annotated[str, Field(pattern=r"^([A-Za-z0-9.:_-]{1,253})?$")] = Field(
        description="Address of the desk's web server; other than loopback it needs `https`. "
        "Empty: that of `agi.host` if it is on loopback, else 127.0.0.1."
    )
    port: Port = Field(description="Port of the desk's web server (TCP).")
    https: bool = Field(
        description="Whether browsers reach the desk over HTTPS, which a proxy in front of it "
        "speaks: cookies then go over HTTPS alone, and the addresses that the proxy names "
        "(X-Forwarded-For, from loopback) are those of the audit."
    )

    @model_validator(mode="after")
    def _no_passwords_in_the_clear(self) -> "Web":
        if not self.https and self.host and not self.host.startswith(LOOPBACK):
            raise ValueError("a host outside loopback needs https = true, and a proxy for it")
        return self


class Trunk(Section):
    name: Name = Field(description="Name of the trunk endpoint; channels are `PJSIP/<name>-...`.")
    channels: int = Field(
        ge=1,
        le=2000,
        description="Channels of the trunk to us at the demo's switch. Nothing else uses it: a "
        "site's own switch has its own number.",
    )
    release: Literal["", "redirect", "refer"] = Field(
        description="How calls of this trunk give their police line back, whatever `release.mode` "
        "says; empty: as it says. (`set_var=L110_RELEASE=...` on the endpoint: a further trunk of "
        "a site's own Asterisk may have another.)"
    )


class Police(Section):
    lines: int = Field(ge=1, le=1000, description="Police lines: slots that callers share.")
    seats: tuple[Seat, ...] = Field(description="Seats of the local police queue, in order.")
    destinations: tuple[
        Annotated[str, Field(pattern=r"^(queue|(dial|refer):[0-9]{1,20})$")], ...
    ] = Field(
        min_length=1,
        description="Where a police call goes, in order: `queue`, `dial:<number>` or "
        "`refer:<number>` at the switch. The last one must lie outside this system.",
    )
    ring_s: Seconds = Field(description="Seconds that one police seat rings before the next.")
    overflow_after_s: Seconds = Field(
        description="Seconds in the destination `queue` before the call moves on to the next one. "
        "`dial` has `ring_s`, `refer` has `queues.refer_guard_s`."
    )

    @model_validator(mode="after")
    def _last_destination_is_outside(self) -> "Police":
        if self.destinations[-1] == "queue":
            raise ValueError("destinations must end outside this system (dial: or refer:)")
        return self


class Admission(Section):
    new_calls_per_s: int = Field(
        ge=0,
        le=10000,
        description="New calls in one second that are let in; refused ones do not count. The next "
        "one is refused with 503, so that the switch rings the police itself; 0: no limit.",
    )
    calls_per_number: int = Field(
        ge=0,
        le=1000,
        description="Calls of one caller's number at a time. One more waits behind everybody in "
        "the police queue. Never counted for withheld, unreadable or three-digit numbers, nor "
        "for the switch's address; 0: no limit.",
    )
    calls_per_number_in_10_min: int = Field(
        ge=0,
        le=100000,
        description="Calls that one caller's number begins in ten minutes of the clock (10:20 to "
        "10:30). One more waits behind everybody, as above; 0: no limit.",
    )
    reserved_lines: int = Field(
        ge=0,
        le=1000,
        description="Of `police.lines`, the last ones: they are only for numbers that have no "
        "other call here and are within their limits. Other calls are refused with 503 there.",
    )


class Livelihood(Section):
    number: Number = Field(description="Number of the livelihood hotline, as shown and dialled.")
    seats: tuple[Seat, ...] = Field(description="Seats of the livelihood queue, in order.")
    ring_s: Seconds = Field(description="Seconds that one livelihood seat rings before the next.")
    waiting_most: int = Field(
        ge=0,
        le=10000,
        description="Callers who may wait in the livelihood queue. One more is told that no "
        "operator is there, and his ticket is one to call back; 0: no limit. The police queue has "
        "none.",
    )
    classes: dict[Annotated[str, Field(pattern=r"^[1-4]$")], ServiceClass] = Field(
        description="Key of the second menu -> class of the ticket."
    )


class Queues(Section):
    announce_every_s: Seconds = Field(
        description="Seconds between two announcements to a waiting caller."
    )
    retry_s: Seconds = Field(description="Seconds between two rounds of ringing the seats.")
    wrap_up_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        description="Seconds of rest for a seat after a talk."
    )
    police_again_s: Seconds = Field(
        description="Seconds of tone, after every police destination failed, before the next round."
    )
    refer_guard_s: Seconds = Field(
        description="Seconds that the switch has to carry out a REFER before the call goes on here."
    )
    service_patience_s: Seconds = Field(
        description="Seconds after the second menu before a human is called without a key."
    )
    misses_until_pause: int = Field(
        ge=0,
        le=100,
        description="How often in a row a seat may ring for its whole `ring_s` unanswered until "
        "it is paused; 0: never. The last police seat that could ring is never paused.",
    )
    pause_most_s: Annotated[float, Field(ge=0, le=86400)] = Field(
        description="Seconds after which a seat that was paused so is rung again, though nothing "
        "was seen of its telephone: one behind the switch cannot show itself. 0: not by time.",
    )


class SeatKeys(Section):
    to_livelihood: SeatKey = Field(
        description="Keys with which a police seat hands its caller to the livelihood side."
    )
    to_police: SeatKey = Field(
        description="Keys with which a livelihood seat hands its caller back to the police, in "
        "front of everybody who keyed nothing."
    )
    three_way: SeatKey = Field(
        description="Keys with which a seat asks the other side into the talk (three-way call)."
    )
    services: dict[SeatKey, Number] = Field(
        description="Keys -> number at the switch of an outside service that a seat asks into the "
        "talk, as 120. No other number can be reached. A site's table takes the place of this one."
    )
    third_ring_s: Seconds = Field(
        description="Seconds that a third party rings before the talk goes on without it."
    )

    @model_validator(mode="after")
    def _no_code_begins_another(self) -> "SeatKeys":
        codes = (self.to_livelihood, self.to_police, self.three_way, *self.services)
        for code, other in permutations(codes, 2):
            if other.startswith(code):
                raise ValueError(f"{code} and {other} cannot be told apart: one begins the other")
        return self


class Release(Section):
    mode: Literal["redirect", "refer"] = Field(
        description="How the police line is given back: `redirect` frees the slot and keeps the "
        "trunk channel; `refer` has the switch take the call back and clear the channel, which "
        "not every switch can."
    )
