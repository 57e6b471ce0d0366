{{- define "digits.name" -}}
{{- printf "%s-digits" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "digits.selector" -}}
app.kubernetes.io/name: digits
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "digits.labels" -}}
{{ include "digits.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "digits.image" -}}
{{- $kind := ternary "cuda" "cpu" (gt (int .Values.gpus.count) 0) -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default (printf "%s-%s" .Chart.AppVersion $kind)) -}}
{{- end -}}
