{{/*
Merge a mapping into another, in place: list of both. A null removes a field. Lists are merged by
their items' `name`, `id` or `broker` where all items have it; other lists are replaced.
*/}}
{{- define "strimzi-kafka.merge" -}}
{{- $base := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $base $key -}}
{{- else if kindIs "map" $value -}}
{{- $below := ternary (get $base $key) dict (kindIs "map" (get $base $key)) -}}
{{- include "strimzi-kafka.merge" (list $below $value) -}}
{{- $_ := set $base $key $below -}}
{{- else if kindIs "slice" $value -}}
{{- include "strimzi-kafka.mergeList" (list $base $key $value) -}}
{{- else if and (kindIs "float64" $value) (eq (toString $value | contains "e+") true) -}}
{{- $_ := set $base $key (include "strimzi-kafka.plain" $value | int64) -}}
{{- else -}}
{{- $_ := set $base $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Merge a list into that of a key: list of the mapping, the key, the list */}}
{{- define "strimzi-kafka.mergeList" -}}
{{- $base := index . 0 -}}
{{- $by := include "strimzi-kafka.identity" (index . 2) -}}
{{- $items := list -}}
{{- if and $by (kindIs "slice" (get $base (index . 1))) -}}
{{- $items = get $base (index . 1) -}}
{{- end -}}
{{- range $item := index . 2 -}}
{{- if kindIs "map" $item -}}
{{- $same := list -}}
{{- range $old := $items -}}
{{- if and $by (kindIs "map" $old) -}}
{{- if eq (get $old $by | toString) (get $item $by | toString) -}}
{{- $same = append $same $old -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $same -}}
{{- $same = list dict -}}
{{- $items = append $items (first $same) -}}
{{- end -}}
{{- include "strimzi-kafka.merge" (list (first $same) $item) -}}
{{- else -}}
{{- $items = append $items $item -}}
{{- end -}}
{{- end -}}
{{- $_ := set $base (index . 1) $items -}}
{{- end -}}

{{/* The field by which a list's items are told apart; empty if there is none */}}
{{- define "strimzi-kafka.identity" -}}
{{- $items := . -}}
{{- $found := "" -}}
{{- range $field := list "broker" "id" "name" -}}
{{- $all := true -}}
{{- range $item := $items -}}
{{- if not (and (kindIs "map" $item) (hasKey (ternary $item dict (kindIs "map" $item)) $field)) -}}
{{- $all = false -}}
{{- end -}}
{{- end -}}
{{- if and $all $items -}}
{{- $found = $field -}}
{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}
