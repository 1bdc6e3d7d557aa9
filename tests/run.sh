#!/bin/sh
# The whole test suite, and with the argument `full` also what is too long for CI.
# Each part is described before it runs; the results are printed at the end.
# A part that fails does not stop the others.
set -u
make=${MAKE:-make} log=$(mktemp) status=$(mktemp) summary='' failed=0
trap 'rm -f "$log" "$status"' EXIT
trap 'exit 130' INT TERM
[ -t 1 ] && export PYTEST_ADDOPTS="--color=yes ${PYTEST_ADDOPTS:-}"

part() { # TARGET MINUTES WHAT
    printf '\n== %s: %s (about %s min)\n' "$1" "$3" "$2"
    begun=$(date +%s)
    { "$make" -s "$1" ARGS=; echo $? >"$status"; } 2>&1 | tee "$log"
    result=passed
    [ "$(cat "$status")" = 0 ] || result=FAILED failed=1
    counts=$(grep -oE '[0-9]+ (passed|failed|errors?|skipped)' "$log" | tail -n 4 | paste -sd, -)
    [ "$1" != lint ] || counts=
    summary="$summary$(printf '  %-14s %-7s %4d s  %s' "$1" "$result" $(($(date +%s) - begun)) "$counts")
"
}

part lint 1 'linters, types, the order of imports'
part unit 3 'tests that need no cluster'
part browser 1 'the report in a real Chromium'
part contract 6 'a real kube-apiserver and a real OCI registry'
part contract-helm3 2 'the contract tests that run helm, with Helm 3'
part cluster-tests 5 'the embedded cluster: start, stop, survive'
part e2e 15 'real Kafka and PostgreSQL, and deployments broken on purpose'
if [ "${1:-}" = full ]; then
    part coverage 4 'the unit tests again, with the lines that they do not run'
    part fuzz 20 'thousands of random values and manifests, compared with helm'
    part e2e-deployer 12 'real deploys by a user with rights in one namespace'
    part full-tests 120 'every value of the charts, deployed and verified'
fi
printf '\n%s' "$summary"
exit $failed
