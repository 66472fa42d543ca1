/** A pull secret, for programs: the shape that `-o json` and `-o yaml` print. No credential is part of it. */
import type { EntryVerdict } from '../../registry/judge-pull-secret.ts'
import type { SecretVerdict } from './judge-secret.ts'
import type { SecretTarget } from './parse-inspect-target.ts'

export interface SecretReport {
  readonly namespace: string
  readonly name: string
  readonly type: string
  /** Of the credential, and of something else in the Secret. */
  readonly managers: readonly string[]
  readonly otherManagers: readonly string[]
  readonly document: string | undefined
  readonly refreshedAt: Date | undefined
  readonly entries: readonly EntryVerdict[]
  readonly kubelet: {
    readonly parsing: 'succeeds' | 'fails'
    readonly image: string | undefined
    /** Hosts in the order in which they are tried for the image. */
    readonly tried: readonly string[] | undefined
  }
  /** Empty: nothing speaks against it. */
  readonly problems: readonly string[]
  readonly notes: readonly string[]
}

export function reportSecret({ secret, image }: SecretTarget, verdict: SecretVerdict): SecretReport {
  const { type, managers, otherManagers, document, refreshedAt, entries, parsing, tried, problems, notes } = verdict
  const kubelet = { parsing, image: image?.name, tried }
  return { ...secret, type, managers, otherManagers, document, refreshedAt, entries, kubelet, problems, notes }
}
