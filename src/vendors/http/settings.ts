/** The fields of `http` in a document: a request as data. Nothing in it is evaluated, and the token has one place, never the URL. */
import * as z from 'zod/mini'
import type { FieldPath, FieldProblem } from '../../document/document-errors.ts'
import type { SharedFields, VendorSettings } from '../../document/document-vendor.ts'
import { requestUrl, type TextRule } from '../../document/field-rules.ts'
import { fields, text, textMap, word } from '../../document/schema-parts.ts'
import { asObject, atPointer, isObject, isPointer } from '../../text/json-fields.ts'
import { looksLikeSecret, namesSecret } from '../../text/show.ts'
import {
  audienceProblems,
  type CredentialForm,
  type CredentialSettings,
  credentialProblems,
  credentialShape,
  pointerOf,
  readCredentialFields,
  userName,
} from '../registry-fields.ts'

export type TokenPlace =
  | { readonly in: 'Bearer' }
  | { readonly in: 'Basic'; readonly username: string }
  | { readonly in: 'Header'; readonly name: string }
  /** A JSON pointer, or the name of a form field. */
  | { readonly in: 'Body'; readonly at: string }

export interface HttpSettings extends CredentialSettings {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly token: TokenPlace
  readonly json?: Readonly<Record<string, unknown>>
  readonly form?: Readonly<Record<string, string>>
}

interface HttpForm extends CredentialForm {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly token: { readonly in: TokenPlace['in']; readonly name?: string }
  readonly json?: Readonly<Record<string, unknown>>
  readonly form?: Readonly<Record<string, string>>
}

const headerName: TextRule = { pattern: /^[a-z0-9-]+$/, maxLength: 100, expected: 'the name of a header in lower case' }
const printable: TextRule = { pattern: /^[ -~]*$/, maxLength: 4096, expected: 'a text of printable ASCII' }

