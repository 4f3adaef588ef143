{{/* On the node of the DAL: a socket works on one node alone. */}}
{{- define "gateway.beside" -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: {matchLabels: {app.kubernetes.io/name: dal, app.kubernetes.io/instance: {{ .Release.Name }}}}
{{- end }}

{{/* Where an enrolled gateway's credentials are renewed. */}}
{{- define "gateway.credentials" -}}
/var/lib/fedpact/bus-{{ .Values.hub.enrolment }}.creds
{{- end }}
