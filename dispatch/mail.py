"""By e-mail. Sources: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 5322 (Message-ID)."""

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from dispatch.outgoing import NotSent, Outgoing

TEXT = SMTP.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class MailServer:
    """starttls: the mail is not sent where the server offers none. password: "" where no user.

    ca_file: whom we trust to know the server; empty: whom the system trusts.
    within_s: for the whole talk with the server.
    """

    host: str
    port: int
    from_address: str
    starttls: bool = True
    user: str = ""
    password: str = ""
    ca_file: str = ""
    within_s: float = 20.0


class _Hurried(smtplib.SMTP):
    """A talk that is cut off at its end, whatever the server does.

    smtplib has a time for each wait only: a server that says one more line each second holds it
    for ever. The end comes from a timer, over a second handle of the same line: the first one
    goes into the TLS layer.
    """

    def __init__(self, host: str, port: int, within_s: float) -> None:
        self._within_s = within_s
        self._line: socket.socket | None = None
        self._timer: threading.Timer | None = None
        super().__init__(host, port, timeout=within_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """As SMTP_SSL does it: the place where the library makes its connection."""
        connected = socket.create_connection((host, port), timeout)
        self._line = connected.dup()
        self._timer = threading.Timer(self._within_s, self._cut)
        self._timer.daemon = True
        self._timer.start()
        return connected

    def _cut(self) -> None:
        with suppress(OSError):
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self._timer is not None:
            self._timer.cancel()
        if self._line is not None:
            self._line.close()


class Mailer:
    """The key is the Message-ID, so that a mail which comes twice is seen to be one."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def __call__(self, outgoing: Outgoing) -> None:
        """Raises NotSent."""
        server = self._server
        if not server.host:
            raise NotSent("mail.host is empty: name your mail server in the settings")
        try:
            self._deliver(outgoing)
        except smtplib.SMTPRecipientsRefused as fault:
            code, said = next(iter(fault.recipients.values()))
            raise NotSent(_said(code, said), for_good=code >= 500) from fault
        except smtplib.SMTPResponseException as fault:
            for_good = isinstance(fault, smtplib.SMTPDataError) and fault.smtp_code >= 500
            raise NotSent(_said(fault.smtp_code, fault.smtp_error), for_good=for_good) from fault
        except (OSError, smtplib.SMTPException, ValueError) as fault:
            why = str(fault) or type(fault).__name__
            raise NotSent(f"{server.host}:{server.port}: {why[:200]}") from fault

    def _deliver(self, outgoing: Outgoing) -> None:
        """Once the server has said yes to the mail, nothing that it does later matters."""
        server = self._server
        smtp = _Hurried(server.host, server.port, server.within_s)
        try:
            self._sign_in(smtp)
            smtp.send_message(
                message_of(outgoing, server.from_address),
                from_addr=server.from_address,
                to_addrs=[outgoing.address],
            )
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        finally:
            smtp.close()

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        if server.starttls:
            trusted = ssl.create_default_context(cafile=server.ca_file or None)
            smtp.starttls(context=trusted)
        if server.user:
            smtp.login(server.user, server.password)


def message_of(outgoing: Outgoing, from_address: str) -> EmailMessage:
    message = EmailMessage(policy=TEXT)
    message["From"] = Address(addr_spec=from_address)
    message["To"] = Address(addr_spec=outgoing.address)
    message["Subject"] = outgoing.subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{outgoing.key}@{from_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic reply to this
    message.set_content(outgoing.body)
    return message


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"the mail server said {code} {' '.join(words.split())[:200]}"
