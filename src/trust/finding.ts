/** What a plan says of one resource, whoever the vendor is: a word, and the changes that lead where it is wanted. */
import type { DocumentRegistry } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'

/** What of a thing that is there is changed only when a flag names it. */
export const replaceable = ['issuer', 'mapping', 'condition', 'keys'] as const
export type Replaceable = (typeof replaceable)[number]

/** What the operator accepted by flags, beside what the documents say. */
export interface Accepted {
  readonly replace: readonly Replaceable[]
  /** Whether clusters may share a resource in which they have the same identities. */
  readonly sharing: 'accepted' | 'refused'
}

export type Verdict =
  /** As it is wanted, or narrower by somebody else's will. */
  | 'ok'
  | 'create'
  | 'undelete'
  | 'update'
  | 'grant'
  /** What is there stands against it, and stays as it is unless a flag says otherwise. */
  | 'refused'
  /** It could not be looked at. */
  | 'unknown'
  /** It is missing or differs, and a resource that it needs is refused, unknown or blocked: it is not created. */
  | 'blocked'

export interface Finding {
  readonly vendor: DocumentRegistry['provider']
  readonly kind: string
  readonly name: string
  readonly presence: 'present' | 'absent'
  readonly verdict: Verdict
  /** In the order in which they are made. */
  readonly changes: readonly Change[]
  /** What is there and stays, though the documents do not ask for it. */
  readonly notes: readonly string[]
  /** Fields that differ and stay. */
  readonly kept: readonly Replaceable[]
  /** Other clusters that have the same identities in it, a sentence for each; absent where there is none. */
  readonly sharedWith?: readonly string[] | undefined
  /** Why it is refused or unknown. */
  readonly fault?: PullpassError | undefined
  /** Resources that it needs and that are not in place: by them it is blocked, where anything of it would change. */
  readonly missingNeeds?: readonly MissingNeed[] | undefined
  /** A resource that the documents may mean instead: it has the same ids and this cluster, under another name. */
  readonly instead?: string | undefined
  /** Of what is refused: how whoever may decide it has it changed. */
  readonly override?: Override | undefined
  readonly hcl: HclResource
}

export interface MissingNeed {
  readonly name: string
  /** The verdict on it in a plan, its result in a run. */
  readonly state: string
}

export const describeMissing = (needs: readonly MissingNeed[]): string =>
  needs.map(({ name, state }) => `${name} (${state})`).join(' and ')

/** The vendor's own command; or what `--replace` is to name. */
export type Override = { readonly command: string } | { readonly replace: readonly Replaceable[] }

export interface Change {
  /** One line that says what it does, before it is made. */
  readonly says: string
  /** For a shell, by the vendor's command line. */
  readonly command: string
  /** The same for a script that goes on with the next change. */
  readonly script: ScriptLine
  /** Whether the resource's block does the same. */
  readonly byTerraform: 'made' | 'not made'
  /** @throws PullpassError at the hop trust: nothing was changed, or what is under way is named */
  readonly make: () => Promise<void>
}

export interface ScriptLine {
  /** Definitions of the shell functions that the line calls: each stands once in a script. */
  readonly functions: readonly string[]
  readonly line: string
}

/** The resource as it is when every change is made. */
export interface HclResource {
  readonly requires: { readonly name: string; readonly source: string; readonly version: string }
  /** Its block; before it, where it can be there already, the block that imports it. */
  readonly block: string
  readonly importBlock: string | undefined
}

/** What is there at the vendor's and stands against what is wanted. */
export const trustRefused = (
  seen: string,
  { expected, hint }: { readonly expected: string; readonly hint?: string },
): PullpassError => new PullpassError({ code: 'TRUST_REFUSED', hop: 'trust', seen, expected, hint })
