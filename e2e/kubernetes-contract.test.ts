/** Runs the cases of the sandbox's Kubernetes API against a real API server. */
import { kubernetesContract } from './contract/kubernetes-contract.ts'
import { realTargetOf } from './contract/kubernetes-real-target.ts'
import { generateSigningKey } from './parts/control-plane/api-server-plan.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'

const users = Array.from({ length: 100 }, (_, index) => `user-${index}`)

// With snapshots the API server could continue a list for up to 15 s after its version was compacted in etcd.
const featureGates = { ListFromCacheSnapshot: false }

const signing = generateSigningKey()
const keys = { signing, verifying: [signing] }

await withRealPart(
  'a control plane',
  () => startControlPlane({ controllers: 'all', users, featureGates, keys }),
  (controlPlane) => kubernetesContract('kube-apiserver', async () => realTargetOf(controlPlane, keys)),
)
