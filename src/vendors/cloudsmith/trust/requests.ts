/**
 * Requests to Cloudsmith's API with the operator's key; error responses become errors of the hop trust.
 * Paths and fields: https://github.com/cloudsmith-io/cloudsmith-api-go (docs/OrgsApi.md, docs/ReposApi.md, docs/ErrorDetail.md).
 */
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, shortText } from '../../../text/json-fields.ts'
import { readToken } from '../../operator.ts'
import { listComplete } from '../../trust/pages.ts'
import { orAbsent, statusRefusal } from '../../trust/responses.ts'
import { requestTrust, type TokenApi } from '../../trust/token-api.ts'
import { isSlug } from '../names.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { Organization } from './desired.ts'

/** What a request needs of the operator, after "expected". */
const managing = ({ organization }: Organization) =>
  `the organization ${organization}, and the operator to be an owner or manager of it`
const administering = ({ organization }: Organization, repository: string) =>
  `the operator to have the privilege Admin on ${organization}/${repository}`

const api = ({ endpoint }: Organization, needs: string): TokenApi => ({
  token: operatorToken,
  header: 'x-api-key',
  origin: `${endpoint}/v1`,
  refusal: (status, body) => refusalOf(status, body, needs),
})

/** For service accounts and providers. */
export const organizationApi = (at: Organization): TokenApi => api(at, managing(at))
/** For the privileges on a repository. */
export const repositoryApi = (at: Organization, repository: string): TokenApi => api(at, administering(at, repository))

export const servicesPath = ({ organization }: Organization): string => `/orgs/${organization}/services/`
export const providersPath = ({ organization }: Organization): string => `/orgs/${organization}/openid-connect/`
export const privilegesPath = ({ organization }: Organization, repository: string): string =>
  `/repos/${organization}/${repository}/privileges`

const pageSize = 100

/** A page with fewer items than requested is the last one. @throws as requestTrust, RESPONSE_MALFORMED, RESPONSE_TOO_LARGE */
export const listAll = async <T>(
  context: Context,
  at: Organization,
  path: string,
  item: (value: unknown) => T,
): Promise<readonly T[]> =>
  await listComplete(`Cloudsmith's list ${path}`, async (token = '1') => {
    const request = { method: 'GET', path: `${path}?page=${token}&page_size=${pageSize}` } as const
    const read = requestTrust(context, organizationApi(at), request, (body) => {
      if (!Array.isArray(body)) throw new UnexpectedResponse('it is no list')
      return body.map(item)
    })
    // The response for a page after the last one is not documented.
    const items = token === '1' ? await read : ((await orAbsent(read)) ?? [])
    return { items, next: items.length < pageSize ? undefined : String(Number(token) + 1) }
  })

/** Slugs are used in paths and printed commands. @throws UnexpectedResponse */
export function slugIn(value: unknown, what: string): string {
  const text = asText(value)
  if (text === undefined || !isSlug(text)) throw new UnexpectedResponse(`it contains ${what} without a valid slug`)
  return text
}

function refusalOf(status: number, body: unknown, needs: string): Refusal | undefined {
  const { detail, fields } = asObject(body) ?? {}
  const text = shortText(detail)
  if (text === undefined) return undefined
  const message = [text, ...fieldErrors(fields)].join(' ')
  if (status === 422) return { code: invalidField(fields), message }
  return statusRefusal(status, message, {
    unauthenticated: { hint: 'the key is not valid: set another one', command: readToken(operatorToken.name) },
    denied: { expected: needs, hint: 'use the key of an account that has it' },
    // Also what the operator may not see.
    absent: {
      expected: needs,
      hint: 'correct the names under cloudsmith, or use the key of an account that may see them',
    },
  })
}

/** `fields`: by field, its errors. */
const fieldErrors = (fields: unknown): string[] =>
  Object.entries(asObject(fields) ?? {})
    .slice(0, 5)
    .map(
      ([name, errors]) =>
        `${name}: ${asList(errors)
          .flatMap((one) => shortText(one) ?? [])
          .join(' ')}`,
    )

/** A service account that was just created is not known everywhere; a name that is taken was taken since it was read. */
function invalidField(fields: unknown): Refusal['code'] {
  const names = Object.keys(asObject(fields) ?? {})
  if (names.some((name) => name.includes('service') || name === 'privileges')) return 'TRUST_NOT_FOUND'
  return names.includes('name') ? 'TRUST_CONFLICT' : 'TRUST_REFUSED'
}
