# The project's own virtual environment, from hashed locks.

python_is_good() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# find_python : Debian's own first (it stays when somebody's version manager goes), then the newest.
find_python() {
    local name
    for name in /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && python_is_good "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

venv_stamp() { # of a lock and the place: scripts in a moved environment point to the old one
    { echo "$VENV"; "$(find_python)" --version; } | stamp_of "$ROOT/requirements/$1.lock"
}

# python_step runtime|dev : the development lock holds the runtime's versions too.
python_step() {
    local stamp
    begin "Python environment"
    if venv_serves "$1"; then
        already "up to date"
        return
    fi
    stamp=$(venv_stamp "$1")
    run_step make_venv "$1"
    [ "$1" = runtime ] || finished venv-runtime "$(venv_stamp runtime)"
    finished "venv-$1" "$stamp"
}

venv_serves() { [ -x "$PYTHON" ] && "$PYTHON" -c '' 2>/dev/null && fresh "venv-$1" "$(venv_stamp "$1")"; }

make_venv() {
    rm -f "$ROOT"/var/setup/venv-*.stamp
    "$(find_python)" -m venv --clear "$VENV"
    retry "$PYTHON" -m pip install --disable-pip-version-check --no-input --require-hashes \
        -r "$ROOT/requirements/$1.lock"
}
