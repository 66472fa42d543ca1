/** The sandbox's Kubernetes API is believed where a real one passes the same cases. */
import { kubernetesContract, type StartedTarget } from './contract/kubernetes-contract.ts'
import { allowUser } from './parts/control-plane/allow-user.ts'
import { compactEtcd } from './parts/control-plane/compact-etcd.ts'
import { createNewKind } from './parts/control-plane/create-new-kind.ts'
import { withRealPart } from './parts/real-part.ts'
import { type ControlPlane, startControlPlane } from './parts/start-control-plane.ts'

const users = Array.from({ length: 100 }, (_, index) => `user-${index}`)

// The API server would go on from its snapshots for up to 15 s after etcd has forgotten what a list began with.
const featureGates = { ListFromCacheSnapshot: false }

await withRealPart(
  'a control plane',
  () => startControlPlane({ controllers: 'all', users, featureGates }),
  (controlPlane) => kubernetesContract('kube-apiserver', async () => targetOf(controlPlane)),
)

function targetOf(controlPlane: ControlPlane): StartedTarget {
  const unusedUsers = [...controlPlane.userTokens]
  return {
    url: controlPlane.server,
    ca: controlPlane.authority,
    adminToken: controlPlane.adminToken,
    issuer: controlPlane.issuer,
    compact: () => compactEtcd(controlPlane.etcdAddress),
    collectionWithoutPast: () => createNewKind(controlPlane),
    async userWith(rules) {
      const [name, token] = unusedUsers.pop() ?? []
      if (name === undefined || token === undefined) throw new Error('the contract asks for more users than there are')
      await allowUser(controlPlane, { name, token }, rules)
      return token
    },
  }
}
