/** The story of `pullpass inspect` for a token: read or request it, judge it, show it. */
import { dropInVariables, loadDocuments } from '../../document/load-documents.ts'
import type { PullpassError } from '../../errors/pullpass-error.ts'
import type { Environment } from '../../http/context.ts'
import { type JudgedToken, judgeSubjectToken } from '../../identity/check-subject-token.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import { instantAndDistance, renderTable } from '../../terminal/table.ts'
import type { Call, ExitCode } from '../command.ts'
import type { clusterFlags, documentFlags, outputFlags } from '../flags.ts'
import type { TokenTarget } from './target.ts'
import { askingRegistries, obtainTokens } from './token-source.ts'

/** The token that refresh would send by variables alone: who names another, or an account, asks about something else. */
const isOfTheScript = (target: TokenTarget, environment: Environment) =>
  target.kind === 'file' &&
  target.path === undefined &&
  Object.keys(dropInVariables).every((name) => environment[name] !== undefined)

type TokenCall = Call<typeof documentFlags & typeof clusterFlags & typeof outputFlags>

export async function inspectToken(target: TokenTarget, call: TokenCall): Promise<ExitCode> {
  const { flags, context, terminal } = call
  const isSaid = flags.file.length > 0 || isOfTheScript(target, context.environment)
  const documents = isSaid ? await loadDocuments(flags.file, { ...context, ...terminal }) : []
  const tokens = await obtainTokens(target, await askingRegistries(documents), call)
  const now = context.now()
  const judged = tokens.map((token) => ({ ...token, faults: judgeSubjectToken(token, now) }))
  if (flags.output === undefined) {
    terminal.print(judged.map((token) => renderToken(token, now, terminal.color)).join('\n\n'))
  } else {
    terminal.print(await renderStructured({ tokens: judged.map(reportToken) }, flags.output))
  }
  return judged.every(({ faults }) => faults.length === 0) ? 0 : 1
}

/** A subject token, for people. */
interface InspectedToken extends JudgedToken {
  readonly faults: readonly PullpassError[]
}

/** What it says, a line for each claim, then what speaks against it. */
function renderToken(inspected: InspectedToken, now: Date, color: 'always' | 'never'): string {
  return `${renderTable({ rows: claimRows(inspected, now) }, color)}\n\n${renderVerdict(inspected)}`
}

function claimRows({ token, where }: InspectedToken, now: Date): string[][] {
  const [first = 'nobody', ...others] = token.audiences
  const key = [token.keyId, token.algorithm].filter((part) => part !== undefined).join(', ')
  return [
    ['token', where],
    ['issuer', token.issuer],
    ['subject', token.subject],
    ['audience', first],
    ...others.map((audience) => ['', audience]),
    ['issued', token.issuedAt === undefined ? 'it does not say' : instantAndDistance(token.issuedAt, now)],
    ['expires', instantAndDistance(token.expiresAt, now)],
    ['bound to pod', token.pod ?? 'none'],
    ['bound to node', token.node ?? 'none'],
    ['signed by key', key === '' ? 'it does not say' : key],
  ]
}

function renderVerdict({ faults, accepted }: InspectedToken): string {
  if (faults.length > 0) return faults.map(({ message }) => message).join('\n')
  if (accepted.length === 0) {
    return 'Nothing speaks against it by itself. Whether a registry will take it: name its document with -f.'
  }
  const hosts = [...new Set(accepted.map(({ host }) => host))]
  return `Nothing speaks against it for ${hosts.join(', ')}; who verifies it will also look at its signature.`
}

/** A subject token, for programs: the shape that `-o json` and `-o yaml` print. The token itself is no part of it. */
interface TokenReport {
  readonly source: string
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
  readonly issuedAt: Date | undefined
  readonly expiresAt: Date
  readonly pod: string | undefined
  readonly node: string | undefined
  readonly keyId: string | undefined
  readonly algorithm: string | undefined
  /** Empty: nothing speaks against it. */
  readonly problems: readonly object[]
}

function reportToken({ token, where, faults }: InspectedToken): TokenReport {
  const { value: _, ...claims } = token
  const problems = faults.map(({ code, hop, seen, expected, hint }) => ({ code, hop, seen, expected, fix: hint }))
  return { source: where, ...claims, problems }
}
