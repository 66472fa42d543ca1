/** Hosts of registries that accept no token of a cluster: docs/registries.md. An existing credential is copied. */
import type { DraftOf } from '../vendor.ts'

const registries: ReadonlyMap<string, readonly [name: string, title: string]> = new Map([
  ['docker.io', ['docker-hub', 'Docker Hub']],
  ['index.docker.io', ['docker-hub', 'Docker Hub']],
  ['registry-1.docker.io', ['docker-hub', 'Docker Hub']],
  ['ghcr.io', ['ghcr', 'GHCR']],
])

export const draft: DraftOf = (host) => {
  const [name, title] = registries.get(host) ?? []
  if (name === undefined) return undefined
  return {
    name,
    credential: name,
    facts: `${title} issues no credential for a token of the cluster, so that an existing one is copied`,
    fields: [
      {
        name: 'secretRef.namespace',
        comment: 'The namespace of the Secret with the credential. kubectl create secret docker-registry creates one',
      },
      { name: 'secretRef.name', comment: 'The name of that Secret' },
    ],
  }
}
