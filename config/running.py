"""The tables of a settings file that say how a node is run, watched and tried out."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.fields import Host, Patience, Port, Seconds, Section


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        description="Least level that is written to var/log."
    )


class Supervisor(Section):
    ready_within_s: Seconds = Field(description="Seconds that `l110 up` waits for every process.")
    stop_within_s: Seconds = Field(
        description="Seconds that a process has to end before it is killed."
    )
    bridge_silent_s: Patience = Field(
        description="Seconds without a life sign of the bridge until it is killed and started "
        "anew; 0: never."
    )
    asterisk_silent_s: Patience = Field(
        description="Seconds without an answer on Asterisk's console until it is killed and "
        "started anew, with all its calls; 0: never."
    )


class Records(Section):
    cel_file: str = Field(
        description="CEL file of the Asterisk that takes the calls (cel_custom, `l110.jsonl`), "
        "relative to the checkout or absolute; empty: that of the Asterisk of `l110 up`."
    )
    cdr_file: str = Field(
        description="CDR file of the same Asterisk (cdr_custom, `l110-cdr.jsonl`); empty: likewise."
    )
    starts_dir: str = Field(
        description="Folder in memory (tmpfs) into which Asterisk writes each call's start before "
        "the answer, and which nobody else may write; empty: one in `/dev/shm`."
    )


class Audit(Section):
    switch_list_path: str = Field(
        description="The switch's own list of Call-IDs, for `l110 audit calls`; empty: none."
    )


class Health(Section):
    host: Annotated[str, Field(pattern=r"^([A-Za-z0-9.:_-]{1,253})?$")] = Field(
        description="Address of the health pages (`/healthz`, `/readyz`, `/metrics`, "
        "`/openmetrics`); keep it on loopback or in the watchers' network. Empty: that of "
        "`agi.host`."
    )
    port: Port = Field(description="Port of the bridge's health pages (TCP).")
    watch_port: Port = Field(description="Port of the watch's health pages (TCP): the whole node.")
    forward_port: Port = Field(description="Port of the forwarder's health pages (TCP).")
    keep_port: Port = Field(description="Port of the keeper's health pages (TCP).")
    worker_port: Port = Field(description="Port of the worker's health pages (TCP).")
    asterisk_metrics: bool = Field(
        description="Whether Asterisk tells its own figures at `/metrics` of `http.port`, to the "
        "name `l110` and the password in `<var_dir>/secrets/asterisk-metrics`. Only while "
        "`http.host` is on loopback; else it does not."
    )
    look_every_s: Annotated[float, Field(ge=0.2, le=60)] = Field(
        description="Seconds between two looks of the watch at Asterisk and bridge."
    )
    sip_every_s: Annotated[float, Field(ge=0, le=60)] = Field(
        description="Seconds between two questions of the watch (OPTIONS) to Asterisk's SIP port; "
        "0: none."
    )
    disk_percent: Annotated[float, Field(ge=1, le=100)] = Field(
        description="Per cent in use from which a disk with records is an alarm."
    )
    silent_after_s: Seconds = Field(
        description="Seconds without a packet of sound from one side of a talk until the alarm."
    )
    agi_longest_s: Seconds = Field(
        description="Seconds that a caller may be with a giver of verdicts until it is an alarm; "
        "more than the whole menu takes."
    )
    ban_after: int = Field(
        ge=0,
        le=1000,
        description="Refused logins at Asterisk's manager from one address within a minute until "
        "it is shut out; 0: never. Our own address never is: then it is an alarm only.",
    )
    scan_after: int = Field(
        ge=0,
        le=1000,
        description="Refused SIP messages from one address within a minute until it is an alarm, "
        "and a stranger's address comes into `<var_dir>/run/sip-banned`, for your firewall; "
        "0: never. The switch and the networks of seats never come there.",
    )
    scan_ban_s: Seconds = Field(
        description="Seconds that an address stays in that list after its last scan."
    )


class Mail(Section):
    host: Annotated[str, Field(pattern=r"^([A-Za-z0-9.:_-]{1,253})?$")] = Field(
        description="Mail server that takes our mail to the units; empty: none, and mail waits."
    )
    port: Port = Field(description="Port of the mail server (TCP).")
    starttls: bool = Field(
        description="Whether mail goes only over STARTTLS, to a server whose certificate is "
        "trusted. `false` is for a server on loopback."
    )
    ca_file: str = Field(
        description="Certificates that are trusted for the mail server, relative to the checkout "
        "or absolute; empty: those of the system."
    )
    user: str = Field(
        description="Name to sign in with; its password is in `<var_dir>/secrets/smtp-password`. "
        "Empty: without."
    )
    from_address: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}$")] = (
        Field(description="Address that our mail comes from.")
    )


class Sending(Section):
    every_s: Seconds = Field(
        description="Seconds between two looks of a worker for messages that are due."
    )
    within_s: Annotated[float, Field(gt=0, le=600)] = Field(
        description="Seconds that one try to send has, by mail or webhook; less than "
        "`supervisor.stop_within_s`, so that a worker that is stopped ends its try."
    )
    lease_s: Seconds = Field(
        description="Seconds that a message belongs to the worker that tries it; then another may."
    )
    attempts_most: int = Field(
        ge=1, le=1000, description="Tries until a message is a dead letter (`l110 worker dead`)."
    )
    first_again_s: Seconds = Field(
        description="Seconds after the first failure until the next try; they double each time."
    )
    longest_again_s: Seconds = Field(description="Seconds that they grow to at most.")
    answer_url: Annotated[str, Field(pattern=r"^(https?://[!-~]{1,500})?$")] = Field(
        description="Where a unit answers by link, as it reaches the desk: the signed token is "
        "added at its end, as in `https://desk.example/answer/`. Empty: messages have no link."
    )
    link_days: Annotated[float, Field(gt=0, le=366)] = Field(
        description="Days after the dispatch that such a link is good."
    )
    late_after_s: Seconds = Field(
        description="Seconds that a message may be due unsent until it is an alarm."
    )

    @model_validator(mode="after")
    def _a_lease_outlasts_a_try(self) -> "Sending":
        if self.lease_s < 3 * self.within_s:
            raise ValueError("lease_s must be at least three times within_s")
        return self


class SelfTest(Section):
    every_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        description="Seconds between two self-test calls of the node to itself; 0: none."
    )
    within_s: Seconds = Field(
        description="Seconds that a self-test call has for its verdict until it is an alarm."
    )


class Doctor(Section):
    test_number: Annotated[str, Field(pattern=r"^[0-9]{0,20}$")] = Field(
        description="Number that `l110 doctor --switch` dials at the switch, which brings that "
        "call to us as a call to 110; empty: it waits for a telephone (`--from`)."
    )
    caller_number: Annotated[str, Field(pattern=r"^([0-9]{3,20})?$")] = Field(
        description="Number that this test call shows, and that the switch must pass on: nobody "
        "else's. Empty: no test call of our own."
    )


class CallBacks(Section):
    hours: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$")], ...],
        Field(min_length=1),
    ] = Field(
        description="When citizens may be rung, in Asia/Shanghai, in order, as `09:00-12:00`; "
        "never before 07:00 or after 22:00."
    )
    shown_number: Annotated[str, Field(pattern=r"^([0-9]{3,20})?$")] = Field(
        description="Number that the citizen sees, and may ring back; empty: `livelihood.number`."
    )
    at_once: int = Field(
        ge=1,
        le=1000,
        description="Call-backs that may go on at a time, of all workers together. Each takes a "
        "channel of the trunk to the switch, but never a police line.",
    )
    ring_s: Seconds = Field(description="Seconds that the citizen's telephone rings.")
    patience_s: Seconds = Field(
        description="Seconds after a question before it is asked again, or the next one."
    )
    message_most_s: Annotated[float, Field(ge=1, le=300)] = Field(
        description="Seconds at most of what he says after the tone."
    )
    messages_dir: str = Field(
        description="Folder of these messages, which Asterisk must be able to write; empty: "
        "<var_dir>/messages."
    )
    attempts: int = Field(
        ge=1,
        le=20,
        description="Attempts that reached his telephone, until a person calls: busy, no answer, "
        "hung up, no key.",
    )
    failures: int = Field(
        ge=1, le=100, description="Attempts that failed on our side, until a person calls."
    )
    after_busy_s: Seconds = Field(description="Seconds from a busy line to the next attempt.")
    after_no_answer_s: Seconds = Field(description="The same, after no answer.")
    after_hung_up_s: Seconds = Field(
        description="The same, after he hung up without an answer, or pressed no key."
    )
    after_failed_s: Seconds = Field(description="The same, after it failed on our side.")
    lost_after_s: Annotated[float, Field(ge=300, le=86400)] = Field(
        description="Seconds after which an attempt counts as failed whose end was never told: "
        "longer than the forwarder may be behind."
    )


class Demo(Section):
    callers_host: Host = Field(description="Address from which the demo's callers call.")
    seats_host: Host = Field(description="Address of the telephones of the demo's seats.")
