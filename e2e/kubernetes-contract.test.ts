/** The sandbox's Kubernetes API is believed where a real one passes the same cases. */
import { kubernetesContract } from './contract/kubernetes-contract.ts'
import { realTargetOf } from './contract/kubernetes-real-target.ts'
import { generateSigningKey } from './parts/control-plane/write-key-files.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'

const users = Array.from({ length: 100 }, (_, index) => `user-${index}`)

// The API server would go on from its snapshots for up to 15 s after etcd has forgotten what a list began with.
const featureGates = { ListFromCacheSnapshot: false }

const signing = generateSigningKey()
const keys = { signing, verifying: [signing] }

await withRealPart(
  'a control plane',
  () => startControlPlane({ controllers: 'all', users, featureGates, keys }),
  (controlPlane) => kubernetesContract('kube-apiserver', async () => realTargetOf(controlPlane, keys)),
)
