/** From the subject token to the registry: tokens, issuers, exchanges, pulls, and the clocks that were seen on the way. */
import type { Document } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ExchangeRequest, mintedFrom } from '../refresh/exchange-requests.ts'
import { repositoryElsewhere, repositoryFor } from '../trust/needs.ts'
import type { VendorContext, Vendors } from '../vendors/vendor.ts'
import type { Asked, WantedImage } from './asked.ts'
import { admittedToken, gatherAdmissions } from './gather/gather-admissions.ts'
import { gatherExchanges } from './gather/gather-exchanges.ts'
import { gatherHosts, noHosts } from './gather/gather-hosts.ts'
import { gatherIssuers } from './gather/gather-issuers.ts'
import { gatherPulls } from './gather/gather-pulls.ts'
import { gatherTokens, type TokenFacts, whereOf } from './gather/gather-tokens.ts'
import { gatherTrust } from './gather/gather-trust.ts'
import { gatherUnmatched } from './gather/gather-unmatched.ts'
import type { Patience, Step } from './gather/patience.ts'
import { type ClockSeen, watchClocks } from './gather/watch-clocks.ts'
import type { ImageElsewhere, TrustFacts, WayFacts } from './gather/way-facts.ts'
import { ofTrust } from './judge/judge-exchange.ts'
import { judgeToken } from './judge/judge-token.ts'
import { takesFiles } from './remedy/trust-command.ts'

export interface WayWanted {
  readonly asked: Asked
  readonly demands: readonly ExchangeRequest[]
  readonly images: readonly WantedImage[]
}

/** Whose answer each hop waits for. */
const steps = {
  tokens: { hops: ['subject-token'], of: 'the API server' },
  admissions: { hops: ['publish'], of: 'where the issuer is published' },
  issuers: { hops: ['discovery', 'key', 'signature'], of: "the token's issuer" },
  exchanges: { hops: ['exchange', 'impersonation'], of: 'the vendor' },
  hosts: { hops: ['discovery'], of: "who serves the issuer's documents" },
  pulls: { hops: ['registry'], of: 'the registry' },
  trust: { hops: [], of: 'the vendor, of what it trusts' },
} as const satisfies Readonly<Record<string, Step>>

/** `cluster`: undefined where it cannot be asked. */
export async function gatherToRegistry(
  wanted: WayWanted,
  cluster: Cluster | undefined,
  patience: Patience,
  context: VendorContext,
): Promise<WayFacts> {
  const { asked, demands, images } = wanted
  const { documents } = asked
  const watched = watchClocks(context)
  const look = { ...context, ...watched.context }
  const tokens = await patience.await(steps.tokens, [], () => gatherTokens(demands, asked, cluster))
  const requestedAt = context.now()
  const worth = tokens.map((facts) => ({ ...facts, token: worthTrying(facts, asked, requestedAt) }))
  const admissions = await patience.await(steps.admissions, [], () => gatherAdmissions(worth, asked, cluster, look))
  const held = tokens.flatMap(({ got, from }, index) =>
    isToken(got) ? [{ token: admissions[index]?.token ?? got, where: whereOf(from) }] : [],
  )
  const issuers = await patience.await(steps.issuers, [], () => gatherIssuers(held, asked, cluster, look))
  const admitted = admissions.map((facts) => ({ demand: facts.demand, token: admittedToken(facts) }))
  const exchanges = await patience.await(steps.exchanges, [], () => gatherExchanges(admitted, look))
  const hosts = await patience.await(steps.hosts, noHosts, () => gatherHosts(issuers, exchanges, context))
  const pulls = await patience.await(steps.pulls, [], () =>
    gatherPulls(exchanges, { documents, images }, { ...look, plainHttp: asked.plainHttp }),
  )
  const seen = { tokens, issuers, exchanges, pulls }
  const trust = await Promise.all(demands.map((demand) => gatherTrustOf(demand, seen, { wanted, patience }, context)))
  const clocks = [...clusterClock(tokens, cluster, requestedAt), ...watched.seen()]
  const unmatched = await gatherUnmatched(documents, images, context.vendors)
  return { tokens, admissions, issuers, hosts, exchanges, unmatched, pulls, clocks, trust }
}

interface Looking {
  readonly wanted: WayWanted
  readonly patience: Patience
}

