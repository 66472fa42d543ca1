/** The kubeconfig of a cluster's administrator, with a bearer token. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */

export interface ClusterAccess {
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly user: string
  readonly token: string
}

export const renderKubeconfig = ({ server, ca, user, token }: ClusterAccess): string => `apiVersion: v1
kind: Config
current-context: sandbox
clusters:
  - name: sandbox
    cluster:
      server: ${server}
      certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
  - name: ${user}
    user:
      token: ${token}
contexts:
  - name: sandbox
    context:
      cluster: sandbox
      user: ${user}
`
