{{- define "pg.fullname" -}}
{{- $own := default .Values.fullnameOverride .Values.global.postgresql.fullnameOverride -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if $own }}{{ $own }}{{ else if contains $name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ $name }}{{ end -}}
{{- end -}}
{{- define "pg.primary" -}}
{{- include "pg.fullname" . }}{{ if eq .Values.architecture "replication" }}-{{ .Values.primary.name }}{{ end -}}
{{- end -}}
{{- define "pg.auth" -}}
{{- $global := .root.Values.global.postgresql.auth -}}
{{- default (get .root.Values.auth .key) (get $global .key) -}}
{{- end -}}
{{- define "pg.key" -}}
{{- default (get .root.Values.auth.secretKeys .key) (get .root.Values.global.postgresql.auth.secretKeys .key) -}}
{{- end -}}
{{- define "pg.secret" -}}
{{- tpl (include "pg.auth" (dict "root" . "key" "existingSecret") | default (include "pg.fullname" .)) . -}}
{{- end -}}
{{- define "pg.user" -}}{{ include "pg.auth" (dict "root" . "key" "username") }}{{- end -}}
{{- define "pg.ownUser" -}}{{ $user := include "pg.user" . }}{{ if and $user (ne $user "postgres") }}yes{{ end }}{{- end -}}
{{- define "pg.port" -}}{{ default .Values.primary.service.ports.postgresql .Values.global.postgresql.service.ports.postgresql }}{{- end -}}
{{- define "pg.labels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{/* A password: list of root, NAME of the variable, key */}}
{{- define "pg.password" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.auth.usePasswordFiles }}
- {name: {{ index . 1 }}_FILE, value: /opt/bitnami/postgresql/secrets/{{ index . 2 }}}
{{- else }}
- name: {{ index . 1 }}
  valueFrom: {secretKeyRef: {name: {{ include "pg.secret" $root }}, key: {{ index . 2 }}}}
{{- end }}
{{- end -}}
{{/* spec of a pod: root, and whether it is a read replica */}}
{{- define "pg.pod" -}}
{{- $root := .root -}}{{- with $root -}}
{{- $admin := include "pg.key" (dict "root" . "key" "adminPasswordKey") -}}
{{- $userKey := include "pg.key" (dict "root" . "key" "userPasswordKey") -}}
securityContext: {fsGroup: 1001}
containers:
  - name: postgresql
    image: {{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}
    securityContext: {runAsUser: 1001, runAsNonRoot: true}
    env:
      - {name: POSTGRESQL_PORT_NUMBER, value: {{ .Values.containerPorts.postgresql | quote }}}
      - {name: POSTGRESQL_VOLUME_DIR, value: {{ .Values.primary.persistence.mountPath }}}
      - {name: PGDATA, value: {{ .Values.primary.persistence.mountPath }}/data}
      {{- if include "pg.ownUser" . }}
      - {name: POSTGRES_USER, value: {{ include "pg.user" . | quote }}}
      {{- include "pg.password" (list . "POSTGRES_PASSWORD" $userKey) | nindent 6 }}
      {{- if .Values.auth.enablePostgresUser }}
      {{- include "pg.password" (list . "POSTGRES_POSTGRES_PASSWORD" $admin) | nindent 6 }}
      {{- end }}
      {{- else }}
      {{- include "pg.password" (list . "POSTGRES_PASSWORD" $admin) | nindent 6 }}
      {{- end }}
      {{- with include "pg.auth" (dict "root" . "key" "database") }}
      - {name: POSTGRES_DATABASE, value: {{ . | quote }}}
      {{- end }}
      {{- if eq .Values.architecture "replication" }}
      - {name: POSTGRES_REPLICATION_MODE, value: {{ ternary "slave" "master" $.read }}}
      - {name: POSTGRES_REPLICATION_USER, value: {{ .Values.auth.replicationUsername }}}
      {{- include "pg.password" (list . "POSTGRES_REPLICATION_PASSWORD" (include "pg.key" (dict "root" . "key" "replicationPasswordKey"))) | nindent 6 }}
      {{- end }}
      {{- with .Values.primary.extraEnvVars }}
      {{- tpl (toYaml .) $root | nindent 6 }}
      {{- end }}
    {{- with .Values.primary.extraEnvVarsCM }}
    envFrom: [{configMapRef: {name: {{ . }}}}]
    {{- end }}
    ports: [{name: tcp-postgresql, containerPort: {{ .Values.containerPorts.postgresql }}}]
    readinessProbe:
      exec: {command: [pg_isready, -h, 127.0.0.1, -p, {{ .Values.containerPorts.postgresql | quote }}]}
      {{- toYaml .Values.primary.readinessProbe | nindent 6 }}
    resources: {{ toJson .Values.primary.resources }}
    volumeMounts:
      - {name: data, mountPath: {{ .Values.primary.persistence.mountPath }}}
      {{- if .Values.auth.usePasswordFiles }}
      - {name: postgresql-password, mountPath: /opt/bitnami/postgresql/secrets}
      {{- end }}
  {{- if .Values.metrics.enabled }}
  - name: metrics
    image: {{ .Values.metrics.image.registry }}/{{ .Values.metrics.image.repository }}:{{ .Values.metrics.image.tag }}
    ports: [{name: http-metrics, containerPort: 9187}]
    env:
      {{- include "pg.password" (list . "DATA_SOURCE_PASS" $admin) | nindent 6 }}
  {{- end }}
  {{- with .Values.primary.sidecars }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  {{- if .Values.auth.usePasswordFiles }}
  - name: postgresql-password
    secret: {secretName: {{ include "pg.secret" . }}}
  {{- end }}
  {{- if not .Values.primary.persistence.enabled }}
  - {name: data, emptyDir: {}}
  {{- end }}
{{- end }}
{{- end -}}
{{/* A StatefulSet and its Services: root, name, component, read, service, port */}}
{{- define "pg.server" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  labels:
    {{- include "pg.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: 1
  serviceName: {{ .name }}-hl
  selector:
    matchLabels:
      {{- include "pg.labels" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "pg.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- range $key, $value := .root.Values.primary.podLabels }}
        {{ $key }}: {{ $value | quote }}
        {{- end }}
    spec:
      {{- include "pg.pod" . | nindent 6 }}
  {{- if .root.Values.primary.persistence.enabled }}
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "pg.labels" .root | nindent 10 }}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: {{ .root.Values.primary.persistence.size }}}}}
  {{- end }}
{{- range $suffix := list "" "-hl" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $.name }}{{ $suffix }}
  labels:
    {{- include "pg.labels" $.root | nindent 4 }}
    app.kubernetes.io/component: {{ $.component }}
spec:
  type: {{ ternary "ClusterIP" $.service.type (eq $suffix "-hl") }}
  {{- if $suffix }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "pg.labels" $.root | nindent 4 }}
    app.kubernetes.io/component: {{ $.component }}
  ports:
    - name: tcp-postgresql
      port: {{ $.port }}
      targetPort: tcp-postgresql
      {{- if and (not $suffix) (ne $.service.type "ClusterIP") $.service.nodePorts }}
      {{- with $.service.nodePorts.postgresql }}
      nodePort: {{ . }}
      {{- end }}
      {{- end }}
{{- end }}
{{- end -}}
