/** Requests to AWS IAM with the operator's credentials; error responses become errors of the hop trust. https://docs.aws.amazon.com/IAM/latest/APIReference/ */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { send, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { Redacted } from '../../../text/redacted.ts'
import { repeatsSecret } from '../../../text/secret-register.ts'
import { shellVariable } from '../../../text/shell.ts'
import { checkOperatorAccount, once } from '../../operator.ts'
import { listPages } from '../../trust/pages.ts'
import { actionDenied, orAbsent, throttled, unavailable } from '../../trust/responses.ts'
import { iamEndpoint, stsEndpoint } from '../endpoints.ts'
import { awsRequestHandler } from '../operator/library-transport.ts'
import { awsIdentity, noCredentials } from '../operator/sign-in.ts'
import { partitionOfRegion } from '../partitions.ts'
import { queryBody, queryError } from '../query-body.ts'
import { type AwsCredentials, type SigningScope, signatureHeaders } from '../sign.ts'

export interface IamConnection {
  readonly context: Context
  /** The operator's identity at AWS. Signs the operator in, if that was not done. @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED */
  readonly operator: () => Promise<{ readonly account: string; readonly arn: string }>
  readonly call: (action: string, fields: Readonly<Record<string, string>>) => Promise<JsonObject>
}

/** The operator signs in at the token service of the region. */
export function connectIam(region: string, context: Context): IamConnection {
  const credentials = signIn(region, context)
  const operator = once(async () => {
    const { Account, Arn } = await request(context, credentials, identityRequest(region, context))
    return { account: asText(Account) ?? '', arn: asText(Arn) ?? '' }
  })
  const { name, iamRegion, suffix } = partitionOfRegion(region)
  return {
    context,
    operator,
    async call(action, fields) {
      const { arn } = await operator()
      return await request(context, credentials, {
        url: `${iamEndpoint(name, iamRegion, suffix, context.environment)}/`,
        action,
        fields,
        version: '2010-05-08',
        scope: { service: 'iam', region: iamRegion },
        operator: arn,
      })
    },
  }
}

const identityRequest = (region: string, { environment }: Context) => ({
  url: `${stsEndpoint({ region }, environment)}/`,
  action: 'GetCallerIdentity',
  fields: {},
  version: '2011-06-15',
  scope: { service: 'sts', region },
  operator: 'the operator',
})

type Credentials = () => Promise<AwsCredentials>

function signIn(region: string, context: Context): Credentials {
  const identity = awsIdentity({ region, requestHandler: awsRequestHandler(context) }, context)
  return async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await identity().catch((error: unknown) => {
      throw asTrustFault(error)
    })
    const token = sessionToken === undefined ? undefined : new Redacted(sessionToken)
    const secret = new Redacted(secretAccessKey)
    context.secrets.add(secret, token)
    return { accessKeyId, secretAccessKey: secret, sessionToken: token }
  }
}

/** Converts an error of the operator's credentials from publishing to the hop trust. */
function asTrustFault(error: unknown): unknown {
  const isAbsent = error instanceof Error && ['CredentialsProviderError', 'TokenProviderError'].includes(error.name)
  const fault = isAbsent ? noCredentials() : error
  if (!(fault instanceof PullpassError) || fault.code !== 'PUBLISH_CREDENTIALS_MISSING') return fault
  const { seen, expected, hint, command } = fault
  return new PullpassError({ code: 'TRUST_CREDENTIALS_MISSING', hop: 'trust', seen, expected, hint, command })
}

interface QueryRequest {
  readonly url: string
  readonly action: string
  readonly version: string
  readonly fields: Readonly<Record<string, string>>
  readonly scope: SigningScope
  /** ARN. */
  readonly operator: string
}

/** The content of `ACTIONResult`; empty for an action without a result. */
async function request(
  context: Context,
  credentials: Credentials,
  { url, action, version, fields, scope, operator }: QueryRequest,
): Promise<JsonObject> {
  const identity = await credentials()
  return await send(context, {
    hop: 'trust',
    service: scope.service === 'iam' ? 'AWS IAM' : "AWS's token service",
    url,
    form: { Action: action, Version: version, ...fields },
    headers: (sent) => ({ accept: 'text/xml', ...signatureHeaders(sent, identity, scope) }),
    format: queryBody,
    refusal: (status, body) => trustRefusal(status, body, operator),
    read: ({ body }) => {
      if (repeatsSecret(JSON.stringify(body), context.secrets))
        throw new UnexpectedResponse('it repeats a secret of this run')
      const response = asObject(asObject(body)?.[`${action}Response`])
      if (response === undefined) throw new UnexpectedResponse(`it contains no ${action}Response`)
      return asObject(response[`${action}Result`]) ?? {}
    },
  })
}

