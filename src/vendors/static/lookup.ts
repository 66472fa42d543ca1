/**
 * Reads the user name and password from where they are stored, at each refresh: they can have been replaced. Their expiry is
 * unknown. https://kubernetes.io/docs/concepts/configuration/secret/#basic-authentication-secret
 */
import { parseDockerConfig, pullSecretType } from '../../credential/docker-config.ts'
import { quote } from '../../text/plain-text.ts'
import type { Redacted } from '../../text/redacted.ts'
import { noCluster, readSourceFile, sourceInvalid } from '../credential-source.ts'
import type { ExchangeContext, Lookup, SourceSecret } from '../vendor.ts'
import type { StaticSettings } from './settings.ts'

interface UserAndPassword {
  readonly username: string
  readonly password: Redacted
}

export const lookup: Lookup<StaticSettings> = {
  async lookUp({ hosts, settings }, context) {
    const found = await find(settings, context)
    if (found.password.byteLength() === 0) throw sourceInvalid('the password is empty', 'a password')
    return { hosts, ...found, expiresAt: undefined, readAt: context.now() }
  },
}

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
  return {
    username: settings.username ?? userNameOf(valueAt(content, secret.usernameKey, where), where, secret.usernameKey),
    password: valueAt(content, secret.passwordKey, where),
  }
}

function valueAt({ data }: SourceSecret, key: string, where: string): Redacted {
  const value = data.get(key)
  if (value !== undefined) return value
  const keys = [...data.keys()].map(quote).join(', ') || 'none'
  throw sourceInvalid(`${where} has no key ${quote(key)}; its keys are ${keys}`, `the key ${quote(key)}`)
}

function userNameOf(value: Redacted, where: string, key: string): string {
  const username = value.reveal()
  if (/^[!-9;-~]{1,256}$/.test(username)) return username
  throw sourceInvalid(`key ${quote(key)} of ${where} is not a user name`, 'a user name without spaces and ":"')
}

function entryOf(config: Redacted, host: string, where: string): UserAndPassword {
  const { entries, findings } = parseDockerConfig(config)
  const entry = entries.get(host)
  if (entry !== undefined) return entry
  const problem = findings.find((finding) => finding.host === undefined || finding.host === host)?.seen
  throw sourceInvalid(
    `${where} has no usable entry for ${quote(host)}${problem === undefined ? '' : `: ${problem}`}`,
    `an entry for ${quote(host)}, with its user name and password in auth`,
    { hint: 'docker login with a credential helper stores no password in the file; without one it does' },
  )
}
