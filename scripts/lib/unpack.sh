# A bundle of scripts/bundle: unpacked, and compared with its sums before anything of it is used.

# unpack_bundle FILE DIR : FILE may be a folder, already unpacked.
unpack_bundle() {
    local inside
    if [ -d "$1" ]; then
        BUNDLE=$(cd "$1" && pwd -P)
    else
        [ -r "$1" ] || fail "$1 cannot be read; see scripts/install --help"
        tar --no-same-owner -xf "$1" -C "$2" ||
            fail "$1 cannot be unpacked; mend: copy it again, and see that $2 has room (df -h)"
        inside=("$2"/*/)
        [ -d "${inside[0]}" ] || fail "$1 is no bundle of scripts/bundle"
        BUNDLE=${inside[0]%/}
    fi
    sums_agree "$BUNDLE" || fail "$1 is damaged; mend: copy it again, and compare its SHA-256 with the sender's"
}

# Every file stands in the list, and is what the list says.
sums_agree() {
    [ -f "$1/SHA256SUMS" ] && (
        cd "$1"
        sha256sum --quiet --strict -c SHA256SUMS >&2 &&
            [ "$(find . -type f ! -path ./SHA256SUMS | wc -l)" = "$(wc -l <SHA256SUMS)" ]
    )
}

# debs_of_bundle : Python for a host that has none; never an older package over a newer one.
debs_of_bundle() {
    local debs=("$BUNDLE"/debs/*.deb)
    [ -e "${debs[0]}" ] || fail "this host has no Python 3.11 with venv, and the bundle brings no packages
  mend: apt-get install $(tr '\n' ' ' <"$BUNDLE/packages.txt")-- or make the bundle with --debs"
    say "Debian packages of the bundle (${#debs[@]}) ..."
    DEBIAN_FRONTEND=noninteractive dpkg --skip-same-version --refuse-downgrade -i "${debs[@]}" \
        >"$SCRATCH/dpkg.log" 2>&1 || {
        tail -n 15 "$SCRATCH/dpkg.log" >&2
        fail "the Debian packages of the bundle could not be installed; mend: see above, then run it again"
    }
}
