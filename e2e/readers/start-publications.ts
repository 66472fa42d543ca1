/**
 * The issuer metadata of a real cluster, published by pullpass to every kind of target and read anonymously by https; a token of that
 * cluster for each, signed with another kind of key; and a second cluster that trusts all of them.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { generateSigningKey, type SigningKeyKind } from '../parts/control-plane/write-key-files.ts'
import { type PartGround, startPart } from '../parts/ground/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { type ControlPlane, startControlPlane } from '../parts/start-control-plane.ts'
import { openPlaces } from './open-places.ts'
import type { Place } from './place.ts'

interface Publication {
  /** `gs://, at fake-gcs-server`. */
  readonly place: string
  readonly issuer: string
  readonly keyKind: SigningKeyKind
  /** Of `account`, for `audience`, fresh from the cluster. */
  readonly token: string
}

export interface Publications extends RealPart {
  readonly publications: readonly Publication[]
  /** PEM, on disk: what signed every certificate. */
  readonly caFile: string
  /** Another cluster, which takes tokens of every one of these issuers. */
  readonly reading: ControlPlane
}

export const audience: string = 'https://images.example.com'
export const account: string = 'system:serviceaccount:default:default'

const keyKinds: readonly SigningKeyKind[] = ['RSA', 'P-256', 'P-384', 'P-521']

/** This process believes their authority from then on, and no other. @throws AbsentPart where a part does not exist */
export const startPublications = (): Promise<Publications> =>
  startPart('publications', async (ground) => {
    const authority = await createCertificateAuthority()
    setDefaultCACertificates([authority.ca])
    const caFile = join(ground.folder, 'ca.pem')
    await writeFile(caFile, authority.ca)
    const places = await openPlaces(ground, authority)
    const plane = await ground.use(startControlPlane())
    await create(plane, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
    await create(plane, '/api/v1/namespaces', { metadata: { name: 'pullpass-system' } })
    const publications = await publishTo(places, plane, await surroundingsOf(ground, plane, caFile))
    const reading = await ground.use(startReading(ground, publications, authority.ca))
    return { publications, caFile, reading }
  })

/** Each is the cluster's issuer in its turn; all keys are published at each. */
async function publishTo(
  places: readonly Place[],
  plane: ControlPlane,
  environment: Readonly<Record<string, string>>,
): Promise<Publication[]> {
  const keys = keyKinds.map((kind) => ({ kind, key: generateSigningKey(kind) }))
  const verifying = keys.map(({ key }) => key)
  const publications: Publication[] = []
  for (const [index, { name, issuer, publish }] of places.entries()) {
    const signing = keys[index % keys.length]
    if (signing === undefined) throw new RangeError('there is no key')
    await plane.restart({ issuer, keys: { signing: signing.key, verifying } })
    await publish({ environment, apiServer: plane.server })
    publications.push({ place: name, issuer, keyKind: signing.kind, token: await mint(plane) })
  }
  return publications
}

async function surroundingsOf({ folder }: PartGround, { kubeconfig }: ControlPlane, caFile: string) {
  const file = join(folder, 'kubeconfig')
  await writeFile(file, kubeconfig, { mode: 0o600 })
  return { KUBECONFIG: file, PULLPASS_CA_FILE: caFile }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration */
async function startReading(
  { folder }: PartGround,
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
  const answer: { status: { token: string } } = JSON.parse(await create(plane, path, body))
  return answer.status.token
}

async function create(plane: ControlPlane, path: string, body: object): Promise<string> {
  const answer = await requestKubernetes(plane, { method: 'POST', path, body })
  if (answer.status !== 201) throw new Error(`${path} was answered ${answer.status}: ${answer.body}`)
  return answer.body
}
