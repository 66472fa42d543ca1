import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from './support/document-text.ts'
import {
  echoes,
  granted,
  impersonated,
  plantSecrets,
  seedScriptSecret,
  setStsResponse,
} from './support/plant-secrets.ts'
import { createPlantedSecrets } from './support/planted-secrets.ts'
import { runPullpass } from './support/run-pullpass.ts'
import { hostsWithSeveralRoles, searchCloudResponses } from './support/search-responses.ts'
import { spawnPullpass } from './support/spawn-pullpass.ts'

suite('no secret is shown', () => {
  test('the search finds a secret in every encoding', () => {
    const secrets = createPlantedSecrets()
    secrets.plant('it', impersonated)
    for (const [name, echo] of Object.entries(echoes)) {
      assert.throws(() => secrets.assertAbsent(echo(impersonated), name), {
        message: new RegExp(`^${name} shows it, at \\d+$`),
      })
    }
    for (const before of ['', 'a', 'ab', 'abc']) {
      assert.throws(() => secrets.assertAbsent(Buffer.from(before + impersonated).toString('base64'), 'base64'))
    }
    secrets.assertAbsent(`nothing of ${impersonated.slice(0, 23)}`, 'a short slice')
  })

  test('by a run that succeeds, is refused, adopts, is a dry run, or has nothing to do', async (t) => {
    const { sandbox, run } = await plantSecrets(t)
    seedScriptSecret(sandbox, 'team-a')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    assert.equal((await run('a refused Secret', ['refresh', '-f', file])).exitCode, 1)
    assert.equal((await run('a dry run', ['refresh', '-f', file, '--adopt', '--dry-run'])).exitCode, 0)
    assert.equal((await run('an adoption', ['refresh', '-f', file, '--adopt'])).exitCode, 0)
    assert.equal((await run('nothing to do', ['refresh', '-f', file, '--min-remaining', '30m'])).exitCode, 0)
    assert.equal((await run('variables', ['refresh'])).exitCode, 1) // the Secrets are the document's
    const yaml = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'yaml'])
    assert.match(yaml.stdout, /result: unchanged/)
  })

  test('by a run that keeps a previous entry', async (t) => {
    const { sandbox, run } = await plantSecrets(t)
    seedScriptSecret(sandbox, 'team-a')
    const registries = {
      one: { host: 'us-docker.pkg.dev' },
      two: { host: 'europe-docker.pkg.dev', account: 'second@example-project.iam.gserviceaccount.com' },
    }
    const { iamCredentials } = sandbox.gcp.parts
    iamCredentials.faults.clear()
    const isSecond = { when: ({ path }: { path: string }) => path.includes('second@') }
    iamCredentials.faults.inject(
      { kind: 'response', response: { status: 403, body: { error: { message: 'no' } } } },
      isSecond,
    )
    iamCredentials.faults.inject({ kind: 'response', response: granted })
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { registries }))
    const { exitCode, stdout } = await run('a kept entry', ['refresh', '-f', file, '--adopt'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /"kept"/)
  })

  test('by any response of Google', async (t) => {
    // Every encoding of every kind: leaks.matrix.test.ts.
    const isEncoded = (spelling: string, kind: string) => kind === 'a refusal' && /base64|URL/.test(spelling)
    await searchCloudResponses(t, (spelling, kind) => spelling === 'raw' || isEncoded(spelling, kind))
  })
})

suite('no secret is shown by a host that has several roles, and therefore has secrets of other requests', () => {
  // Every encoding, and every kind of response: leaks.matrix.test.ts.
  for (const [roles, search] of Object.entries(hostsWithSeveralRoles))
    test(
      roles,
      async (t) =>
        await search(t, (spelling, kind) => spelling === 'raw' && (kind === undefined || kind.startsWith('a re'))),
    )
})

suite('no secret is shown by Node itself', () => {
  for (const name of ['NODE_DEBUG', 'NODE_DEBUG_NATIVE']) {
    test(`if ${name} is set: the process reports it and sends nothing`, async (t) => {
      const { sandbox, secrets } = await plantSecrets(t)
      const environment = { ...sandbox.environment, [name]: 'http,https,http2,tls,net,fetch,undici,HTTP2SESSION,TLS' }
      const { exitCode, stdout, stderr } = await spawnPullpass(['refresh'], environment).ended
      assert.equal(exitCode, 2)
      assert.match(stderr, new RegExp(`USAGE_INVALID \\(run\\): ${name} is set`))
      secrets.assertAbsent(stdout + stderr, name)
      assert.deepEqual([sandbox.parts.kubernetes.seen, sandbox.gcp.parts.sts.seen], [[], []])
    })
  }
})

suite('no secret is shown by misplaced input', () => {
  test('a token for a document, a variable, a flag, a command', async (t) => {
    const { sandbox, run, subjectToken } = await plantSecrets(t)
    await run('a document', ['refresh', '-f', sandbox.folder.tokenFile])
    await run('standard input', ['refresh', '-f', '-'], { input: subjectToken })
    await run('a list in YAML', ['refresh', '-f', '-'], { input: `- ${subjectToken}` })
    await run('a field', ['refresh', '-f', '-'], { input: `kind: ${subjectToken}\napiVersion: x` })
    await run('a field’s name', ['refresh', '-f', '-'], { input: `${subjectToken}: x` })
    for (const name of [
      'PROJECT_NUMBER',
      'POOL_ID',
      'SERVICE_ACCOUNT_EMAIL',
      'REGISTRY_HOSTS',
      'REGISTRY_SECRET_NAMESPACES',
    ]) {
      await run(name, ['refresh'], { environment: { [name]: subjectToken } })
    }
    for (const flag of [
      '--token-file',
      '--min-remaining',
      '--timeout',
      '--context',
      '--kubeconfig',
      '--ca-file',
      '-f',
    ]) {
      await run(flag, ['refresh', flag, subjectToken])
    }
    await run('PULLPASS_TOKEN_FILE', ['refresh'], { environment: { PULLPASS_TOKEN_FILE: subjectToken } })
    await run('a positional', ['refresh', subjectToken])
    await run('a command', [subjectToken])
    await run('a flag', ['refresh', `--${subjectToken}`])
    await run('a token file for a kubeconfig', ['refresh', '--kubeconfig', sandbox.folder.tokenFile])
    await run('a kubeconfig for a token file', ['refresh', '--token-file', sandbox.folder.kubeconfigFile])
    await run('a kubeconfig for a document', ['refresh', '-f', sandbox.folder.kubeconfigFile])
    await run('a broken kubeconfig', [
      'refresh',
      '--kubeconfig',
      await sandbox.write('broken', `${sandbox.kubeconfig} {`),
    ])
  })

  test('an unexpected error', async (t) => {
    const { sandbox, run, subjectToken } = await plantSecrets(t)
    const error = Object.assign(new Error(subjectToken, { cause: new Error(subjectToken) }), { token: subjectToken })
    const sleep = () => {
      throw error
    }
    setStsResponse(sandbox.gcp.parts, { status: 503 })
    const { exitCode, stderr } = await run('a crash', ['refresh'], { sleep })
    assert.equal(exitCode, 1)
    assert.match(stderr, /INTERNAL/)
  })
})
