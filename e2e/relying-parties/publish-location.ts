/** A target that pullpass publishes to, and that anonymous clients read by https. */

export interface PublishLocation {
  /** As a user names it, and whose server it is here. */
  readonly name: string
  readonly issuer: string
  /** By pullpass' own command, as a process. @throws unless it has ended well, or serves */
  readonly publish: (cluster: PublishedCluster) => Promise<void>
}

export interface PublishedCluster {
  /** What leads a process to the cluster, and lets it believe the places' certificates. */
  readonly environment: Readonly<Record<string, string>>
  /** `https://127.0.0.1:PORT` */
  readonly apiServer: string
}
