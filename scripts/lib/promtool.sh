# promtool checks the alert rules in the tests. It is taken out of Debian's package and nothing is
# installed: an installation would start a server that stays. No root is needed.

PROMTOOL=$ROOT/var/promtool/promtool

installed_promtool() { command -v promtool || true; }
unpacked_promtool_works() { [ -x "$PROMTOOL" ] && "$PROMTOOL" --version >/dev/null 2>&1; }
has_promtool() { [ -n "$(installed_promtool)" ] || unpacked_promtool_works; }

promtool_step() {
    begin "promtool"
    if has_promtool; then
        already "there"
        return
    fi
    command -v apt-get >/dev/null || fail "please install promtool (Prometheus)"
    step_title="$step_title out of Debian's prometheus, without root (about 20 MB)"
    run_step unpack_promtool
}

unpack_promtool() {
    local part=$ROOT/var/promtool.part
    rm -rf "$part"
    mkdir -p "$part"
    cd "$part"
    retry download_promtool
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool >promtool
    rm prometheus_*.deb
    chmod 755 promtool
    ./promtool --version
    cd "$ROOT"
    rm -rf "${PROMTOOL%/*}"
    mv "$part" "${PROMTOOL%/*}" # all or nothing
}

download_promtool() {
    apt-get download prometheus ||
        { as_root apt-get update && apt-get download prometheus; }
}
