/**
 * A federated credential of a federation: which subject signs in as the service account. It has no description: the federation's
 * carries the mark for it. https://github.com/yandex-cloud/cloudapi: iam/v1/workload/federated_credential_service.proto
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import type { Accepted, Change, RemovalPlan, RemovalScope, TrustFinding } from '../../trust/contract.ts'
import { whyFormer } from '../../trust/findings.ts'
import {
  editsCredentials,
  type FoundAccount,
  type FoundCredential,
  type FoundFederation,
  federationIn,
  linksAccount,
} from './account.ts'
import { changeOf, federationId } from './commands.ts'
import type { DesiredCredential, DesiredFederation } from './desired.ts'
import { whyKept } from './federation.ts'
import { changeYandex } from './requests.ts'
import { credentialHcl } from './terraform.ts'

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'changes' | 'notes' | 'hcl'> & Partial<TrustFinding>

const credentialIn = ({ credentials }: FoundAccount, federation: FoundFederation | undefined, subject: string) =>
  credentials.find((one) => one.federationId === federation?.id && one.subject === subject)

export function evaluateCredential(
  desired: DesiredCredential,
  account: FoundAccount,
  { replace }: Accepted,
  context: Context,
): Evaluated {
  const { federation: own, subject } = desired
  const federation = federationIn(account, own)
  const existing = credentialIn(account, federation, subject)
  const former = formerIn(desired, account, federation)
  const isRemoved = replace.includes('subjects')
  const removals = isRemoved ? former.map((one) => removalOf(desired, one, context)) : []
  const common = {
    hcl: credentialHcl(desired, existing?.id),
    notes: isRemoved ? [] : former.map((one) => describeFormer(one, own)),
    kept: former.length > 0 && !isRemoved ? ['subjects'] : [],
  }
  if (existing === undefined) {
    const changes = [createCredential(desired, account, context), ...removals]
    return { ...common, presence: 'absent', verdict: 'create', changes }
  }
  return { ...common, presence: 'present', verdict: removals.length > 0 ? 'update' : 'ok', changes: removals }
}

/** Of the federation that pullpass created, whose subject no document of this run has; reported with the first credential. */
function formerIn(
  { federation: { subjects, name }, subject }: DesiredCredential,
  { credentials }: FoundAccount,
  federation: FoundFederation | undefined,
): FoundCredential[] {
  if (subject !== subjects[0] || federation === undefined || federation.name !== name) return []
  return credentials.filter((one) => one.federationId === federation.id && !subjects.includes(one.subject))
}

function describeFormer({ subject }: FoundCredential, { name, subjectsFrom }: DesiredFederation): string {
  return `${subject} still signs in with ${name}, ${whyFormer(subjectsFrom)}`
}

function createCredential({ federation, subject }: DesiredCredential, account: FoundAccount, context: Context): Change {
  const { accountId, name } = federation
  const existing = federationIn(account, federation)
  const flags = ['--service-account-id', accountId, '--external-subject-id', subject]
  return changeOf(
    {
      action: 'create',
      description: `create federated credential of ${name}: ${subject} signs in as ${accountId}`,
      words: ['iam', 'workload-identity', 'federated-credential', 'create', ...flags],
      lastFlag: `--federation-id ${federationId(existing?.id, { name, folderId: account.folderId })}`,
    },
    async () => {
      if (existing === undefined) throw notYet(name)
      await changeYandex(context, {
        api: 'iam',
        method: 'POST',
        path: '/iam/v1/workload/federatedCredentials',
        json: { serviceAccountId: accountId, federationId: existing.id, externalSubjectId: subject },
        needs: linksAccount(accountId, existing.folderId),
      })
    },
  )
}

/** A new federation is not listed immediately. */
const notYet = (name: string) =>
  new PullpassError({
    code: 'TRUST_NOT_FOUND',
    hop: 'trust',
    seen: `federation ${name} does not exist`,
    expected: 'it to exist: it was just created',
    hint: 'run the command again',
  })

const removeCredential = async (accountId: string, { id }: FoundCredential, context: Context) =>
  await changeYandex(context, {
    api: 'iam',
    method: 'DELETE',
    path: `/iam/v1/workload/federatedCredentials/${id}`,
    needs: editsCredentials(accountId),
  })

function removalOf({ federation }: DesiredCredential, existing: FoundCredential, context: Context): Change {
  return changeOf(
    {
      action: 'delete',
      description: `delete federated credential ${existing.id} of ${federation.name}: ${existing.subject} no longer signs in as ${federation.accountId}`,
      words: ['iam', 'workload-identity', 'federated-credential', 'delete', '--id', existing.id],
    },
    async () => await removeCredential(federation.accountId, existing, context),
  )
}

/** In a federation that pullpass created for one of these clusters. */
export function planCredentialRemoval(
  { federation: own, subject }: DesiredCredential,
  account: FoundAccount,
  { marks }: RemovalScope,
  context: Context,
): RemovalPlan {
  const federation = federationIn(account, own)
  const existing = credentialIn(account, federation, subject)
  if (federation === undefined || existing === undefined) return { state: 'absent' }
  const why = whyKept(federation, marks)
  if (why !== undefined) return { state: 'kept', note: why }
  return {
    state: 'removable',
    async remove() {
      await removeCredential(own.accountId, existing, context)
      return undefined
    },
  }
}
