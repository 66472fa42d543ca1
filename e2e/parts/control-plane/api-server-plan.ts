/** Start options of a kube-apiserver that may differ between the servers of one cluster, and its key files. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Key files, which a server reads only at its start: each change needs a restart. */
export interface ServiceAccountKeys {
  /** Private: signs service account tokens. If it is not in `verifying`, no server accepts them. */
  readonly signing: KeyObject
  /** Private or public: verification keys, served in this order. */
  readonly verifying: readonly KeyObject[]
}

export interface ApiServerPlan {
  /** By default a free port of 127.0.0.1, which the EndpointSlice of the API servers may not contain. */
  readonly listen?: { readonly address: string; readonly port: number }
  /** Of its service account tokens; by default its own address, where it serves the issuer metadata. */
  readonly issuer?: string
  /** Further issuers whose tokens it accepts. */
  readonly acceptedIssuers?: readonly string[]
  /** By default one RSA key. */
  readonly keys?: ServiceAccountKeys
  /** Differences from the defaults: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/ */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Further ones: `--max-requests-inflight=1`. */
  readonly flags?: readonly string[]
}

export interface ControlPlanePlan extends ApiServerPlan {
  /** `all`: default service accounts, root certificates, namespace deletion, garbage collection, cron jobs. */
  readonly controllers?: 'none' | 'all'
  /** `own`: each controller runs as its own service account (--use-service-account-credentials, the default here and of kubeadm);
   *  `shared`: all of them as system:kube-controller-manager. */
  readonly controllerAccounts?: 'own' | 'shared'
  /** Users in addition to the admin, without permissions. */
  readonly users?: readonly string[]
}

export interface KeyFiles {
  /** PEM, private. */
  readonly signingKeyFile: string
  /** PEM, public, one after another. */
  readonly verifyingKeyFile: string
}

/** Each server has its own folder. */
export async function writeKeyFiles(folder: string, keys: ServiceAccountKeys): Promise<KeyFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [signingKeyFile, verifyingKeyFile] = [join(folder, 'signing-key.pem'), join(folder, 'verifying-keys.pem')]
  await writeFile(signingKeyFile, keys.signing.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(verifyingKeyFile, keys.verifying.map(publicPem).join(''))
  return { signingKeyFile, verifyingKeyFile }
}

/** The key types that Kubernetes supports for service account tokens. */
export type SigningKeyKind = 'RSA' | 'P-256' | 'P-384' | 'P-521'

export const generateSigningKey = (kind: SigningKeyKind = 'RSA'): KeyObject =>
  kind === 'RSA'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ec', { namedCurve: kind }).privateKey

const publicPem = (key: KeyObject): string =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'pem' }).toString()
