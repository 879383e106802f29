{{- define "plugin.name" -}}
{{ .Values.name | default .Release.Name }}
{{- end }}

{{/* Name of every object but the registration. */}}
{{- define "plugin.fullname" -}}
kdr-plugin-{{ include "plugin.name" . }}
{{- end }}

{{- define "plugin.selector" -}}
app.kubernetes.io/name: kdr-plugin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* kdr.dev/plugin: agent and master may reach pods with this label (NetworkPolicies of the chart kdr). */}}
{{- define "plugin.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: kdr
kdr.dev/plugin: {{ include "plugin.name" . }}
{{ include "plugin.selector" . }}
{{- end }}

{{- define "plugin.image" -}}
{{- $image := .Values.image -}}
{{- if not (or $image.tag $image.digest) }}{{ fail "image.tag or image.digest is required: what KDR calls must be pinned" }}{{ end -}}
{{- if and (eq $image.tag "latest") (not $image.digest) }}{{ fail "image.tag latest: what KDR calls must be pinned; set a version or a digest" }}{{ end -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag }}{{ end }}
{{- end }}

{{- define "plugin.secret" -}}
{{- if eq .Values.tls.source "existingSecret" -}}
{{ .Values.tls.existingSecret | required "tls.existingSecret is required with tls.source existingSecret" }}
{{- else -}}
{{ include "plugin.fullname" . }}-tls
{{- end }}
{{- end }}
