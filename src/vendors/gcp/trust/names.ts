/** Where Google keeps a resource: paths below its API's endpoint, what varies in them encoded. */
import { accountParts } from '../names.ts'
import type { GrantTarget } from './desired-state.ts'

/** Of pools and providers, whose names the document's rules keep free of what would need encoding. */
export const identityPath = (name: string): string => `v1/${name}`

/**
 * By its address, or by its unique id, in the project that the address tells: for `-` Google says "denied" of an account that
 * does not exist.
 */
export function accountPath(id: string, email: string = id): string {
  const project = accountParts(email)?.project ?? '-'
  return `v1/projects/${encodeURIComponent(project)}/serviceAccounts/${encodeURIComponent(id)}`
}

export const targetPath = (on: GrantTarget): string =>
  on.kind === 'serviceAccount' ? accountPath(on.email) : `v1/${on.name}`