/** They carry credentials, or are set by the request itself. */
const reservedHeaders = [
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

const form: z.ZodMiniType<HttpForm> = fields(
  {
    method: z.exactOptional(word(['GET', 'POST', 'PUT'], 'Method of the request; default: POST')),
    url: text(requestUrl, 'URL of the request'),
    headers: z.exactOptional(textMap(headerName, printable, 100, 'Constant headers; none that carries a credential')),
    token: fields(
      {
        in: word(
          ['Bearer', 'Basic', 'Header', 'Body'],
          'Where the subject token is: the bearer token, the password of basic authentication, a header of its own, or a field of the body',
        ),
        name: z.exactOptional(
          text(
            printable,
            'Basic: the user name; Header: the name of the header; Body: the field, or for json a JSON pointer',
          ),
        ),
      },
      'The one place of the subject token',
    ),
    json: z.exactOptional(
      z
        .record(z.string(), z.unknown(), { error: () => 'an object' })
        .register(z.globalRegistry, { description: 'Body, sent as JSON' }),
    ),
    form: z.exactOptional(textMap({ ...printable, maxLength: 100 }, printable, 100, 'Body, sent as a form')),
    ...credentialShape,
  },
  "A request that the document declares, for services that no other vendor describes. The registry's audience is required",
)

/** Levels and bytes of a JSON body. */
const deepest = 8
const longestBody = 16 * 1024

function problems(written: HttpForm, path: FieldPath, registry: SharedFields): FieldProblem[] {
  const { method = 'POST', json, form: body } = written
  const at = (...steps: string[]) => [...path, ...steps]
  return [
    ...audienceProblems(path, registry),
    ...credentialProblems(written, path),
    ...(written.response?.password === undefined
      ? [{ path: at('response', 'password'), predicate: 'is missing', expected: 'where the response has the password' }]
      : []),
    ...secretProblems(written, path),
    ...(json !== undefined && body !== undefined
      ? [
          {
            path: at('form'),
            predicate: 'is given together with json',
            expected: 'one of: json, form',
            at: 'key' as const,
          },
        ]
      : []),
    ...(method === 'GET' && (json !== undefined || body !== undefined)
      ? [{ path: at('method'), predicate: 'is GET, with a body', expected: 'POST or PUT' }]
      : []),
    ...(json !== undefined && !isSmall(json)
      ? [
          {
            path: at('json'),
            predicate: 'is too large',
            expected: `at most ${deepest} levels and ${longestBody} bytes`,
          },
        ]
      : []),
    ...tokenProblems(written, at('token', 'name')),
  ]
}

/** Credentials besides the subject token, and headers that the request sets itself. */
function secretProblems({ url, headers = {}, json, form: body }: HttpForm, path: FieldPath): FieldProblem[] {
  const at = (...steps: string[]) => [...path, ...steps]
  const texts: readonly (readonly [FieldPath, unknown])[] = [
    [at('url'), url],
    ...Object.entries(headers).map(([name, value]) => [at('headers', name), value] as const),
    [at('json'), json],
    [at('form'), body],
  ]
  return [
    ...Object.keys(headers)
      .filter((name) => reservedHeaders.includes(name) || namesSecret(name))
      .map((name) => ({
        path: at('headers', name),
        predicate: 'carries a credential, or is set by the request itself',
        expected: 'another header; the token is placed by token.in',
        at: 'key' as const,
      })),
    ...texts
      .filter(([, value]) => value !== undefined && looksLikeSecret(JSON.stringify(value)))
      .map(([where]) => ({
        path: where,
        predicate: 'contains a text that looks like a credential',
        expected: 'no credential in the document: only the subject token is sent',
      })),
    ...(secretQuery(url)
      ? [
          {
            path: at('url'),
            predicate: 'contains a credential in its query, in clear text',
            expected: 'no credential in the document: only the subject token is sent, and token.in states where',
          },
        ]
      : []),
    ...texts.flatMap(([where, value]) =>
      secretsIn(value).map((steps) => ({
        path: [...where, ...steps],
        predicate: 'is a credential, in clear text',
        expected: 'no credential in the document: only the subject token is sent, and token.in states where',
        at: 'key' as const,
      })),
    ),
  ]
}

/** Of the query, decoded. */
const secretQuery = (url: string): boolean =>
  [...(URL.parse(url)?.searchParams ?? [])].some(([name, value]) => value !== '' && namesSecret(name))

/** Paths of fields that contain a text or a number at any level, and whose name is that of a credential. Deeper levels are refused. */
function secretsIn(value: unknown, level = 0): FieldPath[] {
  if (typeof value !== 'object' || value === null || level > deepest) return []
  return Object.entries(value).flatMap(([name, inner]): FieldPath[] =>
    namesSecret(name) && holdsValue(inner, level + 1)
      ? [[name]]
      : secretsIn(inner, level + 1).map((steps) => [name, ...steps]),
  )
}

/** `null` and booleans, such as `{refresh_token: false}`, are no credentials. */
const holdsValue = (value: unknown, level: number): boolean =>
  typeof value === 'object' && value !== null
    ? level <= deepest && Object.values(value).some((inner) => holdsValue(inner, level + 1))
    : typeof value === 'string' || typeof value === 'number'

const isSmall = (json: unknown) => depthOf(json) <= deepest && Buffer.byteLength(JSON.stringify(json)) <= longestBody

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

function tokenProblems({ token, json, form: body }: HttpForm, path: FieldPath): FieldProblem[] {
  const { in: place, name } = token
  const expected = {
    Bearer: 'no such field',
    Basic: userName.expected,
    Header: 'the name of a header of its own in lower case, such as x-identity-token',
    Body: 'a field that the body does not have yet, by its name, or for json a JSON pointer whose parents are objects',
  }[place]
  const isGood = {
    Bearer: () => name === undefined,
    Basic: () => name !== undefined && userName.pattern.test(name) && name.length <= userName.maxLength,
    Header: () => name !== undefined && headerName.pattern.test(name) && !reservedHeaders.includes(name),
    Body: () => name !== undefined && name !== '' && (json === undefined ? isFree(name, body) : isFreeIn(json, name)),
  }[place]
  if (isGood()) return []
  const predicate = name === undefined ? 'is missing' : `is not usable with in: ${place}`
  return [{ path, predicate, expected }]
}

const isFree = (name: string, body: HttpForm['form']) => body !== undefined && !Object.hasOwn(body, name)

function isFreeIn(json: unknown, name: string): boolean {
  const pointer = pointerOf(name)
  if (!isPointer(pointer) || atPointer(json, pointer) !== undefined) return false
  const parents = pointer.split('/').map((_, index, steps) => steps.slice(0, index).join('/'))
  return parents.slice(1).every((parent) => isObject(atPointer(json, parent) ?? {}))
}

const placeOf = ({ token: { in: place, name = '' }, json }: HttpForm): TokenPlace => {
  switch (place) {
    case 'Basic':
      return { in: place, username: name }
    case 'Header':
      return { in: place, name }
    case 'Body':
      return { in: place, at: json === undefined ? name : pointerOf(name) }
    case 'Bearer':
      return { in: place }
    default:
      return place satisfies never
  }
}

export const settings: VendorSettings<HttpForm, HttpSettings> = {
  form,
  tenantForm: undefined,
  problems,
  hosts: () => 'any', // registries of any vendor
  read: async (written) => {
    const { method = 'POST', url, headers = {}, json, form: body, response } = written
    return {
      settings: {
        method,
        url,
        headers,
        token: placeOf(written),
        ...(json && { json: asObject(structuredClone(json)) ?? {} }),
        ...(body && { form: body }),
        ...readCredentialFields(written, { password: response?.password ?? '' }),
      },
    }
  },
}
