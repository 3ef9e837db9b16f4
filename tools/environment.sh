#!/bin/sh
# Makes the virtual environment of this checkout and installs Twingrid into it.
#
#   tools/environment.sh run     what `make demo` needs
#   tools/environment.sh dev     and what tests, checks and measurements need
#
# Does nothing when the environment already stands for this pyproject.toml and constraints.txt. Every way to fail has one
# line that says what is missing and what to do.
set -eu

cd "$(dirname "$0")/.."
level=${1:-run}
venv=.venv
log=$venv/install.log
case $level in
run) extras=gateway,server,web ;;
dev) extras=gateway,server,postgres,web,dev ;;
*) echo "usage: tools/environment.sh run|dev" >&2; exit 2 ;;
esac

say() { printf '%s\n' "[environment] $*"; }
fail() { printf '%s\n' "error: $*" >&2; exit 1; }

find_python() {
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

fingerprint() {
    "$venv/bin/python" - "$level" <<'PY'
import hashlib, pathlib, sys
digest = hashlib.sha256(sys.version.encode())
for name in ("pyproject.toml", "constraints.txt"):
    digest.update(pathlib.Path(name).read_bytes())
print(digest.hexdigest())
PY
}

stands() {
    [ -x "$venv/bin/python" ] || return 1
    now=$(fingerprint 2>/dev/null) || return 1
    for stamp in "$venv/.stands-dev" "$venv/.stands-$level"; do
        [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
    done
    return 1
}

explain() {
    if grep -qiE 'Temporary failure in name resolution|Name or service not known|Failed to establish|Network is unreachable|NewConnectionError|ConnectTimeout|nodename nor servname|ProxyError|Connection refused' "$log"; then
        fail "no way to the Python package registry; check the network or proxy, then run make again (details: $log)"
    elif grep -qiE "command '?(/[^ ]*/)?(cc|gcc|x86_64-linux-gnu-gcc|clang)'? failed: No such file|unable to execute '?(gcc|cc|clang)|compiler cannot|No CMAKE_C|error: .*(gcc|cc).*not found|linker .* not found" "$log"; then
        fail "a package has no ready build for this machine and there is no C compiler; install one (Debian: apt install build-essential python3-dev), then run make again (details: $log)"
    elif grep -qiE 'No space left on device' "$log"; then
        fail "the disk is full; the environment needs about 1.5 GB (details: $log)"
    elif grep -qiE 'No matching distribution found|ResolutionImpossible' "$log"; then
        fail "a pinned package is not available for $("$venv/bin/python" -V 2>&1) on $(uname -m): $(grep -iE 'No matching distribution found|ResolutionImpossible' "$log" | head -n 1) (details: $log)"
    fi
    fail "installation failed: $(grep -i '^error' "$log" | tail -n 1) (details: $log)"
}

stands && exit 0

if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python) || fail "no Python 3.11 or newer found; install one (Debian: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3.12"
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail "$python lacks venv or ensurepip; install them (Debian: apt install python3-venv)"
    say "creating $venv with $("$python" -V 2>&1)"
    "$python" -m venv "$venv" >/dev/null || fail "cannot create $venv; is this folder writable and the disk not full?"
fi
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || fail "$venv has no pip; remove it (rm -r $venv) and run make again"

say "installing Twingrid with [$extras]; the first time takes a minute or two"
: >"$log"
(
    # one line about every few seconds instead of a silent minute or a wall of text
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
        --constraint constraints.txt --editable ".[$extras]" >>"$log" 2>&1 && echo 0 >"$venv/.pip-rc" || echo 1 >"$venv/.pip-rc"
) &
pip=$!
trap 'kill "$pip" 2>/dev/null; rm -f "$venv/.pip-rc"; exit 130' INT TERM
last=
while kill -0 "$pip" 2>/dev/null; do
    sleep 2
    line=$(grep -E '^ *(Collecting|Downloading|Building|Installing collected|Preparing)' "$log" | tail -n 1 | cut -c1-100)
    [ "$line" = "$last" ] || say "  ${line#"${line%%[! ]*}"}"
    last=$line
done
wait "$pip" || true
rc=$(cat "$venv/.pip-rc" 2>/dev/null || echo 1)
rm -f "$venv/.pip-rc"
[ "$rc" = 0 ] || explain
fingerprint >"$venv/.stands-$level"
say "ready: $("$venv/bin/python" -m pip list --format=freeze 2>/dev/null | wc -l) packages"
