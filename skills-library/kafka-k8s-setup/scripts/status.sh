#!/bin/sh
# Show the release and the objects that it owns; changes nothing.
# Options are those of `learnflow-infra status`; exit codes are in SKILL.md.
exec "$(dirname -- "$0")/../../common/learnflow.sh" status kafka-k8s-setup "$@"
