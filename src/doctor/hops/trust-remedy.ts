/** The fix of a vendor's refusal, by the resources that were read there. Pure. */
import type { Code } from '../../errors/codes.ts'
import { fixOf, type PullpassError } from '../../errors/pullpass-error.ts'
import type { TrustFinding } from '../../vendors/trust/contract.ts'
import { type ImageElsewhere, type TrustFacts, type TrustKnown, takesFiles } from '../facts/trust.ts'
import { type Remedy, remedyOf } from '../finding.ts'
import type { PrintedCommands } from '../printed-commands.ts'

interface Refused extends Pick<PullpassError, 'hint' | 'command'> {
  readonly code: Code
  /** That a registry refused; undefined where the vendor refused the exchange. */
  readonly image?: string | undefined
}

/** The fault's own hint and command where nothing was read. */
export function trustRemedy(facts: TrustFacts, fault: Refused, commands: PrintedCommands): Remedy {
  const { code, hint, command, image } = fault
  const { found, elsewhere } = facts
  const apply = trustCommand(facts, commands)
  const other = elsewhere.find((one) => one.image === image)
  if (other !== undefined) return elsewhereRemedy(other, apply)
  if (code === 'CERTIFICATE_UNTRUSTED') return certificateRemedy(facts, remedyOf(fault), commands)
  if (code === 'CREDENTIAL_SHORT_LIVED') return lifetimeRemedy(facts, fault, commands)
  if (found === undefined) return unread(fault, apply)
  const instead = found.find((finding) => finding.instead !== undefined)
  if (instead !== undefined) return insteadRemedy(instead, commands)
  const refused = found.find(({ verdict }) => verdict === 'refused')
  if (refused !== undefined) return refusedRemedy(refused, facts, commands)
  const changes = found.flatMap((finding) => finding.changes)
  if (changes.length > 0) {
    const words = `it would ${changes.map(({ description }) => description).join('; ')}`
    const otherwise =
      code === 'PROVIDER_NOT_FOUND' ? 'if it exists under another name, correct the documents' : undefined
    return { ...apply, words: joined(words, otherwise, apply.words) }
  }
  const unknown = found.find(({ verdict }) => verdict === 'unknown')
  if (unknown !== undefined) return unknownRemedy(unknown)
  const notes = found.flatMap((finding) => finding.notes).join('; ')
  const ofKeys = code === 'ISSUER_UNREACHABLE' || code === 'SIGNATURE_INVALID'
  const keptKeys = found.find((finding) => finding.keptKeys !== undefined)?.keptKeys
  if (ofKeys && keptKeys !== undefined) return { ...trustCommand(facts, commands, keptKeys), words: notes }
  if (code === 'CONDITION_REFUSED' || code === 'AUDIENCE_REFUSED' || code === 'EXCHANGE_REFUSED')
    return remedyOf({ hint: joined(notes, hint), command })
  return { words: `${settled}${notes === '' ? '' : `. Besides, ${notes}`}` }
}

/** Of the parts that exist; undefined if none does. */
const joined = (...parts: readonly (string | undefined)[]): string | undefined =>
  parts.filter((part) => part !== undefined && part !== '').join('; ') || undefined

/** Of the issuer's server, as the vendor sees it, or of a server to which this machine connects, which trust does not change. */
function certificateRemedy(facts: TrustFacts, own: Remedy, commands: PrintedCommands): Remedy {
  const kept = facts.found?.find(({ keptAuthority }) => keptAuthority !== undefined)
  if (kept?.keptAuthority === undefined) return own
  return { ...trustCommand(facts, commands, kept.keptAuthority), words: kept.notes.join('; ') }
}

/** Where the vendor's resources determine the lifetime of credentials, its field is named `lifetime`. */
function lifetimeRemedy({ found = [], ...facts }: TrustFacts, fault: Refused, commands: PrintedCommands): Remedy {
  const [change] = found.flatMap(({ changes }) => changes.filter(({ fields }) => fields.includes('lifetime')))
  if (change !== undefined) return { ...trustCommand(facts, commands), words: `it would ${change.description}` }
  const refused = found.find(
    ({ override }) => override && 'replace' in override && override.replace.includes('lifetime'),
  )
  return refused === undefined ? remedyOf(fault) : refusedRemedy(refused, { ...facts, found }, commands)
}

