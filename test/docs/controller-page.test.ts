import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { ControllerStatus } from '../../src/controller/status.ts'
import type { Document } from '../../src/document/document.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { controllerPermissionsOf } from '../../src/manifests/permissions.ts'

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
      leaseProblem: undefined,
      documents: [
        { name: 'ClusterPullSecret/pull', desired: 1, fresh: 1, expiries: new Map([['google', new Date(0)]]) },
      ],
      queueDepth: 0,
      oldestMs: 0,
      watchRestarts: new Map([['secrets', 0]]),
      viewProblems: [],
    }),
    { now: () => new Date(0), log: () => undefined },
  )
  status.failed('one', new PullpassError({ code: 'INTERNAL', hop: 'run', seen: 'a failure' }), {})
  return status.endpoints
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
