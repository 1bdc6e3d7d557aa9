{{/* Values with which no client could use Kafka; other pools may have further brokers. */}}
{{- define "strimzi-kafka.refuse" -}}
{{- $brokers := int .Values.brokers -}}
{{- if not .Values.nodePools -}}
{{- $copies := get .Values.config "offsets.topic.replication.factor" -}}
{{- if gt (int $copies) $brokers -}}
{{- fail (printf "config: offsets.topic.replication.factor is %v, but there are only %d broker(s), so no consumer group could work" $copies $brokers) -}}
{{- end -}}
{{- if eq (toString (get .Values.config "delete.topic.enable")) "false" -}}
{{- fail "config: with delete.topic.enable=false a verification could not delete the topic that it writes to" -}}
{{- end -}}
{{- include "strimzi-kafka.refuseTopics" . -}}
{{- end -}}
{{- end -}}

{{/* Topics that Kafka refuses to make. */}}
{{- define "strimzi-kafka.refuseTopics" -}}
{{- $brokers := int .Values.brokers -}}
{{- $names := dict -}}
{{- range $topic := .Values.topics -}}
{{- $copies := int (default (default (min 3 $brokers) (get $.Values.config "default.replication.factor")) $topic.replicationFactor) -}}
{{- if gt $copies $brokers -}}
{{- fail (printf "topics: %s has replicationFactor %d, but there are only %d broker(s)" $topic.name $copies $brokers) -}}
{{- end -}}
{{- $metric := replace "." "_" $topic.name -}}
{{- if ne (default $topic.name (get $names $metric)) $topic.name -}}
{{- fail (printf "topics: Kafka does not tell %s from %s (dots and underscores are the same in its metrics)" $topic.name (get $names $metric)) -}}
{{- end -}}
{{- $_ := set $names $metric $topic.name -}}
{{- end -}}
{{- end -}}
