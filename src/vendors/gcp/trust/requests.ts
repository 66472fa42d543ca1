/** One request to Google with the operator's credentials, with refusals as errors of trust. https://cloud.google.com/apis/design/errors */
import type { Refusal } from '../../../http/request-errors.ts'
import type { ApiResponse } from '../../../http/send.ts'
import { asList, asObject, asText } from '../../../text/json-fields.ts'
import { shellQuote, shellVariable } from '../../../text/shell.ts'
import { once } from '../../operator.ts'
import { orAbsent } from '../../trust/responses.ts'
import { accessRefusal } from '../access-refusals.ts'
import { artifactRegistryEndpoint } from '../endpoints.ts'
import { type IamConnection, type IamRequest, sendIamRequest } from '../iam.ts'
import { accountParts } from '../names.ts'
import type { IamCaller, IamContext } from '../operator/caller.ts'
import { type OperatorMember, operatorMember } from '../operator/operator-member.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { GrantTarget } from './desired-state.ts'

const caller: IamCaller = {
  hop: 'trust',
  codes: {
    credentials: 'TRUST_CREDENTIALS_MISSING',
    denied: 'TRUST_DENIED',
    absent: 'TRUST_NOT_FOUND',
    operationFailed: 'TRUST_OPERATION_FAILED',
    operationUnfinished: 'TRUST_OPERATION_UNFINISHED',
  },
}

export interface GcpConnection extends IamConnection {
  /** Signs the operator in, if that was not done. @throws TRUST_CREDENTIALS_MISSING, CREDENTIAL_FILE_INVALID, TRUST_DENIED */
  readonly operator: () => Promise<OperatorMember>
}

export function connectOperator(context: IamContext): GcpConnection {
  const token = operatorToken(context, caller)
  const operator = once(async () => {
    await token()
    return await operatorMember(context.environment, caller)
  })
  return {
    context,
    caller,
    operator,
    async token() {
      await operator()
      return await token()
    },
  }
}

/** `api`: absent: IAM. @throws TRUST_DENIED, TRUST_NOT_FOUND, TRUST_CONFLICT, TRUST_REFUSED, TRUST_UNAVAILABLE */
export async function sendTrustRequest<T>(
  connection: GcpConnection,
  request: Pick<IamRequest<T>, 'method' | 'path' | 'json' | 'read'> & { readonly api?: 'artifactregistry' },
): Promise<T> {
  const { api, ...rest } = request
  const { environment } = connection.context
  const endpoint = api === undefined ? {} : { endpoint: artifactRegistryEndpoint(environment) }
  const about = { operator: await connection.operator(), project: projectIn(request.path) }
  return await sendIamRequest(connection, {
    ...rest,
    ...endpoint,
    refusal: (status, body) => trustRefusal(status, body, about),
  })
}

/** Undefined for `-`, the wildcard. */
function projectIn(path: string): string | undefined {
  const project = decodeURIComponent(/^v1\/projects\/([^/?:]+)/.exec(path)?.[1] ?? '-')
  return project === '-' ? undefined : project
}

/** Undefined if it does not exist. */
export async function readResource<T>(
  connection: GcpConnection,
  path: string,
  read: (body: unknown) => T,
): Promise<T | undefined> {
  const response = ({ body }: ApiResponse) => read(body)
  return await orAbsent(sendTrustRequest(connection, { method: 'GET', path, read: response }))
}

/** For the fix of a refusal. https://cloud.google.com/apis/design/errors */
export interface RequestSubject {
  readonly operator: OperatorMember
  /** ID or number of the project; undefined if the request names none. */
  readonly project: string | undefined
}

