/** Errors of the cluster: connection, permissions, and existing objects. */
import { readFile } from 'node:fs/promises'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { type ErrorCases, refresh, refreshWithFault } from './error-case.ts'

/** A run with a modified kubeconfig. */
async function refreshWith(sandbox: TestSandbox, edit: (kubeconfig: string) => string) {
  const text = await readFile(sandbox.folder.kubeconfigFile, 'utf8')
  return await refresh(sandbox, ['--kubeconfig', await sandbox.write('other-kubeconfig', edit(text))])
}

const status = (code: number, reason: string, message: string): SandboxResponse => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
})

function seedSecret({ cluster }: TestSandbox, type: string): void {
  const ownership = { operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' } as const
  const fieldsV1 = { 'f:data': { '.': {}, 'f:.dockerconfigjson': {} }, 'f:type': {} }
  const metadata = {
    name: 'regcred',
    namespace: 'team-a',
    managedFields: [{ manager: 'kubectl-client-side-apply', ...ownership, fieldsV1 }],
  }
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type, data: { '.dockerconfigjson': 'e30=' } })
}

/** A clock that advances by a second on each call, so that retries end. */
function withFastClock({ clock }: TestSandbox): TestSandbox['clock'] {
  let calls = 0
  return { ...clock, now: () => new Date(Date.parse('2026-11-24T12:00:00Z') + 1000 * calls++) }
}

export const kubernetesCases: ErrorCases = {
  KUBECONFIG_INVALID: (sandbox) => refresh(sandbox, ['--context', 'staging']),

  KUBERNETES_UNREACHABLE: (sandbox) => {
    const unreachable = (text: string) => text.replace(/server: .*/, 'server: https://127.0.0.1:9')
    return refreshWith({ ...sandbox, clock: withFastClock(sandbox) }, unreachable)
  },

  KUBERNETES_UNAUTHENTICATED: (sandbox) => refreshWith(sandbox, (text) => text.replace(/token: .*/, 'token: revoked')),

  KUBERNETES_FORBIDDEN: (sandbox) => {
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'] })
    return refresh(sandbox)
  },

  KUBERNETES_REFUSED: (sandbox) => {
    const message =
      "secrets \"regcred\" is forbidden: ValidatingAdmissionPolicy 'labels' with binding 'labels' denied request: every Secret names its owner"
    return refreshWithFault(sandbox, 'kubernetes', { kind: 'response', response: status(403, 'Forbidden', message) })
  },

  KUBERNETES_QUOTA_EXCEEDED: (sandbox) => {
    const message =
      'secrets "regcred" is forbidden: exceeded quota: objects, requested: secrets=1, used: secrets=5, limited: secrets=5'
    return refreshWithFault(sandbox, 'kubernetes', { kind: 'response', response: status(403, 'Forbidden', message) })
  },

  ADMISSION_UNAVAILABLE: (sandbox) => {
    const message =
      'Internal error occurred: failed calling webhook "labels.example.com": failed to call webhook: Post "https://labels.example.com/": context deadline exceeded'
    const response = status(500, 'InternalError', message)
    return refreshWithFault({ ...sandbox, clock: withFastClock(sandbox) }, 'kubernetes', {
      kind: 'response',
      response,
    })
  },

  DRY_RUN_UNSUPPORTED: (sandbox) => {
    const message = 'admission webhook "labels.example.com" does not support dry run'
    return refreshWithFault(sandbox, 'kubernetes', { kind: 'response', response: status(400, 'BadRequest', message) })
  },

  NAMESPACE_NOT_FOUND: (sandbox) => refresh(sandbox, [], { REGISTRY_SECRET_NAMESPACES: 'team-z' }),

  NAMESPACES_EMPTY: (sandbox) => refresh(sandbox, [], { REGISTRY_SECRET_NAMESPACES: 'taem-*' }),

  SECRET_NOT_FOUND: (sandbox) => runPullpass(sandbox, ['inspect', 'secret', 'team-a/regcred']),

  SECRET_NOT_OURS: (sandbox) => {
    seedSecret(sandbox, 'kubernetes.io/dockerconfigjson')
    return refresh(sandbox)
  },

  SECRET_CONFLICT: (sandbox) => {
    const message =
      'Operation cannot be fulfilled on secrets "regcred": the object has been modified; please apply your changes to the latest version and try again'
    return refreshWithFault(sandbox, 'kubernetes', { kind: 'response', response: status(409, 'Conflict', message) })
  },

  SECRET_TYPE_WRONG: (sandbox) => {
    seedSecret(sandbox, 'Opaque')
    return refresh(sandbox, ['--adopt'])
  },

  async SECRET_IMMUTABLE(sandbox) {
    await refresh(sandbox)
    const secret = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    if (secret === undefined) throw new Error('the Secret does not exist')
    sandbox.cluster.store.put({ ...secret, immutable: true })
    sandbox.clock.advance('1 min') // for another credential
    return await refresh(sandbox)
  },

  async OBJECT_TOO_LARGE(sandbox) {
    const hosts = (first: number) => Array.from({ length: 250 }, (_, at) => `"r${first + at}.exam.gcr.io"`).join(', ')
    const text = documentText(sandbox, {
      include: ['team-a'],
      registries: Object.fromEntries(
        Array.from({ length: 9 }, (_, at) => [`part-${at}`, { host: `first-${at}.exam.gcr.io` }]),
      ),
    })
    let at = 0
    const file = await sandbox.write(
      'pull.yaml',
      text.replaceAll(/hosts: \[.*\]/g, () => `hosts: [${hosts(250 * at++)}]`),
    )
    return await runPullpass(sandbox, ['refresh', '-f', file])
  },
}
