# Write postgresql.conf and pg_hba.conf from the environment, at every start.
# Later wins: these settings, $VOLUME_DIR/conf/postgresql.conf, its conf.d, ALTER SYSTEM.
# shellcheck shell=bash

# Environment variable (after POSTGRESQL_ or POSTGRES_) and the setting that it becomes, as is.
readonly ENV_SETTINGS=(
  SHARED_PRELOAD_LIBRARIES=shared_preload_libraries
  MAX_CONNECTIONS=max_connections
  STATEMENT_TIMEOUT=statement_timeout
  TCP_KEEPALIVES_IDLE=tcp_keepalives_idle
  TCP_KEEPALIVES_INTERVAL=tcp_keepalives_interval
  TCP_KEEPALIVES_COUNT=tcp_keepalives_count
  DEFAULT_TRANSACTION_ISOLATION=default_transaction_isolation
  WAL_LEVEL=wal_level
  FSYNC=fsync
  CLIENT_MIN_MESSAGES=client_min_messages
  LOG_HOSTNAME=log_hostname
  LOG_CONNECTIONS=log_connections
  LOG_DISCONNECTIONS=log_disconnections
  LOG_LINE_PREFIX=log_line_prefix
  LOG_TIMEZONE=log_timezone
  LOG_STATEMENT=log_statement
  TIMEZONE=timezone
  PGAUDIT_LOG=pgaudit.log
  PGAUDIT_LOG_CATALOG=pgaudit.log_catalog
)
readonly TLS_SETTINGS=(
  TLS_CERT_FILE=ssl_cert_file
  TLS_KEY_FILE=ssl_key_file
  TLS_CA_FILE=ssl_ca_file
  TLS_CRL_FILE=ssl_crl_file
  TLS_PREFER_SERVER_CIPHERS=ssl_prefer_server_ciphers
)

# setting NAME VALUE: a line of postgresql.conf, quoted.
setting() {
  [[ $2 != *$'\n'* ]] || fail "the value of $1 has more than one line"
  local value=${2//\\/\\\\}
  printf "%s = '%s'\n" "$1" "${value//\'/\'\'}"
}

env_settings() {
  local pair value
  for pair in "$@"; do
    value=$(env_of "POSTGRESQL_${pair%%=*}" "POSTGRES_${pair%%=*}")
    if [[ -n $value ]]; then setting "${pair#*=}" "$value"; fi
  done
}

base_settings() {
  local port
  port=$(env_of POSTGRESQL_PORT_NUMBER POSTGRES_PORT_NUMBER)
  setting listen_addresses '*'
  setting port "${port:-5432}"
  setting unix_socket_directories /tmp
  setting password_encryption scram-sha-256
  setting huge_pages off # a node may have some while the pod has none, which ends in SIGBUS
  setting jit off        # its compiler (LLVM, 120 MB) is not in this image
  setting log_line_prefix '%m [%p] %q%u@%d '
  setting log_timezone UTC
}

all_settings() {
  base_settings
  env_settings "${ENV_SETTINGS[@]}"
  if is_yes "$(env_of POSTGRESQL_ENABLE_TLS POSTGRES_ENABLE_TLS)"; then
    setting ssl on
    env_settings "${TLS_SETTINGS[@]}"
  fi
  if [[ -f $VOLUME_DIR/conf/postgresql.conf ]]; then
    setting include "$VOLUME_DIR/conf/postgresql.conf"
  fi
  if [[ -d $VOLUME_DIR/conf/conf.d ]]; then setting include_dir "$VOLUME_DIR/conf/conf.d"; fi
}

# Nobody connects without a password: not over the socket in the pod either.
access_rules() {
  printf '%s\n' 'local all all scram-sha-256' 'host all all all scram-sha-256' \
    'local replication all scram-sha-256' 'host replication all all scram-sha-256'
}

write_settings() {
  if is_yes "$(env_of POSTGRESQL_ENABLE_LDAP POSTGRES_ENABLE_LDAP)"; then
    fail "LDAP is not offered by this image: mount your own pg_hba.conf instead"
  fi
  if [[ -n $(env_of POSTGRESQL_REPLICATION_MODE POSTGRES_REPLICATION_MODE) ]]; then
    fail "replication is not offered by this image: it runs one primary"
  fi
  all_settings >"$CONF_DIR/postgresql.conf"
  if [[ -f $VOLUME_DIR/conf/pg_hba.conf ]]; then
    cat "$VOLUME_DIR/conf/pg_hba.conf" >"$CONF_DIR/pg_hba.conf"
  else
    access_rules >"$CONF_DIR/pg_hba.conf"
  fi
}
