/** A second vendor, as a folder of src/vendors would bring it: every part, each as small as its contract permits. */
import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import type { VendorSettings } from '../../../src/document/document-vendor.ts'
import type { TextRule } from '../../../src/document/field-rules.ts'
import { fields, text } from '../../../src/document/schema-parts.ts'
import type { Context, Environment } from '../../../src/http/context.ts'
import type { Refusal } from '../../../src/http/request-errors.ts'
import { send } from '../../../src/http/send.ts'
import type { IssuerRequirements } from '../../../src/oidc/evaluate/issuer-requirements.ts'
import { documentStore } from '../../../src/oidc/issuer-documents.ts'
import { asList, asObject, asText } from '../../../src/text/json-fields.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { shellQuote } from '../../../src/text/shell.ts'
import type { PublisherIdentity } from '../../../src/vendors/publisher-identity.ts'
import { type BucketName, parseBucket, type Store } from '../../../src/vendors/store.ts'
import { recordKey, type TrustNeed, type TrustResource, type TrustSetup } from '../../../src/vendors/trust/contract.ts'
import { hclBlock, hclText } from '../../../src/vendors/trust/hcl.ts'
import { markOf } from '../../../src/vendors/trust/marks.ts'
import { defineVendor, type Exchange, type Vendor } from '../../../src/vendors/vendor.ts'

interface AcmeSettings {
  readonly account: string
  readonly trust?: { readonly repository: string }
}

const account: TextRule = {
  pattern: /^[a-z][a-z-]{2,31}$/,
  maxLength: 32,
  expected: 'an Acme account, such as pullers',
}
const repository: TextRule = { pattern: /^[a-z-]+\/[a-z-]+$/, maxLength: 64, expected: 'PROJECT/REPOSITORY' }
const endpointOf = (environment: Environment) => environment['ACME_ENDPOINT'] ?? 'https://api.acme.example.com'

const form = fields(
  {
    account: text(account, 'Account that pulls'),
    trust: z.exactOptional(
      fields({ repository: text(repository, 'Repository that may be read') }, 'For pullpass trust'),
    ),
  },
  'Acme Registry',
)

const settings: VendorSettings<AcmeSettings, AcmeSettings> = {
  form,
  tenantForm: form,
  hosts: () => 'any',
  problems: ({ account: name }, path) =>
    name === 'root'
      ? [{ path: [...path, 'account'], predicate: 'is "root"', expected: 'an account of less power' }]
      : [],
  read: async (written) => ({ settings: written }),
}

const refusal = (_: number, body: unknown): Refusal => ({
  code: 'EXCHANGE_REFUSED',
  message: asText(asObject(body)?.['reason']) ?? '',
  expected: 'an account that trusts the subject',
  hint: 'acme trust add',
})

const exchange: Exchange<AcmeSettings> = {
  audiences: ({ settings: { account: name } }) => [`acme:${name}`],
  hops: () => ['exchange', 'exchange/authorization'],
  tenantDomains: [],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => 1800,
  endpointVariables: [],
  checkEnvironment: () => undefined,
  checkSubject: () => undefined,
  registryRefusal: () => undefined,
  async exchange({ hosts, settings: { account: name } }, subjectToken, context) {
    const origin = endpointOf(context.environment)
    const session = await send(context, {
      hop: 'exchange',
      service: 'Acme',
      url: `${origin}/token`,
      json: { account: name, subjectToken: subjectToken.value },
      refusal,
      read: ({ body }) => new Redacted(asText(asObject(body)?.['session']) ?? ''),
    })
    return await send(context, {
      hop: 'exchange/authorization',
      service: 'Acme',
      url: `${origin}/authorize`,
      bearer: session,
      refusal,
      read: ({ body, receivedAt }) => ({
        hosts,
        username: 'acme',
        password: new Redacted(asText(asObject(body)?.['password']) ?? ''),
        expiresAt: new Date(receivedAt.getTime() + 1800 * 1000),
      }),
    })
  },
}

