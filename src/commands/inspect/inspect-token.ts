/** `pullpass inspect` for tokens: reads or requests them, checks their claims, and prints them. */
import { dropInForm, loadDocuments } from '../../document/load-documents.ts'
import type { PullpassError } from '../../errors/pullpass-error.ts'
import { checkSubjectToken, type TokenToCheck } from '../../identity/check-subject-token.ts'
import { connect } from '../../kubernetes/connect.ts'
import { listAcceptingRegistries, obtainTokens, type TokenTarget } from '../../refresh/inspect-tokens.ts'
import { instantAndDistance, renderTable } from '../../terminal/table.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { Call, ExitCode } from '../command-line/command.ts'
import type { clusterFlags, documentFlags, outputFlags } from '../command-line/flags.ts'
import { errorDetail, instant, overall, renderResult } from '../command-line/output.ts'
import type { InspectTokenResult, InspectedToken as TokenItem } from '../output/inspect.ts'

/** Whether the target is the token that refresh uses with the drop-in variables. */
async function isOfTheScript(target: TokenTarget, { environment, vendors }: VendorContext): Promise<boolean> {
  if (target.kind !== 'file' || target.path !== undefined) return false
  const { rules } = await dropInForm(vendors, environment)
  return Object.keys(rules).every((name) => environment[name] !== undefined)
}

type TokenCall = Call<typeof documentFlags & typeof clusterFlags & typeof outputFlags>

export async function inspectToken(target: TokenTarget, call: TokenCall): Promise<ExitCode> {
  const { flags, context, terminal } = call
  const areNamed = flags.file.length > 0 || (await isOfTheScript(target, context))
  const documents = areNamed ? await loadDocuments(flags.file, { ...context, ...terminal }) : []
  const tokens = await obtainTokens(target, await listAcceptingRegistries(documents, context.vendors), {
    environment: context.environment,
    readInput: terminal.readInput,
    connect: async () => await connect(flags, context),
  })
  const now = context.now()
  const checked = tokens.map((token) => ({ ...token, faults: checkSubjectToken(token, now) }))
  if (flags.output === undefined) {
    terminal.print(checked.map((token) => renderToken(token, now, terminal.color)).join('\n\n'))
  } else {
    terminal.print(await renderResult(tokenResult(checked), flags.output, context.secrets))
  }
  return checked.every(({ faults }) => faults.length === 0) ? 0 : 1
}

/** A subject token, for people. */
interface InspectedToken extends TokenToCheck {
  readonly faults: readonly PullpassError[]
}

/** Its claims, then its problems. */
function renderToken(inspected: InspectedToken, now: Date, color: 'always' | 'never'): string {
  return `${renderTable({ rows: claimRows(inspected, now) }, color)}\n\n${renderVerdict(inspected)}`
}

function claimRows({ token, where }: InspectedToken, now: Date): string[][] {
  const [first = '(none)', ...others] = token.audiences
  const key = [token.keyId, token.algorithm].filter((part) => part !== undefined).join(', ')
  return [
    ['token', where],
    ['issuer', token.issuer],
    ['subject', token.subject],
    ['audience', first],
    ...others.map((audience) => ['', audience]),
    ['issued', token.issuedAt === undefined ? 'not stated' : instantAndDistance(token.issuedAt, now)],
    ['expires', instantAndDistance(token.expiresAt, now)],
    ['bound to pod', token.pod ?? 'none'],
    ['bound to node', token.node ?? 'none'],
    ['signed by key', key === '' ? 'not stated' : key],
  ]
}

function renderVerdict({ faults, accepted }: InspectedToken): string {
  if (faults.length > 0) return faults.map(({ message }) => message).join('\n')
  if (accepted.length === 0) {
    return 'The token has no known problem. With -f DOCUMENT, inspect also checks it for the registries of the document.'
  }
  const hosts = [...new Set(accepted.map(({ host }) => host))]
  return `The token has no known problem for ${hosts.join(', ')}. Its signature was not verified.`
}

// The structured result. It does not contain the token.

const tokenResult = (tokens: readonly InspectedToken[]): InspectTokenResult => ({
  kind: 'InspectTokenResult',
  result: overall(tokens.every(({ faults }) => faults.length === 0) ? 0 : 1),
  tokens: tokens.map(tokenItem),
})

function tokenItem({ token, where, faults }: InspectedToken): TokenItem {
  const { issuer, subject, audiences, issuedAt, expiresAt, pod, node, keyId, algorithm } = token
  return {
    source: where,
    result: overall(faults.length === 0 ? 0 : 1),
    issuer,
    subject,
    audiences,
    ...(issuedAt && { issuedAt: instant(issuedAt) }),
    expiresAt: instant(expiresAt),
    ...(pod !== undefined && { pod }),
    ...(node !== undefined && { node }),
    ...(keyId !== undefined && { kid: keyId }),
    ...(algorithm !== undefined && { algorithm }),
    errors: faults.map(errorDetail),
  }
}
