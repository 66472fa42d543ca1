import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { refusal, refusesEach } from './load-text.ts'
import { smallest } from './smallest-document.ts'

suite('a text is refused for', () => {
  refusesEach({
    'a field given twice': [
      'metadata: {name: regcred}',
      'metadata: {name: regcred, name: other}',
      '-:3:27: the field "name" is given twice',
      'each field once',
    ],
    'a bracket that is not closed': [
      'metadata: {name: regcred}',
      'metadata: {name: regcred',
      '-:4:1: not YAML: "Flow map in block collection must be sufficiently indented and end with a }"',
      'YAML or JSON',
    ],
    'a glob without quotes': [
      '[default]',
      '[*, team-*]',
      '-:5:26: not YAML: "Alias cannot be an empty string"',
      'YAML or JSON; a glob in quotes, such as "team-*"',
    ],
    'an alias without its anchor': [
      'metadata: {name: regcred}',
      'metadata: *absent',
      '-:1:1: not YAML: "Unresolved alias (the anchor must be set before the alias): …"',
      'YAML or JSON; a glob in quotes, such as "team-*"',
    ],
    'a tag that runs code elsewhere': [
      'name: regcred',
      'name: !!python/name:os.system x',
      '-:3:18: not YAML: "Unresolved tag: …"',
      'YAML or JSON',
    ],
  })
})

suite('in any text', () => {
  test('all problems of all documents are in one error, in the order of the text', async () => {
    const wrong = smallest
      .replace('spec:\n', 'spec:\n  secretname: x\n')
      .replace('[europe-docker.pkg.dev]', '[A, "b?c"]')
    const other = smallest.replace('kind: ClusterPullSecret', 'kind: Secret')
    const error = await refusal(['-'], `${wrong}---\n${other}`)
    assert.equal(
      error.message,
      `DOCUMENT_INVALID (document): -:5:3: spec.secretname is not a known field
  expected "secretName"
  also -:9:15: spec.registries[0].hosts[0] is "A", expected host[:port][/path/] in lower case, such as europe-docker.pkg.dev
  also -:9:18: spec.registries[0].hosts[1] is "b?c", expected the host without a query: b
  also -:13:7: kind is "Secret", expected ClusterPullSecret or PullSecret`,
    )
  })

  test('indentation by tabs is reported once', async () => {
    const { seen, expected } = await refusal(['-'], smallest.replaceAll('  ', '\t'))
    assert.equal(seen, '-:5:1: not YAML: "Tabs are not allowed as indentation"')
    assert.equal(expected, 'spaces, not tabs')
  })

  test('JSON mistakes have line and column too', async () => {
    const json = '{\n  "apiVersion": "pullpass.dev/v1alpha1",\n  "kind": "Secret",\n  "kind2": 1\n}'
    assert.equal((await refusal(['-'], json)).seen, '-:3:11: kind is "Secret"')
    assert.equal((await refusal(['-'], json.replace('kind2', 'kind'))).seen, '-:4:3: the field "kind" is given twice')
    assert.equal((await refusal(['-'], `${json.slice(0, -1)},}`)).seen, '-:3:11: kind is "Secret"')
    assert.equal((await refusal(['-'], json.slice(0, -2))).seen, '-:4:13: not YAML: "Flow map must end with a }"')
  })

  test('a small text that unfolds to a huge value is refused before it does', async () => {
    for (const [innermost, seen] of [
      ['lol', /^-:13:1: more than 100 aliases/],
      ['', /^-:13:1: more than 100 aliases/],
    ] as const) {
      const levels = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`).slice(1)
      const error = await refusal(['-'], [`a0: &a0 [${innermost}]`, ...levels].join('\n'))
      assert.equal(error.code, 'DOCUMENT_INVALID')
      assert.match(error.seen, seen)
    }
  })

  test('a text nested deeper than the stack is refused', async () => {
    for (const open of ['[', '{"a":', '- ']) {
      assert.equal((await refusal(['-'], open.repeat(100_000))).code, 'DOCUMENT_INVALID')
    }
  })

  test('a file that holds a token is refused without showing it', async () => {
    const token = `eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.${'eyJpc3MiOiJhIn0'.repeat(8)}.${'c2lnbmF0dXJl'.repeat(20)}`
    const wrapped = [token, `${token}: x`, `token: ${token}: x`, `"${token}`, `@${token}`, `- ${token}`, `a: *${token}`]
    for (const input of [...wrapped, smallest.replace('google', token), `${smallest}  ${token}: 1\n`]) {
      const { message } = await refusal(['-'], input)
      for (let at = 0; at + 24 <= token.length; at += 8) assert.ok(!message.includes(token.slice(at, at + 24)), message)
    }
  })
})
