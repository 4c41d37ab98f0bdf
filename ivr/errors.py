class AgiError(Exception):
    """Asterisk and the bridge cannot go on with this call.

    `reason` is the word that the record of the call keeps.
    """

    reason = "agi-error"

    def __init__(self, detail: str = "") -> None:
        sentence = (type(self).__doc__ or "").partition("\n")[0]
        super().__init__(f"{sentence} {detail}".rstrip())


class CallerHungUp(AgiError):
    """The caller hung up."""

    reason = "caller-hung-up"


class AgiClosed(AgiError):
    """Asterisk closed the AGI connection."""

    reason = "connection-closed"


class AgiTimeout(AgiError):
    """Asterisk gave no answer within the deadline."""

    reason = "agi-timeout"


class AgiProtocolError(AgiError):
    """Asterisk sent something that is not AGI."""

    reason = "agi-protocol-error"


class AgiCommandFailed(AgiError):
    """Asterisk could not carry the command out."""

    reason = "command-failed"


class PromptFailed(AgiCommandFailed):
    """The prompt could not be played."""

    reason = "prompt-failed"


class AgiCommandRefused(AgiError, ValueError):
    """The command cannot be said in one safe AGI line and was not sent."""

    reason = "command-refused"
