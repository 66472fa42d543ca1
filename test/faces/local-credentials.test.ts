import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { writeDockerConfig } from '../../src/credential/write-docker-config.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { type PullpassOptions, runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

async function prepare(t: TestContext, fields = '') {
  const sandbox = await startTestSandbox(t)
  const host = `localhost:${sandbox.parts.registry.port}`
  const documents = await sandbox.write(
    'documents.yaml',
    [
      'apiVersion: pullpass.dev/v1alpha1',
      'kind: ClusterPullSecret',
      'metadata: {name: pull}',
      'spec:',
      '  namespaces: {include: [default]}',
      fields,
      '  registries:',
      '    - name: google',
      `      hosts: ["${host}"]`,
      `      gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}, serviceAccountEmail: puller@example-project.iam.gserviceaccount.com}`,
    ].join('\n'),
  )
  const out = join(sandbox.folder.path, 'docker/config.json')
  return {
    sandbox,
    host,
    documents,
    out,
    token: (flags: readonly string[], options: PullpassOptions = {}) =>
      runPullpass(sandbox, ['token', '-f', documents, ...flags], options),
    helper: (operation: string, input = host, environment: PullpassOptions['environment'] = {}) =>
      runPullpass(sandbox, ['docker-credential', operation], {
        input,
        environment: { PULLPASS_DOCUMENTS: documents, ...environment },
      }),
    holderOf: (auth: string) => {
      const [, password = ''] = Buffer.from(auth, 'base64').toString().split(':')
      return sandbox.gcp.holderOf(password)?.member
    },
  }
}

const puller = 'serviceAccount:puller@example-project.iam.gserviceaccount.com'
const authsOf = async (file: string) => JSON.parse(await readFile(file, 'utf8')).auths

