/** Faults of the document that doctor is given: nothing in the world is wrong. */
import type { Code } from '../../../src/errors/codes.ts'

interface DocumentFault {
  readonly title: string
  /** Of the file. */
  readonly text: string
  readonly code: Code
  readonly seen: RegExp
  /** What was expected, or is to be done. */
  readonly wants: RegExp
}

const documentOf = (name: string, registry: string, more = '') =>
  [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    `metadata: {name: ${name}}`,
    `spec: {${more}secretName: regcred, namespaces: {include: [team-a]}, registries: [${registry}]}`,
    '',
  ].join('\n')

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const google = `{name: google, hosts: ["localhost:1"], gcp: {workloadIdentityProvider: ${provider}}}`

export const documentFaults: readonly DocumentFault[] = [
  {
    title: 'that it is not YAML',
    text: 'kind: [',
    code: 'DOCUMENT_INVALID',
    seen: /pull\.yaml:1:8: not YAML: /,
    wants: /^YAML or JSON$/,
  },
  {
    title: 'that it lacks its spec',
    text: 'apiVersion: pullpass.dev/v1alpha1\nkind: ClusterPullSecret\nmetadata: {name: pull}\n',
    code: 'DOCUMENT_INVALID',
    seen: /pull\.yaml:1:1: spec is missing$/,
    wants: /^an object with namespaces, registries$/,
  },
  {
    title: 'that a registry names no vendor',
    text: documentOf('pull', '{name: google, hosts: [europe-docker.pkg.dev]}'),
    code: 'DOCUMENT_INVALID',
    seen: /pull\.yaml:4:\d+: spec\.registries\[0\] names no vendor$/,
    wants: /^exactly one of: gcp, /,
  },
  {
    title: 'that two documents claim one Secret',
    text: `${documentOf('one', google)}---\n${documentOf('two', google)}`,
    code: 'SECRET_CLAIMED_TWICE',
    seen: /^Secret team-a\/regcred is claimed by ClusterPullSecret one .* and by ClusterPullSecret two /,
    wants: /^merge their registries into one document, or give one of them another secretName/m,
  },
]
