/**
 * Requests to RAM and IMS with the operator's access key; error responses become errors of the hop trust. Actions and parameters are
 * those of Alibaba Cloud's own clients (@alicloud/ram20150501, @alicloud/ims20190815); codes of errors are those of
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-errorcodes as its Terraform provider evaluates them.
 */
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { send, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { repeatsSecret } from '../../../text/secret-register.ts'
import { checkOperatorAccount, once } from '../../operator.ts'
import type { VendorChange } from '../../trust/marked-resource.ts'
import { listPages } from '../../trust/pages.ts'
import { actionDenied, orAbsent, throttled, unavailable } from '../../trust/responses.ts'
import { centralEndpoint } from '../endpoints.ts'
import { operatorCredentials } from '../operator/sign-in.ts'
import { newNonce, signatureHeaders } from '../sign.ts'

/** An action of a service, for its API and for the command-line tool. */
export interface RamCall {
  readonly service: 'ram' | 'ims'
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

export interface RamConnection {
  readonly context: Context
  /** The operator's identity. Signs the operator in, if that was not done. @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED */
  readonly operator: () => Promise<Operator>
  readonly call: (call: RamCall) => Promise<JsonObject>
}

interface Operator {
  readonly account: string
  readonly arn: string
}

const services = {
  ram: { title: 'Alibaba Cloud RAM', version: '2015-05-01' },
  ims: { title: 'Alibaba Cloud IMS', version: '2019-08-15' },
  sts: { title: 'Alibaba Cloud STS', version: '2015-04-01' },
} as const

export function connectRam(context: Context): RamConnection {
  const credentials = once(() => operatorCredentials(context))
  const request = async (
    { service, action, fields }: Omit<RamCall, 'service'> & { readonly service: keyof typeof services },
    operator: string,
  ) => {
    const signing = await credentials()
    const { title, version } = services[service]
    return await send(context, {
      hop: 'trust',
      service: title,
      url: `${centralEndpoint(service, context.environment)}/`,
      form: fields,
      headers: (sent) => signatureHeaders(sent, signing, { action, version, nonce: newNonce(context) }),
      refusal: (status, body) => trustRefusal(status, body, operator),
      read: ({ body }) => {
        if (repeatsSecret(JSON.stringify(body), context.secrets))
          throw new UnexpectedResponse('it repeats a secret of this run')
        const response = asObject(body)
        if (response === undefined) throw new UnexpectedResponse('it is not an object')
        return response
      },
    })
  }
  const operator = once(async () => {
    const identity = { service: 'sts', action: 'GetCallerIdentity', fields: {} } as const
    const { AccountId, Arn } = await request(identity, 'the operator')
    return { account: asText(AccountId) ?? '', arn: asText(Arn) ?? '' }
  })
  return { context, operator, call: async (call) => await request(call, (await operator()).arn) }
}

/** A change that consists of one call. */
export const changeByCall = (
  change: Omit<VendorChange, 'words' | 'apply'>,
  call: RamCall,
  ram: RamConnection,
): VendorChange => ({ ...change, words: wordsOf(call), apply: async () => await ram.call(call) })

/** Of the command-line tool. https://www.alibabacloud.com/help/en/cli/command-syntax */
export const wordsOf = ({ service, action, fields }: RamCall): string[] => [
  service,
  action,
  ...Object.entries(fields).flatMap(([name, value]) => [`--${name}`, value]),
]

const absent = /^EntityNotExists?(?:\.|$)/
const conflicts = /^(?:EntityAlreadyExists?|DeleteConflict|ConcurrentModification)/
const denials = /^(?:NoPermission|Forbidden)/
const unaccepted =
  /^(?:InvalidAccessKeyId|InvalidSecurityToken|SignatureDoesNotMatch|IncompleteSignature|InvalidTimeStamp)/
const tooLong = /^InvalidParameter\.(?:New)?(?:AssumeRole)?PolicyDocument\.Length/

/** Undefined: the default error for the status. */
function trustRefusal(status: number, body: unknown, operator: string): Refusal | undefined {
  const { Code, Message } = asObject(body) ?? {}
  const [code, words] = [asText(Code), asText(Message) ?? '']
  if (code === undefined) return undefined
  const message = `${code}: ${words}`
  if (code.startsWith('Throttling')) return throttled(message)
  if (status >= 500) return unavailable(message)
  if (absent.test(code)) return { code: 'TRUST_NOT_FOUND', message }
  if (conflicts.test(code)) return { code: 'TRUST_CONFLICT', message }
  if (denials.test(code)) return denied(message, words, operator)
  if (unaccepted.test(code)) {
    return {
      code: 'TRUST_DENIED',
      message,
      expected: "the operator's access key to be accepted",
      hint: 'check the clock of this machine, and sign in again',
      command: 'aliyun configure',
    }
  }
  if (tooLong.test(code)) {
    return {
      code: 'TRUST_POLICY_FULL',
      message,
      expected: 'a policy with space for what the documents need',
      hint: 'use another role for some clusters or service accounts, or fewer repositories with *',
    }
  }
  if (code.startsWith('LimitExceeded')) {
    return {
      code: 'TRUST_REFUSED',
      message,
      expected: 'an account within the quotas of RAM',
      hint: 'remove unused resources of this kind, or request a higher quota of Alibaba Cloud',
    }
  }
  return {
    code: 'TRUST_REFUSED',
    message,
    expected: 'a request that RAM accepts',
    hint: 'correct what the message of Alibaba Cloud describes',
  }
}

/** RAM names the resource and the action. */
function denied(message: string, words: string, operator: string): Refusal {
  const [, resource, action] =
    /Resource: ([!-~]{1,600}) Action: ([a-z]{1,20}:[A-Za-z]{1,80})/.exec(words.slice(0, 2000)) ?? []
  return actionDenied(message, operator, { action, resource })
}

/** Undefined if it does not exist. */
export async function readEntity({ call }: RamConnection, entity: RamCall): Promise<JsonObject | undefined> {
  return await orAbsent(call(entity))
}

/** The items of all pages; undefined if the list is incomplete. */
export const listAll = async (
  { call }: RamConnection,
  list: RamCall,
  itemsIn: (body: JsonObject) => unknown,
): Promise<readonly JsonObject[] | undefined> =>
  await listPages(async (marker) => {
    const body = await call({ ...list, fields: { ...list.fields, ...(marker !== undefined && { Marker: marker }) } })
    const next = body['IsTruncated'] === true ? (asText(body['Marker']) ?? '') : undefined
    return { items: asList(itemsIn(body)).map((one) => asObject(one) ?? {}), next }
  })

export async function checkAccount({ operator }: RamConnection, account: string, name: string): Promise<void> {
  checkOperatorAccount(
    await operator(),
    { account, name },
    {
      expected: `an access key of account ${account}`,
      hint: 'select it with ALIBABA_CLOUD_PROFILE, and run the command again',
    },
  )
}