suite('pullpass token', { concurrency: 4 }, () => {
  test('writes a docker configuration that only its user can read, and states the expiry', async (t) => {
    const { host, out, token, holderOf } = await prepare(t)
    const { exitCode, stdout, stderr } = await token(['--out', out])
    assert.equal(exitCode, 0, stderr)
    assert.equal(stdout, `${out}: ${host}, valid until 2026-11-24T13:00:00Z\n`)
    assert.equal((await stat(out)).mode & 0o777, 0o600)
    assert.equal(holderOf((await authsOf(out))[host].auth), puller)
    assert.deepEqual(await readdir(join(out, '..')), ['config.json'])
  })

  test('keeps other entries and fields of an existing file, and follows a symbolic link', async (t) => {
    const { sandbox, host, out, token } = await prepare(t)
    await mkdir(join(out, '..'))
    const real = await sandbox.write('real.json', '{"credsStore":"pass","auths":{"quay.io":{"auth":"YTpi"}}}')
    await chmod(real, 0o644)
    await symlink(real, out)
    const { exitCode } = await token(['--out', out])
    assert.equal(exitCode, 0)
    const { credsStore, auths } = JSON.parse(await readFile(real, 'utf8'))
    assert.equal(credsStore, 'pass')
    assert.deepEqual(Object.keys(auths), ['quay.io', host])
    assert.deepEqual(auths['quay.io'], { auth: 'YTpi' })
    assert.equal((await stat(real)).mode & 0o777, 0o600)
  })

  test('leaves a file that is not a docker configuration unchanged', async (t) => {
    const { out, token } = await prepare(t)
    await mkdir(join(out, '..'))
    await writeFile(out, 'my notes')
    const { exitCode, stderr } = await token(['--out', out])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^OUTPUT_UNWRITABLE \(run\): .*config\.json is not a JSON object, and was left unchanged\n/)
    assert.equal(await readFile(out, 'utf8'), 'my notes')
  })

  test('prints credentials only with --show', async (t) => {
    const { sandbox, host, token, holderOf } = await prepare(t)
    const refused = await token([])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /credentials are not printed without --show/)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 0)
    const { stdout } = await token(['--show'])
    assert.equal(holderOf(JSON.parse(stdout).auths[host].auth), puller)
  })

  test('with --registry exchanges only for that host', async (t) => {
    const { sandbox, host, token } = await prepare(t)
    const unknown = await token(['--show', '--registry', 'quay.io'])
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.stderr, /no registry serves quay\.io\n {2}expected one of localhost:/)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 0)
    assert.equal((await token(['--show', '--registry', host])).exitCode, 0)
  })

  test('a refused exchange writes nothing and names its hop', async (t) => {
    const { sandbox, out, token } = await prepare(t)
    await sandbox.writeToken({ audiences: ['https://example.com'] })
    const { exitCode, stderr } = await token(['--out', out])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^AUDIENCE_MISMATCH \(subject-token\): .* has audience "https:\/\/example\.com"/)
    await assert.rejects(stat(out))
  })

  test('a document with serviceAccountRef has its token requested from the cluster', async (t) => {
    const { out, token, host } = await prepare(t, '  serviceAccountRef: {namespace: image-system, name: pullpass}')
    const { exitCode, stderr } = await token(['--out', out], { environment: { PULLPASS_TOKEN_FILE: undefined } })
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(Object.keys(await authsOf(out)), [host])
  })

  test('a token of the machine comes before one of the cluster', async (t) => {
    const { out, token } = await prepare(t, '  serviceAccountRef: {namespace: image-system, name: pullpass}')
    const { exitCode, stderr } = await token(['--out', out, '--token-file', '/does/not/exist'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^TOKEN_FILE_UNREADABLE \(subject-token\): \/does\/not\/exist does not exist/)
  })

  test('the error of a wrong token of the machine states that it comes before one of the cluster', async (t) => {
    const { sandbox, out, token } = await prepare(t, '  serviceAccountRef: {namespace: image-system, name: pullpass}')
    await sandbox.writeToken({ audiences: ['https://other.example.com'] })
    const { exitCode, stderr } = await token(['--out', out])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^AUDIENCE_MISMATCH /)
    assert.match(stderr, / fix: the token of \S+ is used before that of spec\.serviceAccountRef: name none by a flag, /)
  })

  test('several writers of one file lose no entry, and leave no partial file', async (t) => {
    const { out } = await prepare(t)
    const credentialOf = (host: string) => ({
      hosts: [host],
      username: 'u',
      password: new Redacted('p'),
      expiresAt: undefined,
    })
    const hosts = ['a.example.com', 'b.example.com', 'c.example.com']
    for (const host of hosts) await writeDockerConfig(out, [credentialOf(host)])
    await Promise.all(hosts.map((host) => writeDockerConfig(out, [credentialOf(host)])))
    assert.deepEqual(Object.keys(await authsOf(out)).toSorted(), hosts)
    assert.deepEqual(await readdir(join(out, '..')), ['config.json'])
  })

  test('warns where docker uses credentials of a store first', async (t) => {
    const { sandbox, token } = await prepare(t)
    const file = await sandbox.write('config.json', '{"credsStore":"pass"}')
    const { exitCode, stderr } = await token(['--out', file])
    assert.equal(exitCode, 0)
    assert.match(
      stderr,
      /warn docker does not use the written credentials: credsStore and credHelpers of its configuration come first members="credsStore"/,
    )
  })

  test('without a token names its sources in CI jobs and on machines', async (t) => {
    const { token, helper } = await prepare(t)
    const environment = { PULLPASS_TOKEN_FILE: undefined }
    const { exitCode, stderr } = await token(['--show'], { environment })
    assert.equal(exitCode, 2)
    const fix =
      /permissions: \{id-token: write\}.*\{PULLPASS_ID_TOKEN: .* PULLPASS_TOKEN_FILE, or --token-file of pullpass token/
    assert.match(stderr, /^TOKEN_FILE_UNREADABLE \(subject-token\): .*\/oidc-token does not exist/)
    assert.match(stderr, fix)
    assert.match((await helper('get', undefined, environment)).stdout, fix)
  })

  test('the token of a GitLab job comes from PULLPASS_ID_TOKEN, and is never printed', async (t) => {
    const { sandbox, token, host } = await prepare(t)
    const jwt = (await readFile(sandbox.folder.tokenFile, 'utf8')).trim()
    const job = { PULLPASS_TOKEN_FILE: undefined, PULLPASS_ID_TOKEN: jwt }
    const { stdout, stderr } = await token(['--show'], { environment: job })
    assert.deepEqual(Object.keys(JSON.parse(stdout || '{}').auths), [host], stderr)
    const broken = await token(['--show'], { environment: { ...job, PULLPASS_ID_TOKEN: jwt.slice(0, -200) } })
    assert.equal(broken.exitCode, 1)
    assert.equal(broken.stderr.includes(jwt.slice(10, 40)), false)
  })

  test('the token of a GitHub Actions job is requested for the audience', async (t) => {
    const { sandbox, token, host } = await prepare(t)
    const jwt = (await readFile(sandbox.folder.tokenFile, 'utf8')).trim()
    sandbox.gcp.parts.storage.faults.inject(
      { kind: 'response', response: { status: 200, headers: {}, body: JSON.stringify({ value: jwt }) } },
      { when: ({ path }) => path === '/token' },
    )
    const job = {
      PULLPASS_TOKEN_FILE: undefined,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${sandbox.gcp.parts.storage.url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'the-request-token-of-this-job',
    }
    const { stdout, stderr } = await token(['--show'], { environment: job })
    assert.deepEqual(Object.keys(JSON.parse(stdout || '{"auths":{}}').auths), [host], stderr)
    const refused = await token(['--show'], { environment: { ...job, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined } })
    assert.match(
      refused.stderr,
      /^VARIABLE_INVALID \(subject-token\): .*\n.*\n {2}fix: add permissions: \{id-token: write\}/,
    )
  })
})

