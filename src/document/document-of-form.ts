/** From what was written to what is wanted: defaults, the tenant's limits, and each vendor's settings. */
import type { Document, DocumentRegistry } from './document.ts'
import type { DocumentForm, RegistryForm } from './document-form.ts'
import { pathFrom } from './file-path.ts'
import type { TokenSource } from './token-source.ts'
import { vendors } from './vendors.ts'

interface FormPlace {
  /** `gcp.yaml:12`. */
  readonly at: string
  /** Where relative paths start. */
  readonly folder: string
}

/** `form` keeps the schema and its rules. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE */
export async function documentOfForm(form: DocumentForm, { at, folder }: FormPlace): Promise<Document> {
  const registries: DocumentRegistry[] = []
  for (const registry of form.spec.registries) registries.push(await registryOf(registry, form, folder))
  const common = {
    name: form.metadata.name,
    source: at,
    secretName: form.spec.secretName ?? form.metadata.name,
    registries,
  }
  if (form.kind === 'PullSecret') {
    const { namespace } = form.metadata
    return {
      ...common,
      ...defaults,
      kind: form.kind,
      namespace,
      namespaces: { include: [namespace] },
      serviceAccountRef: { namespace, name: form.spec.serviceAccountName },
    }
  }
  const { secretName: _, registries: __, ...spec } = form.spec
  return { ...common, ...defaults, kind: form.kind, ...spec }
}

const defaults = {
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
} as const

async function registryOf(form: RegistryForm, document: DocumentForm, folder: string): Promise<DocumentRegistry> {
  const { name, hosts, audience } = form
  for (const vendor of Object.values(vendors)) {
    const read = await vendor.read(form, folder)
    if (read === undefined) continue
    const { token, ...provider } = read
    return { name, hosts, ...(audience && { audience }), ...tokenOf(form, document, { token, folder }), ...provider }
  }
  throw new TypeError(`registry ${name} passed its checks without a provider`)
}

/** What the document itself says of the token wins over a credential file that it names. */
function tokenOf(
  form: RegistryForm,
  document: DocumentForm,
  found: { token: TokenSource | undefined; folder: string },
) {
  if (form.tokenFile !== undefined) return { tokenFile: pathFrom(found.folder, form.tokenFile) }
  const requested = document.kind === 'PullSecret' || document.spec.serviceAccountRef !== undefined
  return requested ? {} : found.token
}
