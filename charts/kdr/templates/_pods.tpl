{{/* Metadata of a pod template. Call with (dict "root" $ "component" "master" "values" .Values.master). */}}
{{- define "kdr.podMetadata" -}}
labels:
  {{- include "kdr.labels" . | nindent 2 }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where and as whom a pod runs. */}}
{{- define "kdr.placement" -}}
serviceAccountName: kdr-{{ .component }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
{{- end }}

{{/* Pods that need nothing of their node. */}}
{{- define "kdr.unprivilegedPod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* A container that can become nothing more than it is. Call with the list of its capabilities. */}}
{{- define "kdr.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  {{- with . }}
  add: {{ toJson . }}
  {{- end }}
{{- end }}

{{/* Environment of every program. */}}
{{- define "kdr.environment" -}}
- name: KDR_NAMESPACE
  value: {{ .Release.Namespace }}
- name: KDR_LOG_LEVEL
  value: {{ .Values.logLevel }}
{{- end }}

{{/* Volume: what the kubelet mounts by itself where automountServiceAccountToken is on. Here only the containers that call the API server get it. */}}
{{- define "kdr.apiToken.volume" -}}
- name: api-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end }}
{{- define "kdr.apiToken.mount" -}}
- name: api-token
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}

{{/* Volume: the token that is shown to plugins behind a Service. It is good for nothing else. */}}
{{- define "kdr.pluginToken.volume" -}}
- name: plugin-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          audience: kdr.dev/plugins
          expirationSeconds: 3607
{{- end }}
{{- define "kdr.pluginToken.mount" -}}
- name: plugin-token
  mountPath: /var/run/secrets/kdr.dev/plugins
  readOnly: true
{{- end }}

{{/* Volume: something to write to. */}}
{{- define "kdr.temporary.volume" -}}
- name: temporary
  emptyDir:
    sizeLimit: {{ . }}
{{- end }}

{{/* Probes of a program with /healthz and /readyz on the port `probes`. */}}
{{- define "kdr.probes" -}}
startupProbe:
  httpGet:
    path: /healthz
    port: probes
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /healthz
    port: probes
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz
    port: probes
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}

{{/* The sockets of agent and plugins, at one path in every container, since it stands in the registrations. */}}
{{- define "kdr.sockets.mounts" -}}
- name: sockets
  mountPath: {{ include "kdr.socketDirectory" . }}
{{- if not .Values.agent.socketHostPath }}
# A volume of its own: the first plugin that makes a directory would be the only one that may write there.
- name: plugin-sockets
  mountPath: {{ include "kdr.socketDirectory" . }}/plugins
{{- end }}
{{- end }}
