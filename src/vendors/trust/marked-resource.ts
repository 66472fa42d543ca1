/** Resources whose changes are requests and commands of a vendor's tool, as the trust resources that all vendors have. */
import type { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { shellQuote } from '../../text/shell.ts'
import type {
  Accepted,
  Change,
  HclResource,
  Override,
  RecordEntry,
  ScriptLine,
  TrustFinding,
  TrustResource,
  Verdict,
} from './contract.ts'
import { observed } from './findings.ts'

export interface VendorChange {
  readonly action: Change['action']
  /** Of an update: the names of the fields that change. */
  readonly fields?: readonly string[]
  readonly description: string
  /** Of the command, after its beginning. */
  readonly words: readonly string[]
  /** Absent: it is, unless it deletes. */
  readonly byTerraform?: Change['byTerraform']
  readonly apply: () => Promise<unknown>
}

export interface VendorFinding {
  readonly presence: TrustFinding['presence']
  readonly verdict: Verdict
  readonly changes?: readonly VendorChange[]
  readonly notes?: readonly string[]
  readonly kept?: readonly string[]
  readonly keptAuthority?: string
  readonly sharedWith?: readonly string[]
  readonly fault?: PullpassError
  readonly instead?: string
  /** Of an existing resource, including fields that others configured; absent: the desired resource. */
  readonly hcl?: HclResource
  readonly override?: Override
}

export interface MarkedResource extends Pick<TrustResource, 'vendor' | 'kind' | 'name' | 'needs' | 'planRemoval'> {
  /** Of a resource that cannot carry the cluster's mark; absent: it carries it at the vendor, and nothing is recorded in the cluster. */
  readonly entry?: RecordEntry
  /** The beginning of each command, as a shell reads it: the name of the vendor's command-line tool. */
  readonly tool: string
  /** Absent: the lines of a script are the commands. */
  readonly scriptLine?: (change: Pick<VendorChange, 'description' | 'words'>) => ScriptLine
  readonly hcl: (presence: TrustFinding['presence']) => HclResource
  /**
   * Absent: requests name the account, or the operator's token is only sent to its server.
   * @throws TRUST_DENIED if the operator is of another account than the resource: a request would reach another resource
   */
  readonly checkAccount?: () => Promise<void>
  readonly observe: (accepted: Accepted) => Promise<VendorFinding>
}

/** What a vendor states of each of its resources. */
export type OwnResource = Pick<MarkedResource, 'kind' | 'name' | 'needs' | 'hcl' | 'observe' | 'planRemoval'>

export const markedResource = (
  { vendor, kind, name, needs, entry, hcl, checkAccount, observe, planRemoval, ...printed }: MarkedResource,
  context: Pick<Context, 'signal'>,
): TrustResource => ({
  vendor,
  kind,
  name,
  needs,
  entry,
  recoveryEntry: () => undefined,
  observe: (accepted) =>
    observed(
      { vendor, kind, name },
      hcl('absent'),
      async () => {
        await checkAccount?.()
        const { changes = [], hcl: existing, ...found } = await observe(accepted)
        return {
          ...found,
          changes: changes.map((change) => toChange(change, printed)),
          hcl: existing ?? hcl(found.presence),
        }
      },
      context,
    ),
  async planRemoval(scope) {
    await checkAccount?.()
    return await planRemoval(scope)
  },
})

function toChange(change: VendorChange, { tool, scriptLine }: Pick<MarkedResource, 'tool' | 'scriptLine'>): Change {
  const { action, fields = [], description, words, byTerraform, apply } = change
  const command = [tool, ...words.map(shellQuote)].join(' ')
  return {
    action,
    fields,
    description,
    command,
    script: scriptLine?.(change) ?? { functions: [], line: command },
    byTerraform: byTerraform ?? (action === 'delete' ? 'not applied' : 'applied'),
    apply: async () => void (await apply()),
  }
}
