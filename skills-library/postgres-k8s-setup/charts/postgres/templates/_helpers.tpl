{{- define "postgres.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "postgres.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: primary
{{- end -}}

{{- define "postgres.labels" -}}
{{ include "postgres.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata of an object: list of root context, suffix of the name, own annotations */}}
{{- define "postgres.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "postgres.fullname" $root }}{{ index . 1 }}
namespace: {{ $root.Release.Namespace | toYaml }}
labels:
  {{- include "postgres.labels" $root | nindent 2 }}
{{- with merge (dict) (index . 2) $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "postgres.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry .Values.global.imageRegistry -}}
{{- $name := ternary $image.repository (printf "%s/%s" $registry $image.repository) (empty $registry) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (required "image.tag is required (learnflow-infra deploy sets it to the image that it built)" $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "postgres.username" -}}
{{- default "postgres" .Values.auth.username -}}
{{- end -}}

{{- define "postgres.database" -}}
{{- default "postgres" .Values.auth.database -}}
{{- end -}}

{{/* Keys of the Secret that are mounted. */}}
{{- define "postgres.secretItems" -}}
{{- $own := ne (include "postgres.username" .) "postgres" -}}
{{- $items := list -}}
{{- if $own -}}
{{- $items = append $items (dict "key" .Values.auth.secretKeys.userPasswordKey "path" "password") -}}
{{- end -}}
{{- if or .Values.auth.enablePostgresUser (not $own) -}}
{{- $items = append $items (dict "key" .Values.auth.secretKeys.adminPasswordKey "path" "postgres-password") -}}
{{- end -}}
{{- toYaml $items -}}
{{- end -}}

{{/* A probe: list of root context and the probe's values. */}}
{{- define "postgres.probe" -}}
{{- $root := index . 0 -}}
exec:
  command:
    - pg_isready
    - --quiet
    - --host=127.0.0.1
    - --port={{ $root.Values.containerPorts.postgresql }}
    - --username={{ include "postgres.username" $root }}
    - --dbname={{ include "postgres.database" $root }}
{{ omit (index . 1) "enabled" | toYaml }}
{{- end -}}

{{- define "postgres.configurationName" -}}
{{- $own := or .Values.primary.configuration .Values.primary.pgHbaConfiguration -}}
{{- default (ternary (printf "%s-configuration" (include "postgres.fullname" .)) "" (not (empty $own))) .Values.primary.existingConfigmap -}}
{{- end -}}

{{- define "postgres.extendedConfigurationName" -}}
{{- $own := .Values.primary.extendedConfiguration -}}
{{- default (ternary (printf "%s-extended-configuration" (include "postgres.fullname" .)) "" (not (empty $own))) .Values.primary.existingExtendedConfigmap -}}
{{- end -}}

{{- define "postgres.scriptsName" -}}
{{- $own := .Values.primary.initdb.scripts -}}
{{- default (ternary (printf "%s-init-scripts" (include "postgres.fullname" .)) "" (not (empty $own))) .Values.primary.initdb.scriptsConfigMap -}}
{{- end -}}
