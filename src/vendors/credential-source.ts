/** Files and Secrets from which passwords, client secrets and keys are read: bounded, read at each use, never logged. */
import type { NamespacedName } from '../document/document.ts'
import { type Fault, PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../host/read-file.ts'
import { quote } from '../text/plain-text.ts'
import { Redacted } from '../text/redacted.ts'
import { shellVariable } from '../text/shell.ts'
import { showPath } from '../text/show.ts'
import type { ExchangeContext } from './vendor.ts'

/** Bytes: a password, a key, or a Docker configuration. */
const longest = 64 * 1024

export const sourceInvalid = (seen: string, expected: string, more: Partial<Fault> = {}): PullpassError =>
  new PullpassError({ code: 'CREDENTIAL_SOURCE_INVALID', hop: 'exchange', seen, expected, ...more })

/** The content without a line break at its end. `what`: what it contains, for messages. @throws CREDENTIAL_SOURCE_INVALID */
export async function readSourceFile(path: string, what: string): Promise<Redacted> {
  const bytes = await readRegularFile(path, longest).catch((error: unknown) => {
    throw sourceInvalid(`${showPath(path)} ${whyUnreadable(error)}`, `a file that contains ${what}`, { cause: error })
  })
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  if (text === '') throw sourceInvalid(`${showPath(path)} is empty`, `a file that contains ${what}`)
  if (text.includes('\uFFFD') || text.includes('\0')) {
    throw sourceInvalid(`${showPath(path)} contains binary data`, `a file that contains ${what}`)
  }
  return new Redacted(text)
}

export const noCluster = ({ namespace, name }: NamespacedName): PullpassError =>
  sourceInvalid(`Secret ${namespace}/${name} cannot be read without a cluster`, 'a file, or a cluster', {
    hint: 'check the kubeconfig, or use a file',
  })

/** Where a client secret or a key is: one key of a Secret, or a file. */
export interface SecretSource {
  readonly secret?: NamespacedName & { readonly key: string }
  readonly file?: string
}

/**
 * Types of Secrets whose values at keys that a document names are sent. A Secret of another type contains a credential for something
 * else, such as a token of the API server. https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
 */
const sentTypes: readonly string[] = ['kubernetes.io/basic-auth', 'Opaque']

/** `further`: types that are accepted too, since their content is what the caller reads. @throws CREDENTIAL_SOURCE_INVALID */
export function checkSecretType(
  type: string,
  { namespace, name }: NamespacedName,
  { further = [], hint }: { readonly further?: readonly string[]; readonly hint: string },
): void {
  const accepted = [...further, ...sentTypes]
  if (accepted.includes(type)) return
  throw sourceInvalid(
    `Secret ${namespace}/${name} is of type ${quote(type)}; it was not used`,
    `a Secret of type ${accepted.slice(0, -1).join(', ')} or ${accepted.at(-1)}`,
    { hint },
  )
}

/** `what`: what it contains, for messages. @throws CREDENTIAL_SOURCE_INVALID and what `readSecret` throws */
export async function readSource(
  { secret, file }: SecretSource,
  what: 'client secret' | 'private key',
  { readSecret }: Pick<ExchangeContext, 'readSecret'>,
): Promise<Redacted> {
  if (file !== undefined) return await readSourceFile(file, what)
  if (secret === undefined) throw new TypeError(`${what} passed its checks without a source`)
  if (readSecret === undefined) throw noCluster(secret)
  const { type, data } = await readSecret(secret)
  checkSecretType(type, secret, {
    further: what === 'private key' ? ['kubernetes.io/tls'] : [],
    hint: `create one with the ${what} in FILE: kubectl create secret generic ${shellVariable('NAME')} -n ${secret.namespace} --from-file=${secret.key}=${shellVariable('FILE')}`,
  })
  const value = data.get(secret.key)
  if (value !== undefined && value.byteLength() > 0) return value
  const keys = [...data.keys()].map(quote).join(', ') || 'none'
  throw sourceInvalid(
    `Secret ${secret.namespace}/${secret.name} has no ${what} at key ${quote(secret.key)}; its keys are ${keys}`,
    `${what} at the key ${quote(secret.key)}`,
  )
}
