class AmiError(Exception):
    """Asterisk's manager did not do what was asked."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        sentence = (type(self).__doc__ or "").partition("\n")[0]
        super().__init__(f"{sentence} {detail}".rstrip())


class AmiAway(AmiError):
    """Asterisk's manager is not connected.

    Nothing was sent.
    """


class AmiBusy(AmiError):
    """Too many actions wait for their answers; this one was not sent."""


class AmiAnswerLost(AmiError):
    """The action was sent and no answer came.

    Nobody knows whether it was done. It is never sent again; look at a snapshot before you decide.
    """


class AmiAnswerTooLong(AmiError):
    """The answer had more parts than are kept."""


class AmiActionFailed(AmiError):
    """Asterisk refused the action."""


class AmiValueRefused(AmiError, ValueError):
    """The value cannot be said in one safe AMI line; nothing was sent."""


class AmiLoginRefused(AmiError):
    """Asterisk refused the login; it is not tried again."""


class AmiNotBooted(AmiError):
    """Asterisk did not say FullyBooted in time. Does the user have read=system?"""


class AmiSilent(AmiError):
    """Asterisk's manager answered no ping."""


class AmiBroken(AmiError):
    """What came was not AMI."""
