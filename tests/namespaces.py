"""What this machine lets a test do to the view that one process has of it."""

import shutil
import subprocess


def may_unshare() -> bool:
    """Whether a process may have mounts of its own: needs root, and a root that is a mount."""
    if shutil.which("unshare") is None:
        return False
    return (
        subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    )
