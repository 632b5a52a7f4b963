{{/* Settings that the chart sets, and the value that rules each. */}}
{{- define "doorward.ownedSettings" -}}
NODE_ENV: "nothing: it is production"
ISSUER: issuer
PORT: ports.public
OPS_PORT: ports.operations
ADMIN_PORT: ports.admin
ADMIN_LINK_FILE: firstAdministrator.link
CLIENTS_FILE: clientsFile
DATA_DIR: "nothing: there is no trial in a cluster"
SIGNING_KEYS_FILE: secrets.SIGNING_KEYS
{{- end -}}

{{/* Settings that are secret: each is mounted as a file, and in no variable. */}}
{{- define "doorward.secretSettings" -}}
[SECRETS, DATABASE_URL, DATABASE_DIRECT_URL, SMTP_URL, TWILIO_AUTH_TOKEN, SMS_WEBHOOK_SECRET, RECEIPTS_SECRET, SIGNING_KEYS]
{{- end -}}

{{/* Variables of the container, extraEnv left out. */}}
{{- define "doorward.env" -}}
- { name: NODE_ENV, value: production }
- { name: ISSUER, value: {{ .Values.issuer | quote }} }
- { name: PORT, value: {{ include "doorward.text" .Values.ports.public | quote }} }
- { name: OPS_PORT, value: {{ include "doorward.text" .Values.ports.operations | quote }} }
{{- with .Values.ports.admin }}
- { name: ADMIN_PORT, value: {{ include "doorward.text" . | quote }} }
{{- end }}
{{- if eq .Values.firstAdministrator.link "file" }}
- { name: ADMIN_LINK_FILE, value: /run/doorward/admin-link }
{{- end }}
{{- if include "doorward.clientsConfigMap" . }}
- { name: CLIENTS_FILE, value: {{ printf "/etc/doorward/%s" .Values.clientsFile.key | quote }} }
{{- end }}
{{- range $name, $_ := .Values.secrets }}
- { name: {{ $name }}_FILE, value: /run/secrets/doorward/{{ $name }} }
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name }}
  value: {{ include "doorward.text" $value | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.otel }}
- name: {{ $name }}
  value: {{ include "doorward.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* The secrets of these names as one volume. Takes the root and the names. */}}
{{- define "doorward.secretsVolume" -}}
{{- $root := index . 0 -}}
name: secrets
projected:
  defaultMode: 0440
  sources:
    {{- range $name := index . 1 }}
    {{- $from := default dict (get $root.Values.secrets $name) }}
    - secret:
        name: {{ default $root.Values.existingSecret $from.name | quote }}
        items:
          - { key: {{ default $name $from.key | quote }}, path: {{ $name }} }
    {{- end }}
{{- end -}}

{{/* What the restricted Pod Security Standard asks of a container, and a file system that nobody can write to. */}}
{{- define "doorward.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* What all pods have in common. */}}
{{- define "doorward.podCommon" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- /* A number that was set to null is left out: the platform gives one. */}}
  {{- range $name, $value := .Values.podSecurityContext }}
  {{- if not (kindIs "invalid" $value) }}
  {{ $name }}: {{ toJson $value }}
  {{- end }}
  {{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The container that migrates the database. */}}
{{- define "doorward.migrateContainer" -}}
name: migrate
image: {{ include "doorward.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [node, src/cli.ts, migrate]
env:
  - { name: NODE_ENV, value: production }
  {{- range include "doorward.databaseSecrets" . | fromJsonArray }}
  - { name: {{ . }}_FILE, value: /run/secrets/doorward/{{ . }} }
  {{- end }}
  {{- with .Values.settings.LOG_LEVEL }}
  - { name: LOG_LEVEL, value: {{ . }} }
  {{- end }}
securityContext: {{- include "doorward.containerSecurity" . | nindent 2 }}
resources: {{- toYaml .Values.migrations.resources | nindent 2 }}
volumeMounts:
  - { name: secrets, mountPath: /run/secrets/doorward, readOnly: true }
  - { name: tmp, mountPath: /tmp }
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "doorward.databaseSecrets" -}}
{{- hasKey .Values.secrets "DATABASE_DIRECT_URL" | ternary (list "DATABASE_URL" "DATABASE_DIRECT_URL") (list "DATABASE_URL") | toJson -}}
{{- end -}}
