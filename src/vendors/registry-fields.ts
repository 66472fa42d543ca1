/** Fields and rules of registries that several vendors share. */

import * as z from 'zod/mini'
import type { CredentialSources, NamespacedName } from '../document/document.ts'
import type { FieldPath, FieldProblem } from '../document/document-errors.ts'
import type { SharedFields } from '../document/document-vendor.ts'
import { filePath, originUrl, pathFrom, type TextRule } from '../document/field-rules.ts'
import { labelName, objectName } from '../document/kubernetes-names.ts'
import { fields, text } from '../document/schema-parts.ts'
import { parseDuration } from '../text/time.ts'
import type { SecretSource } from './credential-source.ts'

/** RFC 7617 §2: a user name of HTTP basic authentication contains no colon. */
export const userName: TextRule = {
  pattern: /^[!-9;-~]+$/,
  maxLength: 256,
  expected: 'a user name without spaces and ":"',
}

/** A duration between two limits, inclusive. */
export function lifetimeRule(least: string, most: string): TextRule {
  const [leastMs = 0, mostMs = 0] = [parseDuration(least), parseDuration(most)]
  const expected = `a lifetime from ${least} to ${most}, such as 1h`
  return {
    pattern: /^(?:[0-9]{1,5}h(?:[0-9]{1,6}m)?(?:[0-9]{1,8}s)?|[0-9]{1,6}m(?:[0-9]{1,8}s)?|[0-9]{1,8}s)$/,
    maxLength: 24,
    expected,
    knownMistake: (written) => {
      const ms = parseDuration(written)
      return ms !== undefined && (ms < leastMs || ms > mostMs) ? expected : undefined
    },
  }
}

/** For a vendor without a default audience. `path`: of the vendor's fields. */
export const audienceProblems = (path: FieldPath, { audience }: SharedFields): FieldProblem[] =>
  audience === undefined
    ? [
        {
          path: [...path.slice(0, -1), 'audience'],
          predicate: 'is missing',
          expected: 'the audience that the verifier of the token expects, such as the URL of the registry',
        },
      ]
    : []

/** An endpoint that replaces the vendor's own, for clusters only: a private address or an emulator. */
export const endpointField: z.ZodMiniType<string> = text(
  originUrl,
  "Origin that replaces the vendor's own: a private endpoint or an emulator",
)

export const trustField = <T extends z.core.$ZodLooseShape>(
  shape: T,
): z.ZodMiniExactOptional<z.ZodMiniObject<T, z.core.$strict>> =>
  z.exactOptional(fields(shape, 'What pullpass trust configures; exchanges do not use it'))

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data */
export const secretKey: TextRule = {
  pattern: /^[A-Za-z0-9._-]+$/,
  maxLength: 253,
  expected: 'a key of a Secret: letters, digits, "-", "_" and "."',
}

/** Where a client secret or a key is, as a document names it: exactly one of both. */
export interface SecretSourceForm {
  readonly secretRef?: NamespacedName & { readonly key: string }
  readonly file?: string
}

export const secretSourceField = (description: string): z.ZodMiniType<SecretSourceForm> =>
  fields(
    {
      secretRef: z.exactOptional(
        fields(
          {
            namespace: text(labelName, 'Its namespace'),
            name: text(objectName, 'Its name'),
            key: text(secretKey, 'Its key'),
          },
          'A key of a Secret of the cluster',
        ),
      ),
      file: z.exactOptional(text(filePath, 'A file, relative to the document')),
    },
    description,
  )

export const secretSourceProblems = ({ secretRef, file }: SecretSourceForm, path: FieldPath): FieldProblem[] =>
  (secretRef === undefined) === (file === undefined)
    ? [
        {
          path,
          predicate: file === undefined ? 'names no source' : 'names 2 sources: secretRef, file',
          expected: 'exactly one of: secretRef, file',
        },
      ]
    : []

export const readSecretSource = ({ secretRef, file }: SecretSourceForm, folder: string): SecretSource => ({
  ...(secretRef && { secret: secretRef }),
  ...(file !== undefined && { file: pathFrom(folder, file) }),
})

