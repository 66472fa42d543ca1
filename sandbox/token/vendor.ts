/** Registries that verify the identity token itself, with a copy of the issuer's keys. https://zotregistry.dev/latest/articles/authn-authz/ */
import type { JSONWebKeySet } from 'jose'
import { readPublishedKeys } from '../issuer/published-keys.ts'
import { type TrustedIdentity, verifyIdentity } from '../issuer/verify-identity.ts'
import type { SandboxCloud, SandboxVendor } from '../vendor.ts'

export interface TokenSandbox extends SandboxCloud {
  readonly trusted: TrustedIdentity
  /** Reads the issuer's keys again. */
  readonly readKeys: () => Promise<void>
}

export const token: SandboxVendor<TokenSandbox> = {
  async open({ now, issuers, subject, repository }) {
    const trusted: TrustedIdentity = { issuer: '', subject, audience: 'https://registry.example.com' }
    let keys: JSONWebKeySet = { keys: [] }
    const readKeys = async () => {
      keys = await readPublishedKeys({ issuerUri: trusted.issuer }, issuers).catch(() => ({ keys: [] }))
    }
    return {
      parts: {},
      environment: {},
      registryVariables: {},
      audience: 'https://registry.example.com',
      trusted,
      readKeys,
      async trust(issuer) {
        trusted.issuer = issuer
        await readKeys()
      },
      authenticate({ username, password }) {
        const verdict = username === '' ? undefined : verifyIdentity(password, trusted, keys, now())
        if (verdict === undefined || !('claims' in verdict)) return undefined
        return {
          mayPull: (name) => name.startsWith(`${repository}/`),
          denial: () => 'requested access to the resource is denied',
          expiresAt: new Date(verdict.claims.exp * 1000),
        }
      },
    }
  },
}
