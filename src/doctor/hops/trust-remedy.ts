/** What mends a refusal of the vendor's, by what was read there: pure. */
import type { Code } from '../../errors/codes.ts'
import { fixOf, type PullpassError } from '../../errors/pullpass-error.ts'
import type { Finding as TrustFinding } from '../../vendors/trust-contract.ts'
import { type ImageElsewhere, type TrustFacts, type TrustKnown, takesFiles } from '../facts/trust.ts'
import type { Remedy } from '../finding.ts'
import type { PrintedCommands } from '../printed-commands.ts'

interface Refused extends Pick<PullpassError, 'code' | 'hint'> {
  /** That a registry refused; undefined where the vendor refused the exchange. */
  readonly image?: string | undefined
}

/** `hint` of the fault: the vendor's own command, or words, where nothing was read. */
export function trustRemedy(facts: TrustFacts, { code, hint, image }: Refused, commands: PrintedCommands): Remedy {
  const { found, elsewhere } = facts
  const apply = trustCommand(facts, commands)
  const other = elsewhere.find((one) => one.image === image)
  if (other !== undefined) return elsewhereRemedy(other, apply)
  if (found === undefined) return unread(code, apply, hint)
  const instead = found.find((finding) => finding.instead !== undefined)
  if (instead !== undefined) return insteadRemedy(instead, commands)
  const refused = found.find(({ verdict }) => verdict === 'refused')
  if (refused !== undefined) return refusedRemedy(refused, facts, commands)
  const changes = found.flatMap((finding) => finding.changes)
  if (changes.length > 0) {
    const words = `it would ${changes.map(({ description }) => description).join('; ')}`
    return { ...apply, words: [words, apply.words].filter((one) => one !== undefined).join('; ') }
  }
  const unknown = found.find(({ verdict }) => verdict === 'unknown')
  if (unknown !== undefined) return unknownRemedy(unknown)
  const notes = found.flatMap((finding) => finding.notes).join('; ')
  const ofKeys = code === 'ISSUER_UNREACHABLE' || code === 'SIGNATURE_INVALID'
  const keysStay = found.some(({ kept }) => kept.includes('keys'))
  if (ofKeys && keysStay) return { ...trustCommand(facts, commands, 'keys'), words: notes }
  if (code === 'CONDITION_REFUSED') return { words: `${notes}; ${hint ?? ''}` }
  return { words: `${settled}${notes === '' ? '' : `. Besides, ${notes}`}` }
}

const settled =
  'all is there as these documents want it: a change takes up to 5 minutes to be known everywhere, a new key as long as a cache; run pullpass doctor again then'

/** Setting up what the documents name would make a second one, in a project that nobody means. */
const insteadRemedy = ({ name, instead }: TrustFinding, commands: PrintedCommands): Remedy => ({
  words: `${name} does not exist or may not be read, and ${instead} has the same ids and this cluster's issuer: name that one in the documents, as its own or as part of a credential file, then: ${commands.refresh().command ?? 'refresh'}`,
})

/** Vendors answer "denied" for resources that do not exist, too. */
const unknownRemedy = ({ kind, name, fault }: TrustFinding): Remedy => ({
  words: `${kind} ${name} could not be read with your own credentials: ${fault?.seen ?? ''}; see that the documents name it right, or ${(fault && fixOf(fault)) ?? 'ask who may read it'}`,
})

/** Nothing of what the documents name is wrong: it is another repository. */
function elsewhereRemedy({ image, repository, named, found }: ImageElsewhere, apply: Remedy): Remedy {
  const where = `${image} is in ${repository}, and the documents name ${named}`
  const inDocument = `name ${repository} there (trust.repository), and then: ${apply.command ?? 'pullpass trust apply'}`
  if (found === undefined) return { words: `${where}: ${inDocument}` }
  const against = found.find(({ verdict }) => verdict === 'refused' || verdict === 'unknown')
  if (against !== undefined) {
    return {
      words: `${where}; ${against.fault?.seen ?? ''}: correct the image's name, or ${(against.fault && fixOf(against.fault)) ?? inDocument}`,
    }
  }
  const changes = found.flatMap((finding) => finding.changes)
  if (changes.length === 0) return { words: `${where}; it is granted there too: ${settled}` }
  const command = changes.map((change) => change.command).join(' && ')
  return { command, words: `${where}: this lets it be read too; or ${inDocument}` }
}

/** Keys and conditions are nothing that setting up anew would mend, as far as is known. */
function unread(code: Code, apply: Remedy, hint: string | undefined): Remedy {
  if (['CONDITION_REFUSED', 'ISSUER_UNREACHABLE', 'SIGNATURE_INVALID'].includes(code)) return { words: hint }
  return { ...apply, words: [apply.words, hint].filter((words) => words !== undefined).join('; or: ') }
}

/** What stands against the documents: somebody chose it, so that he is to be asked; the command is what he would run. */
function refusedRemedy({ fault, override }: TrustFinding, facts: TrustFacts, commands: PrintedCommands): Remedy {
  const seen = fault?.seen ?? ''
  if (override === undefined) return { words: `${seen}; ${(fault && fixOf(fault)) ?? ''}` }
  if ('command' in override) return { command: override.command, words: `${seen}; ask who did that` }
  return { ...trustCommand(facts, commands, ...override.replace), words: seen }
}

/** The command that sets up what the documents need at the vendor, with what only their tokens and images tell. */
/**
 * `replace`: what of a provider that is there is to be changed. A pool that is shared already is changed only where that is
 * accepted: the words name the clusters that get the same rights.
 */
function trustCommand(known: TrustKnown, commands: PrintedCommands, ...replace: readonly string[]): Remedy {
  const { documents, subject, repository, found = [] } = known
  const sharing = found.flatMap(({ sharedWith = [] }) => sharedWith)
  const command = commands.pullpass(
    'trust apply',
    ...(takesFiles(documents) && subject !== undefined ? ['--subject', subject] : []),
    ...(repository?.name === undefined ? [] : ['--repository', repository.name]),
    ...replace.flatMap((field) => ['--replace', field]),
    ...(sharing.length === 0 ? [] : ['--share-pool']),
  )
  const words =
    sharing.length === 0 ? undefined : `other clusters share the pool and get the same rights: ${sharing.join('; ')}`
  if (repository === undefined || repository.name !== undefined) return { command, ...(words && { words }) }
  return {
    command: undefined,
    words: [`${command} --repository ${repository.form}`, words].filter((one) => one).join('; '),
  }
}
