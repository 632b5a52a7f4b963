{{/* What no schema can say, all at once. Each line names the value. */}}
{{- define "doorward.checks" -}}
{{- $faults := concat
  (include "doorward.missing" . | fromJsonArray)
  (include "doorward.misplaced" . | fromJsonArray)
  (include "doorward.contradictions" . | fromJsonArray)
  (include "doorward.connections" . | fromJsonArray) -}}
{{- if $faults -}}
{{- fail (printf "\n\nThese values are not right:\n- %s\n" (join "\n- " $faults)) -}}
{{- end -}}
{{- end -}}

{{- define "doorward.missing" -}}
{{- $faults := list -}}
{{- if not (regexMatch "^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?$" .Values.issuer) -}}
{{- $faults = append $faults "issuer: set the address of the service, such as https://id.example.com: https, small letters, no path and no slash at its end" -}}
{{- end -}}
{{- if not .Values.image.repository -}}
{{- $faults = append $faults "image.repository: set where your image lies, such as registry.example.com/doorward" -}}
{{- end -}}
{{- if not .Values.settings.MAIL_FROM -}}
{{- $faults = append $faults "settings.MAIL_FROM: set the sender of every mail, such as Example <sign-in@example.com>" -}}
{{- end -}}
{{- if not (hasKey .Values.settings "TRUSTED_PROXIES") -}}
{{- $faults = append $faults "settings.TRUSTED_PROXIES: set how many proxies stand in front" -}}
{{- end -}}
{{- range list "SECRETS" "DATABASE_URL" "SMTP_URL" -}}
{{- if not (hasKey $.Values.secrets .) -}}
{{- $faults = append $faults (printf "secrets.%s: the service does not start without it" .) -}}
{{- end -}}
{{- end -}}
{{- range $name, $from := .Values.secrets -}}
{{- if not (or $.Values.existingSecret (get (default dict $from) "name")) -}}
{{- $faults = append $faults (printf "secrets.%s: name the Secret that holds it, there or as existingSecret" $name) -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "doorward.misplaced" -}}
{{- $faults := list -}}
{{- $owned := include "doorward.ownedSettings" . | fromYaml -}}
{{- range $name, $_ := .Values.settings -}}
{{- if hasKey $owned $name -}}
{{- $faults = append $faults (printf "settings.%s: the chart sets it; use %s" $name (get $owned $name)) -}}
{{- end -}}
{{- end -}}
{{- $set := include "doorward.env" . | fromYamlArray -}}
{{- range $extra := .Values.extraEnv -}}
{{- range $set -}}
{{- if eq .name $extra.name -}}
{{- $faults = append $faults (printf "extraEnv: %s is set by the chart already" .name) -}}
{{- end -}}
{{- end -}}
{{- if has $extra.name (include "doorward.secretSettings" $ | fromYamlArray) -}}
{{- $faults = append $faults (printf "extraEnv: %s is a secret: name the Secret that holds it under secrets.%s" $extra.name $extra.name) -}}
{{- end -}}
{{- if and (hasSuffix "_HEADERS" $extra.name) (hasKey $extra "value") -}}
{{- $faults = append $faults (printf "extraEnv: %s holds a key: take it from a Secret, by valueFrom.secretKeyRef in place of value" $extra.name) -}}
{{- end -}}
{{- end -}}
{{- $labels := include "doorward.labels" (list . "") | fromYaml -}}
{{- $maps := dict "podLabels" .Values.podLabels "monitoring.serviceMonitor.labels" .Values.monitoring.serviceMonitor.labels "monitoring.rules.labels" .Values.monitoring.rules.labels "monitoring.dashboard.labels" .Values.monitoring.dashboard.labels -}}
{{- range $value, $map := $maps -}}
{{- range $name, $_ := $map -}}
{{- if hasKey $labels $name -}}
{{- $faults = append $faults (printf "%s: %s is set by the chart already" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := .Values.otel -}}
{{- if hasSuffix "_HEADERS" $name -}}
{{- $faults = append $faults (printf "otel.%s: it holds a key: take it from a Secret, by extraEnv and valueFrom.secretKeyRef" $name) -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "doorward.contradictions" -}}
{{- $faults := list -}}
{{- with .Values.autoscaling -}}
{{- if and .enabled (gt (int64 .minReplicas) (int64 .maxReplicas)) -}}
{{- $faults = append $faults (printf "autoscaling: minReplicas (%d) is more than maxReplicas (%d)" (int64 .minReplicas) (int64 .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- $ports := compact (list .Values.ports.public .Values.ports.operations .Values.ports.admin) -}}
{{- if ne (len $ports) (len (uniq $ports)) -}}
{{- $faults = append $faults "ports: each must be another number" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- $faults = append $faults "httpRoute.parentRefs: name the Gateway that the route belongs to" -}}
{{- end -}}
{{- if and .Values.ports.admin .Values.networkPolicy.enabled (not .Values.networkPolicy.admin) -}}
{{- $faults = append $faults "networkPolicy.admin: say who reaches the port for the admin API (ports.admin)" -}}
{{- end -}}
{{- if and .Values.clientsFile.content .Values.clientsFile.existingConfigMap -}}
{{- $faults = append $faults "clientsFile: keep one of content and existingConfigMap" -}}
{{- end -}}
{{- if and .Values.monitoring.rules.enabled (not .Values.monitoring.rules.runbookUrl) -}}
{{- $faults = append $faults "monitoring.rules.runbookUrl: say where your people read docs/runbook" -}}
{{- end -}}
{{- $stop := include "doorward.stopSeconds" . | int64 -}}
{{- with .Values.terminationGracePeriodSeconds -}}
{{- if lt (int64 .) $stop -}}
{{- $faults = append $faults (printf "terminationGracePeriodSeconds: a stop may take %d s (preStopSeconds, SHUTDOWN_GRACE and ten more), and %d would cut it off" $stop (int64 .)) -}}
{{- end -}}
{{- end -}}
{{- $routes := regexFindAll "[a-z]+" (toString (default "" .Values.settings.SMS_ROUTES)) -1 -}}
{{- range $route, $secret := dict "twilio" "TWILIO_AUTH_TOKEN" "webhook" "SMS_WEBHOOK_SECRET" -}}
{{- if and (has $route $routes) (not (hasKey $.Values.secrets $secret)) -}}
{{- $faults = append $faults (printf "secrets.%s: needed, since SMS_ROUTES names %s" $secret $route) -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{/* All processes at once, also those of an upgrade, must find their connections. */}}
{{- define "doorward.connections" -}}
{{- $faults := list -}}
{{- $processes := include "doorward.processes" . | int64 -}}
{{- $pool := include "doorward.poolConnections" . | int64 -}}
{{- $direct := include "doorward.directConnections" . | int64 -}}
{{- $free := sub (int64 .Values.database.maxConnections) (int64 .Values.database.reservedConnections) -}}
{{- $left := printf "%d of max_connections less %d reserved are %d" (int64 .Values.database.maxConnections) (int64 .Values.database.reservedConnections) $free -}}
{{- with .Values.database.pooler -}}
{{- if .enabled -}}
{{- if not (hasKey $.Values.secrets "DATABASE_DIRECT_URL") -}}
{{- $faults = append $faults "secrets.DATABASE_DIRECT_URL: needed with database.pooler: migrations and the job queue go past it" -}}
{{- end -}}
{{- $sum := add (mul $processes $direct) (int64 .serverConnections) -}}
{{- if gt $sum $free -}}
{{- $faults = append $faults (printf "database: %d processes (an upgrade's included) hold %d connections each past the pooler, and the pooler %d: %d; %s. Lower the pods or the pooler, or raise max_connections" $processes $direct (int64 .serverConnections) $sum $left) -}}
{{- end -}}
{{- if gt (mul $processes $pool) (int64 .clientConnections) -}}
{{- $faults = append $faults (printf "database.pooler: %d processes open %d connections each, which is %d; the pooler takes %d (clientConnections)" $processes $pool (mul $processes $pool) (int64 .clientConnections)) -}}
{{- end -}}
{{- else -}}
{{- $sum := mul $processes (add $pool $direct) -}}
{{- if gt $sum $free -}}
{{- $faults = append $faults (printf "database: %d processes (an upgrade's included) open %d connections each, %d for DATABASE_POOL_SIZE and %d for jobs: %d; %s. Lower the pods or DATABASE_POOL_SIZE, raise max_connections, or put a pooler in front" $processes (add $pool $direct) $pool $direct $sum $left) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}
