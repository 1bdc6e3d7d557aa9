# Make a new database beside PGDATA, and rename it to PGDATA when it is whole and on disk.
# Passwords go from memory to psql's environment (\getenv): never an argument, a file or a log.
# shellcheck shell=bash

readonly SCRIPTS=/docker-entrypoint-initdb.d PRE_SCRIPTS=/docker-entrypoint-preinitdb.d
readonly SOCKET_DIR=$TMP_DIR/initialising

read_identity() {
  USER_NAME=$(env_of POSTGRES_USER POSTGRESQL_USERNAME POSTGRESQL_USER)
  USER_NAME=${USER_NAME:-postgres}
  DATABASE=$(env_of POSTGRES_DATABASE POSTGRESQL_DATABASE POSTGRES_DB)
  DATABASE=${DATABASE:-postgres}
  secret_of PASSWORD POSTGRES_PASSWORD POSTGRESQL_PASSWORD
  secret_of ADMIN_PASSWORD POSTGRES_POSTGRES_PASSWORD POSTGRESQL_POSTGRES_PASSWORD
  if [[ $USER_NAME == postgres && -n $PASSWORD ]]; then ADMIN_PASSWORD=$PASSWORD; fi
  # Without a password a role exists, and cannot log in.
  if [[ -z $PASSWORD ]] && ! is_yes "${ALLOW_EMPTY_PASSWORD-}"; then
    fail "no password: set POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD) for $USER_NAME"
  fi
}

# An empty PGDATA may be replaced; one that holds anything else is somebody's.
check_place() {
  if [[ -e $PGDATA ]] && ! rmdir "$PGDATA" 2>/dev/null; then
    fail "$PGDATA is neither a database nor an empty directory of this volume; it is left as it is"
  fi
  local wal=$BUILDING/pg_wal
  if [[ -L $wal ]]; then rm -rf "$(readlink "$wal")"; fi # of an attempt that was cut off
  rm -rf "$BUILDING"
}

make_cluster() {
  local wal
  local -a extra
  read -r -a extra <<<"$(env_of POSTGRES_INITDB_ARGS POSTGRESQL_INITDB_ARGS)"
  wal=$(env_of POSTGRES_INITDB_WALDIR POSTGRESQL_INITDB_WALDIR)
  # The builtin locale sorts the same for ever, whatever the C library of a later image.
  initdb --pgdata="$BUILDING" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
    --locale-provider=builtin --data-checksums --auth=reject --no-sync --no-instructions \
    --set=huge_pages=off ${wal:+--waldir="$wal"} "${extra[@]}" >/dev/null
}

# Reached only over a socket in a directory that is ours alone; nothing listens for the probes.
start_privately() {
  mkdir -p "$SOCKET_DIR"
  printf 'local all all trust\n' >"$SOCKET_DIR/pg_hba.conf"
  export PGHOST=$SOCKET_DIR PGPORT=5432
  pg_ctl start --pgdata="$BUILDING" --wait --timeout=300 --silent --options="\
    -c config_file=$CONF_DIR/postgresql.conf -c hba_file=$SOCKET_DIR/pg_hba.conf \
    -c listen_addresses= -c port=$PGPORT -c unix_socket_directories=$SOCKET_DIR \
    -c ssl=off -c fsync=off -c log_checkpoints=off -c log_min_messages=warning"
}

sql() { psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 "$@"; }

create_roles() {
  ROLE=$USER_NAME BASE=$DATABASE ROLE_PASSWORD=$PASSWORD ADMIN_PASSWORD=$ADMIN_PASSWORD \
    sql --username=postgres --dbname=postgres <<'SQL'
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
\getenv role ROLE
\getenv base BASE
\getenv role_password ROLE_PASSWORD
\getenv admin_password ADMIN_PASSWORD
SELECT :'role' <> 'postgres' AS own_role, :'base' <> 'postgres' AS own_base,
       :'role_password' <> '' AS has_password, :'admin_password' <> '' AS has_admin \gset
\if :own_role
  CREATE ROLE :"role" LOGIN CREATEDB;
  \if :has_password
    ALTER ROLE :"role" PASSWORD :'role_password';
  \endif
\endif
\if :has_admin
  ALTER ROLE postgres PASSWORD :'admin_password';
\endif
\if :own_base
  CREATE DATABASE :"base" OWNER :"role";
\elif :own_role
  ALTER DATABASE postgres OWNER TO :"role";
\endif
SQL
}

# Scripts run as the user of the application, in its database, unless another one is named.
run_scripts() {
  local script user
  user=$(env_of POSTGRES_INITSCRIPTS_USERNAME POSTGRESQL_INITSCRIPTS_USERNAME)
  export PGUSER=${user:-$USER_NAME} PGDATABASE=$DATABASE
  shopt -s nullglob
  for script in "$SCRIPTS"/* "$SCRIPTS"/*/*; do
    [[ -f $script ]] || continue
    case $script in
      *.sh) run_shell "$script" ;;
      *.sql) say "running $script" && sql --file="$script" ;;
      *.sql.gz) say "running $script" && gzip -dc "$script" | sql ;;
      *) say "ignoring $script: neither .sh, .sql nor .sql.gz" ;;
    esac
  done
  unset PGUSER PGDATABASE
}

run_shell() {
  say "running $1"
  if [[ -x $1 ]]; then
    POSTGRES_PASSWORD=$PASSWORD POSTGRES_POSTGRES_PASSWORD=$ADMIN_PASSWORD "$1"
  else
    (
      export POSTGRES_PASSWORD=$PASSWORD POSTGRES_POSTGRES_PASSWORD=$ADMIN_PASSWORD
      # shellcheck disable=SC1090
      . "$1"
    )
  fi
}

run_before() {
  local script
  shopt -s nullglob
  for script in "$PRE_SCRIPTS"/*.sh "$PRE_SCRIPTS"/*/*.sh; do run_shell "$script"; done
}

stop_initialising() {
  if [[ -n ${PGDATA-} && -f $PGDATA.initialising/postmaster.pid ]]; then
    pg_ctl stop --pgdata="$PGDATA.initialising" --mode=immediate --silent || true
  fi
}

# Whole or nothing: every file synced, the name changed, the new name synced.
publish() {
  pg_ctl stop --pgdata="$BUILDING" --mode=fast --wait --timeout=300 --silent
  initdb --sync-only --pgdata="$BUILDING" >/dev/null
  chmod 00700 "$BUILDING"
  mv --no-target-directory "$BUILDING" "$PGDATA"
  sync "$(dirname "$PGDATA")"
}

initialise() {
  readonly BUILDING=$PGDATA.initialising
  trap - INT TERM QUIT
  trap stop_initialising EXIT
  read_identity
  say "making a new database in $PGDATA"
  check_place
  run_before
  make_cluster
  start_privately
  create_roles
  run_scripts
  publish
  say "database ${DATABASE} of ${USER_NAME} is ready"
}
