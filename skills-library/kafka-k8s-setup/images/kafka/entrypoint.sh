#!/bin/bash
# Starts node N of a Kafka cluster in KRaft mode, N being the number at the end of the host name.
#
#   KAFKA_CONFIG           server.properties; @NODE@ is replaced by N, @HOST@ by this node's name
#                          in DNS, @ADVERTISED_HOST@ and @EXTERNAL_PORT@ by what follows
#   KAFKA_CLUSTER_ID       stays the same for the life of the volumes
#   KAFKA_DOMAIN           what makes a host name of a node's name
#   KAFKA_ADVERTISED_HOST  address of this machine for clients outside
#   KAFKA_EXTERNAL_PORT    port there of node 0; node N has this + N
#   KAFKA_HEAP             Java's heap, for example 256m
#   KAFKA_JVM_OPTIONS      further options of java
set -euo pipefail
# As process 1, bash ignores a signal without a trap. This one holds until java takes its place.
trap 'exit 143' TERM INT

node=${HOSTNAME##*-}
config=$(< "$KAFKA_CONFIG")
config=${config//@NODE@/$node}
config=${config//@HOST@/$HOSTNAME.$KAFKA_DOMAIN}
config=${config//@ADVERTISED_HOST@/${KAFKA_ADVERTISED_HOST-}}
config=${config//@EXTERNAL_PORT@/$(( ${KAFKA_EXTERNAL_PORT:-0} + node ))}
printf '%s\n' "$config" > /tmp/server.properties
[[ $config =~ (^|$'\n')log\.dirs=([^$'\n']+) ]]
data=${BASH_REMATCH[2]}

options=(-XX:SharedArchiveFile=/opt/kafka/classes.jsa -XX:+ExitOnOutOfMemoryError)
# Pods' addresses change: a name is asked for again, above all one that was not there yet.
options+=(-Dsun.net.inetaddr.ttl=5 -Dsun.net.inetaddr.negative.ttl=0)
options+=(-Dlog4j2.configurationFile=/opt/kafka/log4j2.properties)

if [[ ! -e $data/meta.properties ]]; then
  # Node 0 begins the quorum of controllers; the others join it by themselves.
  [[ $node == 0 ]] && quorum=--standalone || quorum=--no-initial-controllers
  java "${options[@]}" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 @/opt/kafka/java.args \
    kafka.tools.StorageTool format --ignore-formatted "$quorum" \
    --cluster-id "$KAFKA_CLUSTER_ID" --config /tmp/server.properties
fi
# shellcheck disable=SC2086 # several options in one variable
exec java "${options[@]}" -Xms"$KAFKA_HEAP" -Xmx"$KAFKA_HEAP" ${KAFKA_JVM_OPTIONS-} \
  @/opt/kafka/java.args kafka.Kafka /tmp/server.properties
