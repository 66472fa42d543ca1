/** The fields of `oidc` in a document: a token exchange server (RFC 8693). */
import * as z from 'zod/mini'
import type { FieldPath, FieldProblem } from '../../document/document-errors.ts'
import type { ReadSettings, SharedFields, VendorSettings } from '../../document/document-vendor.ts'
import { endpointUrl, type TextRule } from '../../document/field-rules.ts'
import { fields, text, textMap, word } from '../../document/schema-parts.ts'
import { looksLikeSecret, namesSecret } from '../../text/show.ts'
import type { SecretSource } from '../credential-source.ts'
import {
  audienceProblems,
  type CredentialForm,
  type CredentialSettings,
  credentialProblems,
  credentialShape,
  readCredentialFields,
  readSecretSource,
  type SecretSourceForm,
  secretSourceField,
  secretSourceProblems,
  sourcesOf,
} from '../registry-fields.ts'

/** RFC 6749 §2.3.1, RFC 7523 §2.2; `none`: a public client, or none at all; `subject_token`: that token is the assertion. */
export type ClientMethod = (typeof methods)[number]
const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'subject_token'] as const

/** RFC 8693 §2.1, RFC 6749 §4.4. */
export type Grant = (typeof grants)[number]
const grants = ['token_exchange', 'client_credentials'] as const

/** Of a key, by its type. RFC 7518 §3.1, RFC 8037 §3.1 */
export type ClientAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'

export interface OidcSettings extends CredentialSettings {
  readonly url: string
  readonly grant: Grant
  readonly encoding: 'form' | 'json'
  /** Besides those of the exchange itself, such as `audience`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly client?: {
    readonly method: ClientMethod
    readonly id: string
    readonly secret?: SecretSource
    readonly key?: SecretSource
    readonly keyId?: string
    readonly algorithm?: ClientAlgorithm
    /** Of the client's assertion; absent: the URL. */
    readonly audience?: string
  }
}

interface OidcForm extends CredentialForm {
  readonly url: string
  readonly grant?: Grant
  readonly encoding?: 'form' | 'json'
  readonly parameters?: Readonly<Record<string, string>>
  readonly clientAuthentication?: ClientForm
}

interface ClientForm {
  readonly method: ClientMethod
  readonly clientId: string
  readonly clientSecret?: SecretSourceForm
  readonly privateKey?: SecretSourceForm
  readonly keyId?: string
  readonly algorithm?: ClientAlgorithm
  readonly audience?: string
}

/** RFC 6749 Appendix A. */
const printable = (expected: string): TextRule => ({ pattern: /^[ -~]+$/, maxLength: 1024, expected })
const parameterName: TextRule = {
  pattern: /^[A-Za-z0-9._~-]+$/,
  maxLength: 100,
  expected: 'the name of a parameter, such as audience, resource, scope or requested_token_type',
}

const clientFields = fields(
  {
    method: word(
      methods,
      'How the client authenticates; none: only its id is sent; subject_token: with the subject token as its assertion',
    ),
    clientId: text(printable('the id of the client'), 'Id of the client'),
    clientSecret: z.exactOptional(
      secretSourceField('The client secret, for client_secret_basic and client_secret_post'),
    ),
    privateKey: z.exactOptional(secretSourceField('The private key in PEM (PKCS #8), for private_key_jwt')),
    keyId: z.exactOptional(text(printable('the id of a key'), "kid of the client's assertion")),
    algorithm: z.exactOptional(
      word(['RS256', 'PS256', 'ES256', 'EdDSA'], 'Algorithm of the assertion; default: by the type of the key'),
    ),
    audience: z.exactOptional(text(printable('an audience'), 'Audience of the assertion; default: the URL')),
  },
  'How pullpass authenticates as a client; absent: not at all',
)

const form: z.ZodMiniType<OidcForm> = fields(
  {
    url: text(endpointUrl, 'Token endpoint'),
    grant: z.exactOptional(
      word(
        grants,
        'token_exchange, the default: the subject token is exchanged (RFC 8693); client_credentials: it authenticates the client, with method subject_token',
      ),
    ),
    encoding: z.exactOptional(word(['form', 'json'], 'Encoding of the request; default: form, as RFC 8693')),
    parameters: z.exactOptional(
      textMap(
        parameterName,
        printable('a text of printable ASCII'),
        100,
        'Further parameters, such as audience, resource and scope; subject_token_type and requested_token_type replace the defaults',
      ),
    ),
    clientAuthentication: z.exactOptional(clientFields),
    ...credentialShape,
  },
  "Any token exchange server (RFC 8693), or any that accepts the token as a client assertion (RFC 7523). The registry's audience is required",
)

