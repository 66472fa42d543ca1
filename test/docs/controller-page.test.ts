import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { createControllerEvents } from '../../src/controller/events.ts'
import { ControllerStatus } from '../../src/controller/status.ts'
import type { Document } from '../../src/document/document.ts'
import { resourceSource } from '../../src/document/document.ts'
import type { ErrorCode } from '../../src/errors/codes.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import type { Cluster } from '../../src/kubernetes/connection/cluster.ts'
import { controllerPermissionsOf } from '../../src/manifests/permissions.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import { limitsOf } from '../manifests/document-of.ts'

const page = readFileSync('docs/controller.md', 'utf8')
const tableRows = (head: string): string[][] => {
  const [, after = ''] = page.split(head)
  const lines = after.split('\n').slice(2)
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

/** Of a controller with one document, one failure and one watch, so that each metric has a sample. */
function endpoints() {
  const status = new ControllerStatus(
    () => ({
      leading: true,
      invalidResources: 0,
      leaseProblem: undefined,
      documents: [
        { name: 'ClusterPullSecret/pull', desired: 1, fresh: 1, expiries: new Map([['google', new Date(0)]]) },
      ],
      tenants: { desired: 1, fresh: 1, exchangesWaiting: 0 },
      queueDepth: 0,
      oldestMs: 0,
      issuers: undefined,
      watchRestarts: new Map([['secrets', 0]]),
      viewProblems: [],
      tenantProblems: [],
    }),
    {
      now: () => new Date(0),
      log: () => undefined,
      sleep: () => new Promise(() => {}),
      signal: new AbortController().signal,
    },
  )
  status.failed('one', new PullpassError({ code: 'INTERNAL', hop: 'run', seen: 'a failure' }), {})
  return status.endpoints
}

/** Every kind of Event of a controller, with two codes of a refusal each. */
function writtenEvents(): string[] {
  const written: string[] = []
  const cluster: Cluster = {
    server: 'https://api.example:6443',
    secrets: new SecretRegister(),
    async request({ body }) {
      const { involvedObject, type, reason }: WrittenEvent = JSON.parse(String(body))
      written.push(`the ${involvedObject.kind.replace('Pod', 'pod')} ${type} ${reason}`)
      return { status: 201, body: '{}' }
    },
    stream: () => assert.fail('no stream is opened'),
    clockAheadMs: () => undefined,
    reconnect: () => assert.fail('no new connection is requested'),
    authorities: () => assert.fail('no authorities are read'),
    close: async () => undefined,
  }
  const { signal } = new AbortController()
  const now = new Date(0)
  const context = { now: () => now, random: () => 0, log: () => undefined, signal }
  const lease = { namespace: 'pullpass-system', name: 'pullpass-controller' }
  const events = createControllerEvents(cluster, lease, context, (error) => assert.fail(String(error)))
  const secret = { document: 'ClusterPullSecret/pull', namespace: 'team-a', secretName: 'regcred', uid: undefined }
  const request = {
    document,
    registry: {
      name: 'google',
      hosts: [],
      vendor: 'gcp',
      audience: 'https://iam.googleapis.com',
      settings: {},
    },
  }
  const refusal = (code: ErrorCode) => new PullpassError({ code, hop: 'exchange', seen: 'a refusal' })
  const unavailable = new PullpassError({ code: 'EXCHANGE_UNAVAILABLE', hop: 'exchange', seen: '503', retryable: true })
  events.adopted(secret)
  events.deleted(secret)
  events.repairsSlowed(secret, 'deleted')
  events.evicted({ ...secret, name: 'web-1', uid: 'one' })
  for (const code of ['SECRET_NOT_OURS', 'KUBERNETES_FORBIDDEN'] as const) events.writeFailed(secret, refusal(code))
  for (const code of ['EXCHANGE_REFUSED', 'IMPERSONATION_DENIED'] as const)
    events.exchangeFailed(request, refusal(code), undefined)
  const tenant = { ...document, kind: 'PullSecret', namespace: 'team-a', source: resourceSource } as const
  for (const code of ['EXCHANGE_REFUSED', 'TOKEN_REQUEST_REFUSED'] as const)
    events.exchangeFailed({ ...request, document: tenant }, refusal(code), undefined)
  events.evaluated({ namespace: 'team-a', name: 'pull', uid: 'one', fault: refusal('DOCUMENT_INVALID') })
  for (const minutes of [15, 0]) events.exchangeFailed(request, unavailable, new Date(minutes * 60_000))
  return written
}

interface WrittenEvent {
  readonly involvedObject: { readonly kind: string }
  readonly type: string
  readonly reason: string
}

suite('docs/controller.md', () => {
  test('lists each metric with its labels and its help', () => {
    const metrics = endpoints()
      .metrics()
      .map(({ name, help, samples }) => [
        `\`${name}\``,
        Object.keys(samples[0]?.labels ?? {})
          .map((label) => `\`${label}\``)
          .join(', '),
        help,
      ])
    assert.deepEqual(tableRows('| metric | labels | meaning |'), metrics)
  })

  test('lists each check with its probe', () => {
    const { live, ready } = endpoints()
    assert.deepEqual(
      tableRows('| check | probe | fails |').map(([check, probe]) => [check, probe]),
      [
        ...live.map(({ name }) => [`\`${name}\``, '`/livez`']),
        ...ready.map(({ name }) => [`\`${name}\``, '`/readyz`']),
      ],
    )
  })

  test('lists the Events, with their object, type and reasons', () => {
    const listed = tableRows('| about | type | reason | when |').flatMap(([about = '', type = '', reasons = '']) =>
      [...reasons.matchAll(/`(\w+)`/g)].map(([, reason]) => [about, type, reason].join(' ')),
    )
    assert.deepEqual(listed, writtenEvents())
  })

  test('names the rules that pullpass manifests --controller computes', () => {
    const blocks = [...page.matchAll(/<!-- rules -->\n```yaml\n([^`]+)```/g)].map(
      ([, text = '']): DocumentedRole => parse(text),
    )
    const documented = blocks.flatMap(({ metadata: { namespace }, rules }) =>
      rules.map(({ resources, resourceNames, verbs }) => ({
        resource: resources[0],
        verbs,
        ...(resourceNames && { names: resourceNames }),
        ...(namespace !== undefined && { namespace }),
      })),
    )
    // The page has one rule for a Secret where the output has two.
    const [watched, written, ...others] = controllerPermissionsOf([document], place).filter(
      ({ resource }) => resource === 'secrets',
    )
    assert.deepEqual(others, [])
    const secrets = { ...watched, verbs: [...(watched?.verbs ?? []), ...(written?.verbs ?? [])] }
    const rest = controllerPermissionsOf([document], place).filter(({ resource }) => resource !== 'secrets')
    assert.deepEqual(
      new Set(documented.map((rule) => JSON.stringify(sorted(rule)))),
      new Set([secrets, ...rest].map((rule) => JSON.stringify(sorted(rule)))),
    )
    const ofResources = controllerPermissionsOf([document], place, limitsOf()).filter(
      ({ resource, verbs }) => resource.startsWith('clusterpullsecrets') || verbs.includes('delete'),
    )
    const [, text = ''] = /<!-- custom resource rules -->\n```yaml\n([^`]+)```/.exec(page) ?? []
    const rules: DocumentedRole['rules'] = parse(text)
    assert.deepEqual(
      rules.map(({ resources: [resource], resourceNames: names, verbs }) => ({
        resource,
        verbs,
        ...(names && { names }),
      })),
      ofResources,
    )
  })

  const rulesOf = (title: string): DocumentedRole['rules'] => {
    const [, text = ''] = new RegExp(`<!-- rules of ${title} -->\\n\`\`\`yaml\\n([^\`]+)\`\`\``).exec(page) ?? []
    return parse(text)
  }

  test('names the rules for evictions', () => {
    const computed = controllerPermissionsOf([{ ...document, stuckPods: 'Evict' }], place)
    assert.deepEqual(
      rulesOf('evictions').map(({ resources: [resource], verbs }) => ({ resource, verbs })),
      computed.filter(({ resource }) => resource.startsWith('pods')),
    )
  })

  test('names the rules for PullSecrets', () => {
    const tenants = { serviceAccounts: ['puller'], endpoints: [] }
    const computed = controllerPermissionsOf([document], place, limitsOf({ tenants })).filter(
      ({ resource }) => resource.startsWith('pullsecrets') || resource === 'serviceaccounts/token',
    )
    assert.deepEqual(
      new Set(
        rulesOf('tenants').map(({ resources: [resource], resourceNames: names, verbs }) =>
          JSON.stringify({ resource, verbs, ...(names && { names }) }),
        ),
      ),
      new Set(computed.map((rule) => JSON.stringify(rule))),
    )
  })

  test('names the rule for service accounts', () => {
    const rules = rulesOf('accounts')
    const attaching = { ...document, attachToServiceAccounts: ['default'] }
    const computed = controllerPermissionsOf([attaching], place).filter(
      ({ resource }) => resource === 'serviceaccounts',
    )
    assert.deepEqual(
      rules.map(({ resources, resourceNames, verbs }) => [resources, resourceNames, verbs]),
      [[['serviceaccounts'], computed[0]?.names, computed.flatMap(({ verbs }) => verbs)]],
    )
  })
})

const place = { namespace: 'pullpass-system', image: 'pullpass:1.0.0' }
const document: Document = {
  kind: 'ClusterPullSecret',
  name: 'pull',
  source: 'pull.yaml:1',
  secretName: 'regcred',
  namespaces: { include: ['team-*'] },
  registries: [],
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
}

interface DocumentedRole {
  readonly metadata: { readonly namespace?: string }
  readonly rules: readonly {
    readonly resources: string[]
    readonly resourceNames?: string[]
    readonly verbs: string[]
  }[]
}

const sorted = (rule: object) =>
  Object.fromEntries(Object.entries(rule).toSorted(([one], [other]) => one.localeCompare(other)))
