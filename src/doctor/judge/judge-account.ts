/** Whether a service account names the pull secret, as the document wants it to: pure. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { documentName } from '../../refresh/plan.ts'
import { failedBy } from '../failed-by.ts'
import type { Finding } from '../finding.ts'
import type { AccountFacts } from '../gather/gather-places.ts'
import { alsoSay } from '../remedy/also-say.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

/** `refused`: why a dry run of naming it there failed. */
export function judgeAccount(
  { document, namespace, name, account }: AccountFacts,
  refused: PullpassError | undefined,
  commands: MendingCommands,
): Finding {
  const about = `ServiceAccount ${namespace}/${name}`
  const base = { hop: 'service-account', about, namespace, alike: `ServiceAccount ${name}` } as const
  if (account instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be looked at: ${account.seen}` }
  }
  if (account === undefined) {
    const refresh = commands.refresh({ after: commands.kubectl('create', 'serviceaccount', name, '-n', namespace) })
    return {
      ...base,
      result: 'warning',
      code: 'SERVICE_ACCOUNT_NOT_FOUND',
      seen: `it does not exist, and ${documentName(document)} names it under attachToServiceAccounts`,
      expected: 'a service account to attach the Secret to',
      remedy: alsoSay(refresh, 'or take its name out of the document'),
    }
  }
  if (account.imagePullSecrets.includes(document.secretName)) {
    return { ...base, result: 'ok', code: 'OK', seen: `new pods of it get ${document.secretName}` }
  }
  if (refused !== undefined && !['KUBERNETES_FORBIDDEN', 'DRY_RUN_UNSUPPORTED'].includes(refused.code)) {
    return { ...base, ...failedBy(base.hop, about, refused) }
  }
  return {
    ...base,
    result: 'failed',
    code: 'SERVICE_ACCOUNT_NOT_ATTACHED',
    seen: `its imagePullSecrets do not name ${document.secretName}: new pods of it pull without`,
    expected: `${document.secretName} among them, since ${documentName(document)} names it under attachToServiceAccounts`,
    remedy: commands.refresh(),
  }
}
