import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import type { SandboxAnswer } from '../sandbox/serve/handler.ts'
import { connect } from '../src/kubernetes/connect.ts'
import { PullpassError } from '../src/outside/pullpass-error.ts'
import { refusal } from './providers/exchange-at-sandbox.ts'
import { documentText } from './support/document-text.ts'
import { createPlantedSecrets, type PlantedSecrets } from './support/planted-secrets.ts'
import { type PullpassRun, type PullpassWanted, runPullpass } from './support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from './support/start-test-sandbox.ts'
import { testOutside } from './support/test-outside.ts'

const federated = `ya29.${'Federated-Token_of.Google/+='.repeat(9)}`
const impersonated = `ya29.${'Impersonated-Token_of.Google/+='.repeat(9)}`
const password = 'an-older-password-of-the-usual-script-0123456789'

interface Planted {
  readonly sandbox: TestSandbox
  readonly secrets: PlantedSecrets
  readonly subjectToken: string
  readonly bearer: string
  /** Runs pullpass, and searches all that it printed: in every form of log and output, or as programs read it. */
  readonly run: Run
  readonly runForPrograms: Run
}

type Run = (where: string, argv: readonly string[], wanted?: PullpassWanted) => Promise<PullpassRun>

const forPeople = ['--log-level', 'debug']
const forPrograms = ['--log-level', 'debug', '--log-format', 'json', '-o', 'json']

/** A sandbox whose every secret is known: Google grants two planted tokens, a Secret of the script holds a password. */
async function plantAll(t: Parameters<typeof startTestSandbox>[0]): Promise<Planted> {
  const sandbox = await startTestSandbox(t)
  const wanted = { namespace: 'image-system', name: 'pullpass', lifeSeconds: 3600 }
  const subjectToken = await sandbox.cluster.signServiceAccountToken({
    ...wanted,
    audiences: [`//iam.googleapis.com/${sandbox.provider}`],
  })
  await sandbox.write('oidc-token', subjectToken)
  const bearer = /token: (\S+)/.exec(sandbox.kubeconfig)?.[1] ?? ''
  const secrets = createPlantedSecrets()
  const planted = { 'the subject token': subjectToken, "the kubeconfig's token": bearer, federated, impersonated }
  for (const [name, secret] of Object.entries({ ...planted, 'an earlier password': password }))
    secrets.plant(name, secret)
  grant(sandbox)
  const search = (way: readonly string[]): Run => {
    return async (where, argv, more) => {
      const run = await runPullpass(sandbox, [...argv, ...way], more)
      secrets.refuteIn(run.stdout, `${where}, ${way.join(' ')}: stdout`)
      secrets.refuteIn(run.stderr, `${where}, ${way.join(' ')}: stderr`)
      return run
    }
  }
  const [runForPeople, runForPrograms] = [search(forPeople), search(forPrograms)]
  const run: Run = async (...asked) => {
    await runForPeople(...asked)
    return await runForPrograms(...asked)
  }
  return { sandbox, secrets, subjectToken, bearer, run, runForPrograms }
}

function grant({ parts }: TestSandbox): void {
  answerSts(parts, { status: 200, body: { access_token: federated, expires_in: 3600 } })
  answerIam(parts, granted)
}

const granted = { status: 200, body: { accessToken: impersonated, expireTime: '2026-11-24T13:00:00Z' } }

function answerSts({ sts }: TestSandbox['parts'], answer: SandboxAnswer): void {
  sts.faults.clear()
  sts.faults.inject({ kind: 'answer', answer })
}

function answerIam({ iamCredentials }: TestSandbox['parts'], answer: SandboxAnswer): void {
  iamCredentials.faults.clear()
  iamCredentials.faults.inject({ kind: 'answer', answer })
}

function seedScriptSecret({ cluster }: TestSandbox, namespace: string): void {
  const config = { auths: { 'europe-docker.pkg.dev': { auth: Buffer.from(`user:${password}`).toString('base64') } } }
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') }
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data, note: password }) }
  const metadata = { name: 'regcred', namespace, annotations }
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/dockerconfigjson', data })
}

/** What a hostile or careless side may say of a secret that it was sent. */
const echoes: Record<string, (secret: string) => string> = {
  raw: (secret) => `cannot take ${secret}`,
  base64: (secret) => `cannot take ${Buffer.from(secret).toString('base64')}`,
  'base64 of more': (secret) => Buffer.from(`Bearer ${secret}`).toString('base64url'),
  'URL-encoded': (secret) => `subject_token=${encodeURIComponent(secret)}`,
  'a slice': (secret) => `near ${secret.slice(30, 70)}`,
  'a slice at the end of what is shown': (secret) => `${'x'.repeat(270)} ${secret}`,
  'behind control characters': (secret) => `\u0000\u001b[2J${secret}\u202e`,
}