/** The vendor is read only where it refused what it was told wrong, or not at all; and of this registry alone. */
async function gatherTrustOf(
  demand: ExchangeRequest,
  { tokens, issuers, exchanges, pulls }: Pick<WayFacts, 'tokens' | 'issuers' | 'exchanges' | 'pulls'>,
  { wanted, patience }: Looking,
  context: VendorContext,
): Promise<TrustFacts> {
  const { asked, images } = wanted
  const { documents } = asked
  const { vendors } = context
  const references = images.map(({ reference }) => reference)
  const got = tokens.find((facts) => facts.demand === demand)?.got
  const token = got !== undefined && isToken(got) ? got : undefined
  const repository = await repositoryFor(documents, references, vendors)
  const known = { demand, documents, repository, subject: token?.subject }
  const isRefused = exchanges.some(
    ({ demand: of, result }) => of === demand && result instanceof PullpassError && ofTrust.includes(result.code),
  )
  const denied = pulls.filter(
    ({ demand: of, trial }) => of === demand && trial?.outcome === 'refused' && trial.status === 403,
  )
  if ((!isRefused && denied.length === 0) || token === undefined) return { ...known, found: undefined, elsewhere: [] }
  const served = issuers.find((facts) => facts.token.issuer === token.issuer)?.cluster
  const cluster =
    served === undefined || served instanceof PullpassError ? { issuer: token.issuer, keys: undefined } : served
  const own = ofDemand(demand, documents)
  const subject = takesFiles(own) ? token.subject : undefined
  const look = (its: readonly Document[], name: string | undefined) =>
    patience.await(steps.trust, undefined, () =>
      gatherTrust({ documents: its, cluster, subject, repository: name }, context),
    )
  const setup = await vendors[demand.registry.vendor]?.trust?.load()
  const unnamed = await repositoryFor(own, references, vendors)
  const found = await look(own, unnamed?.name)
  const named = setup?.repository(demand.registry.settings) ?? unnamed?.name
  const elsewhere = denied.map(async ({ image }): Promise<ImageElsewhere[]> => {
    if (image === undefined || named === undefined) return []
    const other = await repositoryElsewhere(demand.registry, named, image.reference, vendors)
    if (other === undefined) return []
    return [
      { image: image.name, repository: other, named, found: await look(await reading(own, other, vendors), undefined) },
    ]
  })
  return { ...known, found, elsewhere: (await Promise.all(elsewhere)).flat() }
}

/** The documents with the registries that share the demand's exchange, and no others. */
const ofDemand = ({ mintedFrom: wanted }: ExchangeRequest, documents: readonly Document[]): Document[] =>
  documents
    .map((document) => ({
      ...document,
      registries: document.registries.filter((registry) => mintedFrom(document, registry) === wanted),
    }))
    .filter(({ registries }) => registries.length > 0)

/** The same, as if they named another repository. */
const reading = async (
  documents: readonly Document[],
  repository: string,
  vendors: Vendors,
): Promise<readonly Document[]> =>
  await Promise.all(
    documents.map(async (document) => ({
      ...document,
      registries: await Promise.all(
        document.registries.map(async (registry) => {
          const setup = await vendors[registry.vendor]?.trust?.load()
          return { ...registry, settings: setup?.withRepository(registry.settings, repository) ?? registry.settings }
        }),
      ),
    })),
  )

const isToken = (got: TokenFacts['got']): got is SubjectToken =>
  typeof got === 'object' && !(got instanceof PullpassError)

/** What is known to be refused is not sent: the quota is the vendor's, and his words say less. */
function worthTrying(facts: TokenFacts, { commands }: Asked, now: Date): SubjectToken | undefined {
  const judge = { now, commands, clusterFailure: undefined, clockFailure: undefined }
  return isToken(facts.got) && judgeToken(facts, judge).result === 'ok' ? facts.got : undefined
}

/** A token that was signed a moment ago says what time it is there. */
function clusterClock(tokens: readonly TokenFacts[], cluster: Cluster | undefined, at: Date): ClockSeen[] {
  const fresh = tokens.find(({ from, got }) => from.kind === 'requested' && isToken(got))?.got
  if (cluster === undefined || fresh === undefined || !isToken(fresh) || fresh.issuedAt === undefined) return []
  return [{ of: cluster.server, aheadMs: fresh.issuedAt.getTime() - at.getTime() }]
}
