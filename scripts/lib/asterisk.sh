# A real Asterisk 22: the installed one, or Debian's newer package extracted below var/, without root.

ASTERISK_HOME=$ROOT/var/asterisk
ASTERISK_DIST=$ASTERISK_HOME/dist
ASTERISK_NEEDS="res_agi app_queue res_pjsip cel_custom cdr_custom res_cdrel_custom"
DEBIAN_SUITE=${L110_DEBIAN_SUITE:-forky}

asterisk_major() { "$1" -V 2>/dev/null | sed -n 's/^Asterisk \([0-9]*\)\..*/\1/p'; }

# installed_asterisk : path of an installed one that serves, else nothing.
installed_asterisk() {
    local program
    program=$(command -v asterisk || true)
    [ -n "$program" ] && [ "$(asterisk_major "$program")" -ge 22 ] 2>/dev/null || return 0
    [ -n "$(installed_modules)" ] && echo "$program"
    return 0
}

installed_modules() {
    local dir
    for dir in /usr/lib/*/asterisk/modules /usr/lib64/asterisk/modules /usr/lib/asterisk/modules; do
        has_modules "$dir" && echo "$dir" && return
    done
    return 0
}

has_modules() {
    local module
    for module in $ASTERISK_NEEDS; do [ -e "$1/$module.so" ] || return 1; done
}

extracted_asterisk_works() {
    local modules
    modules=$(compgen -G "$ASTERISK_DIST/usr/lib/*/asterisk/modules") || return 1
    has_modules "$modules" && [ -x "$ASTERISK_HOME/bin/asterisk" ] &&
        [ "$(asterisk_major "$ASTERISK_HOME/bin/asterisk")" -ge 22 ] 2>/dev/null
}

asterisk_step() {
    local installed
    installed=$(installed_asterisk)
    begin "Asterisk 22"
    if [ -n "$installed" ]; then
        rm -f "$ASTERISK_HOME/bin/asterisk" # ours, from before it was installed, would be found first
        already "the installed one, $("$installed" -V)"
    elif extracted_asterisk_works; then
        already "up to date, $("$ASTERISK_HOME/bin/asterisk" -V)"
    else
        step_title="$step_title from Debian $DEBIAN_SUITE, without root (about 110 MB)"
        run_step extract_asterisk
    fi
}

extract_asterisk() {
    mkdir -p "$ASTERISK_HOME"
    rm -rf "$ASTERISK_HOME"/dist.part
    retry download_asterisk
    rm -rf "$ASTERISK_DIST"
    mv "$ASTERISK_HOME/dist.part" "$ASTERISK_DIST" # all or nothing: an interrupted download is no Asterisk
    extracted_launcher
    "$ASTERISK_HOME/bin/asterisk" -V
    extracted_asterisk_works
}

download_asterisk() {
    rm -rf "$ASTERISK_HOME/dist.part"
    mmdebstrap --mode=chrootless --variant=extract --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='Acquire::Retries "2"' --include=asterisk \
        "$DEBIAN_SUITE" "$ASTERISK_HOME/dist.part" ${L110_DEBIAN_MIRROR:+"$L110_DEBIAN_MIRROR"}
}

# The newer Asterisk brings its own C library; the loader is named by hand, so nothing of it is mixed
# with the machine's. The place is found at run time: the checkout may be moved.
extracted_launcher() {
    mkdir -p "$ASTERISK_HOME/bin"
    cat >"$ASTERISK_HOME/bin/asterisk.part" <<'EOF'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
dist=$here/../dist
for lib in "$dist"/usr/lib/*-linux-gnu*; do
    for loader in "$lib"/ld-linux*.so.* "$dist"/usr/lib64/ld-linux*.so.*; do
        [ -e "$loader" ] && exec "$loader" --library-path "$lib:$lib/pulseaudio" "$dist/usr/sbin/asterisk" "$@"
    done
done
echo "no loader below $dist: run scripts/setup" >&2
exit 127
EOF
    chmod 755 "$ASTERISK_HOME/bin/asterisk.part"
    mv "$ASTERISK_HOME/bin/asterisk.part" "$ASTERISK_HOME/bin/asterisk"
}