/** Where a parameter that carries a credential is set instead; a document contains none. */
const ownFields: Readonly<Record<string, string>> = {
  client_id: 'clientAuthentication.clientId',
  client_secret: 'clientAuthentication, with method: client_secret_post and clientSecret: {secretRef: …} or {file: …}',
  client_assertion:
    'clientAuthentication, with method: private_key_jwt and privateKey: {secretRef: …} or {file: …}, or method: subject_token',
  client_assertion_type: 'clientAuthentication, with method: private_key_jwt or subject_token',
  grant_type: 'grant: token_exchange, which is the default, or client_credentials',
  subject_token: 'no such parameter: it is the token of the ServiceAccount',
}
const noCredential =
  'no credential in the document: besides the subject token, clientAuthentication reads a secret or key from a Secret or a file'

/** Names are not case-sensitive at some servers. Values are not shown. */
function parameterProblems(parameters: Readonly<Record<string, string>>, path: FieldPath): FieldProblem[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const at = [...path, name]
    const lower = name.toLowerCase()
    const own = Object.hasOwn(ownFields, lower) ? ownFields[lower] : undefined
    if (own !== undefined)
      return [{ path: at, predicate: 'is set by the exchange itself', expected: own, at: 'key' as const }]
    if (namesSecret(name) || looksLikeSecret(value))
      return [{ path: at, predicate: 'is a credential, in clear text', expected: noCredential, at: 'key' as const }]
    return []
  })
}

function problems(written: OidcForm, path: FieldPath, registry: SharedFields): FieldProblem[] {
  const { grant, parameters = {}, clientAuthentication: client } = written
  return [
    ...audienceProblems(path, registry),
    ...credentialProblems(written, path),
    ...(grant === 'client_credentials' && client?.method !== 'subject_token'
      ? [
          {
            path: [...path, 'grant'],
            predicate: 'is client_credentials, without the subject token',
            expected: 'clientAuthentication with method subject_token, or grant token_exchange',
          },
        ]
      : []),
    ...parameterProblems(parameters, [...path, 'parameters']),
    ...(client === undefined ? [] : clientProblems(client, [...path, 'clientAuthentication'])),
  ]
}

function clientProblems(client: ClientForm, path: FieldPath): FieldProblem[] {
  const { method, clientSecret, privateKey } = client
  const needsSecret = method === 'client_secret_basic' || method === 'client_secret_post'
  const needsKey = method === 'private_key_jwt'
  const unused = [
    ...(needsSecret ? [] : (['clientSecret'] as const)),
    ...(needsKey ? [] : (['privateKey', 'keyId', 'algorithm', 'audience'] as const)),
  ].filter((field) => client[field] !== undefined)
  const missing = [
    ...(needsSecret && clientSecret === undefined ? ['clientSecret'] : []),
    ...(needsKey && privateKey === undefined ? ['privateKey'] : []),
  ]
  return [
    ...missing.map((field) => ({
      path: [...path, field],
      predicate: 'is missing',
      expected: `secretRef or file, for ${method}`,
    })),
    ...unused.map((field) => ({
      path: [...path, field],
      predicate: `has no effect with method ${method}`,
      expected: 'no such field',
      at: 'key' as const,
    })),
    ...(clientSecret === undefined ? [] : secretSourceProblems(clientSecret, [...path, 'clientSecret'])),
    ...(privateKey === undefined ? [] : secretSourceProblems(privateKey, [...path, 'privateKey'])),
  ]
}

async function read(written: OidcForm, folder: string): Promise<ReadSettings<OidcSettings>> {
  const { url, grant = 'token_exchange', encoding = 'form', parameters = {}, clientAuthentication: client } = written
  const secret = client?.clientSecret && readSecretSource(client.clientSecret, folder)
  const key = client?.privateKey && readSecretSource(client.privateKey, folder)
  const sources = [secret, key].filter((source) => source !== undefined)
  return {
    ...(sources.length > 0 && { sources: sourcesOf(sources) }),
    settings: {
      url,
      grant,
      encoding,
      parameters,
      ...readCredentialFields(written, { password: 'access_token', expiresIn: 'expires_in' }),
      ...(client && {
        client: {
          method: client.method,
          id: client.clientId,
          ...(secret && { secret }),
          ...(key && { key }),
          ...(client.keyId !== undefined && { keyId: client.keyId }),
          ...(client.algorithm !== undefined && { algorithm: client.algorithm }),
          ...(client.audience !== undefined && { audience: client.audience }),
        },
      }),
    },
  }
}

export const settings: VendorSettings<OidcForm, OidcSettings> = {
  form,
  tenantForm: undefined,
  problems,
  hosts: () => 'any', // registries of any vendor
  read,
}
