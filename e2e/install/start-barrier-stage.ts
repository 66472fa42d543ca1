/**
 * A real API server whose issuer is public in a bucket of the sandbox's Google, which believes it: the stage on which a
 * CronJob meets a key that is not public yet.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGoogleCloud } from '../../sandbox/google/google-cloud.ts'
import { bucketResource } from '../../sandbox/google/storage/object-store.ts'
import { principalOf } from '../../sandbox/google/workload-identity.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { signInOperator } from '../../sandbox/start/sign-in-operator.ts'
import { trustCluster } from '../../sandbox/start/trust-cluster.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import type { ServiceAccountKeys } from '../parts/control-plane/api-server-plan.ts'
import { type KubernetesRequest, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { findInstalledProgram } from '../parts/ground/find-program.ts'
import { startPart } from '../parts/ground/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import type { InstallGround } from './install.ts'

export interface BarrierStage extends RealPart, InstallGround {
  /** `gs://BUCKET`, where anybody reads the issuer. */
  readonly target: string
  readonly provider: string
  /** Where a document leads pullpass to this Google. */
  readonly endpoints: { readonly sts: string; readonly iamCredentials: string }
  /** Publishes what the cluster serves, by the operator's own credentials. */
  readonly publish: () => Promise<void>
  readonly rotate: (keys: ServiceAccountKeys) => Promise<void>
  /** Lets an account of the cluster write the bucket. */
  readonly letPublish: (account: { readonly namespace: string; readonly name: string }) => void
  /** How many keys anybody reads in the bucket. */
  readonly published: () => number
}

const bucket = 'example-issuer'
const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
export const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'

/** `puller`: whose tokens pull. @throws AbsentPart where a program is not there */
export const startBarrierStage = (keys: ServiceAccountKeys, puller: string): Promise<BarrierStage> =>
  startPart('barrier', async (ground) => {
    const kubectl = findInstalledProgram('kubectl', 'kubernetes-client')
    const authority = await createCertificateAuthority()
    const google = createGoogleCloud({ now: () => new Date(), ca: authority.ca })
    const serve = async (handler: SandboxHandler) => {
      const part = await servePart({ handler, tls: { authority, http2: 'offered' } })
      ground.defer(part.close)
      return part.url
    }
    const write = async (name: string, content: string) => {
      await writeFile(join(ground.folder, name), content, { mode: 0o600 })
      return join(ground.folder, name)
    }
    const storage = await serve(google.storage)
    const endpoints = { sts: await serve(google.sts), iamCredentials: await serve(google.iamCredentials) }
    google.store.putBucket(bucket, { access: 'public' })
    const issuer = `${storage}/${bucket}`
    trustCluster(google, { provider, issuer, subject: puller, serviceAccountEmail })
    const operator = await signInOperator(google, { stsUrl: endpoints.sts, now: () => new Date(), write })
    const plane = await ground.use(startControlPlane({ issuer, keys }))
    const environment = {
      PULLPASS_GCP_STORAGE_ENDPOINT: storage,
      PULLPASS_CA_FILE: await write('google.crt', authority.ca),
    }
    const admin = async (request: KubernetesRequest) => {
      const answer = await requestKubernetes(plane, request)
      if (answer.status < 300) return answer
      throw new Error(`${request.method ?? 'GET'} ${request.path} was answered ${answer.status}: ${answer.body}`)
    }
    const adminFile = await write('admin', plane.kubeconfig)
    return {
      apiServer: plane,
      kubectl,
      folder: ground.folder,
      environment,
      admin,
      target: `gs://${bucket}`,
      provider,
      endpoints,
      async publish() {
        const host = {
          environment: { ...environment, ...operator.environment, KUBECONFIG: adminFile },
          clock: createMovableClock(() => new Date()),
        }
        const { exitCode, stdout, stderr } = await runPullpass(host, ['issuer', 'publish', '--to', `gs://${bucket}`])
        if (exitCode !== 0) throw new Error(stdout + stderr)
      },
      rotate: async (changed) => await plane.restart({ keys: changed }),
      letPublish({ namespace, name }) {
        const principal = principalOf(provider, `system:serviceaccount:${namespace}:${name}`)
        google.policies.allow(bucketResource(bucket), 'roles/storage.objectUser', principal)
      },
      published() {
        const text = google.store.find(bucket, 'openid/v1/jwks')?.bytes.toString() ?? '{"keys":[]}'
        const { keys: found }: { keys: object[] } = JSON.parse(text)
        return found.length
      },
    }
  })
