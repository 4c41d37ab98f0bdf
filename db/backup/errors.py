"""What keeps a backup from being made or restored; each message says its mend."""


class BackupRefused(RuntimeError):
    """Nothing was made, and nothing was changed."""


class NothingToBackUp(BackupRefused):
    """The store is away, or has no tables yet."""


class BackupDamaged(BackupRefused):
    """The file is no backup of ours, is cut short, or does not have its checksum."""


class BackupTooNew(BackupRefused):
    """A newer release made it."""


class BackupOfAnotherKind(BackupRefused):
    """It is of SQLite and the store is PostgreSQL, or the other way round."""


class StoreNotEmpty(BackupRefused):
    """There are records in the store that the restore would take away."""


class StoreInUse(BackupRefused):
    """A forwarder or somebody else has the store open."""


class ToolMissing(BackupRefused):
    """pg_dump or pg_restore is not installed."""


class ToolFailed(BackupRefused):
    """pg_dump or pg_restore did not end well."""


class RestoreDiffers(BackupRefused):
    """What stands in the store after the restore is not what was backed up."""
