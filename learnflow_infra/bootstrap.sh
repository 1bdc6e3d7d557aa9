#!/bin/sh
# Make or extend the Python environment: bootstrap.sh VENV REQUIREMENTS STAMP, run in the
# checkout by the Makefile. All is pinned by hash; nothing is written in the checkout.
set -eu
venv=$1 requirements=$2 stamp=$3 python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    say "Error: Python 3.11 or newer is needed, and $python is not that."
    say "  Next: install one, then: make deploy PYTHON=python3.11"
    exit 12
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null || {
        say "Error: $python comes without venv, and there is no apt to install it."
        say "  Next: install Python's venv module, or name another Python: make deploy PYTHON=python3.11"
        exit 12
    }
    say "Installing the Debian package $package (this Python comes without venv) ..."
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2
fi
say "Installing Python packages of $requirements into $venv ..."
[ -x "$venv/bin/pip" ] || { rm -rf "$venv"; "$python" -m venv "$venv"; }
bar=off; [ -t 2 ] && bar=on
pip() { "$venv/bin/pip" install --disable-pip-version-check --no-compile --no-deps "$@" >&2; }
# --no-compile: the byte code goes below PYTHONPYCACHEPREFIX, when a module is first used
pip --quiet --progress-bar "$bar" --require-hashes -r "$requirements"
pip --quiet --no-build-isolation -e .
: > "$stamp"
