/** What the trust of a vendor makes of responses that are not those of the vendor: of a proxy, or of what others configured there. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { SandboxResponse } from '../../sandbox/serve/handler.ts'
import type { Part } from '../../sandbox/serve/serve-part.ts'
import { loadDocuments } from '../../src/document/load-documents.ts'
import type { Context, Environment } from '../../src/http/context.ts'
import { Redacted } from '../../src/text/redacted.ts'
import type { TrustNeed, TrustResource, TrustSetup } from '../../src/vendors/trust/contract.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { fakeContext } from '../support/fake-context.ts'
import fc from '../support/fast-check.ts'
import { documentOf } from './exchange-registry.ts'
import { subject, type TrustRuns } from './trust-runs.ts'

export const issuer = 'https://issuer.example.com'

/** Of a document with one registry. `fields`: of the registry, in YAML. */
export async function trustNeed<Settings>(
  { repository }: Pick<TrustSetup<Settings>, 'repository'>,
  fields: string,
  changes: Partial<TrustNeed<Settings>> = {},
): Promise<TrustNeed<Settings>> {
  const text = documentOf(fields)
  const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
  const [loaded] = document?.registries ?? []
  assert.ok(document !== undefined && loaded !== undefined)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is that of the set-up
  const registry = loaded as TrustNeed<Settings>['registry']
  const cluster = { name: 'cluster', issuer, keys: [], trustDomainId: undefined, issuerId: undefined }
  const need = { document, registry, cluster, subject, subjectFrom: 'document', publishesHere: false } as const
  return { ...need, repository: repository(registry.settings), ...changes }
}

interface AnyResponse {
  readonly resources: (context: Context) => readonly TrustResource[]
  readonly body: fc.Arbitrary<string>
  readonly environment: Environment
  /** The operator's. */
  readonly token: string
  readonly replace: readonly string[]
  /** Of a request that is sent. */
  readonly check?: (url: string) => void
}

const statuses = [200, 200, 200, 400, 401, 403, 404, 409, 422, 429, 500]
const verdicts = ['ok', 'create', 'update', 'grant', 'refused', 'unknown', 'blocked']

/** Each resource has a verdict, and a refused or unknown one a reason; the operator's token is in no finding and command. */
export async function checkAnyResponse({ resources, body, environment, token, ...given }: AnyResponse): Promise<void> {
  const response = fc.record({ status: fc.constantFrom(...statuses), body })
  await fc.assert(
    fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 6 }), async (responses) => {
      const context = fakeContext({ environment })
      context.secrets.add(new Redacted(token))
      let sent = 0
      const transport: Context['transport'] = async ({ url }) => {
        given.check?.(url)
        const { status, body: content } = responses[sent++ % responses.length] ?? { status: 500, body: '' }
        return { status, headers: {}, body: content }
      }
      for (const resource of resources({ ...context, transport })) {
        const { verdict, fault, changes, notes } = await resource.observe({
          replace: given.replace,
          sharing: 'refused',
        })
        assert.ok(verdicts.includes(verdict), verdict)
        assert.ok(!JSON.stringify([fault?.message, changes, notes]).includes(token))
        if (['refused', 'unknown'].includes(verdict)) assert.ok(fault !== undefined, verdict)
        for (const { command } of changes) assert.doesNotMatch(command, /\/\.\.(?:\/|$)/)
      }
    }),
    { numRuns: 150 },
  )
}

type When = (request: { readonly path: string }) => boolean

/** In place of the vendor's; what `trust plan` then reports, `undefined` if it is no fault; absent `when`: as of all. */
export type ResponseCase = readonly [response: SandboxResponse, seen: RegExp | undefined, when?: When]

/** Of any vendor. */
export const anyResponses: Readonly<Record<string, ResponseCase>> = {
  'a sign-in page': [{ status: 200, body: '<!DOCTYPE html><p>Sign in' }, /without a known reason|not in JSON/],
  'two megabytes': [{ status: 200, body: `"${'b'.repeat(2_000_000)}"` }, /more than 1048576 bytes/],
  'a redirect': [{ status: 302, headers: { location: 'https://attacker.example.com/' } }, /a redirect/],
}

/** Control characters, and more than is printed. */
export const longMessage: string = `a\u001b[31m\nfix: ${'b'.repeat(5000)}`
export const shownMessage: RegExp = /"a \[31m fix: b+…"/

/** A line of Terraform. */
export const terraformLine = 'resource "terraform_data" "x" {}'

interface World extends Pick<TrustRuns, 'run'> {
  readonly part: Part
  readonly when: When
  /** `-o` with which commands are printed. */
  readonly commands: string
  readonly replace: string
  /** The operator's. */
  readonly token: string
  /** What exists at the vendor. */
  readonly state: () => string
}

const mostRequests = 60

/** A plan with each of the responses, in each format: it changes nothing, and prints no secret and no command of others. */
export async function checkResponses(
  t: TestContext,
  cases: Readonly<Record<string, ResponseCase>>,
  { part, run, commands, replace, token, state, ...world }: World,
): Promise<void> {
  const before = state()
  for (const [title, [response, seen, when = world.when]] of Object.entries(cases)) {
    await t.test(`with ${title} changes nothing, and is reported without a secret`, async (each) => {
      each.after(() => part.faults.clear())
      part.faults.inject({ kind: 'response', response }, { when })
      for (const format of [[], ['-o', 'terraform'], ['-o', commands]]) {
        const earlier = part.seen.length
        const { exitCode, stdout, stderr } = await run(['trust', 'plan', '--replace', replace, ...format])
        assert.equal(exitCode, seen === undefined ? 0 : 1, stderr)
        assert.match(stderr, seen ?? /^$/)
        assert.ok((stdout + stderr).length < 16_000, `${(stdout + stderr).length} characters`)
        assert.doesNotMatch(stdout + stderr, /attacker|\p{Cf}|(?!\n)\p{Cc}/u)
        assert.doesNotMatch(stdout, /^resource "terraform_data"/m)
        if (format.length > 0) assert.doesNotMatch(stdout, /^(?!request_[a-z]+ |# ).*rm -rf|(?<!'\\'');\s*rm/m)
        assert.ok(!(stdout + stderr).includes(token))
        assert.ok(part.seen.length - earlier <= mostRequests, `${part.seen.length - earlier} requests`)
      }
      assert.equal(state(), before)
    })
  }
}
