/** A change at AWS as data, and its conversion to the finding that all vendors report. */
import { asFault, type PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { shellQuote } from '../../../text/plain-text.ts'
import type { Change, HclResource, Override, TrustFinding, Verdict } from '../../trust-contract.ts'

export interface AwsChange {
  readonly action: Change['action']
  /** Of an update: the names of the fields that change. */
  readonly fields?: readonly string[]
  readonly description: string
  /** Words of the AWS command line, after `aws iam`. */
  readonly words: readonly string[]
  readonly apply: () => Promise<unknown>
}

export interface AwsFinding {
  readonly presence: TrustFinding['presence']
  readonly verdict: Verdict
  readonly changes?: readonly AwsChange[]
  readonly notes?: readonly string[]
  readonly kept?: readonly string[]
  readonly keptAuthority?: string
  readonly sharedWith?: readonly string[]
  readonly fault?: PullpassError
  /** Of an existing resource, including fields that others configured; absent: the desired resource. */
  readonly hcl?: HclResource
  readonly override?: Override
}

export interface Observed {
  readonly kind: string
  readonly name: string
  readonly hcl: (presence: TrustFinding['presence']) => HclResource
}

/** A resource that cannot be read is `unknown`, with the reason; only an abort of the run is thrown. */
export async function toFinding(
  { kind, name, hcl }: Observed,
  context: Context,
  observe: () => Promise<AwsFinding>,
): Promise<TrustFinding> {
  const {
    presence,
    verdict,
    changes = [],
    notes = [],
    kept = [],
    keptAuthority,
    sharedWith,
    fault,
    override,
    hcl: existing,
  } = await observe().catch((error: unknown): AwsFinding => {
    context.signal.throwIfAborted()
    return { presence: 'absent', verdict: 'unknown', fault: asFault(error) }
  })
  return {
    vendor: 'aws',
    kind,
    name,
    presence,
    verdict,
    changes: changes.map(toChange),
    notes,
    kept,
    ...(keptAuthority !== undefined && { keptAuthority }),
    ...(sharedWith !== undefined && { sharedWith }),
    ...(fault !== undefined && { fault }),
    ...(override !== undefined && { override }),
    hcl: existing ?? hcl(presence),
  }
}

function toChange({ action, fields = [], description, words, apply }: AwsChange): Change {
  const command = ['aws', 'iam', ...words].map(shellQuote).join(' ')
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

/** `NAME.member.1`, `NAME.member.2`, … */
export const listFields = (name: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`${name}.member.${index + 1}`, value]))