/** Answers of a cloud that hold a secret wherever an answer can. */
function answersWith(words: string): Record<string, SandboxAnswer> {
  return {
    'a refusal': { status: 400, body: { error: 'invalid_grant', error_description: words } },
    'a refusal’s word': { status: 400, body: { error: words } },
    'a refusal of Google’s APIs': { status: 403, body: { error: { message: words, status: words } } },
    'its own failure': { status: 503, body: { error: { message: words }, error_description: words } },
    'a page': { status: 200, headers: { 'content-type': 'text/html' }, body: `<p>${words}</p>` },
    'JSON that ends early': { status: 200, body: `{"access_token": "${words}` },
    'a field of another type': { status: 200, body: { access_token: [words], accessToken: { words } } },
    'a token with a space': { status: 200, body: { access_token: ` ${words}`, accessToken: ` ${words}` } },
    'an expiry': { status: 200, body: { access_token: 'a', expires_in: words, accessToken: 'a', expireTime: words } },
  }
}

/** Headers can hold no control characters. */
const headersWith = (words: string): Record<string, SandboxAnswer> => ({
  'a content type': { status: 200, headers: { 'content-type': words }, body: 'no JSON' },
  'a redirect': { status: 307, headers: { location: `https://elsewhere.example/?${words}` } },
  'a time to wait': { status: 429, headers: { 'retry-after': words.slice(0, 60) }, body: '' },
})

suite('no secret is shown', () => {
  test('but the search finds one, however it is spelt', () => {
    const secrets = createPlantedSecrets()
    secrets.plant('it', impersonated)
    for (const [name, echo] of Object.entries(echoes)) {
      assert.throws(() => secrets.refuteIn(echo(impersonated), name), {
        message: new RegExp(`^${name} shows it, at \\d+$`),
      })
    }
    for (const before of ['', 'a', 'ab', 'abc']) {
      assert.throws(() => secrets.refuteIn(Buffer.from(before + impersonated).toString('base64'), 'base64'))
    }
    secrets.refuteIn(`nothing of ${impersonated.slice(0, 23)}`, 'a short slice')
  })

  test('by a run that succeeds, is refused, takes over, rehearses, or has nothing to do', async (t) => {
    const { sandbox, run } = await plantAll(t)
    seedScriptSecret(sandbox, 'team-a')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    assert.equal((await run('a refused Secret', ['refresh', '-f', file])).exitCode, 1)
    assert.equal((await run('a rehearsal', ['refresh', '-f', file, '--adopt', '--dry-run'])).exitCode, 0)
    assert.equal((await run('a take-over', ['refresh', '-f', file, '--adopt'])).exitCode, 0)
    assert.equal((await run('nothing to do', ['refresh', '-f', file, '--min-remaining', '30m'])).exitCode, 0)
    assert.equal((await run('variables', ['refresh'])).exitCode, 1) // the Secrets are the document's
    const yaml = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'yaml'])
    assert.match(yaml.stdout, /result: unchanged/)
  })

  test('by a run that keeps an earlier entry', async (t) => {
    const { sandbox, run } = await plantAll(t)
    seedScriptSecret(sandbox, 'team-a')
    const registries = {
      one: { host: 'us-docker.pkg.dev' },
      two: { host: 'europe-docker.pkg.dev', account: 'second@example-project.iam.gserviceaccount.com' },
    }
    const { iamCredentials } = sandbox.parts
    iamCredentials.faults.clear()
    const isSecond = { when: ({ path }: { path: string }) => path.includes('second@') }
    iamCredentials.faults.inject(
      { kind: 'answer', answer: { status: 403, body: { error: { message: 'no' } } } },
      isSecond,
    )
    iamCredentials.faults.inject({ kind: 'answer', answer: granted })
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { registries }))
    const { exitCode, stdout } = await run('a kept entry', ['refresh', '-f', file, '--adopt'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /"kept"/)
  })

  test('by whatever Google answers', async (t) => {
    const { sandbox, runForPrograms: run, secrets, subjectToken } = await plantAll(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const gcp = {
      gcp: [`workloadIdentityProvider: ${sandbox.provider}`, 'serviceAccountEmail: p@p.iam.gserviceaccount.com'],
    }
    for (const [hop, answer, secret] of [
      ['exchange', answerSts, subjectToken],
      ['impersonation', answerIam, federated],
    ] as const) {
      for (const [spelling, echo] of Object.entries(echoes)) {
        const words = echo(secret)
        const headers = /^[\x20-\x7e]*$/.test(words) ? headersWith(words) : {}
        for (const [kind, given] of Object.entries({ ...answersWith(words), ...headers })) {
          const where = `${hop}, ${kind}, ${spelling}`
          answer(sandbox.parts, given)
          const { exitCode, stderr } = await run(where, ['refresh', '-f', file])
          assert.equal(exitCode, 1, where)
          assert.match(stderr, new RegExp(`"hop":"${hop}"`), where)
          const fault = await refusal(sandbox, gcp)
          secrets.refuteIn(inspect(fault, { depth: null, showHidden: true }), `${where}, inspect`)
          secrets.refuteIn(JSON.stringify(fault), `${where}, JSON`)
        }
      }
      grant(sandbox)
    }
  })
})

