/**
 * Reads the user name and password from where they are stored, at each refresh: they can have been replaced. Their expiry is
 * unknown. https://kubernetes.io/docs/concepts/configuration/secret/#basic-authentication-secret
 */
import { canonicalKey, parseDockerConfig, pullSecretType } from '../../credential/docker-config.ts'
import { quote } from '../../text/plain-text.ts'
import type { Redacted } from '../../text/redacted.ts'
import { showPath } from '../../text/show.ts'
import { checkSecretType, noCluster, readSourceFile, sourceInvalid } from '../credential-source.ts'
import type { ExchangeContext, Lookup, SourceSecret } from '../vendor.ts'
import type { StaticSettings } from './settings.ts'

interface UserAndPassword {
  readonly username: string
  readonly password: Redacted
}

export const lookup: Lookup<StaticSettings> = {
  async lookUp({ hosts, settings }, context) {
    const found = await find(settings, context)
    if (found.password.byteLength() === 0) throw emptyPassword(settings)
    return { hosts, ...found, expiresAt: undefined, readAt: context.now() }
  },
}

const emptyPassword = ({ secret, passwordFile, dockerConfigFile }: StaticSettings) =>
  sourceInvalid(
    `the password is empty in ${secret ? `Secret ${secret.namespace}/${secret.name}` : showPath(passwordFile ?? dockerConfigFile ?? '')}`,
    'the password with which the user signs in at the registry',
  )

async function find(settings: StaticSettings, context: ExchangeContext): Promise<UserAndPassword> {
  const { secret, username = '', passwordFile, dockerConfigFile, host } = settings
  if (passwordFile !== undefined) return { username, password: await readSourceFile(passwordFile, 'a password') }
  if (dockerConfigFile !== undefined) {
    const config = await readSourceFile(dockerConfigFile, 'a Docker configuration')
    return entryOf(config, host, dockerConfigFile)
  }
  if (secret === undefined) throw new TypeError('a static credential passed its checks without a source')
  if (context.readSecret === undefined) throw noCluster(secret)
  const where = `Secret ${secret.namespace}/${secret.name}`
  const content = await context.readSecret(secret)
  if (content.type === pullSecretType) return entryOf(valueAt(content, '.dockerconfigjson', where), host, where)
  if (content.type === 'kubernetes.io/dockercfg')
    return entryOf(valueAt(content, '.dockercfg', where), host, where, 'bare')
  checkSecretType(content.type, secret, {
    further: [pullSecretType, 'kubernetes.io/dockercfg'],
    hint: 'create one with the user name and password of the registry: docs/vendors/static.md',
  })
  return {
    username:
      settings.username ??
      userNameOf(valueAt(content, secret.usernameKey, where, 'usernameKey'), where, secret.usernameKey),
    password: valueAt(content, secret.passwordKey, where, 'passwordKey'),
  }
}

/** `field`: of the document, which sets another key; absent: the key follows from the type. */
function valueAt({ data }: SourceSecret, key: string, where: string, field?: 'usernameKey' | 'passwordKey'): Redacted {
  const value = data.get(key)
  if (value !== undefined) return value
  const keys = [...data.keys()].map(quote).join(', ') || 'none'
  throw sourceInvalid(
    `${where} has no key ${quote(key)}; its keys are ${keys}`,
    field === undefined
      ? 'the key that the type of the Secret requires'
      : `the ${field === 'usernameKey' ? 'user name' : 'password'} there, or the key that contains it in static.secretRef.${field}`,
  )
}

function userNameOf(value: Redacted, where: string, key: string): string {
  const username = value.reveal()
  if (/^[!-9;-~]{1,256}$/.test(username)) return username
  throw sourceInvalid(`key ${quote(key)} of ${where} is not a user name`, 'a user name without spaces and ":"')
}

/** Docker Hub's names, which kubelets and docker treat as one; `docker login` and `kubectl create secret` store the second. */
const hubHosts: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/** The keys under which the credential of a host can be, in the order of preference. Pure. */
function keysFor(host: string, keys: readonly string[]): readonly string[] {
  const names = [host, ...(hubHosts.includes(host) ? hubHosts : [])]
  return [host, ...names.flatMap((name) => keys.filter((key) => canonicalKey(key) === name))]
}

function entryOf(config: Redacted, host: string, where: string, form: 'auths' | 'bare' = 'auths'): UserAndPassword {
  const { entries, findings } = parseDockerConfig(config, form)
  const unusable = findings.flatMap((finding) => finding.host ?? [])
  const keys = keysFor(host, [...entries.keys(), ...unusable])
  const entry = keys.map((key) => entries.get(key)).find((one) => one !== undefined)
  if (entry !== undefined) return entry
  const problem = findings.find((finding) => finding.host === undefined || keys.includes(finding.host))?.seen
  const present = [...new Set([...entries.keys(), ...unusable])]
  throw sourceInvalid(
    `${where} has no usable entry for ${quote(host)}${problem === undefined ? `; ${listed(present)}` : `: ${problem}`}`,
    `an entry for ${quote(host)}, with its user name and password in auth`,
    { hint: `${nearbyFix(present)}add it, with a token of the registry as its password: docs/vendors/static.md` },
  )
}

/** More keys than an error line shows. */
const mostListed = 10

function listed(keys: readonly string[]): string {
  if (keys.length === 0) return 'it has no entries'
  const more = keys.length > mostListed ? ` and ${keys.length - mostListed} more` : ''
  return `its entries are ${keys.slice(0, mostListed).map(quote).join(', ')}${more}`
}

const nearbyFix = (keys: readonly string[]) =>
  keys.length === 0
    ? 'docker login with credsStore or credHelpers stores the password elsewhere: remove these and sign in again, or '
    : 'name a host of an entry first in hosts, or '
