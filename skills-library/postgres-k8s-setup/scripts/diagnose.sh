#!/bin/sh
# Show which objects of PostgreSQL are not ready, and why; changes nothing.
# Options are those of `learnflow-infra diagnose`; exit codes are in SKILL.md.
exec "$(dirname -- "$0")/../../common/learnflow.sh" diagnose postgres-k8s-setup "$@"
