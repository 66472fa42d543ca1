/** A document to be completed: values from the host of a registry and the cluster, and what has to be filled in, with comments. */
import { stringify } from 'yaml'
import { plainLine } from '../text/plain-text.ts'

export interface DraftDocument {
  readonly name: string
  /** Empty: it has to be filled in. */
  readonly namespaces: readonly string[]
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined
  /** The namespace of a PullSecret; absent: a ClusterPullSecret. */
  readonly tenant?: string | undefined
  readonly registries: readonly DraftRegistry[]
  /** Identifiers, for a registry whose vendor is not known. */
  readonly vendors: readonly string[]
  /** Comments at the top, a line each. */
  readonly notes: readonly string[]
}

export interface DraftRegistry {
  readonly name: string
  readonly hosts: readonly string[]
  /** Identifier of the vendor; undefined: it is not known by the host. */
  readonly vendor: string | undefined
  /** A comment. */
  readonly facts: string
  readonly fields: readonly {
    readonly name: string
    readonly value?: string
    readonly comment: string
  }[]
  /** Lines of YAML for pullpass trust, written as comments: they have to be completed, and no exchange needs them. */
  readonly trust?: readonly string[]
}

/** The mark of a value that is not known: no rule of a field accepts it. */
const missing = 'FILL_IN'

export interface Draft {
  /** YAML. */
  readonly text: string
  /** The paths of fields that have to be filled in. */
  readonly missing: readonly string[]
  /** The paths of the settings for pullpass trust, which are comments. */
  readonly commented: readonly string[]
}

export function renderDraft(draft: DraftDocument): Draft {
  const unknown: string[] = []
  const fill = (path: string, value: string | undefined): string => {
    if (value !== undefined) return scalar(value)
    unknown.push(path)
    return missing
  }
  const lines = [
    ...draft.notes.map((note) => `# ${plainLine(note)}`), // it can quote the cluster
    'apiVersion: pullpass.dev/v1alpha1',
    `kind: ${draft.tenant === undefined ? 'ClusterPullSecret' : 'PullSecret'}`,
    'metadata:',
    `  name: ${scalar(draft.name)}`,
    ...(draft.tenant === undefined ? [] : [`  namespace: ${scalar(draft.tenant)}`]),
    'spec:',
    ...(draft.tenant === undefined ? clusterFields(draft, fill) : tenantFields(draft, fill)),
    '  registries:',
    ...draft.registries.flatMap((registry, index) =>
      renderRegistry(registry, { at: `spec.registries[${index}]`, vendors: draft.vendors, fill }),
    ),
  ]
  const commented = draft.registries.flatMap(({ vendor, trust = [] }, index) =>
    vendor === undefined || trust.length === 0 ? [] : [`spec.registries[${index}].${vendor}.trust`],
  )
  return { text: `${lines.join('\n')}\n`, missing: unknown, commented }
}

type Fill = (path: string, value: string | undefined) => string

const clusterFields = ({ namespaces, serviceAccount }: DraftDocument, fill: Fill): string[] => [
  '  namespaces:',
  '    include: # Names, and globs such as "team-*".',
  ...(namespaces.length === 0 ? [`      - ${fill('spec.namespaces.include', undefined)}`] : []),
  ...namespaces.map((namespace) => `      - ${scalar(namespace)}`),
  ...(serviceAccount === undefined
    ? [
        '  # The token file of the pod is read. With this instead, a token of the ServiceAccount is requested:',
        '  # serviceAccountRef: {namespace: NAMESPACE, name: NAME}',
      ]
    : [
        '  serviceAccountRef: # Its token is requested. Without this, the token file of the pod is read.',
        `    namespace: ${scalar(serviceAccount.namespace)}`,
        `    name: ${scalar(serviceAccount.name)}`,
      ]),
]

const tenantFields = ({ serviceAccount }: DraftDocument, fill: Fill): string[] => [
  '  # A ServiceAccount of this namespace, whose tokens are exchanged. The controller permits names: --tenant-service-account.',
  `  serviceAccountName: ${fill('spec.serviceAccountName', serviceAccount?.name)}`,
]

interface RegistryForm {
  /** The path of the registry. */
  readonly at: string
  readonly vendors: readonly string[]
  readonly fill: Fill
}

function renderRegistry(
  { name, hosts, vendor, facts, fields, trust = [] }: DraftRegistry,
  { at, vendors, fill }: RegistryForm,
): string[] {
  return [
    `    - name: ${scalar(name)}`,
    `      hosts: [${hosts.map(scalar).join(', ')}] # ${facts}`,
    ...(vendor === undefined
      ? [`      ${fill(`${at}: a vendor`, undefined)}: {} # One of ${vendors.join(', ')}: docs/registries.md.`]
      : [
          `      ${vendor}:`,
          ...fields.flatMap((field, index) => {
            const [own = '', parent] = field.name.split('.').toReversed()
            const before = fields[index - 1]?.name.split('.')[0]
            const indent = parent === undefined ? '        ' : '          '
            return [
              ...(parent === undefined || parent === before ? [] : [`        ${parent}:`]),
              `${indent}# ${field.comment}.`,
              `${indent}${own}: ${fill(`${at}.${vendor}.${field.name}`, field.value)}`,
            ]
          }),
          ...(trust.length === 0
            ? []
            : ['        # For pullpass trust, which sets up the access. Replace the words in capitals:']),
          ...trust.map((line) => `        # ${line}`),
        ]),
  ]
}

const scalar = (value: string): string => stringify(value, { lineWidth: 0 }).trimEnd()
