{{/* What every pod is held to: the `restricted` Pod Security standard, and more. The same file is in both charts. */}}

{{- define "bounds.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: fedpact
{{- end }}

{{- define "bounds.meta" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "bounds.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "bounds.chosen" -}}
matchLabels: {app.kubernetes.io/name: {{ .name }}, app.kubernetes.io/instance: {{ .root.Release.Name }}}
{{- end }}

{{- define "bounds.pod" -}}
serviceAccountName: {{ .name }}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "bounds.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: {{ not .writes }}
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "bounds.image" -}}
image: {{ .root.Values.image.repository }}/{{ .image }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- end }}

{{- define "bounds.probes" -}}
ports: [{name: http, containerPort: 8080}]
startupProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60}
livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6}
readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3}
{{- end }}

{{- define "bounds.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "bounds.meta" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{- define "bounds.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "bounds.meta" . | nindent 2 }}
  annotations: {helm.sh/resource-policy: keep}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .className }}
  storageClassName: {{ . }}
  {{- end }}
  resources: {requests: {storage: {{ .size }}}}
{{- end }}

{{/* A folder of the node, as a volume of the cluster: the standard forbids pods to name one themselves. */}}
{{- define "bounds.folder" -}}
apiVersion: v1
kind: PersistentVolume
metadata:
  name: {{ .root.Release.Namespace }}-{{ .name }}
  labels:
    {{- include "bounds.labels" . | nindent 4 }}
spec:
  capacity: {storage: {{ .size | default "1Gi" }}}
  accessModes: [{{ .mode | default "ReadOnlyMany" }}]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  claimRef: {namespace: {{ .root.Release.Namespace }}, name: {{ .name }}}
  hostPath: {path: {{ .path | quote }}, type: Directory}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "bounds.meta" . | nindent 2 }}
spec:
  accessModes: [{{ .mode | default "ReadOnlyMany" }}]
  storageClassName: ""
  volumeName: {{ .root.Release.Namespace }}-{{ .name }}
  resources: {requests: {storage: {{ .size | default "1Gi" }}}}
{{- end }}
