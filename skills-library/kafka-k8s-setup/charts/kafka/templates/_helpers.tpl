{{- define "kafka.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kafka.brokerLabels" -}}
{{ include "kafka.selectorLabels" . }}
app.kubernetes.io/component: broker
{{- end -}}

{{/* metadata of an object: list of root context, suffix of the name, component */}}
{{- define "kafka.metadata" -}}
{{- $root := index . 0 -}}
name: {{ $root.Release.Name }}{{ index . 1 }}
namespace: {{ $root.Release.Namespace | toYaml }}
labels:
  {{- include "kafka.selectorLabels" $root | nindent 2 }}
  app.kubernetes.io/component: {{ index . 2 }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{- define "kafka.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry .Values.global.imageRegistry -}}
{{- $name := ternary $image.repository (printf "%s/%s" $registry $image.repository) (empty $registry) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (required "image.tag is required (learnflow-infra deploy sets it to the image that it built)" $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* What is put behind a pod's name to address it. */}}
{{- define "kafka.domain" -}}
{{ .Release.Name }}-headless.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{/* Hex digits are base64url digits too: 22 of them are a valid id of 16 bytes. */}}
{{- define "kafka.clusterId" -}}
{{- default (printf "%s/%s" .Release.Namespace .Release.Name | sha256sum | trunc 22) .Values.clusterId -}}
{{- end -}}

{{- define "kafka.controllers" -}}
{{- $domain := include "kafka.domain" . -}}
{{- range $node := until (int .Values.brokers) -}}
{{- if $node }},{{ end }}{{ $.Release.Name }}-{{ $node }}.{{ $domain }}:9093
{{- end -}}
{{- end -}}

{{- define "kafka.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1001
runAsGroup: 1001
fsGroup: 1001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "kafka.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Fewer nodes than run now would lose records and the quorum: refuse it. */}}
{{- define "kafka.refuseToShrink" -}}
{{- $live := lookup "apps/v1" "StatefulSet" .Release.Namespace .Release.Name -}}
{{- if $live -}}
{{- if gt (int $live.spec.replicas) (int .Values.brokers) -}}
{{- fail (printf "brokers: %s/%s has %d, and taking some away would lose the records they hold; keep brokers at %d, or delete the release with its data first" .Release.Namespace .Release.Name (int $live.spec.replicas) (int $live.spec.replicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A number of YAML is a float to helm: 604800000 must not become 6.048e+08. */}}
{{- define "kafka.plain" -}}
{{- $whole := and (kindIs "float64" .) (lt -1e21 (float64 .)) (lt (float64 .) 1e21) (eq (floor .) (float64 .)) -}}
{{- if $whole }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- define "kafka.minInSync" -}}
{{- if hasKey .Values.config "min.insync.replicas" -}}
{{- include "kafka.plain" (get .Values.config "min.insync.replicas") -}}
{{- else -}}
{{- ternary 2 1 (ge (int .Values.brokers) 3) -}}
{{- end -}}
{{- end -}}

{{/* What the topics program of the image is asked for. */}}
{{- define "kafka.topics" -}}
{{- $defaults := dict "min.insync.replicas" (include "kafka.minInSync" .) -}}
{{- $topics := list -}}
{{- range $topic := .Values.topics -}}
{{- $config := dict -}}
{{- range $key, $value := $topic.config -}}
{{- $_ := set $config $key (include "kafka.plain" $value) -}}
{{- end -}}
{{- $topics = append $topics (ternary (merge (dict "config" $config) $topic) $topic (not (empty $config))) -}}
{{- end -}}
{{- toPrettyJson (dict "defaults" $defaults "topics" $topics) -}}
{{- end -}}