/** Undefined: the general meaning applies. @internal */
export function trustRefusal(status: number, body: unknown, about: RequestSubject): Refusal | undefined {
  const error = asObject(asObject(body)?.['error'])
  const message = asText(error?.['message'])
  if (message === undefined) return undefined
  const access = accessRefusal(body)
  if (access !== undefined) return access
  if (status === 409 || error?.['status'] === 'FAILED_PRECONDITION') return { code: 'TRUST_CONFLICT', message }
  if (status === 400) return invalid(message)
  if (status === 403) return denied(message, error?.['details'], about)
  if (status === 404) {
    return {
      code: 'TRUST_NOT_FOUND',
      message,
      expected: 'the resources that this change requires to exist',
      hint: 'run it again: it may have just been deleted; to show what exists',
      command: `pullpass trust plan -f ${shellVariable('DOCUMENTS')}`,
    }
  }
  if (status < 500) return undefined
  return {
    code: 'TRUST_UNAVAILABLE',
    message,
    retryable: true,
    expected: 'a response',
    hint: 'no action if this is temporary: run the command again, and it continues where it ended',
  }
}

function invalid(message: string): Refusal | undefined {
  if (isPolicyFull(message)) {
    return {
      code: 'TRUST_POLICY_FULL',
      message,
      expected: 'a policy below the limit of members',
      hint: 'grant to a group or to a principalSet instead of many members, or remove unused members',
    }
  }
  if (/deleted member/.test(message)) {
    return {
      code: 'TRUST_NOT_FOUND',
      message,
      expected: 'a policy without a deleted account of the same name',
      hint: 'an undeleted account takes effect everywhere after some minutes: run it again then; remove a deleted account from the policy',
    }
  }
  // A new service account does not take effect everywhere immediately.
  return /does not exist/.test(message) ? { code: 'TRUST_NOT_FOUND', message } : undefined
}

/** `Policy … exceeds the size limit`, in several wordings. */
function isPolicyFull(message: string): boolean {
  const words = message.toLowerCase()
  if (words.includes('too many members')) return true
  const policy = words.search(/polic(?:y|ies)/)
  return policy !== -1 && /limit|size|large|members|principals/.test(words.slice(policy))
}

/** Google names the permission in an ErrorInfo, or only in the message. */
function denied(message: string, details: unknown, { operator, project }: RequestSubject): Refusal {
  const named = asList(details)
    .map((detail) => asText(asObject(asObject(detail)?.['metadata'])?.['permission']))
    .find((permission) => permission !== undefined)
  const permission = named ?? /Permission '([A-Za-z.]+)'/.exec(message)?.[1]
  const [, role] = roles.find(([start]) => permission?.startsWith(start)) ?? []
  if (permission === undefined || role === undefined) return { code: 'TRUST_DENIED', message }
  const unknown = [
    ...(project === undefined ? ['PROJECT_ID: that of the resource'] : []),
    ...(operator.unknown === undefined ? [] : [operator.unknown]),
  ]
  const meanings = unknown.length === 0 ? '' : ` (${unknown.join('; ')})`
  const on = project === undefined ? shellVariable('PROJECT_ID') : shellQuote(project)
  return {
    code: 'TRUST_DENIED',
    message,
    expected: `the operator to have ${permission}, which ${role} contains`,
    hint: `grant it, and run it again, it continues where it ended${meanings}`,
    command: `gcloud projects add-iam-policy-binding ${on} --role=${role} --member=${operator.member} --condition=None`,
  }
}

/** The predefined role with the fewest permissions that contains it. https://cloud.google.com/iam/docs/roles-permissions */
const roles: readonly [start: string, role: string][] = [
  ['iam.workloadIdentityPool', 'roles/iam.workloadIdentityPoolAdmin'],
  ['iam.serviceAccounts.setIamPolicy', 'roles/iam.serviceAccountAdmin'],
  ['iam.serviceAccounts.getIamPolicy', 'roles/iam.serviceAccountAdmin'],
  ['iam.serviceAccounts.get', 'roles/iam.serviceAccountViewer'],
  ['iam.serviceAccounts.undelete', 'roles/iam.serviceAccountAdmin'],
  ['iam.serviceAccounts.create', 'roles/iam.serviceAccountCreator'],
  ['iam.serviceAccounts.delete', 'roles/iam.serviceAccountDeleter'],
  ['artifactregistry.', 'roles/artifactregistry.admin'],
]

// Paths of resources below the endpoints of Google's APIs, with encoded names.

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
