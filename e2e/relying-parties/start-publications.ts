/**
 * The issuer metadata of a real cluster, published by pullpass to every kind of target and read anonymously by https; a token of that
 * cluster for each, signed with another kind of key; and a second cluster that trusts all of them.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { generateSigningKey, type SigningKeyKind } from '../parts/control-plane/api-server-plan.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { type PartContext, startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { type ControlPlane, startControlPlane } from '../parts/start-control-plane.ts'
import type { PublishLocation } from './publish-location.ts'
import { startPublishLocations } from './start-publish-locations.ts'

interface Publication {
  /** `gs://, at fake-gcs-server`. */
  readonly location: string
  readonly issuer: string
  readonly keyKind: SigningKeyKind
  /** A new token of `account` for `audience`. */
  readonly token: string
}

export interface Publications extends RealPart {
  readonly publications: readonly Publication[]
  /** PEM file of the CA of every certificate. */
  readonly caFile: string
  /** Another cluster that accepts tokens of all of these issuers. */
  readonly verifyingCluster: ControlPlane
}

export const audience: string = 'https://images.example.com'
export const account: string = 'system:serviceaccount:default:default'

const keyKinds: readonly SigningKeyKind[] = ['RSA', 'P-256', 'P-384', 'P-521']

/** From then on this process trusts only their CA. @throws AbsentPart if a part does not exist */
export const startPublications = (): Promise<Publications> =>
  startPart('publications', async (context) => {
    const authority = await createCertificateAuthority()
    setDefaultCACertificates([authority.ca])
    const caFile = join(context.folder, 'ca.pem')
    await writeFile(caFile, authority.ca)
    const locations = await startPublishLocations(context, authority)
    const plane = await context.use(startControlPlane())
    await create(plane, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
    await create(plane, '/api/v1/namespaces', { metadata: { name: 'pullpass-system' } })
    const publications = await publishTo(locations, plane, await writeEnvironment(context, plane, caFile))
    const verifyingCluster = await context.use(startVerifyingCluster(context, publications, authority.ca))
    return { publications, caFile, verifyingCluster }
  })

/** Each location is the cluster's issuer in turn; all keys are published to each. */
async function publishTo(
  locations: readonly PublishLocation[],
  plane: ControlPlane,
  environment: Readonly<Record<string, string>>,
): Promise<Publication[]> {
  const keys = keyKinds.map((kind) => ({ kind, key: generateSigningKey(kind) }))
  const verifying = keys.map(({ key }) => key)
  const publications: Publication[] = []
  for (const [index, { name, issuer, publish }] of locations.entries()) {
    const signing = keys[index % keys.length]
    if (signing === undefined) throw new RangeError('there is no key')
    await plane.restart({ issuer, keys: { signing: signing.key, verifying } })
    await publish({ environment, apiServer: plane.server })
    publications.push({ location: name, issuer, keyKind: signing.kind, token: await mint(plane) })
  }
  return publications
}

async function writeEnvironment({ folder }: PartContext, { kubeconfig }: ControlPlane, caFile: string) {
  const file = join(folder, 'kubeconfig')
  await writeFile(file, kubeconfig, { mode: 0o600 })
  return { KUBECONFIG: file, PULLPASS_CA_FILE: caFile }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration */
async function startVerifyingCluster(
  { folder }: PartContext,
  publications: readonly Publication[],
  certificateAuthority: string,
): Promise<ControlPlane> {
  const jwt = publications.map(({ issuer: url }) => ({
    issuer: { url, audiences: [audience], certificateAuthority },
    claimMappings: { username: { claim: 'sub', prefix: 'federated:' } },
  }))
  const kind = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' }
  const file = join(folder, 'authentication.json')
  await writeFile(file, JSON.stringify({ ...kind, jwt }))
  return await startControlPlane({ flags: [`--authentication-config=${file}`] })
}

async function mint(plane: ControlPlane): Promise<string> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const body = { spec: { audiences: [audience], expirationSeconds: 3600 } }
  const response: { status: { token: string } } = JSON.parse(await create(plane, path, body))
  return response.status.token
}

async function create(plane: ControlPlane, path: string, body: object): Promise<string> {
  const response = await requestKubernetes(plane, { method: 'POST', path, body })
  if (response.status !== 201) throw new Error(`${path} returned ${response.status}: ${response.body}`)
  return response.body
}
