"""Lets a test mount file systems and have a network of its own, which the rest of the machine does not see."""
import os
import subprocess
import sys

IN_NAMESPACE = "DIGITS_TEST_NAMESPACE"


def enter_namespace(*more):
    """Starts this program again where it may mount, and with `more` options of unshare, as "--net". Ends it with 77 (skipped) where that is not allowed."""
    if IN_NAMESPACE in os.environ:
        return
    for options in (["--mount", *more], ["--mount", "--map-root-user", *more]):
        if subprocess.run(["unshare", *options, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0:
            os.environ[IN_NAMESPACE] = "1"
            os.execvp("unshare", ["unshare", *options, sys.executable, *sys.argv])
    sys.exit(77)