suite('no secret is shown by what concerns the cluster', () => {
  const said = (status: number, message: string): SandboxAnswer => ({
    status,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'Invalid', code: status },
  })

  test('whatever the API server answers', async (t) => {
    const { sandbox, runForPrograms: run, bearer } = await plantAll(t)
    const { faults } = sandbox.parts.kubernetes
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    for (const [spelling, echo] of Object.entries(echoes)) {
      for (const status of [400, 401, 403, 404, 409, 413, 422]) {
        faults.inject(
          { kind: 'answer', answer: said(status, echo(impersonated)) },
          { when: ({ method }) => method === 'PATCH' },
        )
        await run(`an apply, ${status}, ${spelling}`, ['refresh', '-f', file])
        faults.clear()
        faults.inject({ kind: 'answer', answer: said(status, echo(bearer)) })
        await run(`a list, ${status}, ${spelling}`, ['refresh', '-f', file])
        faults.clear()
      }
    }
  })

  test('nor by a token that was requested', async (t) => {
    const { sandbox, run, secrets } = await plantAll(t)
    const { faults } = sandbox.parts.kubernetes
    const more = '  serviceAccountRef: {namespace: image-system, name: pullpass}'
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { more }))
    const wanted = { namespace: 'image-system', name: 'pullpass', lifeSeconds: 600 }
    const token = await sandbox.cluster.signServiceAccountToken({ ...wanted, audiences: ['requested'] })
    secrets.plant('the requested token', token)
    const isRequest = { when: ({ method }: { method: string }) => method === 'POST' }
    for (const body of [
      { status: { token, expirationTimestamp: '2026-11-24T13:00:00Z' } },
      { status: { token, expirationTimestamp: token } },
      { status: { token: `${token}.${token}`, expirationTimestamp: '2026-11-24T13:00:00Z' } },
      `{"status": {"token": "${token}`,
    ]) {
      faults.inject({ kind: 'answer', answer: { status: 201, body } }, isRequest)
      answerSts(sandbox.parts, { status: 400, body: { error: 'invalid_grant', error_description: token } })
      assert.equal((await run('a requested token', ['refresh', '-f', file])).exitCode, 1)
      faults.clear()
    }
    await run('inspect serviceaccount', ['inspect', 'serviceaccount', 'image-system/pullpass'])
  })

  test('nor by what is inspected', async (t) => {
    const { sandbox, run, subjectToken } = await plantAll(t)
    seedScriptSecret(sandbox, 'team-a')
    await run('inspect FILE', ['inspect', sandbox.folder.tokenFile])
    await run('inspect -', ['inspect', '-'], { input: subjectToken })
    await run('inspect two tokens', ['inspect', '-'], { input: `${subjectToken}.${subjectToken}` })
    await run('inspect half a token', ['inspect', '-'], { input: subjectToken.slice(0, 200) })
    await run('inspect a word', ['inspect', subjectToken])
    await run('inspect secret', ['inspect', 'secret', 'team-a/regcred'])
    await run('inspect secret', ['inspect', 'secret', 'team-a/regcred', '--image', 'europe-docker.pkg.dev/a/b:1'])
  })

  test('nor by objects that somebody prints', async (t) => {
    const { sandbox, secrets } = await plantAll(t)
    const outside = testOutside({ environment: sandbox.environment })
    const cluster = await connect({}, outside)
    await cluster.request({ method: 'GET', path: '/version' })
    await sandbox.parts.kubernetes.close()
    const fault = await cluster.request({ method: 'GET', path: '/version' }).catch((error: unknown) => error)
    assert.ok(fault instanceof PullpassError)
    for (const [name, value] of Object.entries({ outside, cluster, fault })) {
      secrets.refuteIn(inspect(value, { depth: null, showHidden: true }), name)
      secrets.refuteIn(JSON.stringify(value) ?? '', name)
    }
    await cluster.close()
  })
})

suite('no secret is shown by what stands in the wrong place', () => {
  test('a token for a document, a variable, a flag, a command', async (t) => {
    const { sandbox, run, subjectToken } = await plantAll(t)
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

  test('a fault that nobody knows', async (t) => {
    const { sandbox, run, subjectToken } = await plantAll(t)
    const fault = Object.assign(new Error(subjectToken, { cause: new Error(subjectToken) }), { token: subjectToken })
    const sleep = () => {
      throw fault
    }
    answerSts(sandbox.parts, { status: 503 })
    const { exitCode, stderr } = await run('a crash', ['refresh'], { sleep })
    assert.equal(exitCode, 1)
    assert.match(stderr, /INTERNAL/)
  })
})
