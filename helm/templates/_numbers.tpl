{{/* A number as it was written: YAML's numbers are floating, and a million would become 1e+06. */}}
{{- define "doorward.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}

{{/* A duration such as 25s or 10m, in seconds. */}}
{{- define "doorward.seconds" -}}
{{- $text := include "doorward.text" . -}}
{{- $unit := dict "s" 1 "m" 60 "h" 3600 "d" 86400 -}}
{{- $last := substr (int (sub (len $text) 1)) (len $text) $text -}}
{{- if hasKey $unit $last -}}{{ mul (trimSuffix $last $text | int64) (get $unit $last) }}{{- else -}}{{ int64 $text }}{{- end -}}
{{- end -}}

{{/* What a stop takes at most: the wait before it, all that the service does, and ten seconds in which nothing is cut off. */}}
{{- define "doorward.stopSeconds" -}}
{{- add (int64 .Values.preStopSeconds) (include "doorward.seconds" (default "25s" .Values.settings.SHUTDOWN_GRACE) | int64) 10 -}}
{{- end -}}

{{/* Processes at one moment: all pods, and those that an upgrade adds. */}}
{{- define "doorward.processes" -}}
{{- $pods := ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled -}}
{{- add (int64 $pods) (int64 .Values.rollout.maxSurge) -}}
{{- end -}}

{{- define "doorward.poolConnections" -}}
{{ int64 (default 10 .Values.settings.DATABASE_POOL_SIZE) }}
{{- end -}}

{{/* Beside the pool: the queue's workers (four at most) and its listener, one that shows it lives, one for notices. */}}
{{- define "doorward.directConnections" -}}
{{- add (min 4 (int64 (default 4 .Values.settings.WORKER_CONCURRENCY))) 3 -}}
{{- end -}}
