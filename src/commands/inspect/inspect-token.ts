/** The story of `pullpass inspect` for a token: read or request it, judge it, show it. */
import { loadDocuments } from '../../document/load-documents.ts'
import { decodeSubjectToken } from '../../identity/decode-subject-token.ts'
import { type JudgedToken, judgeSubjectToken } from '../../identity/judge-subject-token.ts'
import { parseTokenText } from '../../identity/parse-token-text.ts'
import { readTokenFile } from '../../identity/read-token-file.ts'
import { tokenFilePath } from '../../identity/token-file-path.ts'
import { connect } from '../../kubernetes/connect.ts'
import { requestToken } from '../../kubernetes/request-token.ts'
import { Redacted } from '../../outside/redacted.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import type { Call, ExitCode } from '../command.ts'
import type { clusterFlags, documentFlags, outputFlags } from '../shared-flags.ts'
import { type AskingRegistry, askingRegistries, audiencesToRequest } from './asking-registries.ts'
import type { NamespacedName, TokenTarget } from './parse-inspect-target.ts'
import { renderToken } from './render-token.ts'
import { reportToken } from './report-token.ts'

type TokenCall = Call<typeof documentFlags & typeof clusterFlags & typeof outputFlags>

/** Nobody takes it: an inspected token is good for nothing else. */
const nobody = 'pullpass.dev/inspect'
/** Seconds; the least that the API server grants. */
const shortestLife = 600

export async function inspectToken(target: TokenTarget, call: TokenCall): Promise<ExitCode> {
  const { flags, outside, terminal } = call
  const documents = flags.file.length === 0 ? [] : await loadDocuments(flags.file, { ...outside, ...terminal })
  const registries = await askingRegistries(documents)
  const tokens =
    target.kind === 'file'
      ? [await readToken(target.path, registries, call)]
      : await requestTokens(target.account, audiencesOf(target, registries), registries, call)
  const now = outside.now()
  const judged = tokens.map((token) => ({ ...token, faults: judgeSubjectToken(token, now) }))
  if (flags.output === undefined) {
    terminal.print(judged.map((token) => renderToken(token, now, terminal.color)).join('\n\n'))
  } else {
    const format = flags.output === 'yaml' ? 'yaml' : 'json'
    terminal.print(await renderStructured({ tokens: judged.map(reportToken) }, format))
  }
  return judged.every(({ faults }) => faults.length === 0) ? 0 : 1
}

async function readToken(
  path: string | undefined,
  registries: readonly AskingRegistry[],
  { outside, terminal }: TokenCall,
): Promise<JudgedToken> {
  if (path === '-') {
    const where = 'standard input'
    return { token: parseTokenText(new Redacted(await terminal.readInput()), where), where, accepted: registries }
  }
  const where = tokenFilePath(path, outside.environment)
  // A registry with a token file of its own is not asked about another file.
  const accepted = registries.filter(({ tokenFile = where }) => tokenFile === where)
  const field = accepted.find(({ tokenFileField }) => tokenFileField !== undefined)?.tokenFileField
  return { token: await readTokenFile(where, field), where, accepted }
}

function audiencesOf(
  { audience }: Extract<TokenTarget, { kind: 'serviceaccount' }>,
  registries: readonly AskingRegistry[],
): readonly string[] {
  if (audience !== undefined) return [audience]
  return registries.length === 0 ? [nobody] : audiencesToRequest(registries)
}

/** A token for each audience, judged by the registries that ask for it; a chosen audience is judged by all. */
async function requestTokens(
  account: NamespacedName,
  audiences: readonly string[],
  registries: readonly AskingRegistry[],
  { flags, outside }: TokenCall,
): Promise<JudgedToken[]> {
  const where = `the token of service account ${account.namespace}/${account.name}`
  const cluster = await connect(flags, outside)
  try {
    return await Promise.all(
      audiences.map(async (audience) => {
        const { value } = await requestToken(cluster, account, { audience, lifeSeconds: shortestLife })
        const asking =
          audiences.length === 1 ? registries : registries.filter(({ audiences: [first] }) => first === audience)
        return { token: decodeSubjectToken(value, where), where, accepted: asking }
      }),
    )
  } finally {
    await cluster.close()
  }
}