suite('docker-credential-pullpass', { concurrency: 4 }, () => {
  test('get returns user name and password of the host', async (t) => {
    const { sandbox, host, helper } = await prepare(t)
    const { exitCode, stdout, stderr } = await helper('get', `https://${host}\n`)
    assert.equal(exitCode, 0, stderr)
    const { ServerURL, Username, Secret } = JSON.parse(stdout)
    assert.deepEqual([ServerURL, Username], [host, 'oauth2accesstoken'])
    assert.equal(sandbox.gcp.holderOf(Secret)?.member, puller)
  })

  test('get of another host lets clients continue without a credential', async (t) => {
    const { sandbox, helper } = await prepare(t)
    const { exitCode, stdout } = await helper('get', 'quay.io')
    assert.equal(exitCode, 1)
    assert.equal(stdout, 'credentials not found in native keychain\n')
    assert.equal(sandbox.gcp.parts.sts.seen.length, 0)
  })

  test('a failed exchange is one line on standard output, where clients read it', async (t) => {
    const { sandbox, helper } = await prepare(t)
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: { status: 503, headers: {}, body: '' } })
    const { exitCode, stdout } = await helper('get')
    assert.equal(exitCode, 1)
    assert.match(stdout, /^EXCHANGE_UNAVAILABLE \(exchange\): [^\n]*503[^\n]*; fix: [^\n]*\n$/)
  })

  test('list names the hosts without an exchange; store and erase are refused', async (t) => {
    const { sandbox, host, helper } = await prepare(t)
    assert.deepEqual(JSON.parse((await helper('list')).stdout), { [host]: 'pullpass' })
    for (const operation of ['store', 'erase']) {
      const { exitCode, stdout } = await helper(operation, '{"ServerURL":"a","Username":"b","Secret":"c"}')
      assert.equal(exitCode, 1)
      assert.match(stdout, new RegExp(`^${operation} is not supported`))
    }
    assert.match((await helper('version')).stdout, /^\d+\.\d+\.\d+/)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 0)
  })

  test('without documents the error names the file', async (t) => {
    const { helper, sandbox } = await prepare(t)
    const home = { PULLPASS_DOCUMENTS: undefined, HOME: sandbox.folder.path, XDG_CONFIG_HOME: undefined }
    const { exitCode, stdout } = await helper('get', 'quay.io', home)
    assert.equal(exitCode, 1)
    assert.match(stdout, /^DOCUMENT_UNREADABLE \(document\): .*\.config\/pullpass\/documents\.yaml does not exist/)
    assert.match(stdout, /set PULLPASS_DOCUMENTS to the path of their file/)
  })
})
