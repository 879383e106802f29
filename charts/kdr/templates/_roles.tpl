{{/* A ClusterRole for one component, and its binding. Call with (dict "root" $ "component" "master" "rules" "…"). */}}
{{- define "kdr.clusterRole" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: kdr-{{ .component }}
  labels:
    {{- include "kdr.labels" . | nindent 4 }}
rules:
  {{- .rules | trim | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: kdr-{{ .component }}
  labels:
    {{- include "kdr.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: kdr-{{ .component }}
subjects:
  - kind: ServiceAccount
    name: kdr-{{ .component }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{/* The same within one namespace: KDR's own, or "namespace". */}}
{{- define "kdr.role" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: kdr-{{ .component }}
  namespace: {{ .namespace | default .root.Release.Namespace }}
  labels:
    {{- include "kdr.labels" . | nindent 4 }}
rules:
  {{- .rules | trim | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: kdr-{{ .component }}
  namespace: {{ .namespace | default .root.Release.Namespace }}
  labels:
    {{- include "kdr.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: kdr-{{ .component }}
subjects:
  - kind: ServiceAccount
    name: kdr-{{ .component }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- define "kdr.master.clusterRules" }}
- apiGroups: [kdr.dev]
  resources: [abnormals]
  # patch: binds one to a node, and takes the finalizer off where an agent is lost.
  verbs: [get, list, watch, patch]
- apiGroups: [kdr.dev]
  resources: [abnormals/status]
  verbs: [patch]
- apiGroups: [kdr.dev]
  resources: [recoverypolicies, recoveryholds, recoveryapprovals]
  verbs: [list, watch]
- apiGroups: [kdr.dev]
  resources: [informationcollectors, diagnosers, recoverers]
  # patch: the certificate authority of the group `cluster`.
  verbs: [get, list, watch, patch]
- apiGroups: [kdr.dev]
  resources: [informationcollectors/status, diagnosers/status, recoverers/status]
  verbs: [patch]
- apiGroups: ['']
  resources: [pods]
  # Which node an Abnormal's pod is on.
  verbs: [get]
- apiGroups: ['']
  resources: [events]
  verbs: [create, patch]
{{- if .Values.webhook.enabled }}
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [kdr]
  verbs: [get, list, watch, patch]
{{- end }}
{{- end }}

{{- define "kdr.master.rules" }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  # Its own, and those of the agents.
  verbs: [get, list, watch, create, update]
{{- $secrets := list }}
{{- if or .Values.webhook.enabled .Values.clusterPlugins.enabled }}{{ $secrets = append $secrets "kdr-tls" }}{{ end }}
{{- if .Values.clusterPlugins.enabled }}{{ $secrets = append $secrets "kdr-cluster-plugins-tls" }}{{ end }}
{{- with $secrets }}
- apiGroups: ['']
  resources: [secrets]
  resourceNames: {{ toJson . }}
  verbs: [get, list, watch{{ if not (include "kdr.certManager" $) }}, patch{{ end }}]
{{- end }}
{{- end }}

{{- define "kdr.agent.clusterRules" }}
- apiGroups: [kdr.dev]
  resources: [abnormals]
  # Of its own node alone: the admission policy kdr-own-node holds it for all that it writes. delete: those past their time to live.
  verbs: [get, list, watch, create, delete{{ if .Values.recovery.enabled }}, patch{{ end }}]
- apiGroups: [kdr.dev]
  resources: [abnormals/status]
  verbs: [patch]
- apiGroups: [kdr.dev]
  resources: [informationcollectors, diagnosers, recoverers, recoverypolicies, abnormalsources]
  verbs: [list, watch]
- apiGroups: ['']
  resources: [events]
  # Reads those about its own Node, filtered by the API server.
  verbs: [list, watch, create, patch]
{{- end }}

{{- define "kdr.agent.rules" }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  # The one of its own node alone: the admission policy kdr-own-lease holds it.
  verbs: [get, create, update]
{{- end }}

{{- define "kdr.cluster-plugins.clusterRules" }}
- apiGroups: ['']
  resources: [pods]
  verbs: [get]
- apiGroups: ['']
  resources: [events]
  verbs: [list]
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
{{- end }}

{{- define "kdr.cluster-sources.clusterRules" }}
- apiGroups: ['']
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [kdr.dev]
  resources: [abnormals]
  verbs: [list, create]
{{- end }}

{{- define "kdr.cluster-sources.nodeLeaseRules" }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  # Whether a node answers.
  verbs: [get]
{{- end }}

{{- define "kdr.check.clusterRules" }}
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  resourceNames:
    {{- range $path, $_ := .Files.Glob "files/crds/*.json" }}
    - {{ base $path | trimSuffix ".json" }}
    {{- end }}
  verbs: [get]
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingadmissionpolicies, validatingadmissionpolicybindings]
  resourceNames:
    {{- range .Files.Get "files/admission-policies.json" | fromJsonArray }}
    - {{ .policy.metadata.name }}
    {{- end }}
  verbs: [get]
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [kdr]
  verbs: [get]
- apiGroups: ['']
  resources: [nodes]
  verbs: [list]
- apiGroups: [kdr.dev]
  resources: [informationcollectors, diagnosers, recoverers]
  verbs: [list]
{{- end }}

{{- define "kdr.check.rules" }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, list]
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [kdr-master, kdr-cluster-plugins, kdr-cluster-sources]
  verbs: [get]
- apiGroups: [apps]
  resources: [daemonsets]
  resourceNames: [kdr-agent]
  verbs: [get]
{{- end }}
