{{/* The way to the hub: its entrance, and the proxy before it if there is one. */}}

{{- define "gateway.bus.host" -}}
{{ regexReplaceAll ":[0-9]+$" (urlParse .Values.hub.nats).host "" }}
{{- end }}

{{- define "gateway.bus.port" -}}
{{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" (urlParse .Values.hub.nats).host) | default "4222" }}
{{- end }}

{{- define "gateway.flare" -}}
{{ .Values.hub.flare | default (printf "%s:8443" (include "gateway.bus.host" .)) }}
{{- end }}

{{- define "gateway.proxy" -}}
{{- with .root.Values.proxies.https }}
- {name: {{ $.prefix }}_PROXY, value: {{ . | quote }}}
{{- if $.root.Values.proxies.loginSecret }}
- {name: {{ $.prefix }}_PROXY_LOGIN_FILE, value: /login/login}
{{- end }}
{{- end }}
{{- end }}

{{/* A mounted Secret can be read by its group, and such a login is refused. */}}
{{- define "gateway.login" -}}
- name: own-login
  {{- include "bounds.image" . | nindent 2 }}
  command: [install, -m, "0600", /run/secrets/proxy/login, /login/login]
  {{- include "bounds.container" . | nindent 2 }}
  resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
  volumeMounts:
    - {name: proxy, mountPath: /run/secrets/proxy, readOnly: true}
    - {name: login, mountPath: /login}
{{- end }}

{{- define "gateway.login.volumes" -}}
{{- with .Values.proxies.loginSecret }}
- {name: proxy, secret: {secretName: {{ . }}, defaultMode: 0440}}
- {name: login, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
{{- end }}
{{- end }}

{{/* Whoever goes outside goes to the hub, or to the proxy alone. `host` and `port` are where to. */}}
{{- define "gateway.outside" -}}
{{- if not .root.Values.cilium.enabled }}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
  to:
    {{- toYaml .root.Values.network.dns | nindent 4 }}
- ports: [{protocol: TCP, port: {{ .port }}}]
  to:
    {{- if .root.Values.proxies.https }}
    - {ipBlock: {cidr: {{ .root.Values.proxies.cidr }}}}
    {{- else if .root.Values.hub.peers }}
    {{- toYaml .root.Values.hub.peers | nindent 4 }}
    {{- else }}
    - {ipBlock: {cidr: {{ .root.Values.hub.cidr }}}}
    {{- end }}
{{- end }}
{{- end }}

{{- define "gateway.outside.cilium" -}}
{{ include "gateway.dns.cilium" . }}
{{ include "gateway.name.cilium" . }}
{{- end }}

{{- define "gateway.dns.cilium" -}}
- toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]
  toPorts:
    - ports: [{port: "53", protocol: ANY}]
      rules: {dns: [{matchPattern: "*"}]}
{{- end }}

{{- define "gateway.name.cilium" -}}
{{- if regexMatch "^[0-9.]+$" .host -}}
- toCIDR: [{{ .host }}/32]
{{- else -}}
- toFQDNs: [{matchName: {{ .host }}}]
{{- end }}
  toPorts: [{ports: [{port: {{ .port | quote }}, protocol: TCP}]}]
{{- end }}
