/** Reads the documents and flags of a trust command, and prepares its operation. */

import { type Document, defaultKeyStateRef, type NamespacedName } from '../../document/document.ts'
import { brokenRule } from '../../document/field-rules.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import { showValue } from '../../document/show-value.ts'
import { checkProxy } from '../../http/proxy.ts'
import { subjectOf } from '../../identity/service-account.ts'
import { trustSetup, withTrustOnly } from '../../trust/needs.ts'
import { listTrustSetups, type PreparedTrust, prepareTrust } from '../../trust/prepare.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { Call } from '../command-line/command.ts'
import { usageFault } from '../command-line/flag.ts'
import { readKeyStateFlag } from '../issuer/flags.ts'
import { clusterIds } from './cluster-ids.ts'
import type { TrustFlags } from './flags.ts'

/** `command`: `trust plan`. @throws USAGE_INVALID, and errors of loadDocuments and prepareTrust */
export async function runTrust<Result>(
  command: string,
  { flags, context, terminal }: Call<TrustFlags>,
  connected: 'always' | 'for its issuer',
  operation: (prepared: PreparedTrust) => Promise<Result>,
): Promise<Result> {
  const subject = readSubject('subject', flags.subject, command)
  const publisher = readSubject('publisher', flags.publisher, command)
  const chosen = withTrustOnly(await loadDocuments(flags.file, { ...context, ...terminal }), context.vendors)
  const { documents } = chosen
  checkProxy(context.environment)
  const setups = await listTrustSetups(documents, context.vendors)
  const { issuer, kubeconfig, context: contexts, repository } = flags
  if (repository !== undefined) await checkRepository(repository, chosen.documents, { command, ...context })
  if (issuer !== undefined && contexts.length > 1)
    throw usageFault(command, '--issuer is given with several contexts', 'one context: each cluster has its own issuer')
  const request = {
    kubeconfig,
    contexts,
    issuer,
    connected,
    subject,
    publisher,
    repository,
    keyStates: readKeyStates(flags['key-state'], documents, command),
    ids: clusterIds(command, flags, setups),
  }
  return await prepareTrust(chosen, request, context, operation)
}

/** ConfigMaps that record revoked keys, of documents whose keys are uploaded. */
function readKeyStates(flag: string | undefined, documents: readonly Document[], command: string): NamespacedName[] {
  const uploading = documents.filter(({ registries }) => registries.some(({ keysUploaded }) => keysUploaded === true))
  if (flag !== undefined && uploading.length === 0) {
    throw usageFault(
      command,
      '--key-state has no effect: no keys are uploaded for these documents',
      'trust.uploadKeys: Always',
    )
  }
  const names = uploading.map(({ issuer }) =>
    flag === undefined ? (issuer?.keyStateRef ?? defaultKeyStateRef) : readKeyStateFlag(flag, command),
  )
  return [...new Map(names.map((name) => [`${name.namespace}/${name.name}`, name])).values()]
}

const subjectForm = /^(?:system:serviceaccount:)?([a-z0-9-]+)[:/]([a-z0-9.-]+)$/

/** NAMESPACE/NAME, or the subject of a token. */
function readSubject(flag: 'subject' | 'publisher', text: string | undefined, command: string): string | undefined {
  if (text === undefined) return undefined
  const [, namespace, name] = subjectForm.exec(text) ?? []
  if (namespace !== undefined && name !== undefined) return subjectOf({ namespace, name })
  throw usageFault(command, `--${flag} is ${showValue(text)}`, 'NAMESPACE/NAME')
}

/** By the rule of the vendor of each registry that does not name its repository. */
async function checkRepository(
  text: string,
  documents: readonly Document[],
  { command, vendors }: Pick<VendorContext, 'vendors'> & { readonly command: string },
): Promise<void> {
  for (const { vendor, settings } of documents.flatMap(({ registries }) => registries)) {
    const setup = await trustSetup(vendor, vendors)
    if (setup.repository(settings) !== undefined) continue
    const expected = brokenRule(setup.repositories.rule, text)
    if (expected !== undefined) throw usageFault(command, `--repository is ${showValue(text)}`, expected)
  }
}
