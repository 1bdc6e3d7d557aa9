#!/bin/bash
# Kafka's command-line tools under their usual names (links to this file).
set -euo pipefail
case ${0##*/} in
  kafka-topics.sh) class=TopicCommand ;;
  kafka-configs.sh) class=ConfigCommand ;;
  kafka-console-consumer.sh) class=consumer.ConsoleConsumer ;;
  kafka-console-producer.sh) class=ConsoleProducer ;;
  kafka-consumer-groups.sh) class=consumer.group.ConsumerGroupCommand ;;
  kafka-metadata-quorum.sh) class=MetadataQuorumCommand ;;
  kafka-reassign-partitions.sh) class=reassign.ReassignPartitionsCommand ;;
  kafka-log-dirs.sh) class=LogDirsCommand ;;
  *) echo "${0##*/}: no such tool" >&2; exit 2 ;;
esac
exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:SharedArchiveFile=/opt/kafka/classes.jsa \
  -Dlog4j2.configurationFile=/opt/kafka/log4j2-tools.properties \
  @/opt/kafka/java.args "org.apache.kafka.tools.$class" "$@"
