/**
 * A real control plane whose service account tokens Google trusts, and pullpass as a separate process.
 * https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlPlanePlan } from './control-plane/api-server-plan.ts'
import { requestKubernetes } from './control-plane/request-kubernetes.ts'
import { anonymousIssuerDiscovery, clusterRoleBindings } from './control-plane/users.ts'
import { pullpassProgram } from './process/pullpass-program.ts'
import { type ProgramRun, runProgram } from './process/run-program.ts'
import { startPart } from './process/start-part.ts'
import type { RealPart } from './real-part.ts'
import { type ControlPlane, startControlPlane } from './start-control-plane.ts'
import { type Google, startGoogle } from './start-google.ts'

export interface FederatedCluster extends RealPart {
  readonly controlPlane: ControlPlane
  readonly google: Google
  /** The drop-in variables (Secret `regcred` in namespace default), and the addresses of this cluster and its Google. */
  readonly environment: Readonly<Record<string, string>>
  /** pullpass as its own process, with a fresh token and variables on top of those. */
  readonly pullpass: (argv: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<ProgramRun>
  /** Writes a new subject token, as the kubelet does. */
  readonly writeToken: () => Promise<void>
}

const account = 'system:serviceaccount:default:pullpass'

export const startFederatedCluster = (plan: ControlPlanePlan = {}): Promise<FederatedCluster> =>
  startPart('federated-cluster', async ({ folder, use }) => {
    const controlPlane = await use(startControlPlane(plan))
    await create(controlPlane, clusterRoleBindings, anonymousIssuerDiscovery)
    await create(controlPlane, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'pullpass' } })
    const google = await use(startGoogle(controlPlane, account))

    const inFolder = (name: string) => join(folder, name)
    await writeFile(inFolder('kubeconfig'), controlPlane.kubeconfig, { mode: 0o600 })
    await writeFile(inFolder('google.pem'), google.authority)
    const environment = {
      ...google.environment,
      REGISTRY_SECRET_NAME: 'regcred',
      REGISTRY_SECRET_NAMESPACES: 'default',
      KUBECONFIG: inFolder('kubeconfig'),
      PULLPASS_TOKEN_FILE: inFolder('token'),
      PULLPASS_CA_FILE: inFolder('google.pem'),
    }
    const writeToken = async () =>
      writeFile(inFolder('token'), await requestToken(controlPlane, google.audience), { mode: 0o600 })
    return {
      controlPlane,
      google,
      environment,
      writeToken,
      async pullpass(argv, changes) {
        await writeToken()
        return runProgram(process.execPath, [pullpassProgram, ...argv], { environment: { ...environment, ...changes } })
      },
    }
  })

/** As the kubelet requests a projected token. */
async function requestToken(controlPlane: ControlPlane, audience: string): Promise<string> {
  const path = '/api/v1/namespaces/default/serviceaccounts/pullpass/token'
  const body = await create(controlPlane, path, { spec: { audiences: [audience], expirationSeconds: 3600 } })
  const tokenRequest: { status: { token: string } } = JSON.parse(body)
  return tokenRequest.status.token
}

async function create(controlPlane: ControlPlane, path: string, body: object): Promise<string> {
  const response = await requestKubernetes(controlPlane, { method: 'POST', path, body })
  if (response.status !== 201) throw new Error(`${path} returned ${response.status}: ${response.body}`)
  return response.body
}
