{{- define "tessera.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "tessera.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "tessera.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "tessera.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tessera.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tessera.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tessera.labels" -}}
{{ include "tessera.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "tessera.serviceAccountName" -}}
{{- default (include "tessera.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "tessera.secretName" -}}
{{- default (include "tessera.fullname" .) .Values.secrets.existingSecret -}}
{{- end -}}

{{/* The keys that the Secret has, as JSON: key of the Secret -> variable. Fails where one is missing that is needed. */}}
{{- define "tessera.secretKeys" -}}
{{- $variables := dict "admin-secret" "TESSERA_SECRET" "database-url" "TESSERA_DATABASE_URL" "redis-url" "TESSERA_REDIS_URL" "signing-keys" "TESSERA_SIGNING_KEYS" "pages-token" "TESSERA_PAGES_TOKEN" "s3-secret-access-key" "TESSERA_S3_SECRET_ACCESS_KEY" "webhooks-secret" "TESSERA_WEBHOOKS_SECRET" "jpush-master-secret" "TESSERA_JPUSH_MASTER_SECRET" "getui-app-key" "TESSERA_GETUI_APP_KEY" "getui-master-secret" "TESSERA_GETUI_MASTER_SECRET" -}}
{{- $values := dict "admin-secret" .Values.secrets.adminSecret "database-url" .Values.secrets.databaseUrl "redis-url" .Values.secrets.redisUrl "signing-keys" .Values.secrets.signingKeys "pages-token" .Values.secrets.pagesToken "s3-secret-access-key" .Values.secrets.s3SecretAccessKey "webhooks-secret" .Values.secrets.webhooksSecret "jpush-master-secret" .Values.secrets.jpushMasterSecret "getui-app-key" .Values.secrets.getuiAppKey "getui-master-secret" .Values.secrets.getuiMasterSecret -}}
{{- $needed := eq .Values.topology "nodes" | ternary (list "admin-secret" "database-url" "redis-url") list -}}
{{- $keys := dict -}}
{{- range $key, $variable := $variables -}}
{{- if $.Values.secrets.existingSecret -}}
{{- if get $values $key -}}
{{- fail (printf "secrets: %s is given, but secrets.existingSecret is to hold it" $key) -}}
{{- end -}}
{{- if or (has $key $needed) (has $key $.Values.secrets.existingKeys) -}}
{{- $_ := set $keys $key $variable -}}
{{- end -}}
{{- else if get $values $key -}}
{{- $_ := set $keys $key $variable -}}
{{- else if has $key $needed -}}
{{- fail (printf "topology nodes needs %s: set it under secrets, or name an existing Secret that has it" $key) -}}
{{- end -}}
{{- end -}}
{{- toJson $keys -}}
{{- end -}}

{{/* The pod of a workload. Takes root, name, roles (empty: all) and resources. */}}
{{- define "tessera.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $isOne := eq $values.topology "one" -}}
metadata:
  annotations:
    {{- /* Pods start anew when a secret that the chart makes has another value; too short to try guesses with. */}}
    checksum/secrets: {{ toJson $values.secrets | sha256sum | trunc 8 | quote }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "tessera.selectorLabels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
    {{- range .roles }}
    tessera/{{ . }}: "true"
    {{- end }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "tessera.serviceAccountName" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- /* What comes before SIGTERM, what the process takes after it, and a rest, after which it is killed. */}}
  terminationGracePeriodSeconds: {{ add $values.preStopSeconds $values.drainSpreadSeconds $values.shutdownTimeoutSeconds 15 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: tessera
      image: "{{ $values.image.repository }}:{{ default $root.Chart.AppVersion $values.image.tag }}"
      imagePullPolicy: {{ $values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      env:
        - name: TESSERA_SHUTDOWN_TIMEOUT
          value: {{ printf "%ds" (int $values.shutdownTimeoutSeconds) }}
        - name: TESSERA_DRAIN_SPREAD
          value: {{ printf "%ds" (int $values.drainSpreadSeconds) }}
        {{- /* Kubernetes starts again what exits: POST /restart may ask for it. */}}
        - name: TESSERA_SUPERVISED
          value: "true"
        {{- if not $isOne }}
        - name: TESSERA_ROLES
          value: {{ join "," .roles }}
        {{- if $values.files.sharedClaim }}
        - name: TESSERA_FILES_DIR
          value: /files
        - name: TESSERA_FILES_DIR_SHARED
          value: "true"
        {{- end }}
        {{- end }}
        {{- with $values.trustedProxies }}
        - name: TESSERA_TRUSTED_PROXIES
          value: {{ join "," . }}
        {{- end }}
        {{- range $name, $value := $values.settings }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
        {{- range $key, $variable := include "tessera.secretKeys" $root | fromJson }}
        - name: {{ $variable }}
          valueFrom:
            secretKeyRef:
              name: {{ include "tessera.secretName" $root }}
              key: {{ $key }}
        {{- end }}
      ports:
        - name: gateway
          containerPort: 10001
        - name: api
          containerPort: 10002
      {{- /* The first start brings the schema up to date, which may take a while. */}}
      startupProbe:
        httpGet: { path: /healthz, port: api }
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: { path: /healthz, port: api }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: api }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        preStop:
          exec:
            command: [sleep, {{ $values.preStopSeconds | quote }}]
      resources:
        {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
        - name: tmp
          mountPath: /tmp
        {{- if and (not $isOne) $values.files.sharedClaim }}
        - name: files
          mountPath: /files
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- if not $isOne }}
    {{- /* Nothing that lasts: that is in PostgreSQL, Redis and the store of files. */}}
    - name: data
      emptyDir: {}
    {{- with $values.files.sharedClaim }}
    - name: files
      persistentVolumeClaim:
        claimName: {{ . }}
    {{- end }}
    {{- else if $values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ $values.persistence.existingClaim }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml $values.topologySpreadConstraints | nindent 4 }}
  {{- else if not $isOne }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "tessera.selectorLabels" $root | nindent 10 }}
          app.kubernetes.io/component: {{ .name }}
  {{- end }}
{{- end -}}
