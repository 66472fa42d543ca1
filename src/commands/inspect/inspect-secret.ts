/** The story of `pullpass inspect secret`: read it, judge it as a kubelet would, show it without its credential. */
import { connect } from '../../kubernetes/connect.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import type { Call, ExitCode } from '../command.ts'
import type { clusterFlags, outputFlags } from '../shared-flags.ts'
import { judgeSecret } from './judge-secret.ts'
import type { SecretTarget } from './parse-inspect-target.ts'
import { readSecret } from './read-secret.ts'
import { renderSecret } from './render-secret.ts'
import { reportSecret } from './report-secret.ts'

export async function inspectSecret(
  target: SecretTarget,
  { flags, outside, terminal }: Call<typeof clusterFlags & typeof outputFlags>,
): Promise<ExitCode> {
  const cluster = await connect(flags, outside)
  try {
    const secret = await readSecret(cluster, target.secret)
    const now = outside.now()
    const verdict = judgeSecret(target, secret, now)
    if (flags.output === undefined) {
      terminal.print(renderSecret(target, verdict, now, terminal.color))
    } else {
      terminal.print(await renderStructured(reportSecret(target, verdict), flags.output))
    }
    return verdict.problems.length === 0 ? 0 : 1
  } finally {
    await cluster.close()
  }
}
