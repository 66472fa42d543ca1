import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { type KubernetesCall, readStatus } from '../../../src/kubernetes/connection/api-error.ts'
import type { Cluster } from '../../../src/kubernetes/connection/cluster.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { SecretRegister } from '../../../src/text/secret-register.ts'
import fc from '../../support/fast-check.ts'

const cluster: Cluster = {
  server: 'https://10.0.0.1',
  secrets: new SecretRegister(),
  request: () => Promise.reject(new Error('no request is sent')),
  stream: () => assert.fail('no stream is opened'),
  clockAheadMs: () => undefined,
  reconnect: () => cluster,
  authorities: async () => [],
  close: () => Promise.resolve(),
}
const call: KubernetesCall = { verb: 'patch', resource: 'secrets', name: 'regcred', namespace: 'team-a' }

const status = (message: string, causes: object[] = []) =>
  JSON.stringify({ kind: 'Status', status: 'Failure', message, details: { causes } })

interface Row {
  readonly title: string
  readonly code: number
  readonly body?: string
  readonly call?: KubernetesCall
  readonly expected: { code: string; seen: string; retryable?: boolean; hint?: string }
}

const rows: Row[] = [
  {
    title: '401: the credential is not accepted',
    code: 401,
    body: status('Unauthorized'),
    expected: {
      code: 'KUBERNETES_UNAUTHENTICATED',
      seen: 'https://10.0.0.1 responded with 401: it does not accept the credential',
    },
  },
  {
    title: '403 for anonymous: no credential was sent',
    code: 403,
    body: status('secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group ""'),
    expected: {
      code: 'KUBERNETES_UNAUTHENTICATED',
      seen: 'https://10.0.0.1 responded with 403 "secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group """',
    },
  },
  {
    title: '403 without a missing permission: a proxy refused',
    code: 403,
    body: status('secrets "regcred" is forbidden: exceeded quota: objects, requested: secrets=1, used: secrets=5'),
    expected: {
      code: 'KUBERNETES_QUOTA_EXCEEDED',
      seen: 'the API server responded with 403 "secrets "regcred" is forbidden: exceeded quota: objects, requested: secrets=1, used: secrets=5" for Secret team-a/regcred',
      retryable: false,
    },
  },
  {
    title: '403 to list in the whole cluster: the right, and where to grant it',
    code: 403,
    body: status(
      'namespaces is forbidden: User "jane" cannot list resource "namespaces" in API group "" at the cluster scope',
    ),
    call: { verb: 'list', resource: 'namespaces' },
    expected: {
      code: 'KUBERNETES_FORBIDDEN',
      seen: 'the API server responded with 403 "namespaces is forbidden: User "jane" cannot list resource "namespaces" in API group "" at the cluster scope"',
      hint: 'grant the rule {apiGroups: [""], resources: [namespaces], verbs: [list]} in a ClusterRole; pullpass manifests -f FILE prints all rules that a document needs',
    },
  },
  {
    title: '429 from a balancer: it may pass',
    code: 429,
    body: 'slow down',
    expected: {
      code: 'KUBERNETES_UNREACHABLE',
      seen: 'https://10.0.0.1 responded with 429, also to retries',
      retryable: true,
    },
  },
  ...[502, 503, 504].map((code) => ({
    title: `${code} from a balancer: it may pass`,
    code,
    body: 'no API server responds',
    expected: {
      code: 'KUBERNETES_UNREACHABLE',
      seen: `https://10.0.0.1 responded with ${code}, also to retries`,
      retryable: true,
    },
  })),
  {
    title: '500 from an admission webhook that is down: named, and it may pass',
    code: 500,
    body: status('Internal error occurred: failed calling webhook "policy.example": connection refused'),
    expected: {
      code: 'ADMISSION_UNAVAILABLE',
      seen: 'the API server responded with 500 "Internal error occurred: failed calling webhook "policy.example": connection refused" for Secret team-a/regcred',
      retryable: true,
    },
  },
  {
    title: '302 from a sign-in page: never followed',
    code: 302,
    expected: { code: 'REDIRECT_REFUSED', seen: 'https://10.0.0.1 responded with 302, a redirect' },
  },
  {
    title: '404 in HTML: this is not an API server',
    code: 404,
    body: '<html>not here</html>',
    expected: {
      code: 'RESPONSE_MALFORMED',
      seen: 'https://10.0.0.1 responded with 404, 21 bytes that are no object of the Kubernetes API',
    },
  },
  {
    title: '413: too large for the API server',
    code: 413,
    body: status('Request entity too large: limit is 3145728'),
    expected: {
      code: 'OBJECT_TOO_LARGE',
      seen: 'Secret team-a/regcred would be larger than the cluster stores: "Request entity too large: limit is 3145728"',
    },
  },
  {
    title: '422 over 1 MiB: too large for a Secret',
    code: 422,
    body: status('Secret "regcred" is invalid: data: Too long: may not be more than 1048576 bytes', [
      { field: 'data', reason: 'FieldValueTooLong' },
    ]),
    expected: {
      code: 'OBJECT_TOO_LARGE',
      seen: 'Secret team-a/regcred would be larger than the cluster stores: "Secret "regcred" is invalid: data: Too long: may not be more than 1048576 bytes"',
    },
  },
  {
    title: '500 of etcd: larger than the cluster stores, and repeating the request cannot help',
    code: 500,
    body: status('etcdserver: request is too large'),
    call: { verb: 'patch', resource: 'configmaps', namespace: 'pullpass-system', name: 'pullpass-issuer' },
    expected: {
      code: 'OBJECT_TOO_LARGE',
      seen: 'ConfigMap pullpass-system/pullpass-issuer would be larger than the cluster stores: "etcdserver: request is too large"',
      retryable: false,
    },
  },
  {
    title: '500 of etcd’s client: the same',
    code: 500,
    body: status(
      'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2097190 vs. 2097152)',
    ),
    expected: {
      code: 'OBJECT_TOO_LARGE',
      seen: 'Secret team-a/regcred would be larger than the cluster stores: "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2097190 vs. 2097152)"',
      retryable: false,
    },
  },
  {
    title: '422 over 1 MiB: too large for a ConfigMap',
    code: 422,
    body: status('ConfigMap "pullpass-issuer" is invalid: []: Too long: may not be more than 1048576 bytes', [
      { field: '[]', reason: 'FieldValueTooLong' },
    ]),
    call: { verb: 'patch', resource: 'configmaps', namespace: 'pullpass-system', name: 'pullpass-issuer' },
    expected: {
      code: 'OBJECT_TOO_LARGE',
      seen: 'ConfigMap pullpass-system/pullpass-issuer would be larger than the cluster stores: "ConfigMap "pullpass-issuer" is invalid: []: Too long: may not be more than 1048576 bytes"',
      retryable: false,
    },
  },
  {
    title: '409 names each manager once',
    code: 409,
    body: status('Apply failed with 2 conflicts', [
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-create" using v1', field: '.data' },
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-create" using v1', field: '.type' },
      { reason: 'FieldManagerConflict', message: 'conflict with "helm"', field: '.metadata' },
    ]),
    expected: {
      code: 'SECRET_NOT_OURS',
      seen: 'Secret team-a/regcred is managed by "kubectl-create", "helm"; it was left unchanged',
      retryable: false,
    },
  },
]

