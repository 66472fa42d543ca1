/**
 * Requests to Chainguard's API with the operator's token; error responses become errors of the hop trust. Paths and fields:
 * https://github.com/chainguard-dev/sdk/tree/main/proto/chainguard/platform/iam/v2, https://edu.chainguard.dev/platform/api/api-v2-tutorial/
 */
import type { Context } from '../../../http/context.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, shortText } from '../../../text/json-fields.ts'
import { listComplete, nextPageToken } from '../../trust/pages.ts'
import { grpcRefusal, throttled } from '../../trust/responses.ts'
import { requestTrust, type TokenApi, type TokenRequest } from '../../trust/token-api.ts'
import { apiEndpoint } from '../endpoints.ts'
import { isUidp } from '../names.ts'
import { operatorToken, signInCommand } from '../operator/sign-in.ts'

/** What a request needs: `identity.list`, and the UIDP of the organization or folder. */
interface CapabilityNeeded {
  readonly capability: string
  readonly on: string
}

interface ChainguardRequest extends TokenRequest {
  readonly needs: CapabilityNeeded
}

/** @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, TRUST_NOT_FOUND, TRUST_CONFLICT, TRUST_REFUSED, TRUST_UNAVAILABLE, RESPONSE_MALFORMED */
export const requestChainguard = async <T>(
  context: Context,
  { needs, ...request }: ChainguardRequest,
  read: (body: unknown) => T,
): Promise<T> => await requestTrust(context, apiOf(context, needs), request, read)

const apiOf = ({ environment }: Context, needs: CapabilityNeeded): TokenApi => ({
  token: operatorToken,
  header: 'bearer',
  origin: apiEndpoint(environment),
  refusal: (status, body) =>
    grpcRefusal(status, body, {
      unauthenticated: {
        hint: 'a token is valid for up to an hour, and only for the API: sign in with chainctl, and set a new one',
        command: signInCommand,
      },
      denied: {
        expected: `the operator to have the capability ${needs.capability} on ${needs.on}, as the role owner has`,
        hint: 'sign in as an owner, or let one bind a role with it; then run the command again: it continues where it stopped',
      },
      exhausted: throttled('').hint ?? '',
    }),
})

/** `field`: of the items. @throws as requestChainguard, RESPONSE_TOO_LARGE */
export const listChainguard = async <T>(
  context: Context,
  { path, query, field, needs }: Pick<ChainguardRequest, 'path' | 'needs'> & ListFilter,
  item: (value: unknown) => T,
): Promise<readonly T[]> =>
  await listComplete(`Chainguard's list ${path}`, async (token) => {
    const search = new URLSearchParams({
      ...query,
      page_size: '200',
      ...(token !== undefined && { page_token: token }),
    })
    return await requestChainguard(context, { method: 'GET', path: `${path}?${search.toString()}`, needs }, (body) => ({
      items: asList(asObject(body)?.[field]).map(item),
      next: nextPageToken(body),
    }))
  })

interface ListFilter {
  readonly query: Readonly<Record<string, string>>
  readonly field: string
}

/** Ids are used in paths and printed commands. @throws UnexpectedResponse */
export function uidIn(value: unknown, what: string): string {
  const text = shortText(value)
  if (text === undefined || !isUidp(text)) throw new UnexpectedResponse(`it contains ${what} without a valid id`)
  return text
}
