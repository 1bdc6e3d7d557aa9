#!/bin/sh
# Check that PostgreSQL works: log in, write, commit and read back, from inside the cluster and from this host.
# Options are those of `learnflow-infra verify`; exit codes are in SKILL.md.
exec "$(dirname -- "$0")/../../common/learnflow.sh" verify postgres-k8s-setup "$@"