export const sourcesOf = (sources: readonly SecretSource[]): CredentialSources => ({
  secrets: sources.flatMap(({ secret }) => (secret ? [{ namespace: secret.namespace, name: secret.name }] : [])),
  files: sources.flatMap(({ file }) => file ?? []),
})

// Where a response has the credential, as `oidc` and `http` name it.

/** A field of the response by its name, or a JSON pointer. */
export const responsePlace: TextRule = {
  pattern: /^(?:[A-Za-z_][A-Za-z0-9_.-]*|(?:\/(?:[^~/\p{Cc}]|~[01])+)+)$/u,
  maxLength: 256,
  expected: 'the name of a field of the response, or a JSON pointer such as /data/token',
}

export interface ResponseForm {
  readonly password?: string
  readonly username?: string
  readonly expiresIn?: string
  readonly expiresAt?: string
}

const responseField: z.ZodMiniType<ResponseForm> = fields(
  {
    password: z.exactOptional(text(responsePlace, 'The password')),
    username: z.exactOptional(text(responsePlace, 'The user name')),
    expiresIn: z.exactOptional(text(responsePlace, 'The lifetime in seconds')),
    expiresAt: z.exactOptional(text(responsePlace, 'The expiry: RFC 3339, or seconds or milliseconds since 1970')),
  },
  'Where the response has the credential: names of fields, or JSON pointers (RFC 6901)',
)

/** A name becomes the pointer to that field. */
export const pointerOf = (written: string): string => (written.startsWith('/') ? written : `/${written}`)

export interface CredentialForm {
  readonly username?: string
  readonly response?: ResponseForm
  readonly defaultLifetime?: string
  readonly maxLifetime?: string
}

const lifetime = lifetimeRule('1m', '12h')

/** Fields of a credential whose form the document states. */
export const credentialShape: {
  readonly username: z.ZodMiniExactOptional<z.ZodMiniType<string>>
  readonly response: z.ZodMiniExactOptional<z.ZodMiniType<ResponseForm>>
  readonly defaultLifetime: z.ZodMiniExactOptional<z.ZodMiniType<string>>
  readonly maxLifetime: z.ZodMiniExactOptional<z.ZodMiniType<string>>
} = {
  username: z.exactOptional(text(userName, 'User name; or response.username')),
  response: z.exactOptional(responseField),
  defaultLifetime: z.exactOptional(
    text(
      lifetime,
      'Lifetime where the response states none and the password is not a JWT: 1m to 12h; absent: an error',
    ),
  ),
  maxLifetime: z.exactOptional(text(lifetime, 'A longer lifetime is not relied on: 1m to 12h; default: 1h')),
}

export interface CredentialSettings {
  readonly username?: string
  readonly response: {
    readonly password: string
    readonly username?: string
    readonly expiresIn?: string
    readonly expiresAt?: string
  }
  readonly lifetime: { readonly defaultSeconds?: number; readonly maxSeconds: number }
}

export const credentialProblems = ({ username, response }: CredentialForm, path: FieldPath): FieldProblem[] =>
  (username === undefined) === (response?.username === undefined)
    ? [
        {
          path,
          predicate: username === undefined ? 'names no user name' : 'names 2 user names: username, response.username',
          expected: 'exactly one of: username, response.username',
        },
      ]
    : []

export function readCredentialFields(
  { username, response = {}, defaultLifetime, maxLifetime = '1h' }: CredentialForm,
  usual: { readonly password: string; readonly expiresIn?: string },
): CredentialSettings {
  const places = { ...usual, ...response }
  const seconds = (written: string) => (parseDuration(written) ?? 0) / 1000
  return {
    ...(username !== undefined && { username }),
    response: {
      password: pointerOf(places.password),
      ...(places.username !== undefined && { username: pointerOf(places.username) }),
      ...(places.expiresIn !== undefined && { expiresIn: pointerOf(places.expiresIn) }),
      ...(places.expiresAt !== undefined && { expiresAt: pointerOf(places.expiresAt) }),
    },
    lifetime: {
      maxSeconds: seconds(maxLifetime),
      ...(defaultLifetime !== undefined && { defaultSeconds: seconds(defaultLifetime) }),
    },
  }
}
