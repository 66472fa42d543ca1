/**
 * A real kube-apiserver on a free port of 127.0.0.1, with RBAC.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../ground/free-port.ts'
import type { PartGround } from '../ground/start-part.ts'
import { waitUntil } from '../ground/wait-until.ts'
import { findControlPlaneProgram } from './find-control-plane-program.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

export interface ApiServerPlan {
  /** Of its service account tokens; by default its own address, where it publishes the issuer's documents. */
  readonly issuer?: string
  /** Private keys: the first signs service account tokens, all of them verify. By default one RSA key. */
  readonly signingKeys?: readonly KeyObject[]
  /** `all`: default service accounts, root certificates, namespace deletion, garbage collection, cron jobs. */
  readonly controllers?: 'none' | 'all'
  /** Users beside the admin; they hold no rights by themselves. */
  readonly users?: readonly string[]
  /** Those that are to differ from the defaults: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/ */
  readonly featureGates?: Readonly<Record<string, boolean>>
}

export interface StartedApiServer extends ApiServer {
  readonly issuer: string
  /** Of `system:node:localhost`, the one node that may join. */
  readonly nodeToken: string
  /** Bearer tokens by user. */
  readonly userTokens: ReadonlyMap<string, string>
  /** PEM, private: what signs service account tokens. */
  readonly signingKeyFile: string
}

export async function startApiServer(
  { folder, start }: PartGround,
  etcdAddress: string,
  plan: ApiServerPlan,
): Promise<StartedApiServer> {
  const port = await freePort()
  const server = `https://127.0.0.1:${port}`
  const issuer = plan.issuer ?? server
  const [adminToken, nodeToken] = [randomToken(), randomToken()]
  const userTokens = new Map(plan.users?.map((user) => [user, randomToken()]))
  const tokenFile = join(folder, 'tokens.csv')
  await writeFile(tokenFile, renderTokens(adminToken, nodeToken, userTokens), { mode: 0o600 })
  const { signingKeyFile, verifyingKeyFile } = await writeKeys(folder, plan.signingKeys ?? [generateRsaKey()])
  const { ended } = start(await findControlPlaneProgram('kube-apiserver'), [
    `--etcd-servers=${etcdAddress}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`, // it signs its own certificate there
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    // Without controllers no namespace has a default service account, and this plugin would refuse every Pod.
    ...(plan.controllers === 'all' ? [] : ['--disable-admission-plugins=ServiceAccount']),
    '--kubelet-preferred-address-types=Hostname',
    `--token-auth-file=${tokenFile}`,
    `--service-account-issuer=${issuer}`,
    `--service-account-jwks-uri=${server}/openid/v1/jwks`, // by default an address of the machine where it does not listen
    `--service-account-signing-key-file=${signingKeyFile}`,
    `--service-account-key-file=${verifyingKeyFile}`,
    ...Object.entries(plan.featureGates ?? {}).map(([gate, state]) => `--feature-gates=${gate}=${state}`),
  ])
  const certificate = () => readFile(join(folder, 'apiserver.crt'), 'utf8')
  const authority = await waitUntil('the certificate of kube-apiserver', 10_000, certificate, ended)
  const apiServer = { server, authority, adminToken }
  await waitUntil('kube-apiserver', 60_000, () => isReady(apiServer), ended)
  return { ...apiServer, issuer, nodeToken, userTokens, signingKeyFile }
}

/** /readyz does not wait for the namespaces that the server itself makes. */
async function isReady(apiServer: ApiServer): Promise<true | undefined> {
  for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-system']) {
    const { status } = await requestKubernetes(apiServer, { path })
    if (status !== 200) return undefined
  }
  return true
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file */
function renderTokens(adminToken: string, nodeToken: string, userTokens: ReadonlyMap<string, string>): string {
  const lines = [`${adminToken},admin,admin,"system:masters"`, `${nodeToken},system:node:localhost,node,"system:nodes"`]
  for (const [user, token] of userTokens) lines.push(`${token},${user},${user}`)
  return lines.join('\n')
}

async function writeKeys(folder: string, keys: readonly KeyObject[]) {
  const [signingKeyFile, verifyingKeyFile] = [join(folder, 'signing-key.pem'), join(folder, 'verifying-keys.pem')]
  const [signingKey] = keys
  if (!signingKey) throw new TypeError('an API server needs a key to sign with')
  await writeFile(signingKeyFile, signingKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const publicKeys = keys.map((key) => createPublicKey(key).export({ type: 'spki', format: 'pem' }))
  await writeFile(verifyingKeyFile, publicKeys.join(''))
  return { signingKeyFile, verifyingKeyFile }
}

const generateRsaKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

const randomToken = (): string => randomBytes(24).toString('base64url')
