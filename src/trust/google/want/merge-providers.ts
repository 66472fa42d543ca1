/** Registries that share a provider must agree on it, but for audiences and accepted subjects, which add up. */
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { longestCondition, subjectCondition } from '../subject-condition.ts'
import { defaultAudiences, type WantedCondition, type WantedProvider } from './wanted-at-google.ts'

/** @throws DOCUMENT_INVALID */
export function mergeProviders(all: readonly WantedProvider[]): WantedProvider[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => {
      for (const other of same) checkAgreement(first, other)
      return { ...first, condition: mergeConditions(same), audiences: audiencesOf(same, first.name) }
    }),
  )
}

/** Empty where the default is all that is asked for. */
function audiencesOf(same: readonly WantedProvider[], name: string): readonly string[] {
  const [usual] = defaultAudiences(name)
  const asked = same.flatMap(({ audiences }) => (audiences.length > 0 ? audiences : [usual]))
  const distinct = [...new Set(asked)]
  return distinct.every((one) => one === usual) ? [] : distinct
}

/** They agree on a given one. @throws DOCUMENT_INVALID where the names of the subjects are too long together */
function mergeConditions(same: readonly WantedProvider[]): WantedCondition {
  const subjects = new Set<string>()
  for (const { condition } of same) {
    if (condition.kind === 'given') return condition
    for (const subject of condition.subjects) subjects.add(subject)
  }
  if (subjectCondition([...subjects]).length <= longestCondition) return { kind: 'subjects', subjects: [...subjects] }
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `the documents exchange tokens of ${subjects.size} service accounts at ${same[0]?.name}: their names exceed the ${longestCondition} characters of an attribute condition`,
    expected: "gcp.trust.attributeCondition, such as assertion.sub.startsWith('system:serviceaccount:image-system:')",
  })
}

const sameCondition = (one: WantedCondition, other: WantedCondition) =>
  one.kind === 'subjects' ? other.kind === 'subjects' : other.kind === 'given' && one.expression === other.expression

function checkAgreement(one: WantedProvider, other: WantedProvider): void {
  const differs =
    one.issuer !== other.issuer
      ? `the issuers ${one.issuer} and ${other.issuer}: two clusters`
      : !sameCondition(one.condition, other.condition)
        ? 'two attribute conditions'
        : (one.keys === undefined) !== (other.keys === undefined)
          ? 'uploadKeys both Always and Never'
          : undefined
  if (differs === undefined) return
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${one.name} is asked for with ${differs}`,
    expected: 'one and the same wherever a document names this provider',
  })
}
