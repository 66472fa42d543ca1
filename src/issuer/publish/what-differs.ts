/** What is new in a document, in words, where "updated" alone would leave somebody to guess. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../outside/json-fields.ts'
import { quote } from '../../outside/quote.ts'
import type { DocumentName } from '../documents/publish-target.ts'
import type { PublishOutcome } from './publish-documents.ts'

const most = 5

/** Undefined where nothing lay there, and where nothing changed. Names of members and kids alone, no values. */
export function whatDiffers(name: DocumentName, outcome: PublishOutcome): string | undefined {
  if (outcome.changes[name] !== 'updated') return undefined
  const before = asObject(jsonOrNone(outcome.before[name]?.text ?? ''))
  if (before === undefined) return 'what lay there is no JSON object'
  const after = asObject(jsonOrNone(outcome.documents[name].text)) ?? {}
  return name === 'jwks' ? keysThatDiffer(before, after, outcome) : listed(membersThatDiffer(before, after))
}

function keysThatDiffer(before: JsonObject, after: JsonObject, { keys }: PublishOutcome): string {
  const count = (state: 'added' | 'withdrawn') => {
    const number = keys.filter((key) => key.state === state).length
    return number === 0 ? [] : [`${number} key${number === 1 ? '' : 's'} ${state}`]
  }
  const counts = [...count('added'), ...count('withdrawn')]
  if (counts.length > 0) return counts.join(', ')
  const written = keysByKid(before)
  const changed = [...keysByKid(after)].flatMap(([kid, key]) => {
    const members = membersThatDiffer(written.get(kid) ?? {}, key)
    return members.length === 0 ? [] : [`of key ${quote(kid)} ${listed(members)}`]
  })
  return changed.length > 0 ? changed.slice(0, most).join('; ') : 'the same keys, without what else was written there'
}

function keysByKid({ keys }: JsonObject): Map<string, JsonObject> {
  const objects = asList(keys)
    .map(asObject)
    .filter((key) => key !== undefined)
  return new Map(objects.map((key) => [asText(key['kid']) ?? '', key]))
}

const membersThatDiffer = (one: JsonObject, other: JsonObject): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (member) => !isDeepStrictEqual(one[member], other[member]),
  )

/** Names come from whoever wrote there before: few of them, and short. */
function listed(members: readonly string[]): string {
  const named = members.slice(0, most).map((name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name))
  return `${named.join(', ')}${members.length > most ? ` and ${members.length - most} more` : ''}`
}
