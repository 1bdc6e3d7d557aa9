#!/bin/bash
# Succeeds when the broker here answers a Metadata request with itself under its own name in DNS. A broker that is not registered, or fenced, is not in its own
# answer (KIP-631), so this is more than an open port, and costs no JVM.
export LC_ALL=C
{ exec 3<> /dev/tcp/localhost/9092; } 2> /dev/null || { echo "Port 9092 does not answer yet."; exit 1; }
# length 16 | api key 3, version 1 | correlation 0 | client id "r" | no topics, tagged with nothing
printf '\0\0\0\017\0\003\0\001\0\0\0\0\0\001r\0\0\0\0' >&3
# Of an answer's pieces between NUL bytes, one ends with the host name (its length before it).
while IFS= read -r -t 2 -d '' piece <&3; do
  [[ $piece == *"$HOSTNAME.$KAFKA_DOMAIN" ]] && exit 0
done
echo "The broker answers, but is not registered as $HOSTNAME.$KAFKA_DOMAIN."
exit 1
