import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newAttachState } from '../../src/controller/attach-accounts.ts'
import type { CustomResource } from '../../src/controller/custom-resources.ts'
import { newSecretState, type SecretState } from '../../src/controller/reconcile.ts'
import { evaluateStatus, isEvaluated, isStored, type ResourceFacts } from '../../src/controller/resource-status.ts'
import { clusterPullSecretType, resourceStatus } from '../../src/document/custom-resource.ts'
import type { Document } from '../../src/document/document.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'

const now = new Date('2026-11-24T12:00:00Z')
const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000)

const document: Document = {
  kind: 'ClusterPullSecret',
  name: 'pull',
  source: 'the custom resource',
  secretName: 'regcred',
  namespaces: { include: ['team-*'] },
  registries: [
    { name: 'google', hosts: ['europe-docker.pkg.dev'], vendor: 'gcp', settings: {} },
    { name: 'quay', hosts: ['quay.io'], vendor: 'quay', settings: {} },
  ],
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
}

const resource = (changes: Partial<CustomResource> = {}): CustomResource => ({
  type: clusterPullSecretType,
  document: 'ClusterPullSecret/pull',
  name: 'pull',
  uid: 'uid',
  resourceVersion: '1',
  generation: 3,
  createdAt: '2026-11-24T12:00:00Z',
  deletion: 'none',
  status: {},
  controlled: { document, requests: [], revision: '' },
  fault: undefined,
  ...changes,
})

const fault = (seen: string) => new PullpassError({ code: 'SECRET_NOT_OURS', hop: 'kubernetes', seen })
const refused = new PullpassError({ code: 'EXCHANGE_REFUSED', hop: 'exchange', seen: 'the cloud responded with 403' })

const denied = new PullpassError({
  code: 'IMPERSONATION_DENIED',
  hop: 'impersonation',
  seen: '403',
  hint: 'grant it',
  command: 'gcloud x',
})
const endpoint = new PullpassError({
  code: 'DOCUMENT_INVALID',
  hop: 'document',
  seen: 'a.b',
  hint: '--tenant-endpoint a.b',
  details: { flag: '--tenant-endpoint a.b' },
})

const secret = (minutes: number, changes: Partial<SecretState> = {}): SecretState => ({
  ...newSecretState(),
  expiries: new Map([
    ['google', at(minutes)],
    ['quay', at(minutes + 10)],
  ]),
  dueAt: at(minutes - 20),
  ...changes,
})
const forbidden = new PullpassError({ code: 'KUBERNETES_FORBIDDEN', hop: 'kubernetes', seen: 'no right to list' })
const noPods = new PullpassError({ code: 'KUBERNETES_FORBIDDEN', hop: 'kubernetes', seen: 'no right to list pods' })
const denial = new PullpassError({
  code: 'KUBERNETES_REFUSED',
  hop: 'kubernetes',
  seen: 'denied',
  hint: 'exempt pullpass in it',
})
const changing = new PullpassError({
  code: 'KUBERNETES_REFUSED',
  hop: 'kubernetes',
  seen: 'changed',
  hint: 'find the other writers',
  retryable: true,
})
const noToken = new PullpassError({
  code: 'TOKEN_REQUEST_REFUSED',
  hop: 'subject-token',
  seen: 'no right to create a token',
  hint: 'grant the rule',
})
const failedBy = (cause: PullpassError) => ({ failure: { count: 1, secret: 'absent', retryAtMs: 0, fault: cause } })
const failed = (seen: string) => failedBy(fault(seen))

const unremarkable: ResourceFacts = {
  resource: resource(),
  usedInstead: undefined,
  notSelected: 0,
  watchRefusal: undefined,
  secrets: new Map(),
  exchangeFaults: [],
  retriesLimited: false,
  isWatched: true,
  further: [],
  absentAccounts: [],
}
const evaluate = (changes: Partial<ResourceFacts> = {}) => evaluateStatus({ ...unremarkable, ...changes }, now)
const two = new Map([
  ['team-a', secret(60)],
  ['team-b', secret(50)],
])

