/**
 * PullSecrets of the cluster, which tenants write. The installation states what they may use, and each has a bounded size: all
 * tenants share one controller.
 */
import type { Document } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { ControlledDocument } from '../documents.ts'

/** What the installation permits to all PullSecrets of the cluster. */
export interface TenantLimits {
  /** In the namespace of the PullSecret. */
  readonly serviceAccounts: readonly string[]
  readonly secretNames: readonly string[]
  readonly audiences: readonly string[]
  /** HOST[:PORT] that may receive a token at any address, or in place of a host of the vendor. */
  readonly endpoints: readonly string[]
}

/** Characters of a spec in JSON: one with all registries that the schema permits has less. A larger one is not kept. */
export const largestTenantSpec: number = 64 * 1024
/** So many PullSecrets of a namespace are used: those that were read first. */
export const mostOfNamespace = 100

/** @throws DOCUMENT_INVALID for what the installation does not permit, with the flag that permits it */
export function checkPermitted({ document, requests }: ControlledDocument, limits: TenantLimits): void {
  if (document.namespace?.startsWith('kube-') === true) throw ofSystem(document)
  const account = document.serviceAccountRef?.name
  if (account !== undefined && !limits.serviceAccounts.includes(account)) {
    throw notPermitted(document, `spec.serviceAccountName is ${account}`, limits.serviceAccounts, {
      flag: `--tenant-service-account ${account}`,
    })
  }
  if (!limits.secretNames.includes(document.secretName)) {
    const field = `the name of the Secret is ${document.secretName}`
    throw notPermitted(document, field, limits.secretNames, { flag: `--secret-name ${document.secretName}` })
  }
  for (const { audiences, registry } of requests) {
    const [audience] = audiences
    if (audience === undefined || limits.audiences.includes(audience)) continue
    const field = `registry ${registry.name} needs a token for audience ${audience}`
    throw notPermitted(document, field, limits.audiences, { flag: `--audience ${audience}` })
  }
}

/** Its accounts and Secrets are of the cluster, and the policies of an installation permit none of them. */
const ofSystem = ({ name, namespace = '' }: Document): PullpassError =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `PullSecret ${namespace}/${name} is in a namespace kube-*`,
    expected: 'another namespace: PullSecrets of kube-* are not used',
    hint: 'select the namespace by its name in a ClusterPullSecret',
    details: { flag: 'none' },
  })

function notPermitted(
  { name, namespace = '' }: Document,
  seen: string,
  permitted: readonly string[],
  { flag }: { readonly flag: string },
): PullpassError {
  return new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `PullSecret ${namespace}/${name}: ${seen}, which the installation does not permit`,
    expected: permitted.length === 0 ? 'nothing: none is permitted' : `one of: ${permitted.join(', ')}`,
    hint: `use a permitted one, or have the operator of the cluster print the installation again with ${flag}`,
    details: { flag },
  })
}

export const tooManyInNamespace = (namespace: string): PullpassError =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `namespace ${namespace} has more than ${mostOfNamespace} PullSecrets, and this one is not used`,
    expected: `at most ${mostOfNamespace} in a namespace`,
    hint: 'delete others, then this one, and create it again; one PullSecret can have several registries',
  })

export const specTooLarge = (title: string): PullpassError =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${title}: spec is too large`,
    expected: `at most ${largestTenantSpec} characters of JSON`,
  })
