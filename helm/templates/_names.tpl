{{- define "doorward.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "doorward.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{- $name := include "doorward.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What is never changed on an object that is there. */}}
{{- define "doorward.selector" -}}
app.kubernetes.io/name: {{ include "doorward.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. Takes the root and the part it belongs to. */}}
{{- define "doorward.labels" -}}
{{- $root := index . 0 -}}
{{ include "doorward.selector" $root }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: doorward
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{/* Labels of the pods that serve: what Services and policies select by. */}}
{{- define "doorward.serving" -}}
{{ include "doorward.selector" . }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "doorward.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "doorward.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "doorward.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "doorward.host" -}}
{{ get (urlParse .Values.issuer) "hostname" }}
{{- end -}}

{{- define "doorward.clientsConfigMap" -}}
{{- if .Values.clientsFile.existingConfigMap -}}
{{ .Values.clientsFile.existingConfigMap }}
{{- else if .Values.clientsFile.content -}}
{{ include "doorward.fullname" . }}-clients
{{- end -}}
{{- end -}}
