# Debian packages. Each is asked for by the thing that we need of it, so that a machine which has it
# from elsewhere needs no package, no root and no sudo.

has_python_with_venv() { find_python >/dev/null; }
has_postgresql() { command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }
has_a_clock_to_set() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }
has_asterisk_or_its_source() { [ -n "$(installed_asterisk)" ] || extracted_asterisk_works || command -v mmdebstrap >/dev/null; }
has_keys_of_debian() {
    [ -n "$(installed_asterisk)" ] || extracted_asterisk_works ||
        [ -e /usr/share/keyrings/debian-archive-keyring.gpg ]
}

# missing_packages [tests] : the names of the packages to install, one a line.
missing_packages() {
    has_python_with_venv || printf '%s\n' python3 python3-venv
    has_asterisk_or_its_source || echo mmdebstrap
    has_keys_of_debian || echo debian-archive-keyring
    command -v sipp >/dev/null || echo sip-tester
    command -v espeak-ng >/dev/null || echo espeak-ng
    command -v sox >/dev/null || echo sox
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    [ "${1:-}" != tests ] || has_postgresql || echo postgresql
    [ "${1:-}" != tests ] || command -v git >/dev/null || echo git # what a release is bundled from
    [ "${1:-}" != tests ] || has_a_clock_to_set || echo libfaketime
}

packages_step() {
    local missing
    missing=$(missing_packages "$1" | tr '\n' ' ')
    begin "Debian packages"
    if [ -z "$missing" ]; then
        already "all there"
        return
    fi
    may_install "$missing"
    step_title="$step_title (${missing% })"
    run_step install_packages $missing
    [ -z "$(missing_packages "$1")" ] ||
        fail "still missing after the installation: $(missing_packages "$1" | tr '\n' ' ')"
}

may_install() {
    command -v apt-get >/dev/null || fail "please install these packages (Debian's names): $1"
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null ||
        fail "these packages are missing: $1-- neither root nor sudo is here; as root: apt-get install $1"
    sudo -n true 2>/dev/null || sudo -v ||
        fail "sudo was refused; these packages are missing; as root: apt-get install $1"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    case " $* " in *" postgresql "*) keep_postgresql_quiet ;; esac
    retry as_root env DEBIAN_FRONTEND=noninteractive apt-get update
    retry as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get install -y --no-install-recommends "$@"
}

# The tests start servers of their own: the package must not start one on port 5432.
keep_postgresql_quiet() {
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' |
        as_root tee /etc/postgresql-common/createcluster.d/livelihood110.conf >/dev/null
}
