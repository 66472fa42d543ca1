import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { commands } from '../../src/commands/commands.ts'
import { outputSchemas } from '../../tools/output-types.ts'
import { renderOutputPage } from '../../tools/render-output-page.ts'
import { checkOutput } from '../support/check-output.ts'
import { documentText } from '../support/document-text.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'
import { trustDocument } from './trust/run-trust.ts'

const update = 'node tools/schema.ts'
const docs = new URL('../../docs/', import.meta.url)
const emptyHost = { environment: {}, clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined } }

suite('files generated from the result types are up to date', () => {
  for (const [kind, schema] of outputSchemas()) {
    const path = `schema/output/${kind.toLowerCase()}.json`
    test(`docs/${path}`, () => {
      const written: unknown = JSON.parse(readFileSync(new URL(path, docs), 'utf8'))
      assert.deepEqual(written, JSON.parse(JSON.stringify(schema)), update)
    })
  }

  test('docs/json-output.md', () => {
    assert.equal(readFileSync(new URL('json-output.md', docs), 'utf8'), renderOutputPage(), update)
  })
})

suite('the schemas', () => {
  test('are closed: a member that they do not list is refused', async () => {
    const version = {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'Version',
      version: '1',
      commit: 'a',
      nodeVersion: '24',
    }
    assert.equal(await checkOutput(version), 'Version')
    await assert.rejects(checkOutput({ ...version, node: '24' }), /Unrecognized key: \\?"node\\?"/)
    await assert.rejects(checkOutput({ ...version, commit: undefined }), /commit/)
    const error = { code: 'NO_SUCH', hop: 'run', seen: 'it', retryable: false }
    await assert.rejects(checkOutput({ ...version, kind: 'Error', error }), /Unrecognized keys/)
    await assert.rejects(
      checkOutput({
        apiVersion: version.apiVersion,
        kind: 'Error',
        error: { ...error, retryAt: '2026-11-24T12:00:00.000Z' },
      }),
      /retryAt/,
    )
  })
})

interface Run {
  readonly words: (sandbox: TestSandbox, file: string) => readonly string[] | Promise<readonly string[]>
  readonly kind: string
  readonly exitCode: 0 | 1 | 2
  /** The overall result; absent for errors. */
  readonly result?: 'ok' | 'failed'
  readonly before?: (sandbox: TestSandbox, file: string) => unknown
  readonly trust?: 'absent'
  readonly issuerDocuments?: 'absent'
  readonly options?: PullpassOptions
}

const refreshed = (sandbox: TestSandbox, file: string) => runPullpass(sandbox, ['refresh', '-f', file])
const applied = (sandbox: TestSandbox, file: string) => runPullpass(sandbox, ['trust', 'apply', '-f', file, '--yes'])
const kid = ({ cluster }: TestSandbox) => cluster.keys.current.kid
const bucket = 'gs://example-cluster'
const missing = () => ['-f', 'missing.yaml']

