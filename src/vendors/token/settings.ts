/** The fields of `token` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { parseDuration } from '../../text/time.ts'
import { audienceProblems, lifetimeRule, userName } from '../registry-fields.ts'

export interface TokenSettings {
  readonly username: string
  readonly lifetimeSeconds: number
}

interface TokenForm {
  readonly username?: string
  readonly lifetime?: string
}

const lifetime = lifetimeRule('10m', '24h')

const form: z.ZodMiniType<TokenForm> = fields(
  {
    username: z.exactOptional(text(userName, 'User name that the registry expects with the token; default: jwt')),
    lifetime: z.exactOptional(text(lifetime, 'Lifetime of the requested or projected token: 10m to 24h; default: 1h')),
  },
  "The identity token itself is the password: Harbor's commercial edition, zot, Forgejo, JWT-checking proxies. The registry's audience is required",
)

export const settings: VendorSettings<TokenForm, TokenSettings> = {
  form,
  tenantForm: form,
  problems: (_, path, registry) => audienceProblems(path, registry),
  hosts: () => 'any', // registries of any vendor
  read: async ({ username = 'jwt', lifetime: written = '1h' }) => ({
    settings: { username, lifetimeSeconds: (parseDuration(written) ?? 0) / 1000 },
  }),
}
