{{/* metadata of a resource: list of root context, name, component */}}
{{- define "strimzi-kafka.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace | toYaml }}
labels:
  strimzi.io/cluster: {{ $root.Release.Name }}
  app.kubernetes.io/name: {{ $root.Chart.Name }}
  app.kubernetes.io/instance: {{ $root.Release.Name }}
  app.kubernetes.io/component: {{ index . 2 }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  app.kubernetes.io/version: {{ $root.Values.version | quote }}
{{- end -}}

{{/* Hex digits are base64url digits too: 22 of them are a valid id of 16 bytes. */}}
{{- define "strimzi-kafka.clusterId" -}}
{{- default (printf "%s/%s" .Release.Namespace .Release.Name | sha256sum | trunc 22) .Values.clusterId -}}
{{- end -}}

{{/* A number of YAML is a float to helm: 604800000 must not become 6.048e+08. */}}
{{- define "strimzi-kafka.plain" -}}
{{- $whole := and (kindIs "float64" .) (lt -1e21 (float64 .)) (lt (float64 .) 1e21) (eq (floor .) (float64 .)) -}}
{{- if $whole }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* A mapping of settings, every value as text. */}}
{{- define "strimzi-kafka.settings" -}}
{{- range $key, $value := . }}
{{ $key }}: {{ include "strimzi-kafka.plain" $value | quote }}
{{- end }}
{{- end -}}

{{/* Options of Java as Strimzi takes them: list of heap, text with further options */}}
{{- define "strimzi-kafka.jvmOptions" -}}
{{- $flags := dict -}}
{{- $properties := list -}}
{{- range $option := without (splitList " " (index . 1)) "" -}}
{{- if hasPrefix "-XX:+" $option -}}
{{- $_ := set $flags (trimPrefix "-XX:+" $option) "true" -}}
{{- else if hasPrefix "-XX:-" $option -}}
{{- $_ := set $flags (trimPrefix "-XX:-" $option) "false" -}}
{{- else if regexMatch "^-XX:[^=]+=" $option -}}
{{- $pair := regexSplit "=" (trimPrefix "-XX:" $option) 2 -}}
{{- $_ := set $flags (first $pair) (last $pair) -}}
{{- else if regexMatch "^-D[^=]+=" $option -}}
{{- $pair := regexSplit "=" (trimPrefix "-D" $option) 2 -}}
{{- $properties = append $properties (dict "name" (first $pair) "value" (last $pair)) -}}
{{- else -}}
{{- fail (printf "jvmOptions: Strimzi takes -XX options and -Dname=value only, not %q" $option) -}}
{{- end -}}
{{- end -}}
-Xms: {{ index . 0 | quote }}
-Xmx: {{ index . 0 | quote }}
{{- with $flags }}
-XX:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $properties }}
javaSystemProperties:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where pods of a pool may run: list of root context, name of the pool, number of its nodes */}}
{{- define "strimzi-kafka.affinity" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.nodeSelector }}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          {{- range $key, $value := . }}
          - key: {{ $key }}
            operator: In
            values: [{{ $value | quote }}]
          {{- end }}
{{- end }}
{{- if and (gt (int (index . 2)) 1) (ne $root.Values.podAntiAffinity "none") }}
podAntiAffinity:
  {{- if eq $root.Values.podAntiAffinity "hard" }}
  requiredDuringSchedulingIgnoredDuringExecution:
    - {{ include "strimzi-kafka.apart" . | nindent 6 | trim }}
  {{- else }}
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        {{- include "strimzi-kafka.apart" . | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "strimzi-kafka.apart" -}}
topologyKey: kubernetes.io/hostname
labelSelector:
  matchLabels:
    strimzi.io/cluster: {{ (index . 0).Release.Name }}
    strimzi.io/pool-name: {{ index . 1 }}
{{- end -}}

{{/* How many nodes of a pool have volumes, of this release or an earlier one: list of root context, pool */}}
{{- define "strimzi-kafka.nodes" -}}
{{- $root := index . 0 -}}
{{- $count := 0 -}}
{{- range (lookup "v1" "PersistentVolumeClaim" $root.Release.Namespace "").items -}}
{{- $labels := default dict .metadata.labels -}}
{{- if and (eq (get $labels "strimzi.io/cluster") $root.Release.Name) (eq (get $labels "strimzi.io/pool-name") (index $ 1)) -}}
{{- $count = add1 $count -}}
{{- end -}}
{{- end -}}
{{- $count -}}
{{- end -}}

