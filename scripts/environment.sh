#!/bin/sh
# Make .venv and put the pinned installer (uv) and build back end into it.
#
# Debian splits venv and pip off Python, so that neither may be there; the ways to get an installer are tried
# from the quickest to the one that needs an administrator.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "make: $1" >&2
    exit 1
}

is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if is_recent "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and none of '${PYTHON:-python3 python3.13 python3.12 python3.11}' is; \
install one, or name it: make PYTHON=/path/to/python3.11 ..."
}

python=.venv/bin/python
if ! is_recent "$python"; then
    base=$(find_python)
    echo "Making a virtual environment in .venv"
    "$base" -m venv --clear --without-pip .venv
fi
base=$("$python" -c 'import sys; print(sys._base_executable)')

with_pip() {
    "$@" install --quiet --disable-pip-version-check --require-hashes --requirement requirements/tools.lock
}

has() {
    "$@" --version >/dev/null 2>&1
}

if has "$python" -m pip; then
    with_pip "$python" -m pip
elif has uv; then
    uv pip install --quiet --python "$python" --require-hashes --requirement requirements/tools.lock
elif has "$base" -m pip --python "$python"; then
    with_pip "$base" -m pip --python "$python"
elif "$python" -m ensurepip --default-pip >/dev/null 2>&1; then
    with_pip "$python" -m pip
elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    echo "Installing $package"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; } >/dev/null 2>&1 ||
        fail "'$base' has no pip and apt-get could not install $package; install it by hand and try again"
    "$python" -m ensurepip --default-pip >/dev/null
    with_pip "$python" -m pip
else
    fail "'$base' has neither pip nor ensurepip; install python3-venv (or python3-pip, or uv) and try again"
fi
