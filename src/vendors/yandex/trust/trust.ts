/** Trust at Yandex Cloud: an existing service account, a federation and its federated credentials, and a role on each registry or repository. */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import type { ImageReference } from '../../../registry/image-reference.ts'
import { once, tokenIn } from '../../operator.ts'
import { identityOfDocument, type RemovalPlan, type TrustResource, type TrustSetup } from '../../trust/contract.ts'
import { observed } from '../../trust/findings.ts'
import { splitRepositories } from '../../trust/names.ts'
import { registryHosts } from '../hosts.ts'
import { kindOf, registriesAndRepositories, registryOf, registryOrRepository } from '../names.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { YandexSettings } from '../settings.ts'
import { evaluateAccount, readAccount } from './account.ts'
import { evaluateCredential, planCredentialRemoval } from './credential.ts'
import {
  accountName,
  credentialName,
  type DesiredAccount,
  type DesiredCredential,
  type DesiredFederation,
  type DesiredRole,
  type DesiredState,
  desiredState,
  roleName,
} from './desired.ts'
import { evaluateFederation, planFederationRemoval } from './federation.ts'
import { readJwksUrl } from './issuer-keys.ts'
import { absentHcl, evaluateRole, planRoleRemoval, readPlaces, roleEntry } from './role.ts'
import { accountHcl, credentialHcl, federationHcl } from './terraform.ts'

export const trust: TrustSetup<YandexSettings> = {
  repositories: { rule: registriesAndRepositories, ofImage: repositoryOfImage, imageIn: imageInRepository },

  ...identityOfDocument,

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({ ...settings, trust: { repositories: splitRepositories(names) } }),

  desired(needs) {
    const desired = desiredState(needs)
    return {
      open: (context) => ({
        signIn: async () => void tokenIn(context.environment, operatorToken),
        resources: yandexResources(desired, context),
      }),
    }
  },
}

/** An image is `REGISTRY_ID/NAME`; undefined for another host, whose paths may differ. */
function repositoryOfImage({ host, repository }: Pick<ImageReference, 'host' | 'repository'>, configured = '') {
  if (!registryHosts.accepts(host) || !registryOrRepository.pattern.test(repository)) return undefined
  if (!repository.includes('/')) return undefined
  const names = splitRepositories(configured)
  return names.includes(repository) || names.includes(registryOf(repository)) ? configured : repository
}

function imageInRepository(repositories: string, image: string): string {
  const [first = ''] = splitRepositories(repositories)
  return kindOf(first) === 'registry' ? `${first}/${image}` : first
}

/** The resources of the desired state, in the order of their creation. @internal */
export function yandexResources({ accounts, roles }: DesiredState, context: Context): TrustResource[] {
  return [
    ...accounts.map((one) => accountResource(one, context)),
    ...accounts.flatMap((account) =>
      account.federations.flatMap((federation) => [
        federationResource(account, federation, context),
        ...federation.subjects.map((subject) => credentialResource(account, { federation, subject }, context)),
      ]),
    ),
    ...roles.map((one) => roleResource(one, context)),
  ]
}

const marked = { entry: undefined, recoveryEntry: () => undefined } as const // the federation's description carries the mark

/** The service account is refused or does not exist: resources that need it are blocked. */
const blocked = { verdict: 'blocked' } as const

function accountResource(desired: DesiredAccount, context: Context): TrustResource {
  const resource = { vendor: 'yandex', kind: 'service account', name: accountName(desired) }
  const hcl = accountHcl(desired)
  return {
    ...resource,
    ...marked,
    needs: [],
    observe: ({ sharing }) =>
      observed(
        resource,
        hcl,
        async () => evaluateAccount(desired, await readAccount(context, desired), sharing),
        context,
      ),
    async planRemoval(): Promise<RemovalPlan> {
      const found = await readAccount(context, desired)
      return found === undefined ? { state: 'absent' } : { state: 'kept', note: 'pullpass did not create it' }
    },
  }
}

function federationResource(account: DesiredAccount, desired: DesiredFederation, context: Context): TrustResource {
  const resource = { vendor: 'yandex', kind: 'federation', name: desired.name }
  const jwksUrl = once(async (): Promise<string | PullpassError> => await readJwksUrl(context, desired.issuer))
  const unread = { folderId: '', audiences: desired.audiences, jwksUrl: '' }
  return {
    ...resource,
    ...marked,
    needs: [accountName(account)],
    observe: (accepted) =>
      observed(
        resource,
        federationHcl(desired, unread, undefined),
        async () => {
          const found = await readAccount(context, account)
          if (found === undefined) return blocked
          return evaluateFederation(desired, { account: found, jwksUrl: await jwksUrl() }, accepted, context)
        },
        context,
      ),
    async planRemoval(scope) {
      const found = await readAccount(context, account)
      return found === undefined ? { state: 'absent' } : planFederationRemoval(desired, found, scope, context)
    },
  }
}

function credentialResource(account: DesiredAccount, desired: DesiredCredential, context: Context): TrustResource {
  const { federation, subject } = desired
  const resource = { vendor: 'yandex', kind: 'federated credential', name: credentialName(federation, subject) }
  return {
    ...resource,
    ...marked,
    needs: [accountName(account), federation.name],
    observe: (accepted) =>
      observed(
        resource,
        credentialHcl(desired, undefined),
        async () => {
          const found = await readAccount(context, account)
          return found === undefined ? blocked : evaluateCredential(desired, found, accepted, context)
        },
        context,
      ),
    async planRemoval(scope) {
      const found = await readAccount(context, account)
      return found === undefined ? { state: 'absent' } : planCredentialRemoval(desired, found, scope, context)
    },
  }
}

function roleResource(desired: DesiredRole, context: Context): TrustResource {
  const { account } = desired
  const resource = { vendor: 'yandex', kind: 'role', name: roleName(desired) }
  const own = account.federations.flatMap((federation) =>
    federation.subjects.map((subject) => ({
      issuer: federation.issuer,
      subject,
      name: credentialName(federation, subject),
    })),
  )
  return {
    ...resource,
    entry: roleEntry(desired),
    recoveryEntry: () => undefined,
    needs: [accountName(account), ...account.federations.map(({ name }) => name), ...own.map(({ name }) => name)],
    observe: () =>
      observed(
        resource,
        absentHcl(desired),
        async () => evaluateRole(desired, await readPlaces(context, desired), context),
        context,
      ),
    async planRemoval() {
      const found = await readAccount(context, account)
      if (found === undefined) return { state: 'absent' }
      const others = found.credentials.filter(
        ({ subject, federation }) => !own.some((one) => one.subject === subject && one.issuer === federation?.issuer),
      )
      const facts = await readPlaces(context, desired)
      return planRoleRemoval(desired, facts, [...new Set(others.map(({ subject }) => subject))], context)
    },
  }
}
