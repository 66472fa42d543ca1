/**
 * Requests to Yandex Cloud's APIs with the operator's IAM token; error responses become errors of the hop trust.
 * Paths and fields: https://github.com/yandex-cloud/cloudapi (yandex/cloud/iam/v1, containerregistry/v1, operation, access).
 * https://yandex.cloud/docs/api-design-guide/concepts/errors
 */
import { randomUUID } from 'node:crypto'
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { type ApiRequest, send, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, shortText } from '../../../text/json-fields.ts'
import { shellVariable } from '../../../text/shell.ts'
import { followOperation, type Operation, readOperationState } from '../../operation.ts'
import { configuringTrust, tokenIn } from '../../operator.ts'
import { listComplete, nextPageToken } from '../../trust/pages.ts'
import { grpcRefusal, withoutSecrets } from '../../trust/responses.ts'
import { type Api, apiEndpoint } from '../endpoints.ts'
import { isId } from '../names.ts'
import { operatorToken, signInCommand } from '../operator/sign-in.ts'

/** A role that permits a request, and the command of `yc` that grants it, without role and subject. */
export interface RoleNeeded {
  readonly role: string
  /** `the service account ID`. */
  readonly on: string
  readonly words: string
  /** A further one that is needed; the error does not state which is missing. */
  readonly also?: RoleNeeded
}

interface YandexRequest<T> extends Pick<ApiRequest<T>, 'method' | 'json' | 'headers'> {
  readonly api: Api
  /** Below the origin, with encoded names. */
  readonly path: string
  readonly read: (body: unknown) => T
  readonly needs: RoleNeeded | undefined
}

/** @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, TRUST_NOT_FOUND, TRUST_CONFLICT, TRUST_REFUSED, TRUST_UNAVAILABLE */
export async function sendYandex<T>(context: Context, request: YandexRequest<T>): Promise<T> {
  const { api, path, read, needs, ...rest } = request
  return await send(context, {
    ...rest,
    hop: 'trust',
    service: operatorToken.service,
    url: `${apiEndpoint(api, context.environment)}${path}`,
    bearer: tokenIn(context.environment, operatorToken),
    refusal: (status, body) => refusalOf(status, body, needs),
    read: ({ body }) => read(withoutSecrets(body, context.secrets)),
  })
}

/** `field`: of the items. @throws as sendYandex, RESPONSE_MALFORMED, RESPONSE_TOO_LARGE */
export const listYandex = async <T>(
  context: Context,
  {
    field,
    path,
    item,
    ...request
  }: Omit<YandexRequest<never>, 'read' | 'method' | 'json'> & {
    readonly field: string
    readonly item: (value: unknown) => T
  },
): Promise<readonly T[]> =>
  await listComplete(`Yandex Cloud's list ${path}`, async (token = '') => {
    const query = `${path.includes('?') ? '&' : '?'}pageSize=1000${token && `&pageToken=${encodeURIComponent(token)}`}`
    return await sendYandex(context, {
      ...request,
      method: 'GET',
      path: `${path}${query}`,
      read: (body) => ({
        items: asList(asObject(body)?.[field]).map(item),
        next: nextPageToken(body),
      }),
    })
  })

/**
 * A change is an operation, which is followed until it is done. With one key for all attempts, a request whose response was lost is not
 * a second change. https://yandex.cloud/docs/api-design-guide/concepts/idempotency
 * @throws as sendYandex, TRUST_OPERATION_FAILED, TRUST_OPERATION_UNFINISHED */
export async function changeYandex(
  context: Context,
  request: Omit<YandexRequest<never>, 'read'> & { readonly method: 'POST' | 'PATCH' | 'DELETE' },
): Promise<void> {
  const key = randomUUID()
  const headers = () => ({ 'idempotency-key': key })
  const started = await sendYandex(context, { ...request, headers, read: readOperation })
  await followOperation(started, followed(context, started.name), context)
}

const followed = (context: Context, name: string) => ({
  owner: "Yandex Cloud's",
  hop: 'trust' as const,
  codes: {
    denied: configuringTrust.codes.denied,
    absent: 'TRUST_NOT_FOUND',
    unavailable: configuringTrust.codes.unavailable,
    failed: 'TRUST_OPERATION_FAILED',
    unfinished: 'TRUST_OPERATION_UNFINISHED',
  } as const,
  request: () =>
    sendYandex(context, {
      api: 'operation',
      method: 'GET',
      path: `/operations/${name}`,
      read: readOperation,
      needs: undefined,
    }),
})

/** Its id is part of a path. */
function readOperation(body: unknown): Operation {
  const name = asText(asObject(body)?.['id']) ?? ''
  const state = readOperationState(body)
  if (!state.done && !isId(name)) throw new UnexpectedResponse('it names no operation')
  return { ...state, name: isId(name) ? name : 'without an id' }
}

/** Ids are used in paths and printed commands. @throws UnexpectedResponse */
export function idIn(value: unknown, what: string): string {
  const text = shortText(value)
  if (text === undefined || !isId(text)) throw new UnexpectedResponse(`it contains ${what} without a valid id`)
  return text
}

/** Of the texts of messages, only that of an invalid token is documented. */
const refusalOf = (status: number, body: unknown, needs: RoleNeeded | undefined): Refusal | undefined =>
  grpcRefusal(status, body, {
    unauthenticated: {
      hint: 'a token is valid for up to 12 hours: sign in with yc, and set a new one',
      command: signInCommand,
    },
    denied: needs === undefined ? {} : lacking(needs),
    exhausted: 'no action if this is temporary; a quota of the cloud is raised in the console',
  })

function lacking(needs: RoleNeeded): Omit<Refusal, 'code' | 'message'> {
  const all = [needs, needs.also ?? []].flat()
  const commands = all.map(({ role, words }) => `yc ${words} --role ${role} --subject ${shellVariable('OPERATOR')}`)
  return {
    expected: `the operator to have ${all.map(({ role, on }) => `the role ${role} on ${on}`).join(', and ')}`,
    hint: 'grant it, and run the command again: it continues where it stopped',
    command: commands.join(' && '),
  }
}
