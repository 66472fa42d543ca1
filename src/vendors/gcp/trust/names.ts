/** Paths of resources below the endpoints of Google's APIs, with encoded names. */
import { accountParts } from '../names.ts'
import type { GrantTarget } from './desired-state.ts'

/** Of pools and providers, whose names contain no character that needs encoding. */
export const identityPath = (name: string): string => `v1/${name}`

/**
 * By its address or its unique id, in the project of the address: with the project `-`, Google responds "denied" for an account
 * that does not exist.
 */
export function accountPath(id: string, email: string = id): string {
  const project = accountParts(email)?.project ?? '-'
  return `v1/projects/${encodeURIComponent(project)}/serviceAccounts/${encodeURIComponent(id)}`
}

export const targetPath = (on: GrantTarget): string =>
  on.kind === 'serviceAccount' ? accountPath(on.email) : `v1/${on.name}`
