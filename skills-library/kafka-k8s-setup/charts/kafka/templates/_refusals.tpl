{{/* Values with which brokers or the topics Job could not start, or no client could use Kafka. */}}
{{- define "kafka.refuse" -}}
{{- $brokers := int .Values.brokers -}}
{{- if ne .Values.clusterDomain "cluster.local" -}}
{{- fail (printf "clusterDomain: the names of Services end in cluster.local on the embedded cluster, the only one with this chart's image; in %s no broker finds another" .Values.clusterDomain) -}}
{{- end -}}
{{- if regexMatch "^[0.]+[A-Za-z]*$" .Values.persistence.size -}}
{{- fail (printf "persistence.size: %s leaves no room for records" .Values.persistence.size) -}}
{{- end -}}

{{- $copies := get .Values.config "offsets.topic.replication.factor" -}}
{{- if gt (int $copies) $brokers -}}
{{- fail (printf "config: offsets.topic.replication.factor is %v, but there are only %d broker(s), so no consumer group could work" $copies $brokers) -}}
{{- end -}}
{{- if eq (toString (get .Values.config "delete.topic.enable")) "false" -}}
{{- fail "config: with delete.topic.enable=false a verification could not delete the topic that it writes to" -}}
{{- end -}}
{{- include "kafka.refuseTopics" . -}}
{{- end -}}

{{/* Topics that Kafka refuses to make. */}}
{{- define "kafka.refuseTopics" -}}
{{- $brokers := int .Values.brokers -}}
{{- $names := dict -}}
{{- $default := int (get .Values.config "default.replication.factor") -}}
{{- range $topic := .Values.topics -}}
{{- $copies := int $topic.replicationFactor -}}
{{- if and (not $copies) (gt $default $brokers) -}}
{{- fail (printf "config: default.replication.factor is %d, but there are only %d broker(s), so %s cannot be made: set its replicationFactor" $default $brokers $topic.name) -}}
{{- end -}}
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
