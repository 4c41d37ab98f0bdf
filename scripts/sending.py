"""Senders, rules and links as the settings say."""

from collections.abc import Callable

from config.settings import Settings
from dispatch.console import to_console
from dispatch.mail import Mailer, MailServer
from dispatch.outgoing import Sender
from dispatch.sending import AnswerPage, SendDue, SendingRules
from dispatch.webhook import Webhook
from scripts.asterisk_config import secret
from tickets.contacts import Way

LINKS, WEBHOOKS, MAIL_PASSWORD = "answer-links", "webhook", "smtp-password"


def link_secret(settings: Settings) -> bytes:
    """Signs the links, and checks them where a unit opens one."""
    return secret(settings.secret_path(LINKS)).encode()


def webhook_secret(settings: Settings) -> bytes:
    """Of which each unit's own key is made (tickets/webhook_signature.py)."""
    return secret(settings.secret_path(WEBHOOKS)).encode()


def senders(settings: Settings) -> dict[str, Sender]:
    """One for each way. The inbox has none: its message is sent by being written."""
    return {
        Way.EMAIL.value: Mailer(_mail_server(settings)),
        Way.WEBHOOK.value: Webhook(webhook_secret(settings), settings.sending.within_s),
        Way.CONSOLE.value: to_console,
    }


def send_due(settings: Settings, by: str, stopped: Callable[[], bool] = lambda: False) -> SendDue:
    """by: a name of this process alone."""
    sending = settings.sending
    rules = SendingRules(
        lease_s=sending.lease_s,
        attempts_most=sending.attempts_most,
        first_again_s=sending.first_again_s,
        longest_again_s=sending.longest_again_s,
    )
    page = None
    if sending.answer_url:
        page = AnswerPage(sending.answer_url, link_secret(settings), sending.link_days)
    return SendDue(senders(settings), rules, by=by, page=page, stopped=stopped)


def _mail_server(settings: Settings) -> MailServer:
    mail = settings.mail
    kept = settings.secret_path(MAIL_PASSWORD)
    password = kept.read_text(encoding="utf-8").strip() if mail.user and kept.exists() else ""
    return MailServer(
        host=mail.host,
        port=mail.port,
        from_address=mail.from_address,
        starttls=mail.starttls,
        user=mail.user,
        password=password,
        ca_file=str(settings.path(mail.ca_file)) if mail.ca_file else "",
        within_s=settings.sending.within_s,
    )
