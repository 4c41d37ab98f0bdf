"""What keeps a trial from being made."""


class TrialFailed(RuntimeError):
    """The switch could not be tried; says the cause and the mend."""

    def __init__(self, why: str, zh: str, en: str, mend: str) -> None:
        super().__init__(f"{zh} {en} {mend}")
        self.why, self.zh, self.en, self.mend = why, zh, en, mend
