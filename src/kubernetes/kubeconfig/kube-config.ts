/** The one class that is used of Kubernetes' own client: imported by this file, a bundle leaves out the other 3 MB. */

export { KubeConfig } from '@kubernetes/client-node'
