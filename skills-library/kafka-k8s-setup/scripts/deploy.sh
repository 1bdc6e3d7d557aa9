#!/bin/sh
# Deploy Kafka, wait until it is ready, verify it, record its endpoint; a second run changes nothing.
# Options are those of `learnflow-infra deploy`; exit codes are in SKILL.md.
exec "$(dirname -- "$0")/../../common/learnflow.sh" deploy kafka-k8s-setup "$@"
