{{/* securityContext of the pod; a port below 1024 is only for root, unless a (safe) sysctl opens it. */}}
{{- define "postgres.podSecurity" -}}
{{- $own := .Values.primary.podSecurityContext -}}
{{- $context := ternary (omit $own "enabled") dict $own.enabled -}}
{{- if lt (int .Values.containerPorts.postgresql) 1024 -}}
{{- $open := dict "name" "net.ipv4.ip_unprivileged_port_start" "value" "0" -}}
{{- $context = set $context "sysctls" (append (default list $context.sysctls) $open) -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{/* The container's environment: the contract of Bitnami's image. */}}
{{- define "postgres.environment" -}}
{{- $own := ne (include "postgres.username" .) "postgres" -}}
{{- $secrets := "/opt/bitnami/postgresql/secrets" -}}
- {name: POSTGRESQL_PORT_NUMBER, value: {{ .Values.containerPorts.postgresql | quote }}}
- {name: POSTGRESQL_VOLUME_DIR, value: {{ .Values.primary.persistence.mountPath | quote }}}
- {name: PGDATA, value: {{ .Values.postgresqlDataDir | quote }}}
- {name: POSTGRES_DATABASE, value: {{ include "postgres.database" . | quote }}}
{{- if $own }}
- {name: POSTGRES_USER, value: {{ include "postgres.username" . | quote }}}
- {name: POSTGRES_PASSWORD_FILE, value: {{ $secrets }}/password}
{{- if .Values.auth.enablePostgresUser }}
- {name: POSTGRES_POSTGRES_PASSWORD_FILE, value: {{ $secrets }}/postgres-password}
{{- end }}
{{- else }}
- {name: POSTGRES_PASSWORD_FILE, value: {{ $secrets }}/postgres-password}
{{- end }}
{{- with .Values.primary.initdb.args }}
- {name: POSTGRES_INITDB_ARGS, value: {{ . | quote }}}
{{- end }}
{{- with .Values.primary.initdb.user }}
- {name: POSTGRES_INITSCRIPTS_USERNAME, value: {{ . | quote }}}
{{- end }}
- {name: POSTGRESQL_LOG_HOSTNAME, value: {{ .Values.audit.logHostname | quote }}}
- {name: POSTGRESQL_LOG_CONNECTIONS, value: {{ .Values.audit.logConnections | quote }}}
- {name: POSTGRESQL_LOG_DISCONNECTIONS, value: {{ .Values.audit.logDisconnections | quote }}}
- {name: POSTGRESQL_LOG_LINE_PREFIX, value: {{ .Values.audit.logLinePrefix | quote }}}
- {name: POSTGRESQL_LOG_TIMEZONE, value: {{ .Values.audit.logTimezone | quote }}}
- {name: POSTGRESQL_CLIENT_MIN_MESSAGES, value: {{ .Values.audit.clientMinMessages | quote }}}
- {name: POSTGRESQL_SHARED_PRELOAD_LIBRARIES, value: {{ .Values.postgresqlSharedPreloadLibraries | quote }}}
{{- with .Values.primary.extraEnvVars }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end -}}

{{- define "postgres.volumeMounts" -}}
{{- $persistence := .Values.primary.persistence -}}
- {name: data, mountPath: {{ $persistence.mountPath | quote }}{{ with $persistence.subPath }}, subPath: {{ . | quote }}{{ end }}}
- {name: scratch, mountPath: /tmp, subPath: tmp}
- {name: scratch, mountPath: /opt/bitnami/postgresql/conf, subPath: conf}
- {name: scratch, mountPath: /opt/bitnami/postgresql/tmp, subPath: run}
- {name: passwords, mountPath: /opt/bitnami/postgresql/secrets, readOnly: true}
{{- if .Values.shmVolume.enabled }}
- {name: shm, mountPath: /dev/shm}
{{- end }}
{{- if include "postgres.configurationName" . }}
- {name: configuration, mountPath: {{ $persistence.mountPath }}/conf, readOnly: true}
{{- end }}
{{- if include "postgres.extendedConfigurationName" . }}
- {name: extended-configuration, mountPath: {{ $persistence.mountPath }}/conf/conf.d, readOnly: true}
{{- end }}
{{- if include "postgres.scriptsName" . }}
- {name: init-scripts, mountPath: /docker-entrypoint-initdb.d, readOnly: true}
{{- end }}
{{- if .Values.primary.initdb.scriptsSecret }}
- {name: init-scripts-secret, mountPath: /docker-entrypoint-initdb.d/secret, readOnly: true}
{{- end }}
{{- with .Values.primary.extraVolumeMounts }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end -}}

{{- define "postgres.volumes" -}}
{{- $persistence := .Values.primary.persistence -}}
- name: scratch
  emptyDir: {}
- name: passwords
  secret:
    secretName: {{ tpl .Values.auth.existingSecret . }}
    {{- /* Without a group of the pod's own, the server is neither owner nor in the group of the files. */}}
    defaultMode: {{ ternary "0440" "0444" (and .Values.primary.podSecurityContext.enabled (hasKey .Values.primary.podSecurityContext "fsGroup")) }}
    items:
      {{- include "postgres.secretItems" . | nindent 6 }}
{{- if .Values.shmVolume.enabled }}
- name: shm
  emptyDir:
    medium: Memory
    {{- with .Values.shmVolume.sizeLimit }}
    sizeLimit: {{ . | quote }}
    {{- end }}
{{- end }}
{{- with include "postgres.configurationName" . }}
- name: configuration
  configMap: {name: {{ . }}}
{{- end }}
{{- with include "postgres.extendedConfigurationName" . }}
- name: extended-configuration
  configMap: {name: {{ . }}}
{{- end }}
{{- with include "postgres.scriptsName" . }}
- name: init-scripts
  configMap: {name: {{ . }}}
{{- end }}
{{- with .Values.primary.initdb.scriptsSecret }}
- name: init-scripts-secret
  secret: {secretName: {{ . }}}
{{- end }}
{{- if not $persistence.enabled }}
- name: data
  emptyDir: {}
{{- else if $persistence.existingClaim }}
- name: data
  persistentVolumeClaim: {claimName: {{ tpl $persistence.existingClaim . }}}
{{- end }}
{{- with .Values.primary.extraVolumes }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end -}}
