{{- define "webhook.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "webhook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "webhook.labels" -}}
{{ include "webhook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: wharfinger
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "webhook.secret" -}}
{{- .Values.certificate.existingSecret | default (printf "%s-tls" (include "webhook.name" .)) }}
{{- end }}

{{- define "webhook.rules" -}}
- operations: [CREATE, UPDATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods, pods/ephemeralcontainers{{ if .Values.webhook.workloads }}, podtemplates, replicationcontrollers{{ end }}]
  scope: Namespaced
{{- if .Values.webhook.workloads }}
- operations: [CREATE, UPDATE]
  apiGroups: [apps]
  apiVersions: [v1]
  resources: [daemonsets, deployments, replicasets, statefulsets]
  scope: Namespaced
- operations: [CREATE, UPDATE]
  apiGroups: [batch]
  apiVersions: [v1, v1beta1]
  resources: [cronjobs, jobs]
  scope: Namespaced
{{- end }}
{{- end }}

{{- define "webhook.exempt" -}}
matchExpressions:
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ concat (list "kube-system" .Release.Namespace) .Values.webhook.exemptNamespaces | uniq | toJson }}
{{- end }}
