import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { type DistributionName, distributions } from '../../../src/issuer-change/distributions.ts'
import { planIssuerChange } from '../../../src/issuer-change/plan.ts'
import { renderIssuerChangePage } from '../../../tools/render-issuer-change-page.ts'

const [from, to] = ['https://kubernetes.default.svc', 'https://oidc.example.com/cluster-1']

function planOf(name: DistributionName, change = { from, to }) {
  const distribution = distributions.get(name)
  assert.ok(distribution)
  return planIssuerChange(distribution, change)
}

/** What each step sets, in order. */
const settings = (name: DistributionName, change = { from, to }) =>
  planOf(name, change).steps.flatMap(({ set }) => (set === undefined ? [] : [set.text]))

/** The order of the issuers in a text: `old`, `new`. */
function issuersIn(text: string): string[] {
  return [...text.matchAll(/https:\/\/[^\s"']+/g)].map(([url]) => (url === to ? 'new' : 'old'))
}

suite('the steps from one issuer to another', () => {
  test('are on the page for every distribution (npm run schema)', () => {
    assert.equal(readFileSync('docs/issuer-change.md', 'utf8'), renderIssuerChangePage())
  })

  test('exist for every file of the folder', () => {
    const titles = [...distributions.values()].map(({ title }) => title)
    const named = globSync('src/issuer-change/distributions/*.ts')
      .map((file) => readFileSync(file, 'utf8'))
      .flatMap((text) => [...text.matchAll(/\btitle: '(.*?)'/g)].map(([, title = '']) => title))
    assert.deepEqual(titles.toSorted(), named.toSorted())
  })

  for (const [name] of distributions) {
    test(`${name}: the steps publish, sign and verify, with the commands to run`, () => {
      const { steps } = planOf(name)
      const commands = steps.flatMap(({ run = [] }) => run)
      assert.ok(commands.includes(`pullpass issuer publish --to "\${TARGET:?}" --issuer-url ${to}`))
      assert.ok(commands.includes('pullpass issuer show'))
      assert.ok(steps.every(({ run = [], set, notes = [] }) => run.length > 0 || set !== undefined || notes.length > 0))
      assert.ok(JSON.stringify(steps).includes(to))
    })
  }

  /** Lists: the first issuer signs, all are accepted. */
  for (const name of ['kubeadm-v1beta4', 'k3s', 'rke2', 'microk8s'] as const) {
    test(`${name}: the old issuer signs until the new one is accepted everywhere, and stays accepted afterwards`, () => {
      assert.deepEqual(settings(name).map(issuersIn), [['old', 'new'], ['new', 'old'], ['new']])
    })
  }

  test('kubeadm v1beta4: each issuer has its own entry', () => {
    assert.equal(
      settings('kubeadm-v1beta4')[1],
      [
        'apiServer:',
        '  extraArgs:',
        '    - name: service-account-issuer',
        '      value: https://oidc.example.com/cluster-1',
        '    - name: service-account-issuer',
        '      value: https://kubernetes.default.svc',
      ].join('\n'),
    )
  })

  test('kubeadm v1beta3: a patch adds the second issuer, because a map has one entry per name', () => {
    const [accept, sign] = settings('kubeadm-v1beta3')
    assert.equal(
      accept,
      [
        '- op: add',
        '  path: /spec/containers/0/command/-',
        '  value: --service-account-issuer=https://oidc.example.com/cluster-1',
      ].join('\n'),
    )
    assert.deepEqual(issuersIn(sign ?? ''), ['new', 'old'])
  })

  for (const [name, entry] of [
    ['cluster-api-v1beta1', '      service-account-issuer: https://oidc.example.com/cluster-1'],
    ['cluster-api-v1beta2', '      - name: service-account-issuer\n        value: https://oidc.example.com/cluster-1'],
  ] as const) {
    test(`${name}: extraArgs contain one issuer, a patch the other`, () => {
      const [accept = '', sign = ''] = settings(name)
      assert.deepEqual([issuersIn(accept), issuersIn(sign)], [['new'], ['new', 'old']])
      assert.ok(!accept.includes('extraArgs') && sign.includes(entry))
    })
  }

  test('Gardener: the default issuer is never listed, because a duplicate stops the API server', () => {
    const change = { from: 'https://api.cluster.project.internal.example.com', to }
    const [accept, sign, ...more] = settings('gardener', change)
    assert.match(
      accept ?? '',
      /serviceAccountConfig:\n {8}acceptedIssuers:\n {10}- https:\/\/oidc\.example\.com\/cluster-1$/,
    )
    assert.match(sign ?? '', /serviceAccountConfig:\n {8}issuer: https:\/\/oidc\.example\.com\/cluster-1$/)
    assert.deepEqual(more, [])
  })

  test('Gardener: an earlier issuer that is not the default is listed, or all clients lose access', () => {
    const [accept, sign, drop] = settings('gardener', { from: 'https://oidc.example.com/old', to })
    assert.deepEqual(
      [accept, sign, drop].map((text) => issuersIn(text ?? '')),
      [['old', 'new'], ['new', 'old'], ['new']],
    )
    assert.match(sign ?? '', /issuer: https:\/\/oidc\.example\.com\/cluster-1\n {8}acceptedIssuers:\n {10}- https/)
    assert.ok(planOf('gardener').steps.some(({ description }) => description.startsWith('Wait at least 12 h')))
  })

  test('Talos 1.14: audiences are listed with the issuers, because their default is only the first', () => {
    const [, sign = ''] = settings('talos-1.14')
    const [issuers, audiences] = sign.split('  audiences:')
    assert.deepEqual(
      [issuersIn(issuers ?? ''), issuersIn(audiences ?? '')],
      [
        ['new', 'old'],
        ['new', 'old'],
      ],
    )
  })

  test('where the new issuer cannot be accepted first, the plan states it', () => {
    for (const name of ['talos-1.13', 'openshift', 'kind', 'minikube'] as const) {
      const { steps } = planOf(name)
      assert.ok(!steps.some(({ description }) => description.startsWith('Accept')), name)
    }
    assert.match(JSON.stringify(planOf('talos-1.13').steps), /this step has no preparation/)
  })

  test('an issuer that would need quoting in a snippet is replaced by a placeholder', () => {
    const { steps } = planOf('k3s', { from: 'https://a.example/$(id)', to })
    assert.doesNotMatch(JSON.stringify(steps), /\$\(id\)/)
    assert.match(JSON.stringify(steps), /service-account-issuer=OLD-ISSUER/)
  })
})