suite('the API server’s refusal', () => {
  for (const { title, code, body = '', call: called = call, expected } of rows) {
    test(title, () => {
      const fault = readStatus(cluster, { status: code, body }, called)
      assert.throws(() => {
        throw fault
      }, expected)
    })
  }

  const token = 'sesame-open-the-door'
  const sent = new Redacted(`Bearer ${token}`)
  const repeated: [title: string, code: number, body: string, expected: object][] = [
    [
      'in its words',
      403,
      status(`no: you sent ${token}`),
      {
        code: 'KUBERNETES_REFUSED',
        seen: 'the API server responded with 403 (its words are withheld: they repeat a secret) for Secret team-a/regcred',
      },
    ],
    [
      'as a field manager’s name',
      409,
      status('Apply failed', [{ reason: 'FieldManagerConflict', message: `conflict with "${token}" using v1` }]),
      {
        code: 'SECRET_NOT_OURS',
        seen: 'Secret team-a/regcred is managed by (its words are withheld: they repeat a secret); it was left unchanged',
      },
    ],
    ['as a verb', 403, status(`User "jane" cannot ${token} resource "secrets"`), { code: 'KUBERNETES_REFUSED' }],
  ]
  for (const [title, code, body, expected] of repeated) {
    test(`that repeats the token ${title} does not show it`, () => {
      cluster.secrets.add(sent)
      const fault = readStatus(cluster, { status: code, body }, call)
      assert.doesNotMatch(fault.message, /sesame/)
      assert.throws(() => {
        throw fault
      }, expected)
    })
  }

  test('names a few managers, on one line and without what steers a terminal', () => {
    const conflicts = Array.from({ length: 50 }, (_, i) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "m${i}\u009b31m\u2028\u202e" using v1`,
    }))
    const { seen } = readStatus(cluster, { status: 409, body: status('Apply failed', conflicts) }, call)
    const names = Array.from({ length: 10 }, (_, i) => `"m${i} 31m"`).join(', ')
    assert.equal(seen, `Secret team-a/regcred is managed by ${names}; it was left unchanged`)
  })

  test('is put into words whatever it is', () => {
    const body = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify({ kind: 'Status', details: value })),
    )
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), body, (code, text) => {
        assert.ok(readStatus(cluster, { status: code, body: text }, call) instanceof PullpassError)
      }),
    )
  })
})
