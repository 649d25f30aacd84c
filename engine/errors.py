"""The one family of errors that users meet: each is a sentence that says what happened and what to do next."""

# What a reader of foreign JSON has to expect: msgspec's own errors are ValueErrors, and so is text that is no UTF-8;
# brackets without end are the other.
NOT_JSON = (ValueError, RecursionError)


class FastaiTuiError(Exception):
    """Something a user can put right. `str(error)` is shown as it stands; `exit_code` is the command's status."""

    exit_code = 1


class RunFailed(FastaiTuiError):
    """A run, or what was to be done with it, did not work out (exit code 1)."""


class DeviceTrouble(RunFailed):
    """The device asked for is absent, too small or too old (exit code 1)."""


class DiskTrouble(RunFailed):
    """A file could not be written or read back whole (exit code 1)."""


class BadInput(FastaiTuiError):
    """A command, setting, kernel or file that makes no sense (exit code 2)."""

    exit_code = 2


class DataMissing(FastaiTuiError):
    """Data or weights that are not on this machine (exit code 3)."""

    exit_code = 3


class Interrupted(FastaiTuiError):
    """The user stopped it (exit code 130)."""

    exit_code = 130
