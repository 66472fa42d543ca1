/** A sandbox with known secrets, and runs of pullpass whose output is searched for them. */
import type { TestContext } from 'node:test'
import type { SandboxResponse } from '../../sandbox/serve/handler.ts'
import { createPlantedSecrets, type PlantedSecrets } from './planted-secrets.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from './run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from './start-test-sandbox.ts'

export const federated: string = `ya29.${'Federated-Token_of.Google/+='.repeat(9)}`
export const impersonated: string = `ya29.${'Impersonated-Token_of.Google/+='.repeat(9)}`
const password = 'an-older-password-of-a-common-script-0123456789'

export interface PlantedSandbox {
  readonly sandbox: TestSandbox
  readonly secrets: PlantedSecrets
  readonly subjectToken: string
  readonly bearer: string
  /** Runs pullpass and searches its output, in all formats of logs and output or only in JSON. */
  readonly run: Run
  readonly runForPrograms: Run
}

type Run = (where: string, argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>

const forPeople = ['--log-level', 'debug']
const forPrograms = ['--log-level', 'debug', '--log-format', 'json', '-o', 'json']

/** Plants all secrets: Google issues two planted tokens, a Secret of the script contains a password. */
export async function plantSecrets(t: TestContext): Promise<PlantedSandbox> {
  const sandbox = await startTestSandbox(t)
  const tokenOptions = { namespace: 'image-system', name: 'pullpass', lifeSeconds: 3600 }
  const subjectToken = await sandbox.cluster.signServiceAccountToken({
    ...tokenOptions,
    audiences: [`//iam.googleapis.com/${sandbox.gcp.provider}`],
  })
  await sandbox.write('oidc-token', subjectToken)
  const bearer = /token: (\S+)/.exec(sandbox.kubeconfig)?.[1] ?? ''
  const secrets = createPlantedSecrets()
  const planted = { 'the subject token': subjectToken, "the kubeconfig's token": bearer, federated, impersonated }
  for (const [name, secret] of Object.entries({ ...planted, 'an earlier password': password }))
    secrets.plant(name, secret)
  grant(sandbox)
  const search = (flags: readonly string[]): Run => {
    return async (where, argv, more) => {
      const run = await runPullpass(sandbox, [...argv, ...flags], more)
      secrets.assertAbsent(run.stdout, `${where}, ${flags.join(' ')}: stdout`)
      secrets.assertAbsent(run.stderr, `${where}, ${flags.join(' ')}: stderr`)
      return run
    }
  }
  const [runForPeople, runForPrograms] = [search(forPeople), search(forPrograms)]
  const run: Run = async (...args) => {
    await runForPeople(...args)
    return await runForPrograms(...args)
  }
  return { sandbox, secrets, subjectToken, bearer, run, runForPrograms }
}

export function grant({ gcp: { parts } }: TestSandbox): void {
  setStsResponse(parts, { status: 200, body: { access_token: federated, expires_in: 3600 } })
  setIamResponse(parts, granted)
}

export const granted: SandboxResponse = {
  status: 200,
  body: { accessToken: impersonated, expireTime: '2026-11-24T13:00:00Z' },
}

export function setStsResponse({ sts }: TestSandbox['gcp']['parts'], response: SandboxResponse): void {
  sts.faults.clear()
  sts.faults.inject({ kind: 'response', response: response })
}

export function setIamResponse({ iamCredentials }: TestSandbox['gcp']['parts'], response: SandboxResponse): void {
  iamCredentials.faults.clear()
  iamCredentials.faults.inject({ kind: 'response', response: response })
}

export function seedScriptSecret({ cluster }: TestSandbox, namespace: string): void {
  const config = { auths: { 'europe-docker.pkg.dev': { auth: Buffer.from(`user:${password}`).toString('base64') } } }
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') }
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data, note: password }) }
  const metadata = { name: 'regcred', namespace, annotations }
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/dockerconfigjson', data })
}

/** Messages of a hostile or careless server that contain a secret of the request. */
export const echoes: Record<string, (secret: string) => string> = {
  raw: (secret) => `cannot take ${secret}`,
  base64: (secret) => `cannot take ${Buffer.from(secret).toString('base64')}`,
  'base64 of more': (secret) => Buffer.from(`Bearer ${secret}`).toString('base64url'),
  'URL-encoded': (secret) => `subject_token=${encodeURIComponent(secret)}`,
  'a slice': (secret) => `near ${secret.slice(30, 70)}`,
  'a slice at the end of what is shown': (secret) => `${'x'.repeat(270)} ${secret}`,
  'behind control characters': (secret) => `\u0000\u001b[2J${secret}\u202e`,
}
