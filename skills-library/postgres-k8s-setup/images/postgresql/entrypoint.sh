#!/bin/bash
# Start PostgreSQL, initialising its data directory the first time.
#
# Contract (environment, paths, uid): that of Bitnami's PostgreSQL image, so that its chart runs
# on this one; see references/image.md of the skill. What is particular here:
#
# - The first initialisation happens in a sibling of PGDATA and is renamed into place, synced, at
#   its very end: PGDATA either is a whole database or does not exist.
# - A lock on the volume keeps a second server out, also one in another container, which
#   postmaster.pid cannot (process ids mean nothing in another container).
# - bash stays process 1: a postmaster that is process 1 would take the death of an adopted
#   stranger (say, of a killed `kubectl exec`) for a crash of its own and restart every session.
# - SIGTERM and SIGINT mean a fast shutdown; PostgreSQL's own SIGTERM would wait for clients.
#   A signal that the server is too young to hear is sent again until the server has ended.
set -Eeuo pipefail
trap 'exit 143' INT TERM QUIT # at once: process 1 hears no signal that it does not trap
umask 077

readonly HOME_DIR=/opt/bitnami/postgresql LIB_DIR=/usr/local/lib/learnflow
readonly CONF_DIR=$HOME_DIR/conf TMP_DIR=$HOME_DIR/tmp
readonly SETTINGS=(-c "config_file=$CONF_DIR/postgresql.conf" -c "hba_file=$CONF_DIR/pg_hba.conf")
readonly LOCK_SECONDS=90 # longer than a pod's grace period: a predecessor may be shutting down

# shellcheck source=common.sh
. "$LIB_DIR/common.sh"
# shellcheck source=settings.sh
. "$LIB_DIR/settings.sh"
# shellcheck source=initialise.sh
. "$LIB_DIR/initialise.sh"

prepare_directories() {
  mkdir -p "$CONF_DIR" "$TMP_DIR" 2>/dev/null || fail "$HOME_DIR is not writable"
  rm -f "$TMP_DIR/.initialized"
  mkdir -p "$(dirname "$PGDATA")" 2>/dev/null || true
  [[ -w $(dirname "$PGDATA") ]] ||
    fail "uid $(id -u) cannot write $(dirname "$PGDATA"): give the volume to it (fsGroup)"
}

# initdb asks for the name of its user: lend an unknown uid one.
lend_user_name() {
  if ! id -un >/dev/null 2>&1; then
    export NSS_WRAPPER_PASSWD=$TMP_DIR/passwd NSS_WRAPPER_GROUP=$TMP_DIR/group
    printf 'postgres:x:%d:%d::/tmp:/bin/bash\n' "$(id -u)" "$(id -g)" >"$NSS_WRAPPER_PASSWD"
    printf 'postgres:x:%d:\n' "$(id -g)" >"$NSS_WRAPPER_GROUP"
    export LD_PRELOAD=libnss_wrapper.so
  fi
}

lock_volume() {
  exec {lock}>"$PGDATA.lock"
  # Inherited by every process of the server, so it is held until the last of them is gone.
  flock --exclusive --timeout "$LOCK_SECONDS" "$lock" & # in the background: a signal ends it
  wait $! ||
    fail "another server still uses $PGDATA after $LOCK_SECONDS s"
}

check_data() {
  chmod 00700 "$PGDATA" # fsGroup may have opened it at mount, and PostgreSQL refuses that
  local version
  version=$(<"$PGDATA/PG_VERSION")
  [[ $version == "$PG_MAJOR" ]] ||
    fail "$PGDATA was made by PostgreSQL $version, this is $PG_MAJOR: dump and restore, or pg_upgrade"
  # With the lock in our hands nobody runs on it: what lies there is from a killed server, and
  # its process id may by chance be alive in this container.
  rm -f "$PGDATA/postmaster.pid"
}

# Until PostgreSQL has handlers of its own it ignores these signals, as a background process does.
stop() {
  while [[ -n $server ]] && kill "-$signal" "$server" 2>/dev/null; do sleep 0.2; done
}

serve() {
  local server='' signal='' code=0
  local -a extra
  unset POSTGRES_PASSWORD POSTGRESQL_PASSWORD POSTGRES_POSTGRES_PASSWORD \
    POSTGRESQL_POSTGRES_PASSWORD POSTGRES_INITSCRIPTS_PASSWORD POSTGRESQL_INITSCRIPTS_PASSWORD
  : >"$TMP_DIR/.initialized" # the readiness probe of Bitnami's chart asks for it
  read -r -a extra <<<"$(env_of POSTGRESQL_EXTRA_FLAGS POSTGRES_EXTRA_FLAGS)"
  trap 'signal=INT; stop' INT TERM
  trap 'signal=QUIT; stop' QUIT
  (
    trap '' HUP INT QUIT
    exec postgres -D "$PGDATA" "${SETTINGS[@]}" "${extra[@]}" "$@"
  ) &
  server=$!
  trap 'kill -HUP "$server" 2>/dev/null || true' HUP
  if [[ -n $signal ]]; then stop; fi # it came before the server's process id was known
  while kill -0 "$server" 2>/dev/null; do wait "$server" || true; done # also ended by a signal
  wait "$server" || code=$?
  exit "$code"
}

main() {
  if [[ ${1-} == postgres ]]; then shift; fi
  if [[ -n ${1-} && $1 != -* ]]; then exec "$@"; fi
  PGDATA=$(env_of PGDATA POSTGRESQL_DATA_DIR)
  PGDATA=${PGDATA:-$VOLUME_DIR/data}
  PGDATA=${PGDATA%/}
  export PGDATA
  trap 'say "stopped before the server ran"; stop_initialising; exit 143' INT TERM QUIT
  prepare_directories
  lend_user_name
  lock_volume
  write_settings
  if [[ ! -f $PGDATA/PG_VERSION ]]; then
    initialise & # in the background, so that a signal is heard at once
    wait $! || fail "initialisation failed; nothing of it is kept"
  fi
  check_data
  serve "$@"
}

readonly PG_MAJOR=17
VOLUME_DIR=$(env_of POSTGRESQL_VOLUME_DIR)
readonly VOLUME_DIR=${VOLUME_DIR:-/bitnami/postgresql}
main "$@"
