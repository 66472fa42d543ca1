/** A publish target by its URL or folder; a store is loaded when it is used, with its vendor's library. */
import { checkProxy } from '../http/proxy.ts'
import type { PublishTarget } from '../oidc/issuer-documents.ts'
import { readTarget } from '../vendors/target.ts'
import type { VendorContext } from '../vendors/vendor.ts'

/** @throws USAGE_INVALID, VARIABLE_INVALID, and of a store what opening it throws */
export async function openTarget(text: string, context: VendorContext): Promise<PublishTarget> {
  const target = await readTarget(text, context.environment, context.vendors)
  if (target.kind === 'folder') return (await import('./folder.ts')).folder(target.folder, context)
  checkProxy(context.environment)
  return await target.store.open(target.name, context)
}
