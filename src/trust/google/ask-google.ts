/** One request to Google on the operator's behalf, with refusals in the words of trust. https://cloud.google.com/apis/design/errors */

import type { Refusal } from '../../outside/answer-fault.ts'
import { asList, asObject, asText } from '../../outside/json-fields.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Received } from '../../outside/send.ts'
import { artifactRegistryEndpoint } from '../../providers/gcp-endpoints.ts'
import { askIam, type IamAsk, type IamConnection } from '../../providers/gcp-iam/ask-iam.ts'
import type { IamCaller, IamOutside } from '../../providers/gcp-iam/iam-caller.ts'
import { operatorToken } from '../../providers/gcp-iam/operator-token.ts'

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

/** Undefined: what it usually means is enough. */
function trustRefusal(status: number, body: unknown): Refusal | undefined {
  const error = asObject(asObject(body)?.['error'])
  const message = asText(error?.['message'])
  if (message === undefined) return undefined
  if (status === 409 || error?.['status'] === 'FAILED_PRECONDITION') return { code: 'TRUST_CONFLICT', message }
  if (status === 400 && /polic(y|ies).*(limit|size|large|members|principals)|too many members/i.test(message)) {
    return {
      code: 'TRUST_POLICY_FULL',
      message,
      expected: 'a policy with room for one more member',
      hint: 'grant to a group or to a principalSet in place of many members, or take back what nobody needs',
    }
  }
  // A service account that was created a moment ago is not known everywhere at once.
  if (status === 400 && /does not exist/.test(message)) return { code: 'TRUST_ABSENT', message }
  if (status === 404) {
    return {
      code: 'TRUST_ABSENT',
      message,
      expected: 'what this change rests on to be there',
      hint: 'run it again: somebody may have taken it away a moment ago; pullpass trust plan shows what is there',
    }
  }
  if (status >= 500) {
    return {
      code: 'TRUST_UNAVAILABLE',
      message,
      retryable: true,
      expected: 'an answer',
      hint: 'nothing to do if it passes: run it again, it takes up where it ended',
    }
  }
  return status === 403 ? denied(message, error?.['details']) : undefined
}

/** Google names the permission in an ErrorInfo, or in its sentence alone. */
function denied(message: string, details: unknown): Refusal {
  const named = asList(details)
    .map((detail) => asText(asObject(asObject(detail)?.['metadata'])?.['permission']))
    .find((permission) => permission !== undefined)
  const permission = named ?? /Permission '([A-Za-z.]+)'/.exec(message)?.[1]
  const [, role] = roles.find(([start]) => permission?.startsWith(start)) ?? []
  if (permission === undefined || role === undefined) return { code: 'TRUST_DENIED', message }
  return {
    code: 'TRUST_DENIED',
    message,
    expected: `the operator to hold ${permission}, which ${role} gives`,
    hint: `gcloud projects add-iam-policy-binding PROJECT --role=${role} --member=user:OPERATOR; then run it again: it takes up where it ended`,
  }
}

/** The narrowest predefined role that gives it. https://cloud.google.com/iam/docs/roles-permissions */
const roles: readonly [start: string, role: string][] = [
  ['iam.workloadIdentityPool', 'roles/iam.workloadIdentityPoolAdmin'],
  ['iam.serviceAccounts.setIamPolicy', 'roles/iam.serviceAccountAdmin'],
  ['iam.serviceAccounts.getIamPolicy', 'roles/iam.serviceAccountAdmin'],
  ['iam.serviceAccounts.get', 'roles/iam.serviceAccountViewer'],
  ['iam.serviceAccounts.create', 'roles/iam.serviceAccountCreator'],
  ['iam.serviceAccounts.delete', 'roles/iam.serviceAccountDeleter'],
  ['artifactregistry.', 'roles/artifactregistry.admin'],
]
