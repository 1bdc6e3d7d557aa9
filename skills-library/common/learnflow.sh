#!/bin/sh
# Run learnflow-infra from this checkout; creates its Python environment first if it is missing.
# Unlike `make VERB`, it exits with the command's own code (make exits with 2 after any failure).
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
make -s -C "$root" setup >&2 || exit 12 # this host lacks Python or a package
command=$(make -s -C "$root" where)
export LEARNFLOW_VIA_MAKE=1 # remedies name make targets
export PYTHONPYCACHEPREFIX="${XDG_CACHE_HOME:-$HOME/.cache}/learnflow-infra/pycache"
exec "$command" "$@"
