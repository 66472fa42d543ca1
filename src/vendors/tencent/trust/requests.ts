/** Requests to Tencent Cloud's CAM with the operator's key; error responses become errors of the hop trust. https://www.tencentcloud.com/document/product/598/32231 */
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { send, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asText, type JsonObject } from '../../../text/json-fields.ts'
import { repeatsSecret } from '../../../text/secret-register.ts'
import { shellQuote } from '../../../text/shell.ts'
import { checkOperatorAccount, once } from '../../operator.ts'
import type { VendorChange } from '../../trust/marked-resource.ts'
import { listPages } from '../../trust/pages.ts'
import { actionDenied, orAbsent, throttled } from '../../trust/responses.ts'
import { type ApiAction, deniedIn, errorOf, headersOf, refused, responseOf } from '../api.ts'
import { siteEndpoint } from '../endpoints.ts'
import { operatorKey } from '../operator/sign-in.ts'
import type { TencentSettings } from '../settings.ts'

/** Where CAM and STS are. */
export type CamPlace = Pick<TencentSettings, 'site' | 'region'>

export interface CamConnection {
  readonly context: Context
  readonly place: CamPlace
  /** Signs the operator in, if that was not done. @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED */
  readonly operator: () => Promise<{ readonly account: string; readonly arn: string }>
  readonly call: (request: CamRequest) => Promise<JsonObject>
}

interface OperatorAction extends ApiAction {
  readonly service: 'cam' | 'sts'
}

export interface CamRequest {
  readonly action: string
  readonly fields: Readonly<Record<string, string | number | readonly (string | number)[]>>
}

export function connectCam(place: CamPlace, context: Context): CamConnection {
  const key = once(() => operatorKey(context))
  const request = async (
    action: OperatorAction,
    fields: CamRequest['fields'],
    operator: string,
  ): Promise<JsonObject> => {
    const credentials = await key()
    return await send(context, {
      hop: 'trust',
      service: action.service === 'cam' ? 'Tencent Cloud CAM' : 'Tencent Cloud STS',
      url: `${siteEndpoint(action.service, place.site, context.environment)}/`,
      json: fields,
      headers: headersOf(action, credentials),
      refused,
      refusal: (_, body) => trustRefusal(body, operator),
      read: ({ body }) => {
        if (repeatsSecret(JSON.stringify(body), context.secrets))
          throw new UnexpectedResponse('it repeats a secret of this run')
        const response = responseOf(body)
        if (response === undefined) throw new UnexpectedResponse('it contains no Response')
        return response
      },
    })
  }
  const operator = once(async () => {
    const action = { service: 'sts', action: 'GetCallerIdentity', region: place.region } as const
    const { AccountId, Arn } = await request(action, {}, 'the operator')
    return { account: asText(AccountId) ?? '', arn: asText(Arn) ?? '' }
  })
  return {
    context,
    place,
    operator,
    async call({ action, fields }) {
      const { arn } = await operator()
      return await request({ service: 'cam', action }, fields, arn)
    },
  }
}

/** The last one is of a trust policy: a new provider may not be visible yet. */
const missing = [
  'ResourceNotFound',
  'InvalidParameter.RoleNotExist',
  'InvalidParameter.PolicyIdNotExist',
  'InvalidParameter.PrincipalQcsNotExist',
]
const conflicts = [
  'InvalidParameter.IdentityNameInUse',
  'InvalidParameter.RoleNameInUse',
  'FailedOperation.PolicyNameInUse',
]
const limits = [
  'LimitExceeded',
  'InvalidParameter.RoleFull',
  'FailedOperation.PolicyFull',
  'InvalidParameter.AttachmentFull',
]

/** Undefined: the default error for the status. */
function trustRefusal(body: unknown, operator: string): Refusal | undefined {
  const error = errorOf(body)
  if (error === undefined) return undefined
  const message = `${error.code}: ${error.message}`
  const is = (...names: readonly string[]) => names.some((name) => error.code.startsWith(name))
  if (is('RequestLimitExceeded')) return throttled(message)
  if (is('InternalError')) {
    return {
      code: 'TRUST_UNAVAILABLE',
      message,
      retryable: true,
      expected: 'a response without an error',
      hint: 'no action if this is temporary; run the command again: it continues where it stopped',
    }
  }
  if (is(...missing)) return { code: 'TRUST_NOT_FOUND', message }
  if (is(...conflicts)) return { code: 'TRUST_CONFLICT', message }
  if (is('UnauthorizedOperation', 'AuthFailure.UnauthorizedOperation'))
    return actionDenied(message, operator, deniedIn(message))
  if (is('AuthFailure')) {
    return {
      code: 'TRUST_DENIED',
      message,
      expected: "the operator's key to be accepted",
      hint: 'check the clock of this machine and the key, or sign in again',
      command: 'tccli auth login',
    }
  }
  if (is('InvalidParameter.PolicyDocumentLengthOverLimit')) {
    return {
      code: 'TRUST_POLICY_FULL',
      message,
      expected: 'a policy with space for what the documents need',
      hint: 'use another role for some clusters, service accounts or documents',
    }
  }
  if (is(...limits)) {
    return {
      code: 'TRUST_REFUSED',
      message,
      expected: 'an account within the quotas of CAM',
      hint: 'remove unused resources of this kind',
    }
  }
  return {
    code: 'TRUST_REFUSED',
    message,
    expected: 'a request that CAM accepts',
    hint: 'correct what the message of Tencent Cloud describes',
  }
}

/** Undefined if it does not exist. */
export async function readEntity(cam: CamConnection, request: CamRequest): Promise<JsonObject | undefined> {
  return await orAbsent(cam.call(request))
}

/** Of a page: the most that one has. */
const rows = 200

/** The items of all pages; undefined if the list is incomplete. */
export const listAll = async (
  cam: CamConnection,
  { action, fields }: CamRequest,
): Promise<readonly unknown[] | undefined> =>
  await listPages(async (token = '1') => {
    const page = Number(token)
    const items = asList((await cam.call({ action, fields: { ...fields, Page: page, Rp: rows } }))['List'])
    return { items, next: items.length < rows ? undefined : String(page + 1) }
  })

/** Of the command-line tool: values other than texts are JSON. */
function wordsOf({ place: { site, region }, context }: CamConnection, { action, fields }: CamRequest): string[] {
  const { host } = new URL(siteEndpoint('cam', site, context.environment))
  return [
    'cam',
    action,
    ...Object.entries(fields).flatMap(([name, value]) => [
      `--${name}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    '--region',
    region,
    ...(host === 'cam.tencentcloudapi.com' ? [] : ['--endpoint', host]),
  ]
}

export const commandOf = (cam: CamConnection, request: CamRequest): string =>
  ['tccli', ...wordsOf(cam, request)].map(shellQuote).join(' ')

/** The change that one request makes. */
export const requestChange = (
  change: Pick<VendorChange, 'action' | 'fields' | 'description'>,
  request: CamRequest,
  cam: CamConnection,
): VendorChange => ({
  ...change,
  words: wordsOf(cam, request),
  apply: async () => await cam.call(request),
})

export async function checkAccount({ operator }: CamConnection, account: string, name: string): Promise<void> {
  checkOperatorAccount(
    await operator(),
    { account, name },
    { expected: `a key of account ${account}`, hint: 'select it with TCCLI_PROFILE, and run the command again' },
  )
}
