# Sourced by every shell entry: where we are, what the environment may not spoil, how to fail.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
VENV=$ROOT/var/venv
PYTHON=$VENV/bin/python
SETUP_LOG=$ROOT/var/log/setup.log

export LC_ALL=C.UTF-8 PYTHONUTF8=1
export PYTHONPATH=$ROOT PYTHONSAFEPATH=1 # the folder that the user stands in is no part of the program
export PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin
unset PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "livelihood110: $*"
    exit 1
}

use_some_home() {
    [ -n "${HOME:-}" ] || export HOME=$ROOT/var/home
    mkdir -p "$HOME" 2>/dev/null || true
}

need_writable_var() {
    mkdir -p "$ROOT/var/log" "$ROOT/var/setup" 2>/dev/null &&
        [ -w "$ROOT/var" ] && [ -w "$ROOT/var/log" ] && [ -w "$ROOT/var/setup" ] ||
        fail "$ROOT/var cannot be written by $(id -un); give it to this user: chown -R $(id -un) $ROOT/var"
}
