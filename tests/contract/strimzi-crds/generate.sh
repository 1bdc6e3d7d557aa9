#!/bin/bash
# Runs in the image while it is built. Options as Strimzi makes the CRDs of its Helm chart.
set -euo pipefail
export PATH=/usr/bin LC_ALL=C
mkdir /crds
model=io.strimzi.api.kafka.model
targets=()
for class in kafka.Kafka nodepool.KafkaNodePool topic.KafkaTopic user.KafkaUser podset.StrimziPodSet; do
  targets+=("$model.$class=/crds/${class#*.}.yaml")
done
java=(/usr/lib/jvm/java-21-openjdk-*/bin/java)
"${java[0]}" -cp '/jars/*' io.strimzi.crdgenerator.CrdGenerator \
  --label app:strimzi --target-kube 1.16+ --crd-api-version v1 --api-versions v1 \
  --storage-version v1 --yaml "${targets[@]}"