{{/*
Brokers that are controllers too. Strimzi's quorum of controllers is fixed: a cluster that has one
keeps it, and brokers that are added later are brokers only.
*/}}
{{- define "strimzi-kafka.founders" -}}
{{- $had := int (include "strimzi-kafka.nodes" (list . "broker")) -}}
{{- ternary $had (int .Values.brokers) (and (gt $had 0) (eq (int .Values.controllers) 0)) -}}
{{- end -}}

{{/* Clients of the recorded endpoints use these listeners as they are: list of root context, spec of the Kafka */}}
{{- define "strimzi-kafka.refuseUnreachable" -}}
{{- $root := index . 0 -}}
{{- if ne (toString (get (index . 1).kafka "version")) $root.Values.version -}}
{{- fail "spec.kafka.version: set `version` instead, by which the deploy finds Strimzi's image" -}}
{{- end -}}
{{- range $name, $resources := dict "topicOperator" $root.Values.topics "userOperator" $root.Values.users -}}
{{- if and $resources (not (hasKey ((index $ 1).entityOperator | default dict) $name)) -}}
{{- fail (printf "spec.entityOperator.%s: without it, nothing makes the %ss; leave it, or take these out of the values" $name (trimSuffix "Operator" $name)) -}}
{{- end -}}
{{- end -}}
{{- $types := dict "plain" (list "internal") -}}
{{- if $root.Values.externalAccess.enabled -}}
{{- $_ := set $types "external" (list "nodeport" "loadbalancer") -}}
{{- end -}}
{{- $listeners := dict -}}
{{- range $listener := (index . 1).kafka.listeners -}}
{{- $_ := set $listeners (get $listener "name") $listener -}}
{{- end -}}
{{- range $name, $allowed := $types -}}
{{- $listener := get $listeners $name | default dict -}}
{{- if or (not (has $listener.type $allowed)) $listener.tls $listener.authentication (and (eq $name "plain") (ne (int $listener.port) 9092)) -}}
{{- fail (printf "spec.kafka.listeners: the recorded endpoint and the verification use the listener %q without TLS and authentication, of type %s; leave it, and add yours beside it under another name and port%s" $name (join " or " $allowed) (ternary ", or set externalAccess.enabled to false" "" (eq $name "external"))) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Numbers of nodes have values of their own, with rules that keep the records. */}}
{{- define "strimzi-kafka.refusePools" -}}
{{- range $name, $own := .Values.nodePools -}}
{{- $of := get (dict "broker" "brokers" "more" "brokers" "controller" "controllers") $name -}}
{{- $spec := $own.spec | default dict -}}
{{- if and $of (or (hasKey $spec "replicas") (hasKey $spec "roles")) -}}
{{- fail (printf "nodePools.%s.spec: set `%s` for the number of these nodes and their roles, not replicas and roles" $name $of) -}}
{{- else if and (eq $name "controller") (eq (int $.Values.controllers) 0) -}}
{{- fail "nodePools.controller: there is no pool of controllers; set `controllers`, too" -}}
{{- else if not (or $of (and (hasKey $spec "replicas") (hasKey $spec "roles"))) -}}
{{- fail (printf "nodePools.%s.spec: a pool that is not the chart's own (broker, more, controller) needs replicas and roles" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fewer brokers would lose records, another quorum of controllers all of them: refuse. */}}
{{- define "strimzi-kafka.refuseToShrink" -}}
{{- $where := printf "%s/%s" .Release.Namespace .Release.Name -}}
{{- $brokers := int (include "strimzi-kafka.nodes" (list . "broker")) -}}
{{- $all := add $brokers (int (include "strimzi-kafka.nodes" (list . "more"))) | int -}}
{{- $controllers := int (include "strimzi-kafka.nodes" (list . "controller")) -}}
{{- if lt (int .Values.brokers) $all -}}
{{- fail (printf "brokers: %s has %d, and taking some away would lose the records they hold; keep brokers at %d, or delete the release with its data first" $where $all $all) -}}
{{- end -}}
{{- if and $all (ne (int .Values.controllers) $controllers) -}}
{{- fail (printf "controllers: %s has %d, and that cannot change for a cluster that exists; keep controllers at %d, or delete the release with its data first" $where $controllers $controllers) -}}
{{- end -}}
{{- end -}}
