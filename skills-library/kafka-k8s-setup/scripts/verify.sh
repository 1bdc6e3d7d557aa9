#!/bin/sh
# Check that Kafka works: write records and read them back, from inside the cluster and from this host.
# Options are those of `learnflow-infra verify`; exit codes are in SKILL.md.
exec "$(dirname -- "$0")/../../common/learnflow.sh" verify kafka-k8s-setup "$@"
