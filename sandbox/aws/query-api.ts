/**
 * AWS's query protocol: an action and its parameters as a form, with responses in XML, or in JSON where the client accepts only that.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html
 */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'

/** Thrown by an action. */
export class AwsRefusal extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export interface QueryCall {
  readonly request: SandboxRequest
  readonly fields: URLSearchParams
  /** @throws AwsRefusal for an absent one */
  readonly field: (name: string) => string
  /** `NAME.member.1`, `NAME.member.2`, … */
  readonly list: (name: string) => string[]
}

export type QueryResult = { readonly [name: string]: QueryValue }
type QueryValue = string | number | Date | QueryResult | readonly QueryValue[] | undefined

export type QueryAction = (call: QueryCall) => QueryResult | Promise<QueryResult>

export interface QueryApi {
  readonly version: string
  readonly namespace: string
  readonly actions: Readonly<Record<string, QueryAction>>
  /** IAM always responds in XML. */
  readonly formats: readonly ('xml' | 'json')[]
}

export const queryApi =
  ({ version, namespace, actions, formats }: QueryApi): SandboxHandler =>
  async (request) => {
    const format = formats.includes('json') && request.headers['accept'] === 'application/json' ? 'json' : 'xml'
    try {
      if (request.method !== 'POST' || request.path !== '/')
        throw new AwsRefusal('InvalidAction', 'Could not find operation', 404)
      const fields = new URLSearchParams(request.body.toString())
      const name = fields.get('Action') ?? ''
      const action = fields.get('Version') === version ? actions[name] : undefined
      if (action === undefined)
        throw new AwsRefusal('InvalidAction', `Could not find operation ${name} for version ${fields.get('Version')}`)
      const result = await action({ request, fields, ...readers(fields) })
      return respond(format, `${name}Response`, namespace, {
        [`${name}Result`]: result,
        ResponseMetadata: { RequestId: requestId },
      })
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error
      const { code, message, status } = error
      const described = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message }
      const response =
        format === 'json'
          ? { status: 200, body: { Error: described, RequestId: requestId } }
          : respond('xml', 'ErrorResponse', namespace, { Error: described, RequestId: requestId })
      return { ...response, status }
    }
  }

const requestId = '5d0f3e0a-6f0e-4b7c-9d5b-2f1b7f6f9a01'

function readers(fields: URLSearchParams): Pick<QueryCall, 'field' | 'list'> {
  return {
    field(name) {
      const value = fields.get(name)
      if (!value)
        throw new AwsRefusal(
          'ValidationError',
          `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
        )
      return value
    },
    list: (name) => {
      const found: string[] = []
      for (let at = 1; fields.has(`${name}.member.${at}`); at++) found.push(fields.get(`${name}.member.${at}`) ?? '')
      return found
    },
  }
}

function respond(format: 'xml' | 'json', root: string, namespace: string, content: QueryResult): SandboxResponse {
  if (format === 'json') return { status: 200, body: { [root]: asJson(content) } }
  const body = `<${root} xmlns="${namespace}">\n${xmlOf(content)}</${root}>\n`
  return { status: 200, headers: { 'content-type': 'text/xml' }, body }
}

/** Times as seconds since 1970. */
function asJson(value: QueryValue): unknown {
  if (value instanceof Date) return value.getTime() / 1000
  if (isList(value)) return value.map(asJson)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asJson(inner)]))
}

const isList = (value: QueryValue): value is readonly QueryValue[] => Array.isArray(value)

function xmlOf(value: QueryValue): string {
  if (value === undefined) return ''
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  if (isList(value)) return value.map((one) => `<member>${xmlOf(one)}</member>\n`).join('')
  if (typeof value !== 'object') return escapeXml(String(value))
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => `<${name}>${xmlOf(inner)}</${name}>\n`)
    .join('')
}

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
