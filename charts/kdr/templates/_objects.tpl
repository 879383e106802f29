{{/* Labels of every object. Call with (dict "root" $ "component" "master"); component may be left out. */}}
{{- define "kdr.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: kdr
{{ include "kdr.selector" . }}
{{- end }}

{{/* Labels by which a workload finds its pods: they never change. */}}
{{- define "kdr.selector" -}}
app.kubernetes.io/name: kdr
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* User name of a ServiceAccount of the release. Call with (list $ "kdr-agent"). */}}
{{- define "kdr.user" -}}
{{- $root := index . 0 -}}
system:serviceaccount:{{ $root.Release.Namespace }}:{{ index . 1 }}
{{- end }}

{{/* An image. Call with (list $ .Values.master.image). */}}
{{- define "kdr.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := coalesce $image.registry $root.Values.image.registry $root.Values.global.imageRegistry -}}
{{- $tag := coalesce $image.tag $root.Values.image.tag $root.Chart.AppVersion -}}
{{- if eq $tag "latest" }}{{ fail "image tag latest: what runs with rights on every node must be pinned; set a version or a digest" }}{{ end -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{/* Where the sockets of plugins lie, on the nodes or in the pod: the same path in every container, since it stands in the registrations. */}}
{{- define "kdr.socketDirectory" -}}
{{ .Values.agent.socketHostPath | default "/run/kdr" }}
{{- end }}

{{/* The chart's own way to know whether CRDs have selectableFields: "true" or "". */}}
{{- define "kdr.selectByField" -}}
{{- $auto := semverCompare ">=1.31.0-0" .Capabilities.KubeVersion.Version -}}
{{- if or (eq .Values.crds.selectableFields "always") (and (eq .Values.crds.selectableFields "auto") $auto) }}true{{ end }}
{{- end }}

{{/* Whether cert-manager makes the certificates: "true" or "". */}}
{{- define "kdr.certManager" -}}
{{- if .Values.webhook.certManager.enabled -}}
{{- if not .Values.webhook.enabled }}{{ fail "webhook.certManager.enabled needs webhook.enabled: the master learns from the webhook's annotation that it has not to make certificates" }}{{ end -}}
true
{{- end }}
{{- end }}

{{/* What marks an object of kdr.dev as this release's own, for Helm and for the webhook. Set here, since Helm does not set it on hooks. */}}
{{- define "kdr.ownership" -}}
meta.helm.sh/release-name: {{ .Release.Name }}
meta.helm.sh/release-namespace: {{ .Release.Namespace }}
{{- end }}

{{/* A generated file, with what the release is called in the place of its placeholders. Call with (list $ "files/webhook.json"). */}}
{{- define "kdr.generated" -}}
{{- $root := index . 0 -}}
{{- $text := $root.Files.Get (index . 1) -}}
{{- $text = replace "@MASTER@" (include "kdr.user" (list $root "kdr-master")) $text -}}
{{- $text = replace "@AGENT@" (include "kdr.user" (list $root "kdr-agent")) $text -}}
{{- $text = replace "@SOURCES@" (include "kdr.user" (list $root "kdr-cluster-sources")) $text -}}
{{- $text = replace "@SOCKETS@" (printf "%s/plugins" (include "kdr.socketDirectory" $root)) $text -}}
{{- replace "@NAMESPACE@" $root.Release.Namespace $text -}}
{{- end }}
