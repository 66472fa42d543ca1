/** Where a program of the control plane is found: envtest's folder, or the cache that it is built into. */
import { buildControlPlane } from '../../../tools/real-parts/build-control-plane.ts'
import { findProgram } from '../ground/find-program.ts'

type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubelet'

/**
 * https://book.kubebuilder.io/reference/envtest: KUBEBUILDER_ASSETS names a folder with etcd, kube-apiserver and kubectl.
 * @throws AbsentPart where it does not exist and cannot be built.
 */
export async function findControlPlaneProgram(name: ControlPlaneProgram): Promise<string> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  const folder = assets && (name === 'etcd' || name === 'kube-apiserver') ? assets : await buildControlPlane()
  return findProgram(name, [folder], `it belongs into ${folder}`)
}
