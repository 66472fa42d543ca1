/** Trust at Chainguard: an existing identity for the tokens of a ServiceAccount, and its role on the organization or folders. */
import type { Context } from '../../../http/context.ts'
import type { ImageReference } from '../../../registry/image-reference.ts'
import { tokenIn } from '../../operator.ts'
import { identityOfDocument, type TrustResource, type TrustSetup } from '../../trust/contract.ts'
import { markedResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { registryHosts } from '../hosts.ts'
import { repositories, severalRepositories } from '../names.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { ChainguardSettings } from '../settings.ts'
import {
  bindingName,
  type DesiredBinding,
  type DesiredIdentity,
  type DesiredState,
  desiredState,
  identityName,
} from './desired.ts'
import { observeIdentity, planIdentityRemoval } from './identity.ts'
import {
  absentBindingHcl,
  bindingEntry,
  evaluateBinding,
  listBindings,
  planBindingRemoval,
  readBinding,
  readOwnBindings,
} from './role-binding.ts'
import { absentIdentityHcl } from './terraform.ts'

export const trust: TrustSetup<ChainguardSettings> = {
  repositories: { rule: severalRepositories, ofImage: repositoriesOfImage, imageIn },

  ...identityOfDocument,

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({ ...settings, trust: { repositories: splitRepositories(names) } }),

  desired(needs) {
    const desired = desiredState(needs)
    return {
      open: (context) => ({
        signIn: async () => void tokenIn(context.environment, operatorToken),
        resources: chainguardResources(desired, context),
      }),
    }
  },
}

/** An image is `ORGANIZATION/…/NAME`; undefined for another host, whose paths may differ. */
function repositoriesOfImage({ host, repository }: Pick<ImageReference, 'host' | 'repository'>, configured = '') {
  if (!registryHosts.accepts(host) || !repositories.pattern.test(repository)) return undefined
  const isIn = splitRepositories(configured).some((one) => repository.startsWith(`${one}/`))
  return isIn ? configured : repository.split('/').slice(0, -1).join('/') || undefined
}

function imageIn(names: string, image: string): string {
  const [first = ''] = splitRepositories(names)
  return `${first}/${image}`
}

/** The operator's token is for all organizations of the account. */
const common = { vendor: 'chainguard', tool: 'chainctl' } as const

/** The resources of the desired state, in the order of their creation. @internal */
export const chainguardResources = ({ identities, bindings }: DesiredState, context: Context): TrustResource[] => [
  ...identities.map((one) => identityResource(one, bindings, context)),
  ...bindings.map((one) => bindingResource(one, context)),
]

const identityResource = (
  desired: DesiredIdentity,
  bindings: readonly DesiredBinding[],
  context: Context,
): TrustResource =>
  markedResource(
    {
      ...common,
      kind: 'identity',
      name: identityName(desired),
      needs: [],
      hcl: () => absentIdentityHcl(desired),
      observe: async (accepted) => await observeIdentity(desired, accepted, context),
      planRemoval: async (scope) =>
        await planIdentityRemoval(
          desired,
          scope,
          async () => await furtherRoles(desired, bindings, { removed: scope.removed, context }),
          context,
        ),
    },
    context,
  )

/** Of roles that do not come from the documents, or stay. */
async function furtherRoles(
  desired: DesiredIdentity,
  bindings: readonly DesiredBinding[],
  { removed, context }: { readonly removed: readonly string[]; readonly context: Context },
): Promise<string[]> {
  const gone = bindings.filter((one) => one.identity === desired && removed.includes(bindingName(one)))
  const own = (await Promise.all(gone.map(async (one) => await readOwnBindings(context, one)))).flat()
  const all = await listBindings(context, desired)
  return all.filter(({ uid }) => !own.some((one) => one.uid === uid)).map(({ roleName, role }) => roleName || role)
}

const bindingResource = (desired: DesiredBinding, context: Context): TrustResource =>
  markedResource(
    {
      ...common,
      kind: 'role binding',
      name: bindingName(desired),
      entry: bindingEntry(desired),
      needs: [identityName(desired.identity)],
      hcl: () => absentBindingHcl(desired),
      observe: async () => evaluateBinding(desired, await readBinding(context, desired), context),
      planRemoval: async () => await planBindingRemoval(desired, context),
    },
    context,
  )
