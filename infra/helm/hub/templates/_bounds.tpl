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
startupProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 150}
livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6}
readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5, timeoutSeconds: 10, failureThreshold: 6}
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

{{/* What a launcher of pods does, in this namespace and nowhere else: it never reads a secret. */}}
{{- define "bounds.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  {{- include "bounds.meta" . | nindent 2 }}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [create, delete, get, list, watch]}
  - {apiGroups: [""], resources: [pods/log], verbs: [get]}
  - {apiGroups: [""], resources: [secrets], verbs: [create, delete]}
  - {apiGroups: [""], resources: [services], verbs: [create, delete]}
  - {apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [create, delete, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "bounds.meta" . | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .name }}}
subjects: [{kind: ServiceAccount, name: {{ .name }}, namespace: {{ .root.Release.Namespace }}}]
{{- end }}

{{/* One that is never there twice, not even while the old one still ends: it reads a durable in order or holds a folder. */}}
{{- define "bounds.single" -}}
replicas: 1
serviceName: {{ .name }}
podManagementPolicy: Parallel
selector:
  {{- include "bounds.chosen" . | nindent 2 }}
{{- end }}

{{/* What an agent is told of the pods that it makes. */}}
{{- define "bounds.workloads" -}}
{{- $w := .root.Values.workloads -}}
- {name: FEDPACT_AGENT_LAUNCHER, value: {{ $w.launcher }}}
{{- if eq $w.launcher "kubernetes" }}
- {name: FEDPACT_AGENT_KUBERNETES_NAMESPACE, value: {{ .root.Release.Namespace }}}
- {name: FEDPACT_AGENT_KUBERNETES_PULL_SECRETS, value: {{ join "," $w.pullSecrets | quote }}}
- {name: FEDPACT_AGENT_KUBERNETES_POLICED, value: {{ $w.policed | quote }}}
- {name: FEDPACT_AGENT_KUBERNETES_WORKSPACE, value: {{ $w.workspace | quote }}}
- {name: FEDPACT_AGENT_MODEL_IMAGES, value: /images/images.json}
- {name: FEDPACT_AGENT_CPU, value: {{ $w.cpu | quote }}}
- {name: FEDPACT_AGENT_MEMORY, value: {{ int $w.memory | quote }}}
{{- else }}
- {name: FEDPACT_AGENT_CPU, value: {{ .agent.cpu | quote }}}
- {name: FEDPACT_AGENT_MEMORY, value: {{ sub .agent.memory 500 | quote }}} # the rest is the agent's own
{{- end }}
{{- end }}

{{/* Which image a model version runs from. The agent reads it anew each time. */}}
{{- define "bounds.images" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "bounds.meta" . | nindent 2 }}
data:
  images.json: {{ .root.Values.models.images | toJson | quote }}
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
