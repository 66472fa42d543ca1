/** A change with a vendor's command-line tool as data, and its conversion to the finding that all vendors report. */
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { shellQuote } from '../text/plain-text.ts'
import type { Change, HclResource, Override, TrustFinding, Verdict } from './trust-contract.ts'

export interface VendorChange {
  readonly action: Change['action']
  /** Of an update: the names of the fields that change. */
  readonly fields?: readonly string[]
  readonly description: string
  /** Of the command line, after the name of the tool. */
  readonly words: readonly string[]
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

export interface Observed {
  readonly vendor: string
  /** The vendor's command-line tool. */
  readonly tool: string
  readonly kind: string
  readonly name: string
  readonly hcl: (presence: TrustFinding['presence']) => HclResource
}

/** A resource that cannot be read is `unknown`, with the reason; only an abort of the run is thrown. */
export async function toFinding(
  { vendor, tool, kind, name, hcl }: Observed,
  context: Pick<Context, 'signal'>,
  observe: () => Promise<VendorFinding>,
): Promise<TrustFinding> {
  const {
    changes = [],
    notes = [],
    kept = [],
    hcl: existing,
    ...found
  } = await observe().catch((error: unknown): VendorFinding => {
    context.signal.throwIfAborted()
    return { presence: 'absent', verdict: 'unknown', fault: asFault(error) }
  })
  return {
    vendor,
    kind,
    name,
    ...found,
    changes: changes.map((change) => toChange(tool, change)),
    notes,
    kept,
    hcl: existing ?? hcl(found.presence),
  }
}

function toChange(tool: string, { action, fields = [], description, words, apply }: VendorChange): Change {
  const command = [tool, ...words].map(shellQuote).join(' ')
  return {
    action,
    fields,
    description,
    command,
    script: { functions: [], line: command },
    byTerraform: action === 'delete' ? 'not applied' : 'applied',
    apply: async () => void (await apply()),
  }
}