function resourceOf({ registry, cluster, subject }: TrustNeed<AcmeSettings>, context: Context): TrustResource {
  const { account: trusting } = registry.settings
  const principal = `${cluster.issuer} ${subject}`
  const name = `${trusting} trusts ${subject}`
  const request = async (method: 'GET' | 'PUT' | 'DELETE') =>
    await send(context, {
      hop: 'trust',
      service: 'Acme',
      method,
      url: `${endpointOf(context.environment)}/trust/${trusting}?subject=${encodeURIComponent(principal)}`,
      bearer: new Redacted('acme-operator'),
      read: ({ body }) => asList(asObject(body)?.['subjects']).includes(principal),
    })
  const command = `acme trust add ${trusting} ${shellQuote(principal)}`
  const entry = {
    key: recordKey('grant', name),
    text: JSON.stringify({ name }),
    namespaces: [subject.split(':')[2] ?? ''],
  }
  return {
    vendor: 'acme',
    kind: 'trusted subject',
    name,
    needs: [],
    entry,
    recoveryEntry: () => undefined,
    async observe() {
      const isPresent = await request('GET')
      const change = {
        action: 'grant' as const,
        fields: [],
        description: `let ${name}`,
        command,
        script: { functions: [], line: command },
        byTerraform: 'applied' as const,
        apply: async () => void (await request('PUT')),
      }
      return {
        vendor: 'acme',
        kind: 'trusted subject',
        name,
        presence: isPresent ? 'present' : 'absent',
        verdict: isPresent ? 'ok' : 'grant',
        changes: isPresent ? [] : [change],
        notes: [],
        kept: [],
        hcl: {
          requires: { name: 'acme', source: 'acme/acme', version: '~> 1.0' },
          block: hclBlock(`resource "acme_trust" "${createHash('sha256').update(name).digest('hex').slice(0, 8)}"`, [
            ['subject', hclText(principal)],
            ['mark', hclText(markOf(cluster))],
          ]),
          importBlock: undefined,
        },
      }
    },
    planRemoval: async () =>
      (await request('GET'))
        ? {
            state: 'removable',
            remove: async () => {
              await request('DELETE')
              return undefined
            },
          }
        : { state: 'absent' },
  }
}

const trust: TrustSetup<AcmeSettings> = {
  repositories: {
    rule: repository,
    ofImage: ({ repository: path }) => path.split('/').slice(0, 2).join('/'),
    imageIn: (name, image) => `${name}/${image}`,
  },
  clusterIds: { trustDomainId: account },
  forCluster: (own, { trustDomainId }) => ({ ...own, account: trustDomainId ?? own.account }),
  repository: ({ trust: own }) => own?.repository,
  withRepository: (own, name) => ({ ...own, trust: { repository: name } }),
  admitsPublisher: () => false,
  desired: (needs) => ({
    open: (context) => ({ signIn: async () => undefined, resources: needs.map((need) => resourceOf(need, context)) }),
  }),
}

const store: Store<BucketName> = {
  parse: (rest) => parseBucket(rest, { pattern: /^[a-z-]{3,20}$/, expected: 'the name of a space: 3 to 20 letters' }),
  meaning: (url) =>
    url.startsWith('https://spaces.acme.example.com/') ? url.replace(/^https:\/\/[^/]+\//, 'acme://') : undefined,
  publicUrl: ({ bucket, path }) => `https://spaces.acme.example.com/${bucket}${path && `/${path}`}`,
  makePublic: ({ bucket }) => `acme spaces publish ${bucket}`,
  open({ bucket, path }, context) {
    const request = async (method: 'GET' | 'PUT', document: string, content?: string) =>
      await send(context, {
        hop: 'publish',
        service: 'Acme',
        method,
        url: `${endpointOf(context.environment)}/store/${bucket}/${path}/${document}`,
        ...(content !== undefined && { json: JSON.parse(content) }),
        read: ({ body }) => asText(asObject(body)?.['text']),
      })
    const versionOf = (content: string) => createHash('sha256').update(content).digest('hex')
    return {
      name: `acme://${bucket}/${path}`,
      publicUrl: undefined,
      facts: documentStore(),
      async read(name) {
        const content = await request('GET', name)
        return content === undefined ? undefined : { text: content, version: versionOf(content) }
      },
      async write(name, document) {
        await request('PUT', name, document.text)
        return 'written'
      },
    }
  },
}

const publisherIdentity: PublisherIdentity<AcmeSettings, string> = {
  parse: (written) => /^acme:([a-z-]+)$/.exec(written)?.[1],
  podIdentity: ({ as, targets, folder }) =>
    as === undefined
      ? undefined
      : {
          audience: `acme:${as}`,
          file: 'acme',
          variables: { ACME_TOKEN_FILE: `${folder}/acme` },
          files: {},
          grants: [`acme spaces grant ${as}, ${targets.length} target`],
        },
}

const issuerRequirements: IssuerRequirements = {
  rules: {
    algorithms: ['RS256'],
    port: 'warning',
    privateAddress: 'warning',
    privateAuthority: { result: 'warning', fix: 'register the authority at Acme' },
    longestIssuer: undefined,
    mostKeys: undefined,
  },
  evaluateMore: () => [],
}

export const acme: Vendor = defineVendor<AcmeSettings>({
  title: 'Acme',
  settings: async () => settings,
  variables: async () => ({
    registry: 'acme',
    defaultHost: 'registry.acme.example.com',
    rules: { ACME_ACCOUNT: account },
    settings: (value) => ({ account: value('ACME_ACCOUNT') }),
  }),
  exchange: async () => exchange,
  trust: { commandLine: 'acme', replaceable: ['region'], load: async () => trust },
  stores: { acme: { form: 'acme://SPACE/PATH', load: async () => store } },
  publisherIdentity: { form: 'acme:ACCOUNT', load: async () => publisherIdentity },
  issuerRequirements: async () => issuerRequirements,
})
