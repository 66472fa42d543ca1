import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

interface Rule {
  readonly words: RegExp
  readonly use: string
  readonly reason: string
  /** Paths to which it applies; absent: all. */
  readonly in?: RegExp
}

const product = /^(src|sandbox|tools|bench|docs|deploy)\//

/** Matched without regard to case, after camelCase and SNAKE_CASE are divided into words. */
const rules: readonly Rule[] = [
  {
    words: /\b(he|him|his|himself|she|her|herself)\b/,
    use: 'the name of the component',
    reason: 'a program is not a person',
  },
  {
    words: /\b(whoever|whom|(some|no|any|every)body|(some|any|every)one)\b/,
    use: 'the name of the client, component or role ("an operator", "anonymous clients", "no component")',
    reason: 'says nothing about which component or role is meant',
  },
  {
    words: /\bwho (asks|looks|reads|writes|calls|made|makes|has|signs|holds)\b/,
    use: 'the client, reader, owner …',
    reason: 'a program is not a person',
  },
  {
    words: /\b(ask|asks|asked|asking)\b/,
    use: 'request, query, call; prompt (a terminal)',
    reason: 'programs request',
  },
  { words: /\b(tell|tells|told|telling)\b/, use: 'report, print, state, show; distinguish', reason: 'programs report' },
  { words: /\bstrangers?\b/, use: 'anonymous client; other owner', reason: 'private metaphor' },
  { words: /\bmend(s|ed|ing)?\b/, use: 'fix', reason: 'not used for software' },
  { words: /\bwanted\b/, use: 'desired, required, requested, expected', reason: 'the Kubernetes term is desired' },
  { words: /\b(outrun|outran|outruns)\b/, use: 'conflict; replaced by a newer write', reason: 'private metaphor' },
  { words: /\b(strikes?|struck)\b/, use: 'delete, remove', reason: 'private metaphor' },
  { words: /\blook(ed|ing)? back\b/, use: 'planRemoval; read the previous state', reason: 'private metaphor' },
  { words: /\b(stands?|stood)\b/, use: 'is, exists, is set, is listed', reason: 'text does not stand' },
  { words: /\b(lie|lies|lying)\b/, use: 'is, is located, is stored', reason: 'files do not lie' },
  { words: /\bnowhere\b/, use: 'not set, not found, in no …', reason: 'literary' },
  { words: /\banew\b/, use: 'again', reason: 'literary' },
  { words: /\b(is|are|was|were|be) not there\b/, use: 'does not exist, was not found', reason: 'elliptical' },
  { words: /\bto the letter\b/, use: 'exactly', reason: 'idiom' },
  { words: /\baloud\b/, use: 'with a message', reason: 'idiom' },
  { words: /\bslots?\b/, use: 'semaphore, concurrency limit', reason: 'the field has a term' },
  {
    words: /\bmemories\b|\bremembered\b|--memory\b|\bmemory ref\b/,
    use: 'key state; recorded',
    reason: 'the term is key state',
  },
  { words: /\b(judges?|judged|judging|judge?ments?)\b/, use: 'evaluate, check', reason: 'the term is evaluate' },
  { words: /\bbarriers?\b/, use: 'publication gate', reason: 'the term is publication gate' },
  { words: /\b(walk|walks|walked)\b/, use: 'diagnose, check in order, traverse', reason: 'private metaphor' },
  { words: /\b(rehearse|rehearses|rehearsal)\b/, use: 'dry run', reason: 'the field has a term' },
  { words: /\b(outlives?|outlived)\b/, use: 'expires later than', reason: 'literary' },
  { words: /\bvouch(es|ed)?\b|\bunvouched\b/, use: 'verify, confirm', reason: 'private metaphor' },
  {
    words: /\b(un)?answer(s|ed|ing)?\b/,
    use: 'response, respond; return',
    reason: 'HTTP has responses; a user makes a choice',
  },
  { words: /\bdemands?\b/, use: 'exchange request', reason: 'the term is exchange request' },
  {
    words: /\b(a|one|the|first|next|each|every|another|same|earlier|by) looks?\b|\blook(ed|s)? (at|for|again)\b/,
    use: 'round; read, check',
    reason: 'a program reads',
  },
  { words: /\bspeaks? against\b/, use: 'no problems found', reason: 'translated' },
  { words: /\bat once\b/, use: 'immediately; concurrently; together', reason: 'ambiguous' },
  { words: /\bbeside\b/, use: 'in addition to, together with, next to', reason: 'literary' },
  { words: /\bheeded\b/, use: 'takes effect', reason: 'literary' },
  { words: /\bletter by letter\b/, use: 'exactly, identical', reason: 'idiom' },
  { words: /\b(no way leads|takes up where)\b/, use: 'is not reachable; continues', reason: 'translated' },
  { words: /\bis no (json|yaml|jwks|url|number|date|time|text|map)\b/, use: 'is not a …', reason: 'translated' },
  { words: /\bflaw(s|ed)?\b/, use: 'problem, validation error; invalid', reason: 'not used for configuration' },
  { words: /\brooms?\b/, use: 'folder; space', reason: 'private metaphor' },
  {
    words: /\b(said|says?|saying)\b/,
    use: 'states, contains, reports, responded; seen, message, summary',
    reason: 'documents and servers do not speak',
  },
  {
    words: /\bheld\b(?! back\b)/,
    use: 'stored, attached, accepted, locked, current, unconfirmed',
    reason: 'names no state: the value states which (the gate holds back is a term)',
    in: product,
  },
  { words: /\bstanding\b/, use: 'authority, choice, state', reason: 'literary' },
]

const paths = [
  ...globSync('{src,test,sandbox,e2e,bench,tools}/**/*.{ts,mjs,py,sh}'),
  ...globSync('.ci/*'),
  ...globSync('{docs,deploy}/**/*.{md,yaml}'),
  ...globSync('*.md'),
]
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path !== 'test/language.test.ts')
  .toSorted()

const asWords = (text: string) => text.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ').replaceAll('_', ' ')

function findingsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  // The changelog quotes earlier names.
  const words = asWords(path === 'CHANGELOG.md' ? text.replaceAll(/`[^`\n]*`/g, '') : text).toLowerCase()
  // A text as a whole is searched ten times as fast as its lines.
  const broken = rules.filter((rule) => rule.in?.test(path) !== false && rule.words.test(words))
  if (broken.length === 0) return []
  return words.split('\n').flatMap((line, index) =>
    broken.flatMap((rule) => {
      const found = rule.words.exec(line)?.[0]
      return found === undefined ? [] : [`${path}:${index + 1}: "${found}": ${rule.reason}; use: ${rule.use}`]
    }),
  )
}

suite('language', () => {
  test('names, messages, comments and pages use the standard terms of the field', () => {
    assert.deepEqual(paths.flatMap(findingsOf), [])
  })
})
