#!/bin/bash
# topics.sh HOST:PORT FILE BROKERS SECONDS: brings topics to what FILE (JSON) asks, once that many
# brokers are there. Waits for the port without a JVM, which would take the starting broker's CPU.
set -euo pipefail
deadline=$(( SECONDS + $4 ))
until { : 3<> "/dev/tcp/${1%:*}/${1##*:}"; } 2> /dev/null; do
  (( SECONDS < deadline )) || { echo "No broker answers at $1."; exit 1; }
  sleep 0.3
done
exec java -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:SharedArchiveFile=/opt/kafka/classes.jsa \
  -Dlog4j2.configurationFile=/opt/kafka/log4j2-tools.properties \
  @/opt/kafka/java.args learnflow.Topics "$@"
