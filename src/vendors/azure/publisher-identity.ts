/** The identity with which a pod publishes to Azure Storage: an application or a managed identity. https://learn.microsoft.com/azure/aks/workload-identity-overview */
import { posix } from 'node:path'
import { shellQuote } from '../../text/shell.ts'
import type { PublisherIdentity } from '../publisher-identity.ts'
import { application } from './names.ts'
import { type ContainerName, writeGrant } from './stores/azblob.ts'

interface Application {
  readonly tenantId: string
  readonly clientId: string
}

const audience = 'api://AzureADTokenExchange'

export const publisherIdentity: PublisherIdentity<unknown, Application> = {
  parse(text) {
    const { tenantId, clientId } = application.exec(text)?.groups ?? {}
    return tenantId === undefined || clientId === undefined ? undefined : { tenantId, clientId }
  },

  podIdentity({ targets, as, subject, folder }) {
    if (as === undefined) return undefined
    const { tenantId, clientId } = as
    return {
      audience,
      file: 'azure',
      variables: {
        AZURE_TENANT_ID: tenantId,
        AZURE_CLIENT_ID: clientId,
        AZURE_FEDERATED_TOKEN_FILE: posix.join(folder, 'azure'),
      },
      files: {},
      grants: [
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only store of this vendor
        ...targets.flatMap(({ name }) => grantsOn(name as ContainerName, clientId)),
        `${clientId}: a federated credential for ${subject} of the cluster's issuer, audience ${audience}`,
      ],
    }
  },
}

function grantsOn(target: ContainerName, clientId: string): string[] {
  const shared = `container ${target.container} must be used by this cluster only: the role applies to the whole container`
  return [writeGrant(target, shellQuote(clientId)), ...(target.path === '' ? [] : [shared])]
}
