/** A place to publish to, by the words that name it; each kind is loaded when it is used, with its vendor's library. */
import { checkProxy } from '../http/proxy.ts'
import type { PublishTarget } from '../oidc/issuer-documents.ts'
import type { TargetContext } from '../vendors/operator-variables.ts'
import { parseTarget, type TargetName } from '../vendors/parse-target.ts'

type Kind = TargetName['kind']
type Opener<K extends Kind> = (
  name: Extract<TargetName, { kind: K }>,
  context: TargetContext,
) => PublishTarget | Promise<PublishTarget>

const openers: { readonly [K in Kind]: () => Promise<Opener<K>> } = {
  gs: async () => (await import('../vendors/gcp/stores/gs.ts')).gcs,
  s3: async () => (await import('../vendors/aws/stores/s3.ts')).s3,
  azblob: async () => (await import('../vendors/azure/stores/azblob.ts')).azblob,
  'gcp-provider': async () => (await import('../vendors/gcp/stores/gcp-provider.ts')).gcpProvider,
  folder: async () => (await import('./folder.ts')).folder,
}

/** @throws USAGE_INVALID, VARIABLE_INVALID, and of a bucket in S3 what asking for its region throws */
export function openTarget(text: string, context: TargetContext): Promise<PublishTarget> {
  return openAs(parseTarget(text), context)
}

async function openAs<K extends Kind>(
  name: Extract<TargetName, { kind: K }> & { readonly kind: K },
  context: TargetContext,
): Promise<PublishTarget> {
  if (name.kind !== 'folder') checkProxy(context.environment)
  const open = await openers[name.kind]()
  return await open(name, context)
}
