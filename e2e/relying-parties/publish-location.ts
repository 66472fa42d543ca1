/** A target that pullpass publishes to, and that anonymous clients read by https. */

export interface PublishLocation {
  /** The scheme, and the server that is used here. */
  readonly name: string
  readonly issuer: string
  /** Runs the pullpass command as a process. @throws unless it succeeds or serves */
  readonly publish: (cluster: PublishedCluster) => Promise<void>
}

export interface PublishedCluster {
  /** Variables with the cluster's kubeconfig and the CA of the locations. */
  readonly environment: Readonly<Record<string, string>>
  /** `https://127.0.0.1:PORT` */
  readonly apiServer: string
}
