# A step: named, counted, timed, logged, and skipped when its stamp says that its inputs are the same.

step_number=0
step_total=0
ticker=

# stamp_of FILE... : one hash over the contents of these files and the words on standard input.
stamp_of() {
    { cat; [ $# -eq 0 ] || cat -- "$@"; } | sha256sum | cut -d' ' -f1
}

# fresh STEP STAMP : true when STEP was finished with this STAMP.
fresh() { [ "$(cat "$ROOT/var/setup/$1.stamp" 2>/dev/null)" = "$2" ]; }

finished() { printf '%s\n' "$2" >"$ROOT/var/setup/$1.stamp"; }

begin() {
    step_number=$((step_number + 1))
    step_title="[$step_number/$step_total] $1"
}

already() { say "$step_title: $*"; }

# run_step FUNCTION ARG... : in front of the user: title, seconds, and the log's end after a failure.
# Call it plainly, never inside `if` or `||`: bash would switch off `set -e` in the function.
run_step() {
    local started=$SECONDS status
    printf '%s ...' "$step_title" >&2
    start_ticker
    set +e
    (
        set -e
        trap 'exit 130' INT TERM # or a download that ends in order after Ctrl-C is tried again
        "$@"
    ) >>"$SETUP_LOG" 2>&1 </dev/null
    status=$?
    set -e
    stop_ticker
    if [ "$status" -ne 0 ]; then
        say " failed after $((SECONDS - started)) s"
        tail -n 25 "$SETUP_LOG" | sed 's/^/    /' >&2
        fail "${step_title#*] } failed; the whole log: $SETUP_LOG; run it again, finished steps are skipped"
    fi
    say " done in $((SECONDS - started)) s"
}

start_ticker() {
    [ -t 2 ] || return 0
    (
        while sleep 1; do printf '\r%s ... %s s ' "$step_title" "$SECONDS" >&2; done
    ) &
    ticker=$!
}

stop_ticker() {
    [ -n "$ticker" ] || return 0
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    ticker=
    printf '\r%s ...' "$step_title" >&2
}

# retry COMMAND... : three tries; downloads fail now and then.
retry() {
    local try
    for try in 1 2 3; do
        if "$@"; then return 0; fi
        [ "$try" = 3 ] || { echo "try $try of: $* failed, again in $((try * 3)) s"; sleep $((try * 3)); }
    done
    return 1
}
