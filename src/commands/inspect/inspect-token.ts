/** The story of `pullpass inspect` for a token: read or request it, judge it, show it. */
import { dropInVariables } from '../../document/document-from-environment.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import { judgeSubjectToken } from '../../identity/judge-subject-token.ts'
import type { Environment } from '../../outside/outside.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import type { Call, ExitCode } from '../command.ts'
import type { clusterFlags, documentFlags, outputFlags } from '../shared-flags.ts'
import { askingRegistries } from './asking-registries.ts'
import { obtainTokens } from './obtain-tokens.ts'
import type { TokenTarget } from './parse-inspect-target.ts'
import { renderToken } from './render-token.ts'
import { reportToken } from './report-token.ts'

/** The token that refresh would send by variables alone: who names another, or an account, asks about something else. */
const isOfTheScript = (target: TokenTarget, environment: Environment) =>
  target.kind === 'file' &&
  target.path === undefined &&
  Object.keys(dropInVariables).every((name) => environment[name] !== undefined)

type TokenCall = Call<typeof documentFlags & typeof clusterFlags & typeof outputFlags>

export async function inspectToken(target: TokenTarget, call: TokenCall): Promise<ExitCode> {
  const { flags, outside, terminal } = call
  const isSaid = flags.file.length > 0 || isOfTheScript(target, outside.environment)
  const documents = isSaid ? await loadDocuments(flags.file, { ...outside, ...terminal }) : []
  const tokens = await obtainTokens(target, await askingRegistries(documents), call)
  const now = outside.now()
  const judged = tokens.map((token) => ({ ...token, faults: judgeSubjectToken(token, now) }))
  if (flags.output === undefined) {
    terminal.print(judged.map((token) => renderToken(token, now, terminal.color)).join('\n\n'))
  } else {
    terminal.print(await renderStructured({ tokens: judged.map(reportToken) }, flags.output))
  }
  return judged.every(({ faults }) => faults.length === 0) ? 0 : 1
}
