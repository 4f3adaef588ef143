{{/* The buckets of `dal.sources.s3`, each whole: what the DAL is told of it, and the name and port its server is reached by. */}}
{{- define "gateway.buckets" -}}
{{- $all := list }}
{{- range .Values.dal.sources.s3 }}
{{- $given := ternary (dict "bucket" .) . (kindIs "string" .) }}
{{- $usual := dict "endpoint" "" "region" "us-east-1" "style" "path" "secret" "dal-s3" "ca" false "cidr" "0.0.0.0/0" "peers" list }}
{{- $one := merge (dict) $given $usual }}
{{- $url := urlParse ($one.endpoint | default (printf "https://s3.%s.amazonaws.com" $one.region)) }}
{{- $prefix := ternary (printf "%s." $one.bucket) "" (eq $one.style "virtual") }}
{{- $host := printf "%s%s" $prefix (regexReplaceAll ":[0-9]+$" $url.host "") }}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- $all = append $all (merge (dict "host" $host "port" $port) $one) }}
{{- end }}
{{- toJson $all }}
{{- end }}

{{/* As the DAL reads it. Keys stay in the Secrets, which are mounted below /run/secrets/s3. */}}
{{- define "gateway.buckets.told" -}}
{{- $told := list }}
{{- range include "gateway.buckets" . | fromJsonArray }}
{{- $one := pick . "bucket" "endpoint" "region" "style" }}
{{- $_ := set $one "credentials" (printf "/run/secrets/s3/%s/credentials" .secret) }}
{{- if .ca }}
{{- $_ := set $one "ca" (printf "/run/secrets/s3/%s/ca.crt" .secret) }}
{{- end }}
{{- $told = append $told $one }}
{{- end }}
{{- toJson $told }}
{{- end }}

{{/* Each Secret once: several buckets may have the same keys. */}}
{{- define "gateway.buckets.secrets" -}}
{{- $names := list }}
{{- range include "gateway.buckets" . | fromJsonArray }}
{{- $names = append $names .secret }}
{{- end }}
{{- $names | uniq | toJson }}
{{- end }}