/** Each command where it succeeds, where a part fails, and where it ends before it has a result. */
const runs: Readonly<Record<string, Run>> = {
  'refresh writes pull secrets': {
    words: (_, file) => ['refresh', '-f', file],
    kind: 'RefreshResult',
    exitCode: 0,
    result: 'ok',
  },
  'refresh fails in a namespace': {
    words: async (sandbox) => [
      'refresh',
      '-f',
      await sandbox.write('two.yaml', documentText(sandbox, { include: ['team-a', 'nope'] })),
    ],
    kind: 'RefreshResult',
    exitCode: 1,
    result: 'failed',
  },
  'refresh has no document': { words: () => ['refresh', ...missing()], kind: 'Error', exitCode: 2 },
  'inspect shows a token': {
    words: ({ folder }) => ['inspect', folder.tokenFile],
    kind: 'InspectTokenResult',
    exitCode: 0,
    result: 'ok',
  },
  'inspect shows an expired token': {
    words: ({ folder }) => ['inspect', folder.tokenFile],
    before: ({ clock }) => clock.advance('2 h'),
    kind: 'InspectTokenResult',
    exitCode: 1,
    result: 'failed',
  },
  'inspect has no token': { words: () => ['inspect', 'missing'], kind: 'Error', exitCode: 2 },
  'inspect secret shows a pull secret': {
    words: ({ image }) => ['inspect', 'secret', 'team-a/regcred', '--image', image],
    before: refreshed,
    kind: 'InspectSecretResult',
    exitCode: 0,
    result: 'ok',
  },
  'inspect secret shows an expired credential': {
    words: () => ['inspect', 'secret', 'team-a/regcred'],
    before: async (sandbox, file) => {
      await refreshed(sandbox, file)
      sandbox.clock.advance('2 h')
    },
    kind: 'InspectSecretResult',
    exitCode: 1,
    result: 'failed',
  },
  'inspect secret finds none': { words: () => ['inspect', 'secret', 'team-a/none'], kind: 'Error', exitCode: 1 },
  'status shows fresh pull secrets': {
    words: () => ['status'],
    before: refreshed,
    kind: 'StatusResult',
    exitCode: 0,
    result: 'ok',
  },
  'status shows an expired credential': {
    words: () => ['status', '--problems'],
    before: async (sandbox, file) => {
      await refreshed(sandbox, file)
      sandbox.clock.advance('2 h')
    },
    kind: 'StatusResult',
    exitCode: 1,
    result: 'failed',
  },
  'status may not list': {
    words: () => ['status'],
    before: ({ cluster }) => cluster.authorization.forbid({ verbs: ['list'], resources: ['secrets'] }),
    kind: 'Error',
    exitCode: 1,
  },
  'doctor finds no failure': {
    words: (_, file) => ['doctor', '-f', file],
    before: refreshed,
    kind: 'DoctorResult',
    exitCode: 0,
    result: 'ok',
  },
  'doctor finds a failure': {
    words: (_, file) => ['doctor', '-f', file],
    kind: 'DoctorResult',
    exitCode: 1,
    result: 'failed',
  },
  'doctor has no document': { words: () => ['doctor', ...missing()], kind: 'Error', exitCode: 2 },
  'issuer check finds a problem': {
    words: ({ cluster }) => ['issuer', 'check', cluster.issuer],
    kind: 'IssuerCheckResult',
    exitCode: 1,
    result: 'failed',
  },
  'issuer check finds none': {
    words: ({ cluster }) => ['issuer', 'check', cluster.issuer, '--for', 'oidc'],
    kind: 'IssuerCheckResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer check has no URL': { words: () => ['issuer', 'check', 'cluster-1'], kind: 'Error', exitCode: 2 },
  'issuer show shows an issuer': {
    words: () => ['issuer', 'show'],
    kind: 'IssuerShowResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer show prints the steps to another': {
    words: () => ['issuer', 'show', '--to-issuer', 'https://oidc.example.com', '--distribution', 'k3s'],
    kind: 'IssuerShowResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer show finds a key that is not served': {
    words: () => ['issuer', 'show'],
    before: async ({ cluster }) => {
      const key = await cluster.keys.add()
      cluster.keys.signWith(key)
      cluster.keys.drop(key.kid)
    },
    kind: 'IssuerShowResult',
    exitCode: 1,
    result: 'failed',
  },
  'issuer show has no cluster': {
    words: () => ['issuer', 'show', '--kubeconfig', 'missing'],
    kind: 'Error',
    exitCode: 2,
  },
  'issuer publish publishes': {
    words: () => ['issuer', 'publish', '--to', bucket],
    issuerDocuments: 'absent',
    kind: 'IssuerPublishResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer publish would publish': {
    words: () => ['issuer', 'publish', '--to', bucket, '--dry-run'],
    issuerDocuments: 'absent',
    kind: 'IssuerPublishResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer publish has no target': { words: () => ['issuer', 'publish'], kind: 'Error', exitCode: 2 },
  'issuer revoke revokes a key': {
    words: (sandbox) => ['issuer', 'revoke', '--to', bucket, '--key-state', 'team-a/keys', '--yes', '--', kid(sandbox)],
    before: async ({ cluster }) => cluster.keys.add(),
    kind: 'IssuerRevokeResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer revoke would not revoke the key in use': {
    words: (sandbox) => ['issuer', 'revoke', '--to', bucket, '--', kid(sandbox)],
    kind: 'Error',
    exitCode: 1,
  },
  'issuer watch has no target': { words: () => ['issuer', 'watch'], kind: 'Error', exitCode: 2 },
  'issuer serve has no address': { words: () => ['issuer', 'serve', '--listen', 'x'], kind: 'Error', exitCode: 2 },
  'trust plan finds nothing missing': {
    words: (_, file) => ['trust', 'plan', '-f', file],
    before: applied,
    trust: 'absent',
    kind: 'TrustPlanResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust plan may not read': {
    words: (_, file) => ['trust', 'plan', '-f', file],
    before: ({ gcp }) => gcp.operators.withhold('iam.workloadIdentityPools.get'),
    trust: 'absent',
    kind: 'TrustPlanResult',
    exitCode: 1,
    result: 'failed',
  },
  'trust plan has no document': { words: () => ['trust', 'plan', ...missing()], kind: 'Error', exitCode: 2 },
  'trust apply creates': {
    words: (_, file) => ['trust', 'apply', '-f', file, '--yes'],
    trust: 'absent',
    kind: 'TrustApplyResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust apply may not create': {
    words: (_, file) => ['trust', 'apply', '-f', file, '--yes'],
    before: ({ gcp }) => gcp.operators.withhold('iam.workloadIdentityPools.create'),
    trust: 'absent',
    kind: 'TrustApplyResult',
    exitCode: 1,
    result: 'failed',
  },
  'trust apply has no terminal': { words: (_, file) => ['trust', 'apply', '-f', file], kind: 'Error', exitCode: 2 },
  'trust destroy deletes': {
    words: (_, file) => ['trust', 'destroy', '-f', file, '--yes'],
    before: applied,
    trust: 'absent',
    kind: 'TrustDestroyResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust destroy would delete': {
    words: (_, file) => ['trust', 'destroy', '-f', file, '--dry-run'],
    before: applied,
    trust: 'absent',
    kind: 'TrustDestroyResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust destroy may not delete': {
    words: (_, file) => ['trust', 'destroy', '-f', file, '--yes'],
    before: async (sandbox, file) => {
      await applied(sandbox, file)
      sandbox.gcp.operators.withhold('iam.workloadIdentityPools.delete')
    },
    trust: 'absent',
    kind: 'TrustDestroyResult',
    exitCode: 1,
    result: 'failed',
  },
  'trust destroy has no document': { words: () => ['trust', 'destroy', ...missing()], kind: 'Error', exitCode: 2 },
  'uninstall would delete': {
    words: (_, file) => ['uninstall', '-f', file, '--dry-run', '--keep-trust', '--delete-pull-secrets'],
    before: refreshed,
    kind: 'UninstallResult',
    exitCode: 0,
    result: 'ok',
  },
  'uninstall may not delete': {
    words: (_, file) => ['uninstall', '-f', file, '--yes', '--keep-trust', '--delete-pull-secrets'],
    before: async (sandbox, file) => {
      await refreshed(sandbox, file)
      sandbox.cluster.authorization.forbid({ verbs: ['delete'], resources: ['secrets'] })
    },
    kind: 'UninstallResult',
    exitCode: 1,
    result: 'failed',
  },
  'uninstall has no document': { words: () => ['uninstall', '--yes', ...missing()], kind: 'Error', exitCode: 2 },
  'manifests has no image': { words: (_, file) => ['manifests', '-f', file], kind: 'Error', exitCode: 2 },
  'init has no source': { words: () => ['init'], kind: 'Error', exitCode: 2 },
  'version shows the version': { words: () => ['version'], kind: 'Version', exitCode: 0 },
}

async function startWith(t: Parameters<typeof startTestSandbox>[0], run: Run) {
  const { trust, issuerDocuments, before, words } = run
  const sandbox = await startTestSandbox(t, { ...(trust && { trust }), ...(issuerDocuments && { issuerDocuments }) })
  const registries = { google: { host: `localhost:${sandbox.parts.registry.port}` } }
  const text = trust === undefined ? documentText(sandbox, { include: ['team-a'], registries }) : trustDocument(sandbox)
  const file = await sandbox.write('pull.yaml', text)
  await before?.(sandbox, file)
  return { sandbox, argv: await words(sandbox, file) }
}

/** `-o FORMAT` before `--`, which ends the flags. */
function withFormat(argv: readonly string[], format: 'json' | 'yaml'): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return [...argv.slice(0, end), '-o', format, ...argv.slice(end)]
}

const resultOf = ({ stdout }: PullpassRun): { kind: string; result?: string } => parse(stdout)

suite('with -o json a run prints one document, which its schema allows, when', { concurrency: 4 }, () => {
  for (const [title, run] of Object.entries(runs)) {
    test(title, async (t) => {
      const { sandbox, argv } = await startWith(t, run)
      const printed = await runPullpass(sandbox, withFormat(argv, 'json'), run.options)
      assert.equal(printed.exitCode, run.exitCode, printed.stdout + printed.stderr)
      const { kind, result } = JSON.parse(printed.stdout)
      assert.deepEqual([kind, result], [run.kind, run.result])
      assert.equal(await checkOutput(JSON.parse(printed.stdout)), run.kind)
    })
  }

  test('every command with -o has runs in this file', async () => {
    const taking: string[] = []
    for (const [name, { load }] of Object.entries(commands)) {
      if (name === 'manifests crds') continue // prints objects of another API, and no run of it fails
      if ((await load()).flags['output']?.choices?.includes('json')) taking.push(name)
    }
    const titles = Object.keys(runs)
    assert.deepEqual(
      taking.filter((name) => !titles.some((title) => title.startsWith(`${name} `))),
      [],
    )
    const kinds = new Set(Object.values(runs).map(({ kind }) => kind))
    assert.deepEqual(
      [...outputSchemas().keys()].filter((kind) => !kinds.has(kind)),
      ['IssuerWatchStatus', 'StatusChange'], // streams: test/commands/issuer/watch.test.ts, test/commands/status/watch.test.ts
    )
  })
})

suite('an error that ends a run', () => {
  test('is YAML with -o yaml', async () => {
    const printed = await runPullpass(emptyHost, ['refresh', '-f', 'missing.yaml', '-o', 'yaml'])
    assert.equal(printed.exitCode, 2)
    assert.match(
      printed.stdout,
      /^apiVersion: pullpass\.dev\/v1alpha1\nkind: Error\nerror:\n {2}code: DOCUMENT_UNREADABLE\n/,
    )
    assert.equal(resultOf(printed).kind, 'Error')
  })

  test('is also printed to standard error, as text', async () => {
    const { stderr } = await runPullpass(emptyHost, ['refresh', '-f', 'missing.yaml', '-o', 'json'])
    assert.match(stderr, /^DOCUMENT_UNREADABLE \(document\): /)
  })

  const unusable: Readonly<Record<string, readonly string[]>> = {
    'an unknown command': ['refrsh', '-o', 'json'],
    'an unknown flag': ['refresh', '--timout', '5m', '-o', 'json'],
    'a flag without its value': ['refresh', '-o', 'json', '-f'],
    'an unknown flag, with --output=json': ['refresh', '--output=json', '--no-such'],
    'an unknown flag, with -ojson': ['refresh', '-ojson', '--no-such'],
  }
  for (const [title, argv] of Object.entries(unusable)) {
    test(`is JSON for ${title}`, async () => {
      const { exitCode, stdout } = await runPullpass(emptyHost, argv)
      const result = JSON.parse(stdout)
      assert.equal(exitCode, 2)
      assert.deepEqual([await checkOutput(result), result.error.code], ['Error', 'USAGE_INVALID'])
    })
  }

  test('is text only without -o, and with an unknown format of -o', async () => {
    for (const argv of [
      ['refresh', '-f', 'missing.yaml'],
      ['trust', 'plan', '-f', 'missing.yaml', '-o', 'terraform'],
      ['refresh', '--no-such', '--', '-o', 'json'],
    ]) {
      assert.equal((await runPullpass(emptyHost, argv)).stdout, '')
    }
  })
})
