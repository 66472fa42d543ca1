/** One request to Google on the operator's behalf, with refusals in the words of trust. https://cloud.google.com/apis/design/errors */

import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Received } from '../../outside/send.ts'
import { artifactRegistryEndpoint } from '../../providers/gcp-endpoints.ts'
import { askIam, type IamAsk, type IamConnection } from '../../providers/gcp-iam/ask-iam.ts'
import type { IamCaller, IamOutside } from '../../providers/gcp-iam/iam-caller.ts'
import { operatorToken } from '../../providers/gcp-iam/operator-token.ts'
import { trustRefusal } from './trust-refusal.ts'

const caller: IamCaller = {
  hop: 'trust',
  codes: {
    credentials: 'TRUST_CREDENTIALS_MISSING',
    denied: 'TRUST_DENIED',
    absent: 'TRUST_ABSENT',
    operationFailed: 'TRUST_OPERATION_FAILED',
    operationUnfinished: 'TRUST_OPERATION_UNFINISHED',
  },
}

export type GoogleConnection = IamConnection

/** Nothing is asked yet: the operator's token is granted with the first request. */
export const connectToGoogle = (outside: IamOutside): GoogleConnection => ({
  outside,
  caller,
  token: operatorToken(outside, caller),
})

/** `api`: whose it is; absent: IAM's. @throws TRUST_DENIED, TRUST_ABSENT, TRUST_CONFLICT, TRUST_REFUSED, TRUST_UNAVAILABLE */
export async function askGoogle<T>(
  connection: GoogleConnection,
  ask: Pick<IamAsk<T>, 'method' | 'path' | 'json' | 'read'> & { readonly api?: 'artifactregistry' },
): Promise<T> {
  const { api, ...rest } = ask
  const { environment } = connection.outside
  const endpoint = api === undefined ? {} : { endpoint: artifactRegistryEndpoint(environment) }
  return await askIam(connection, { ...rest, ...endpoint, refusal: trustRefusal })
}

/** What is there; undefined where it is not. */
export async function readAtGoogle<T>(
  connection: GoogleConnection,
  path: string,
  read: (body: unknown) => T,
): Promise<T | undefined> {
  const answer = ({ body }: Received) => read(body)
  return await askGoogle(connection, { method: 'GET', path, read: answer }).catch(undefinedWhereAbsent)
}

export function undefinedWhereAbsent(fault: unknown): undefined {
  if (fault instanceof PullpassError && fault.code === 'TRUST_ABSENT') return undefined
  throw fault
}
