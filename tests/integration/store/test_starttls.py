"""Mail goes over STARTTLS to a server that is who it says, or not at all."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.mail import Mailer, MailServer
from dispatch.outgoing import NotSent, Outgoing
from tests.integration.store.at_the_unit import Receiver

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes certificates")
MAIL = Outgoing("k1", "water", "water@city.example", "subject", "body")


class Post(Receiver):
    """A mail server that offers STARTTLS, or one that does not."""

    def __init__(self, folder: Path, name: str | None) -> None:
        super().__init__("mail", folder)
        if name is not None:
            command = [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=mail", "-addext", f"subjectAltName={name}",
                "-keyout", "key.pem", "-out", "cert.pem",
            ]  # fmt: skip
            subprocess.run(command, cwd=folder, check=True, capture_output=True)

    def server(self, *, known: bool = True, starttls: bool = True) -> MailServer:
        ca_file = str(self.kept.folder / "cert.pem") if known else ""
        return MailServer(
            "127.0.0.1", self.port, "l110@city.example", starttls, ca_file=ca_file, within_s=10.0
        )


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path / "post", "IP:127.0.0.1")
    made.start()
    yield made
    made.kill()


def test_a_trusted_server_gets_the_mail(post: Post) -> None:
    Mailer(post.server())(MAIL)
    assert post.arrived == ["k1"]


def test_a_server_that_nobody_knows_gets_none(post: Post) -> None:
    with pytest.raises(NotSent, match="certificate verify failed") as refused:
        Mailer(post.server(known=False))(MAIL)
    assert not refused.value.for_good
    assert post.arrived == []


def test_a_server_that_has_another_name_gets_none(tmp_path: Path) -> None:
    other = Post(tmp_path / "other", "DNS:elsewhere.example")
    other.start()
    try:
        with pytest.raises(NotSent, match="not valid for"):
            Mailer(other.server())(MAIL)
        assert other.arrived == []
    finally:
        other.kill()


def test_a_server_that_offers_no_starttls_gets_none(tmp_path: Path) -> None:
    """Somebody on the line may have taken the offer out."""
    plain = Post(tmp_path / "plain", None)
    plain.start()
    try:
        with pytest.raises(NotSent, match="STARTTLS"):
            Mailer(plain.server(known=False))(MAIL)
        assert plain.arrived == []
        Mailer(plain.server(known=False, starttls=False))(MAIL)
        assert plain.arrived == ["k1"], "the control: only the setting kept it back"
    finally:
        plain.kill()


def test_a_server_without_a_name_sends_nothing_and_says_which_setting() -> None:
    with pytest.raises(NotSent, match=r"mail\.host"):
        Mailer(MailServer("", 25, "l110@city.example"))(MAIL)
