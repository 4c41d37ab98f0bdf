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

# newer_debs : those of the bundle that this host lacks, or has in an older version.
newer_debs() {
    local deb name version here
    for deb in "$BUNDLE"/debs/*.deb; do
        name=$(dpkg-deb -f "$deb" Package) version=$(dpkg-deb -f "$deb" Version)
        here=$(dpkg-query -W -f '${Version}' "$name" 2>/dev/null) || here=
        [ -n "$here" ] && dpkg --compare-versions "$here" ge "$version" || echo "$deb"
    done
}

# debs_of_bundle : Python for a host that has none. apt knows the order; it is given no source but these.
debs_of_bundle() {
    local debs
    compgen -G "$BUNDLE/debs/*.deb" >/dev/null || fail "this host has no Python 3.11 with venv, and the bundle brings no packages
  mend: apt-get install $(tr '\n' ' ' <"$BUNDLE/packages.txt")-- or make the bundle with --debs"
    mapfile -t debs < <(newer_debs)
    say "Debian packages of the bundle (${#debs[@]}) ..."
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null "${debs[@]}" \
        >"$SCRATCH/apt.log" 2>&1 || {
        tail -n 15 "$SCRATCH/apt.log" >&2
        fail "the Debian packages of the bundle could not be installed; mend: see above, then run it again"
    }
}