suite('the status of a ClusterPullSecret', () => {
  test('states counts, the first expiry and the next refresh', () => {
    assert.deepEqual(evaluate({ secrets: two }), {
      observedGeneration: 3,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Fresh',
          message: '2 of 2 namespaces are fresh',
          observedGeneration: 3,
          lastTransitionTime: '2026-11-24T12:00:00Z',
        },
      ],
      secretName: 'regcred',
      registries: 'google, quay',
      namespaces: { selected: 2, fresh: 2, failing: 0 },
      expiresAt: '2026-11-24T12:50:00Z',
      nextRefreshAt: '2026-11-24T12:30:00Z',
    })
  })

  for (const [title, facts, ready] of [
    [
      'an expired entry after a failed exchange',
      { secrets: new Map([['team-a', secret(-1)]]), exchangeFaults: [refused] },
      ['False', 'ExchangeFailed', '0 of 1 namespace is fresh: EXCHANGE_REFUSED: the cloud responded with 403'],
    ],
    [
      'a failed exchange whose next attempt waits for others of its namespace',
      { secrets: new Map([['team-a', secret(-1)]]), exchangeFaults: [refused], retriesLimited: true },
      [
        'False',
        'ExchangeFailed',
        '0 of 1 namespace is fresh: EXCHANGE_REFUSED: the cloud responded with 403; further attempts wait: the failed exchanges of the PullSecrets of this namespace are tried again at most 6 times a minute',
      ],
    ],
    [
      'valid entries after a failed exchange',
      { secrets: two, exchangeFaults: [refused] },
      [
        'True',
        'RefreshFailed',
        '2 of 2 namespaces are fresh; the last refresh failed: EXCHANGE_REFUSED: the cloud responded with 403',
      ],
    ],
    [
      'a Secret of another owner',
      {
        secrets: new Map([...two, ['team-c', { ...newSecretState(), ...failed('Secret team-c/regcred is not ours') }]]),
      },
      ['False', 'WriteFailed', '2 of 3 namespaces are fresh: SECRET_NOT_OURS: Secret team-c/regcred is not ours'],
    ],
    [
      'a cloud that names the grant that is missing',
      { secrets: new Map([['team-a', secret(-1)]]), exchangeFaults: [denied] },
      ['False', 'ExchangeFailed', '0 of 1 namespace is fresh: IMPERSONATION_DENIED: 403; fix: grant it: gcloud x'],
    ],
    [
      'an endpoint that the installation does not permit',
      { secrets: new Map([['team-a', secret(-1)]]), exchangeFaults: [endpoint] },
      ['False', 'NotPermitted', '0 of 1 namespace is fresh: DOCUMENT_INVALID: a.b; fix: --tenant-endpoint a.b'],
    ],
    [
      'a namespace that is not written yet',
      { secrets: new Map([...two, ['team-c', undefined]]) },
      ['False', 'Refreshing', '2 of 3 namespaces are fresh'],
    ],
    [
      'a Secret that may not be watched',
      { secrets: new Map([['team-a', undefined]]), watchRefusal: forbidden },
      [
        'False',
        'NotPermitted',
        'KUBERNETES_FORBIDDEN: no right to list; fix: print the installation again with --secret-name regcred',
      ],
    ],
    [
      'valid Secrets that may not be watched any more',
      { secrets: two, watchRefusal: forbidden },
      ['True', 'Fresh', '2 of 2 namespaces are fresh'],
    ],
    [
      'a token that is refused',
      { secrets: new Map([['team-a', secret(-1)]]), exchangeFaults: [noToken] },
      [
        'False',
        'ExchangeFailed',
        '0 of 1 namespace is fresh: TOKEN_REQUEST_REFUSED: no right to create a token; fix: grant the rule',
      ],
    ],
    [
      'accounts and pods that the installation does not permit',
      {
        secrets: two,
        further: [
          { account: 'default', fault: forbidden },
          { account: 'builder', fault: forbidden },
          { fault: noPods },
        ],
      },
      [
        'False',
        'NotPermitted',
        '2 of 2 namespaces are fresh; KUBERNETES_FORBIDDEN: no right to list; KUBERNETES_FORBIDDEN: no right to list pods; fix: print the installation again with --attach-service-account default --attach-service-account builder --evict-stuck-pods',
      ],
    ],
    [
      'pods that may not be read, after a failed exchange',
      { secrets: two, further: [{ fault: noPods }], exchangeFaults: [refused] },
      [
        'False',
        'NotPermitted',
        '2 of 2 namespaces are fresh; KUBERNETES_FORBIDDEN: no right to list pods; fix: print the installation again with --evict-stuck-pods; the last refresh failed: EXCHANGE_REFUSED: the cloud responded with 403',
      ],
    ],
    [
      'an account that a policy does not permit to change',
      { secrets: two, further: [{ account: 'default', fault: denial }] },
      [
        'False',
        'AttachFailed',
        '2 of 2 namespaces are fresh; KUBERNETES_REFUSED: denied; fix: if the installation does not permit it, print it again with --attach-service-account default',
      ],
    ],
    [
      'an account that others change continuously',
      { secrets: two, further: [{ account: 'default', fault: changing }] },
      [
        'False',
        'AttachFailed',
        '2 of 2 namespaces are fresh; KUBERNETES_REFUSED: changed; fix: find the other writers',
      ],
    ],
    [
      'pods that a policy does not permit to evict',
      { secrets: two, further: [{ fault: denial }] },
      [
        'False',
        'EvictionFailed',
        '2 of 2 namespaces are fresh; KUBERNETES_REFUSED: denied; fix: if the installation does not permit it, print it again with --evict-stuck-pods',
      ],
    ],
    [
      'a Secret of another owner, whatever else is refused',
      {
        secrets: new Map([...two, ['team-c', { ...newSecretState(), ...failed('Secret team-c/regcred is not ours') }]]),
        further: [{ fault: noPods }],
      },
      ['False', 'WriteFailed', '2 of 3 namespaces are fresh: SECRET_NOT_OURS: Secret team-c/regcred is not ours'],
    ],
    [
      'accounts that no namespace has',
      { secrets: two, absentAccounts: ['defualt', 'builder'] },
      ['True', 'Fresh', '2 of 2 namespaces are fresh; no namespace has ServiceAccount defualt, builder'],
    ],
    [
      'a Secret in kube-system that a policy refuses',
      { secrets: new Map([['kube-system', { ...newSecretState(), ...failedBy(denial) }]]) },
      [
        'False',
        'WriteFailed',
        '0 of 1 namespace is fresh: KUBERNETES_REFUSED: denied; fix: select no namespace kube-*, where an installation permits only documents in files',
      ],
    ],
    [
      'a Secret of another client whose adoption a policy refuses',
      {
        secrets: new Map([['team-a', { ...newSecretState(), ...failedBy(denial) }]]),
        resource: resource({
          controlled: { document: { ...document, conflictPolicy: 'Adopt' }, requests: [], revision: '' },
        }),
      },
      [
        'False',
        'WriteFailed',
        '0 of 1 namespace is fresh: KUBERNETES_REFUSED: denied; fix: take over this Secret once, with a file that contains a document of the same name: pullpass refresh -f FILE --adopt',
      ],
    ],
    [
      'a Secret that a policy refuses',
      { secrets: new Map([['team-a', { ...newSecretState(), ...failedBy(denial) }]]) },
      ['False', 'WriteFailed', '0 of 1 namespace is fresh: KUBERNETES_REFUSED: denied; fix: exempt pullpass in it'],
    ],
    ['no selected namespace', {}, ['False', 'NoNamespaceSelected', 'no namespace is selected']],
    [
      'unknown namespaces',
      { secrets: undefined },
      ['Unknown', 'Pending', 'the namespaces of the cluster are not known yet'],
    ],
    [
      'an invalid object with a last valid version',
      { secrets: two, resource: resource({ fault: fault('spec is wrong') }) },
      ['False', 'Invalid', 'SECRET_NOT_OURS: spec is wrong. The last valid version stays in use'],
    ],
    [
      'an object that was never valid',
      { secrets: undefined, resource: resource({ fault: fault('spec is wrong'), controlled: undefined }) },
      ['False', 'Invalid', 'SECRET_NOT_OURS: spec is wrong'],
    ],
    [
      'a document of its name in a file',
      { usedInstead: 'pull.yaml:1' },
      ['False', 'DeclaredInFile', 'the document of this name in pull.yaml:1 is used'],
    ],
  ] as readonly (readonly [string, Partial<ResourceFacts>, readonly string[]])[]) {
    test(`is ${ready[0]} for ${title}`, () => {
      const status = evaluate(facts)
      const [condition] = status.conditions
      assert.deepEqual([condition?.status, condition?.reason, condition?.message], ready)
      assert.ok(resourceStatus.safeParse(status).success)
    })
  }

  test('lists the first ten failing namespaces by name, and bounds every text', () => {
    const names = Array.from({ length: 300 }, (_, index) => `team-${String(index).padStart(3, '0')}`)
    const secrets = new Map(names.toReversed().map((name) => [name, secret(60, failed('x'.repeat(5_000)))]))
    const status = evaluate({ secrets })
    assert.deepEqual(status.namespaces, { selected: 300, fresh: 300, failing: 300 })
    assert.deepEqual(
      status.failingNamespaces?.map(({ name }) => name),
      names.slice(0, 10),
    )
    assert.ok(JSON.stringify(status).length < 16_384)
    assert.ok(resourceStatus.safeParse(status).success)
  })

  test('is evaluated when it is known what may be watched, and which accounts refer to the Secrets', () => {
    const attaching = { ...document, attachToServiceAccounts: ['default'] }
    const facts = { ...unremarkable, secrets: two }
    const ofAccounts = {
      ...facts,
      resource: resource({ controlled: { document: attaching, requests: [], revision: '' } }),
    }
    const attached = new Map([...two].map(([name, state]) => [name, { ...state, attach: newAttachState() }]))
    assert.deepEqual(
      [facts, { ...facts, isWatched: false }, ofAccounts, { ...ofAccounts, secrets: attached }].map(isEvaluated),
      [true, false, false, true],
    )
  })

  test('keeps the time of the transition until the condition changes, and is not written if it is stored', () => {
    const first = evaluate({ secrets: two })
    const stored = JSON.parse(JSON.stringify(first))
    const later = (facts: Partial<ResourceFacts>) =>
      evaluateStatus({ ...unremarkable, resource: resource({ status: stored }), secrets: two, ...facts }, at(30))
    assert.deepEqual(later({}), first)
    assert.ok(isStored(later({}), { ...stored, other: 'client' }))
    assert.ok(!isStored(later({ exchangeFaults: [refused] }), stored))
    assert.equal(later({ exchangeFaults: [refused] }).conditions[0]?.lastTransitionTime, '2026-11-24T12:00:00Z')
    assert.equal(later({ secrets: new Map() }).conditions[0]?.lastTransitionTime, '2026-11-24T12:30:00Z')
    assert.ok(!isStored(later({ secrets: new Map() }), stored))
  })
})
