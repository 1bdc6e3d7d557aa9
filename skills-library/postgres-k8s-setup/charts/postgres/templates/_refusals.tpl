{{/* Values with which the server could not start, or no client could use it. */}}
{{- define "postgres.refuse" -}}
{{- $persistence := .Values.primary.persistence -}}
{{- $user := include "postgres.username" . -}}
{{- $database := include "postgres.database" . -}}

{{- if or (hasPrefix "pg_" $user) (has $user (list "public" "none")) -}}
{{- fail (printf "auth.username: PostgreSQL reserves the name %q for itself" $user) -}}
{{- end -}}
{{- if has $database (list "template0" "template1") -}}
{{- fail (printf "auth.database: PostgreSQL makes other databases from %q, so it is not for an application" $database) -}}
{{- end -}}

{{- $security := .Values.primary.containerSecurityContext -}}
{{- $readOnly := and $security.enabled $security.readOnlyRootFilesystem (empty .Values.primary.extraVolumeMounts) -}}
{{- $inside := hasPrefix (printf "%s/" $persistence.mountPath) .Values.postgresqlDataDir -}}
{{- if or (eq $persistence.mountPath .Values.postgresqlDataDir) (and $readOnly (not $inside)) -}}
{{- fail (printf "postgresqlDataDir: %s must be a directory below primary.persistence.mountPath (%s), because the server can write nowhere else" .Values.postgresqlDataDir $persistence.mountPath) -}}
{{- end -}}
{{- if and $persistence.enabled (not $persistence.existingClaim) -}}
{{- if not (or (has "ReadWriteOnce" $persistence.accessModes) (has "ReadWriteOncePod" $persistence.accessModes) (has "ReadWriteMany" $persistence.accessModes)) -}}
{{- fail "primary.persistence.accessModes: a database needs a volume that it can write" -}}
{{- end -}}
{{- if regexMatch "^[0.]+[A-Za-z]*$" $persistence.size -}}
{{- fail (printf "primary.persistence.size: %s leaves no room for a database" $persistence.size) -}}
{{- end -}}
{{- end -}}

{{- $pod := .Values.primary.podSecurityContext -}}
{{- $uid := ternary (get $pod "runAsUser") nil $pod.enabled -}}
{{- if and $security.enabled (hasKey $security "runAsUser") -}}
{{- $uid = $security.runAsUser -}}
{{- end -}}
{{- if eq (toString $uid) "0" -}}
{{- fail "primary.containerSecurityContext.runAsUser: PostgreSQL does not run as root (0)" -}}
{{- end -}}

{{- $initdb := .Values.primary.initdb -}}
{{- $scripts := or $initdb.scripts $initdb.scriptsConfigMap $initdb.scriptsSecret -}}
{{- if and $scripts $initdb.user (not (has $initdb.user (list "postgres" $user))) -}}
{{- fail (printf "primary.initdb.user: only postgres and %s exist when the scripts run, not %s" $user $initdb.user) -}}
{{- end -}}

{{- if not .Values.primary.existingExtendedConfigmap -}}
{{- include "postgres.refuseSettings" (list . "extendedConfiguration" (tpl .Values.primary.extendedConfiguration .)) -}}
{{- end -}}
{{- if not .Values.primary.existingConfigmap -}}
{{- include "postgres.refuseSettings" (list . "configuration" (tpl .Values.primary.configuration .)) -}}
{{- include "postgres.refuseAccess" (list $user $database (tpl .Values.primary.pgHbaConfiguration .)) -}}
{{- end -}}
{{- end -}}

{{/* Settings that the pod has elsewhere: list of root context, the values' key, lines of postgresql.conf */}}
{{- define "postgres.refuseSettings" -}}
{{- $port := (index . 0).Values.containerPorts.postgresql | int | toString -}}
{{- $key := index . 1 -}}
{{- range $line := splitList "\n" (index . 2) -}}
{{- if regexMatch "^\\s*port[\\s=]" $line -}}
{{- if ne (regexFind "[0-9]+" $line) $port -}}
{{- fail (printf "primary.%s: the port is set by containerPorts.postgresql (%s), not by %q" $key $port (trim $line)) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "^\\s*listen_addresses[\\s=]+'?\\s*(localhost|127\\.0\\.0\\.1|::1)?\\s*'?\\s*(#.*)?$" $line -}}
{{- fail (printf "primary.%s: with %q no client outside the pod reaches the server" $key (trim $line)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The first rule for the application, from any address: list of user, database, pg_hba.conf */}}
{{- define "postgres.refuseAccess" -}}
{{- $names := printf "(all|%s)\\s+(all|%s)" (regexQuoteMeta (index . 1)) (regexQuoteMeta (index . 0)) -}}
{{- $rule := regexFind (printf "(?m)^\\s*host(nossl|nogssenc)?\\s+%s\\s+(all|0\\.0\\.0\\.0/0)\\s+[a-z0-9-]+" $names) (index . 2) | trim -}}
{{- if and $rule (not (regexMatch "\\s(scram-sha-256|md5)$" $rule)) -}}
{{- fail (printf "primary.pgHbaConfiguration: with %q the application cannot log in by its password, or anybody can, or the password crosses the network as text; use scram-sha-256" $rule) -}}
{{- end -}}
{{- end -}}
