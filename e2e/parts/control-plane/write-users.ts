/** The users of a control plane, each with a bearer token: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Users {
  readonly adminToken: string
  /** Of `system:node:localhost`, the one node that may join. */
  readonly nodeToken: string
  /** Bearer tokens by user. */
  readonly userTokens: ReadonlyMap<string, string>
  /** All of them, for --token-auth-file. */
  readonly tokenFile: string
}

export async function writeUsers(folder: string, names: readonly string[]): Promise<Users> {
  const [adminToken, nodeToken] = [randomToken(), randomToken()]
  const userTokens = new Map(names.map((name) => [name, randomToken()]))
  const lines = [`${adminToken},admin,admin,"system:masters"`, `${nodeToken},system:node:localhost,node,"system:nodes"`]
  for (const [user, token] of userTokens) lines.push(`${token},${user},${user}`)
  const tokenFile = join(folder, 'tokens.csv')
  await writeFile(tokenFile, lines.join('\n'), { mode: 0o600 })
  return { adminToken, nodeToken, userTokens, tokenFile }
}

const randomToken = (): string => randomBytes(24).toString('base64url')
