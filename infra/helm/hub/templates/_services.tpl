{{/* The hub's services by name, with what each is told beside what all are told. */}}

{{- define "hub.services" -}}
identity: {json: true, state: true}
registry: {json: true}
policy: {}
spec-lifecycle: {}
scheduler: {}
jobs: {state: true}
portal: {}
{{- end }}

{{/* Where bus and store are: in this release, or where `external` says. */}}
{{- define "hub.bus.port" -}}
{{ .Values.nats.enabled | ternary 4222 (int .Values.nats.external.port) }}
{{- end }}

{{/* Whether servers of sites may come to the bus; empty where they may not. */}}
{{- define "hub.leaves" -}}
{{ and .Values.enrolment.enabled .Values.enrolment.leaves | ternary "yes" "" }}
{{- end }}

{{- define "hub.bus" -}}
{{ .Values.enrolment.enabled | ternary "tls" "nats" }}://{{ .Values.nats.enabled | ternary "nats" .Values.nats.external.name }}:{{ include "hub.bus.port" . }}
{{- end }}

{{/* Where the bus is, and how whoever mounts `key` proves who it is: credentials, where the bus believes an operator. */}}
{{- define "hub.place" -}}
- {name: {{ .prefix }}_NATS_URL, value: {{ include "hub.bus" .root | quote }}}
- {name: {{ .prefix }}_NATS_DOMAIN, value: hub}
{{- if .root.Values.enrolment.enabled }}
- {name: {{ .prefix }}_NATS_CREDS_FILE, value: /run/secrets/fedpact/{{ .key }}.creds}
- {name: {{ .prefix }}_NATS_CA_FILE, value: /run/secrets/fedpact/bus-ca.pem}
{{- else }}
- {name: {{ .prefix }}_NATS_SEED_FILE, value: /run/secrets/fedpact/{{ .key }}.seed}
{{- end }}
{{- end }}

{{- define "hub.store.port" -}}
{{ .Values.mongo.enabled | ternary 27017 (int .Values.mongo.external.port) }}
{{- end }}

{{- define "hub.store" -}}
{{ .Values.mongo.enabled | ternary "mongo" .Values.mongo.external.name }}:{{ include "hub.store.port" . }}
{{- end }}

{{- define "hub.env" -}}
{{- $url := .root.Values.urls -}}
{{- if eq .name "identity" }}
- {name: FEDPACT_IDENTITY_KEY_FILE, value: /var/lib/fedpact/keys/tokens.pem}
- {name: FEDPACT_IDENTITY_PUBLIC_URL, value: {{ printf "%s/identity" $url.portal | quote }}}
- {name: FEDPACT_IDENTITY_REDIRECTS, value: {{ dict "fedpact-portal" (list (printf "%s/login/callback" $url.portal)) | toJson | quote }}}
{{- with .root.Values.enrolment }}
{{- if .enabled }}
- {name: FEDPACT_IDENTITY_ENROLMENT_FOLDER, value: /run/secrets/fedpact}
- {name: FEDPACT_IDENTITY_BUS_URL, value: {{ .bus | quote }}}
- {name: FEDPACT_IDENTITY_BUS_CA_FILE, value: /run/secrets/fedpact/bus-ca.pem}
- {name: FEDPACT_IDENTITY_POLICY_KEY_FILE, value: /run/secrets/fedpact/policy-service.pub.pem}
- {name: FEDPACT_IDENTITY_GATEWAY_DAYS, value: {{ .days | quote }}}
{{- end }}
{{- end }}
{{- with .root.Values.login }}
- {name: FEDPACT_IDENTITY_PROVIDER, value: {{ toJson . | quote }}}
{{- end }}
{{- else if eq .name "policy" }}
- {name: FEDPACT_POLICY_KEY_FILE, value: /keys/grants/grants.pem}
- {name: FEDPACT_POLICY_OWNER_KEYS_DIR, value: /owners}
- {name: FEDPACT_POLICY_REQUIRE_SIGNATURES, value: "true"}
{{- else if eq .name "jobs" }}
- {name: FEDPACT_JOBS_ARTIFACTS, value: /var/lib/fedpact/artifacts}
- {name: FEDPACT_JOBS_UPLOAD_URL, value: "http://jobs:8080"}
{{- else if eq .name "portal" }}
- {name: FEDPACT_PORTAL_IDENTITY_URL, value: "http://identity:8080"}
- {name: FEDPACT_PORTAL_ISSUER_URL, value: {{ printf "%s/identity" $url.portal | quote }}}
- {name: FEDPACT_PORTAL_PUBLIC_URL, value: {{ $url.portal | quote }}}
{{- end }}
{{- end }}