const conflicts = ['EntityAlreadyExists', 'ConcurrentModification', 'DeleteConflict', 'EntityTemporarilyUnmodifiable']
const unaccepted = [
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'IncompleteSignature',
  'UnrecognizedClient',
]

/** Undefined: the default error for the status. */
function trustRefusal(status: number, body: unknown, operator: string): Refusal | undefined {
  const error = queryError(body)
  if (error === undefined) return undefined
  const { code } = error
  const message = `${code}: ${error.message}`
  const is = (names: readonly string[]) => names.some((name) => code.startsWith(name))
  if (is(['Throttling', 'RequestLimitExceeded'])) return throttled(message)
  if (status >= 500) return unavailable(message)
  if (is(['NoSuchEntity'])) return { code: 'TRUST_NOT_FOUND', message }
  if (is(conflicts)) return { code: 'TRUST_CONFLICT', message }
  if (is(['AccessDenied'])) return denied(message, error.message, operator)
  if (is(unaccepted)) {
    return {
      code: 'TRUST_DENIED',
      message,
      expected: "the operator's credentials to be accepted",
      hint: 'check the clock of this machine, and sign in again',
      command: 'aws sso login',
    }
  }
  if (is(['LimitExceeded'])) return limitReached(message, error.message)
  if (is(['OpenIdIdpCommunicationError'])) {
    return {
      code: 'TRUST_REFUSED',
      message,
      expected: "the issuer's metadata to be readable without credentials: IAM reads the certificate of the issuer",
      hint: 'set aws.trust.thumbprints, or publish it first',
      command: `pullpass issuer publish --to ${shellVariable('TARGET')}`,
    }
  }
  return {
    code: 'TRUST_REFUSED',
    message,
    expected: 'a request that IAM accepts',
    hint: 'correct what the message of AWS describes',
  }
}

/** AWS names the action and the resource. */
function denied(message: string, words: string, operator: string): Refusal {
  const [, action, resource] =
    /not authorized to perform: ([a-z-]{1,40}:[A-Za-z]{1,80}) on resource: ([!-~]{1,600})/.exec(words.slice(0, 2000)) ??
    []
  return actionDenied(message, operator, { action, resource })
}

function limitReached(message: string, words: string): Refusal {
  if (/ACLSizePerRole|PolicySize|InlinePolicy/i.test(words)) {
    return {
      code: 'TRUST_POLICY_FULL',
      message,
      expected: 'a policy with space for another statement',
      hint: 'use another role for some clusters or service accounts, or request a higher quota of AWS',
    }
  }
  return {
    code: 'TRUST_REFUSED',
    message,
    expected: 'an account within the quotas of IAM',
    hint: 'remove unused resources of this kind, or request a higher quota of AWS',
  }
}

/** `NAME.member.1`, `NAME.member.2`, … */
export const listFields = (name: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`${name}.member.${index + 1}`, value]))

/** Undefined if it does not exist. */
export async function readEntity(
  { call }: IamConnection,
  action: string,
  fields: Readonly<Record<string, string>>,
): Promise<JsonObject | undefined> {
  return await orAbsent(call(action, fields))
}

/** The items of all pages; undefined if the list is incomplete. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html */
export const listAll = async (
  { call }: IamConnection,
  action: string,
  fields: Readonly<Record<string, string>>,
  member: string,
): Promise<readonly unknown[] | undefined> =>
  await listPages(async (marker) => {
    const body = await call(action, { ...fields, ...(marker !== undefined && { Marker: marker }) })
    const next = body['IsTruncated'] === 'true' ? (asText(body['Marker']) ?? '') : undefined
    return { items: asList(body[member]), next }
  })

export async function checkAccount({ operator }: IamConnection, account: string, name: string): Promise<void> {
  checkOperatorAccount(
    await operator(),
    { account, name },
    { expected: `credentials of account ${account}`, hint: 'select them with AWS_PROFILE, and run the command again' },
  )
}
