/** One request to Google on the operator's behalf, with refusals in the words of trust. https://cloud.google.com/apis/design/errors */

import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Received } from '../../outside/send.ts'
import { artifactRegistryEndpoint } from '../../providers/gcp-endpoints.ts'
import { askIam, type IamAsk, type IamConnection } from '../../providers/gcp-iam/ask-iam.ts'
import type { IamCaller, IamOutside } from '../../providers/gcp-iam/iam-caller.ts'
import { type OperatorMember, operatorMember } from '../../providers/gcp-iam/operator-member.ts'
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

export interface GoogleConnection extends IamConnection {
  readonly operator: OperatorMember
}

/** @throws TRUST_CREDENTIALS_MISSING, CREDENTIAL_FILE_INVALID, TRUST_DENIED */
export async function connectToGoogle(outside: IamOutside): Promise<GoogleConnection> {
  const token = operatorToken(outside, caller)
  await token()
  return { outside, caller, token, operator: await operatorMember(outside.environment, caller) }
}

/** `api`: whose it is; absent: IAM's. @throws TRUST_DENIED, TRUST_ABSENT, TRUST_CONFLICT, TRUST_REFUSED, TRUST_UNAVAILABLE */
export async function askGoogle<T>(
  connection: GoogleConnection,
  ask: Pick<IamAsk<T>, 'method' | 'path' | 'json' | 'read'> & { readonly api?: 'artifactregistry' },
): Promise<T> {
  const { api, ...rest } = ask
  const { environment } = connection.outside
  const endpoint = api === undefined ? {} : { endpoint: artifactRegistryEndpoint(environment) }
  const about = { operator: connection.operator, project: projectIn(ask.path) }
  return await askIam(connection, {
    ...rest,
    ...endpoint,
    refusal: (status, body) => trustRefusal(status, body, about),
  })
}

/** `-` is any. */
function projectIn(path: string): string | undefined {
  const project = decodeURIComponent(/^v1\/projects\/([^/?:]+)/.exec(path)?.[1] ?? '-')
  return project === '-' ? undefined : project
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
