/** What is to be said of rights, namespaces, Secrets and the pod: pure. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Asked, WantedImage } from '../asked.ts'
import { failedBy } from '../failed-by.ts'
import { type Finding, failureOf, firstFailure } from '../finding.ts'
import type { ClusterFacts } from '../gather/gather-cluster.ts'
import type { AccountFacts } from '../gather/gather-places.ts'
import type { ShadowFacts } from '../gather/gather-shadows.ts'
import { notTried } from '../not-tried.ts'
import { secretNamesIn } from '../secret-names-in.ts'
import { judgeAccount } from './judge-account.ts'
import { judgeNamespaces } from './judge-namespaces.ts'
import { judgePod } from './judge-pod.ts'
import { judgeRight } from './judge-right.ts'
import { judgeSchedule } from './judge-schedule.ts'
import { judgeSecret } from './judge-secret.ts'

export interface JudgeCluster {
  readonly asked: Asked
  readonly images: readonly WantedImage[]
  readonly shadows: readonly ShadowFacts[]
  readonly before: readonly Finding[]
  /** Of the token that is exchanged; undefined where documents have no registry. */
  readonly audience: string | undefined
  readonly now: Date
}

export interface ClusterFindings {
  readonly upToSecrets: readonly Finding[]
  /** Service accounts and the pod, which wait for what was found so far. */
  readonly afterWrites: (found: readonly Finding[], refused: ReadonlyMap<AccountFacts, PullpassError>) => Finding[]
}

/** `facts`: undefined where the cluster cannot be asked. */
export function judgeCluster(facts: ClusterFacts | undefined, judge: JudgeCluster): ClusterFindings {
  const { asked, before } = judge
  if (facts === undefined) {
    const cause = failureOf(before, 'cluster')
    const hops = ['rights', 'namespace', 'secret', 'write', ...(asked.pod ? ['pod' as const] : [])] as const
    return { upToSecrets: cause ? hops.map((hop) => notTried(hop, '', cause)) : [], afterWrites: () => [] }
  }
  const { commands } = asked
  const rights = facts.rights.map((right) => judgeRight(right, { commands, namespace: runsIn(asked), before }))
  if (facts.places instanceof PullpassError) {
    return { upToSecrets: [...rights, judgeUnlisted(facts.places, rights)], afterWrites: () => [] }
  }
  const { jobs, secrets, accounts } = facts.places
  const secretsFound = judgeSchedule(facts.schedule, {
    secrets: secrets.map((secret) => judgeSecret(secret, { ...judge, commands })),
    audience: judge.audience,
    commands,
  })
  return {
    upToSecrets: [...rights, ...judgeNamespaces(facts.places, asked.namespace, commands), ...secretsFound],
    afterWrites(found, refused) {
      const attached = accounts.map((account) => judgeAccount(account, refused.get(account), commands))
      if (facts.pod === undefined) return attached
      const { namespace } = facts.pod.asked
      const secretNames = secretNamesIn(namespace, jobs)
      const failure = firstFailure([...found, ...attached])
      return [
        ...attached,
        ...judgePod(facts.pod, { ...judge, secretNames, failure, pulled: pulledOf(found), commands }),
      ]
    },
  }
}

/** The namespaces that a glob or a selector means are not known; two documents of one Secret are a fault of theirs. */
function judgeUnlisted(fault: PullpassError, rights: readonly Finding[]): Finding {
  if (fault.code === 'SECRET_CLAIMED_TWICE') return failedBy('document', 'documents', fault)
  const cause = failureOf(rights, 'rights')
  return cause === undefined ? failedBy('namespace', 'namespaces', fault) : notTried('namespace', 'namespaces', cause)
}

/** Where pullpass runs, as far as that can be told: `-n` of what is to be installed. */
const runsIn = ({ serviceAccount }: Asked) => serviceAccount?.namespace

/** Images that a fresh credential pulls, and the stored one where it was tried. */
function pulledOf(found: readonly Finding[]): ReadonlySet<string> {
  const at = (hop: Finding['hop'], wanted: Finding['result']) =>
    found.flatMap((one) => (one.hop === hop && one.result === wanted && one.image !== undefined ? [one.image] : []))
  const refused = new Set(at('stored-credential', 'failed'))
  return new Set(at('registry', 'ok').filter((image) => !refused.has(image)))
}