const settled =
  'all resources are as these documents need them: a change takes up to 5 minutes, a new key as long as its cache lifetime; then run pullpass doctor again'

/** Creating what the documents name would create a second one, in a project that is not intended. */
const insteadRemedy = ({ name, instead }: TrustFinding, commands: PrintedCommands): Remedy => ({
  words: `${name} does not exist or may not be read, and ${instead} is for the tokens of this cluster: use that one in the documents, or in their credential file; then: ${commands.refresh().command ?? 'refresh'}`,
})

/** Vendors also respond "denied" for resources that do not exist. */
const unknownRemedy = ({ kind, name, fault }: TrustFinding): Remedy => ({
  words: `${kind} ${name} could not be read with your own credentials: ${fault?.seen ?? ''}; ${(fault && fixOf(fault)) ?? 'use credentials that may read it'}; or check its name in the documents`,
})

/** Nothing of what the documents name is wrong: it is another repository. */
function elsewhereRemedy({ image, repository, named, found }: ImageElsewhere, apply: Remedy): Remedy {
  const where = `${image} is in ${repository}, and the documents configure ${named}`
  const inDocument = `set trust.repository to ${repository}; then: ${apply.command ?? 'pullpass trust apply'}`
  if (found === undefined) return { words: `${where}: ${inDocument}` }
  const against = found.find(({ verdict }) => verdict === 'refused' || verdict === 'unknown')
  if (against !== undefined) {
    return {
      words: `${where}; ${against.fault?.seen ?? ''}: correct the image's name, or ${(against.fault && fixOf(against.fault)) ?? inDocument}`,
    }
  }
  const changes = found.flatMap((finding) => finding.changes)
  if (changes.length === 0) return { words: `${where}; it is granted there, too: ${settled}` }
  const command = changes.map((change) => change.command).join(' && ')
  return { command, words: `${where}: this grants access to it, too; or ${inDocument}` }
}

/** Applying trust again is not known to fix keys, conditions and what the vendor does not state. */
function unread(fault: Refused, apply: Remedy): Remedy {
  const unfixed = ['CONDITION_REFUSED', 'ISSUER_UNREACHABLE', 'SIGNATURE_INVALID', 'EXCHANGE_REFUSED']
  if (unfixed.includes(fault.code)) return remedyOf(fault)
  return { ...apply, words: [apply.words, fixOf(fault)].filter((words) => words !== undefined).join('; or: ') }
}

/** A resource that contradicts the documents was configured so deliberately: the command follows after a check. */
function refusedRemedy({ fault, override }: TrustFinding, facts: TrustFacts, commands: PrintedCommands): Remedy {
  const seen = fault?.seen ?? ''
  if (override === undefined) return remedyOf({ hint: joined(seen, fault?.hint), command: fault?.command })
  if ('command' in override) return { command: override.command, words: `${seen}; check first why that was done` }
  return {
    ...trustCommand(facts, commands, ...override.replace),
    words: `${seen}; check first why that was done, or correct the documents`,
  }
}

/**
 * The command that creates what the documents need at the vendor, with what only their tokens and images show. `replace`: fields
 * of an existing resource that it may change. Whether clusters may share a resource is the decision of an operator: the command
 * prompts for it, and the words name the clusters that would get the same permissions.
 */
function trustCommand(known: TrustKnown, commands: PrintedCommands, ...replace: readonly string[]): Remedy {
  const { documents, subject, repository, found = [] } = known
  const isInDocument = repository?.field !== undefined
  const sharing = found.flatMap(({ sharedWith = [] }) => sharedWith)
  const command = commands.pullpass(
    'trust apply',
    ...(takesFiles(documents) && subject !== undefined ? ['--subject', subject] : []),
    ...(repository?.name === undefined || isInDocument ? [] : ['--repository', repository.name]),
    ...replace.flatMap((field) => ['--replace', field]),
  )
  const words =
    sharing.length === 0
      ? undefined
      : `other clusters would get the same permissions: ${sharing.join('; ')}; name a resource of this cluster in the documents, or confirm on the terminal that these clusters may share it`
  if (isInDocument)
    return { command: undefined, words: joined(`set ${repository.field} in the document; then: ${command}`, words) }
  if (repository === undefined || repository.name !== undefined) return { command, ...(words && { words }) }
  return {
    command: undefined,
    words: joined(`${command} --repository ${repository.form}`, words),
  }
}
