/** Trust at Cloudsmith: a service account, an OpenID Connect provider for each subject, and a privilege on each repository. */
import type { Context } from '../../../http/context.ts'
import type { ImageReference } from '../../../registry/image-reference.ts'
import { tokenIn } from '../../operator.ts'
import { identityOfDocument, type TrustResource, type TrustSetup } from '../../trust/contract.ts'
import { markedResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { printedForCurl } from '../../trust/token-api.ts'
import { registryHost } from '../hosts.ts'
import { isSlug, parseRepository, repositories } from '../names.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { CloudsmithSettings } from '../settings.ts'
import {
  type DesiredPrivilege,
  type DesiredProvider,
  type DesiredService,
  type DesiredState,
  desiredState,
  privilegeName,
  providerResourceName,
  serviceName,
} from './desired.ts'
import { readPrivileges, readProviders, readService } from './found.ts'
import { evaluatePrivilege, planPrivilegeRemoval, privilegeEntry } from './privilege.ts'
import { evaluateProvider, planProviderRemoval } from './provider.ts'
import { evaluateService, isDesired, otherSignIns, planServiceRemoval } from './service.ts'
import { privilegesHcl, providerHcl, serviceHcl } from './terraform.ts'

export const trust: TrustSetup<CloudsmithSettings> = {
  repositories: { rule: repositories, ofImage: repositoryOfImage, imageIn: imageInRepository },

  ...identityOfDocument,

  repository: ({ organization, trust: own }) =>
    own?.repositories.map((repository) => `${organization}/${repository}`).join(','),

  withRepository: (settings, names) => ({
    ...settings,
    trust: { repositories: splitRepositories(names).map((name) => parseRepository(name).repository) },
  }),

  desired(needs) {
    const desired = desiredState(needs)
    return {
      open: (context) => ({
        signIn: async () => void tokenIn(context.environment, operatorToken),
        resources: cloudsmithResources(desired, context),
      }),
    }
  },
}

/** An image is `ORGANIZATION/REPOSITORY/NAME`; undefined for another host, whose paths may differ. */
function repositoryOfImage({ host, repository }: Pick<ImageReference, 'host' | 'repository'>, configured = '') {
  const [organization = '', name = '', ...image] = repository.split('/')
  if (host !== registryHost || image.length === 0 || !isSlug(organization) || !isSlug(name)) return undefined
  const own = `${organization}/${name}`
  return splitRepositories(configured).includes(own) ? configured : own
}

function imageInRepository(names: string, image: string): string {
  return `${splitRepositories(names)[0] ?? ''}/${image}`
}

/** The resources of the desired state, in the order of their creation. @internal */
export const cloudsmithResources = (
  { services, providers, privileges }: DesiredState,
  context: Context,
): TrustResource[] => [
  ...services.map((one) => serviceResource(one, context)),
  ...providers.map((one) => providerResource(one, context)),
  ...privileges.map((one) => privilegeResource(one, context)),
]

const common = {
  vendor: 'cloudsmith',
  ...printedForCurl({ token: operatorToken, header: 'x-api-key' }),
}

function serviceResource(desired: DesiredService, context: Context): TrustResource {
  const read = async () => ({
    ...(await readService(context, desired)),
    providers: await readProviders(context, desired),
  })
  return markedResource(
    {
      ...common,
      kind: 'service account',
      name: serviceName(desired),
      needs: [],
      hcl: () => serviceHcl(desired),
      observe: async (accepted) => evaluateService(desired, await read(), accepted, context),
      planRemoval: async (scope) => planServiceRemoval(desired, await read(), scope, context),
    },
    context,
  )
}

const providerResource = (desired: DesiredProvider, context: Context): TrustResource =>
  markedResource(
    {
      ...common,
      kind: 'provider',
      name: providerResourceName(desired),
      needs: desired.services.map((slug) => serviceName({ ...desired, slug })),
      hcl: () => providerHcl(desired),
      observe: async (accepted) => evaluateProvider(desired, await readProviders(context, desired), accepted, context),
      planRemoval: async ({ marks }) =>
        planProviderRemoval(desired, await readProviders(context, desired), marks, context),
    },
    context,
  )

function privilegeResource(desired: DesiredPrivilege, context: Context): TrustResource {
  const { service } = desired
  return markedResource(
    {
      ...common,
      kind: 'privilege',
      name: privilegeName(desired),
      entry: privilegeEntry(desired),
      needs: [serviceName(service), ...service.providers.map(providerResourceName)],
      hcl: () => privilegesHcl(desired, [{ holder: 'service', slug: service.slug, level: 'Read' }], 'absent'),
      observe: async (accepted) =>
        evaluatePrivilege(desired, await readPrivileges(context, desired), accepted, context),
      async planRemoval() {
        const found = await readProviders(context, service)
        const others = otherSignIns(service, found, (one) => isDesired(service, one))
        return planPrivilegeRemoval(desired, await readPrivileges(context, desired), others, context)
      },
    },
    context,
  )
}
