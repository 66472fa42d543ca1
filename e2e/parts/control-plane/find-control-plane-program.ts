/** Finds a program of the control plane: in envtest's folder, or in the build cache. */
import { buildControlPlane, type KubernetesRelease } from '../../../tools/real-parts/build-control-plane.ts'
import { findProgram } from '../process/find-program.ts'

type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubelet'

/**
 * PULLPASS_KUBERNETES is `oldest` (the default) or `newest`: the version that is built. KUBEBUILDER_ASSETS names a folder with
 * etcd, kube-apiserver and kubectl instead: https://book.kubebuilder.io/reference/envtest.
 * @throws AbsentPart if it does not exist and cannot be built
 */
export async function findControlPlaneProgram(name: ControlPlaneProgram): Promise<string> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  const folder = assets && (name === 'etcd' || name === 'kube-apiserver') ? assets : await buildControlPlane(release())
  return findProgram(name, [folder], `put it into ${folder}`)
}

function release(): KubernetesRelease {
  const named = process.env['PULLPASS_KUBERNETES'] || 'oldest'
  if (named === 'oldest' || named === 'newest') return named
  throw new Error(`PULLPASS_KUBERNETES is oldest or newest, not "${named}"`)
}
