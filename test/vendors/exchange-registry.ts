/** A registry of a vendor as a user writes it, and its exchange. */
import assert from 'node:assert/strict'
import type { RegistryCredential } from '../../src/credential/registry-credential.ts'
import type { Document } from '../../src/document/document.ts'
import { loadDocuments } from '../../src/document/load-documents.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import type { SubjectToken } from '../../src/identity/subject-token.ts'
import { bindExchange, type ExchangeContext } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'

/** `registry`: its fields in YAML, besides its name. */
export const documentOf = (registry: string, kind: Document['kind'] = 'ClusterPullSecret'): string =>
  kind === 'PullSecret'
    ? `apiVersion: pullpass.dev/v1alpha1
kind: PullSecret
metadata: {name: pull, namespace: team-a}
spec:
  serviceAccountName: puller
  registries:
    - {name: images, ${registry}}
`
    : `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - {name: images, ${registry}}
`

export async function loadRegistry(registry: string, kind?: Document['kind']): Promise<Document['registries'][number]> {
  const text = documentOf(registry, kind)
  const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
  return document?.registries[0] ?? assert.fail('the document has no registry')
}

export async function exchangeFor(
  registry: string,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<RegistryCredential> {
  const { exchange } = await bindExchange(await loadRegistry(registry), vendors)
  return await exchange(subjectToken, context)
}

/** The error with which it fails. */
export async function faultOf(promise: Promise<unknown>): Promise<PullpassError> {
  return await promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => (error instanceof PullpassError ? error : assert.fail(String(error))),
  )
}
