import { kubernetesContract } from '../../../e2e/contract/kubernetes-contract.ts'
import { startSandboxTarget } from '../../../e2e/contract/kubernetes-sandbox-target.ts'

kubernetesContract('sandbox', startSandboxTarget)
