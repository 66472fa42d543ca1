/**
 * A service that exchanges an identity token for a registry credential by one request. A vendor brings the form of its request and
 * of its responses; verification, trust and issued credentials are common to all.
 */
import { randomBytes } from 'node:crypto'
import type { Authenticate, RegistryHolder } from '../registry/token-endpoint.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxCloud, SandboxContext, SandboxVendor } from '../vendor.ts'
import { readPublishedKeys } from './published-keys.ts'
import { type IdentityClaims, type Rejection, type TrustedIdentity, verifyIdentity } from './verify-identity.ts'

export interface FederatedSandbox extends SandboxCloud {
  readonly parts: Readonly<Record<'tokens', Part>>
  readonly handle: SandboxHandler
  /** Origin of the token service. */
  readonly url: string
  /** What it accepts; tests change it. */
  readonly trusted: TrustedIdentity
  readonly settings: FederatedSettings
}

interface FederatedSettings {
  lifeSeconds: number
  /** What the request has to name: a robot, a provider, an identity. */
  name: string
  /** Whether the holder of a credential may pull. */
  pulls: boolean
}

interface FederatedTools {
  readonly settings: FederatedSettings
  readonly trusted: TrustedIdentity
  readonly now: () => Date
  readonly verify: (token: string) => Promise<{ readonly claims: IdentityClaims } | { readonly rejection: Rejection }>
  /** A password that the registry accepts with this user name. `jwt`: it is a JWT with these claims and its expiry. */
  readonly issue: (username: string, jwt?: Readonly<Record<string, unknown>>) => IssuedPassword
}

interface IssuedPassword {
  readonly password: string
  readonly expiresAt: Date
}

export interface FederatedService {
  /** By default. */
  readonly audience: (url: string) => string
  /** Absent: the audience is checked. */
  readonly checksAudience?: false
  readonly lifeSeconds: number
  /** The name by default. */
  readonly name: string
  readonly respond: (request: SandboxRequest, tools: FederatedTools) => SandboxResponse | Promise<SandboxResponse>
}

export const federatedVendor = (service: FederatedService): SandboxVendor<FederatedSandbox> => ({
  async open(context) {
    const settings = { lifeSeconds: service.lifeSeconds, name: service.name, pulls: true }
    const trusted: TrustedIdentity = { issuer: '', subject: '', audience: undefined }
    const issued = new Map<string, { readonly username: string; readonly expiresAt: Date }>()
    const tools = createTools({ settings, trusted, issued, context })
    const handler: SandboxHandler = (request) => service.respond(request, tools)
    const tokens = await context.serve(handler)
    const audience = service.audience(tokens.url)
    return {
      parts: { tokens },
      handle: handler,
      url: tokens.url,
      trusted,
      settings,
      environment: {},
      registryVariables: {},
      audience,
      trust(issuer) {
        Object.assign(trusted, { issuer, subject: context.subject })
        if (service.checksAudience !== false) trusted.audience = audience
      },
      authenticate: (credential) => holderOf(credential, { issued, settings, context }),
    }
  },
})

interface State {
  readonly settings: FederatedSettings
  readonly issued: Map<string, { readonly username: string; readonly expiresAt: Date }>
  readonly context: SandboxContext
}

function createTools({ settings, trusted, issued, context }: State & Pick<FederatedTools, 'trusted'>): FederatedTools {
  const { now, issuers } = context
  return {
    settings,
    trusted,
    now,
    async verify(token) {
      const keys = await readPublishedKeys({ issuerUri: trusted.issuer }, issuers).catch(() => ({ keys: [] }))
      return verifyIdentity(token, trusted, keys, now())
    },
    issue(username, jwt) {
      const seconds = Math.floor(now().getTime() / 1000) + settings.lifeSeconds
      const random = randomBytes(24).toString('base64url')
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const password =
        jwt === undefined ? random : `${encode({ alg: 'RS256' })}.${encode({ ...jwt, exp: seconds })}.${random}`
      const expiresAt = new Date(seconds * 1000)
      issued.set(password, { username, expiresAt })
      return { password, expiresAt }
    },
  }
}

function holderOf(
  { username, password }: Parameters<Authenticate>[0],
  { issued, settings, context }: State,
): RegistryHolder | undefined {
  const found = issued.get(password)
  if (found === undefined || found.username !== username || found.expiresAt <= context.now()) return undefined
  return {
    mayPull: (repository) => settings.pulls && repository.startsWith(`${context.repository}/`),
    denial: () => 'requested access to the resource is denied',
    expiresAt: found.expiresAt,
  }
}

/** The form of a request, or undefined if it has another content type. */
export const formOf = ({ headers, body }: SandboxRequest): URLSearchParams | undefined =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    ? new URLSearchParams(body.toString())
    : undefined

/** The JSON object of a request; empty if it is none. */
export function jsonOf({ headers, body }: SandboxRequest): Record<string, unknown> {
  if (headers['content-type'] !== 'application/json') return {}
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

export const bearerOf = ({ headers }: SandboxRequest): string =>
  /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1] ?? ''

export function basicOf({ headers }: SandboxRequest): readonly [username: string, password: string] {
  const [, encoded = ''] = /^Basic (.+)$/.exec(headers['authorization'] ?? '') ?? []
  const [username = '', password = ''] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s)
  return [username, password]
}
