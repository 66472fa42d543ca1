/** The fields of `quay` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { fields, list, text } from '../../document/schema-parts.ts'
import { showValue } from '../../document/show-value.ts'
import { endpointField, trustField } from '../registry-fields.ts'
import { isOfOrganization, organizationOf, repositoryName, robotName } from './names.ts'

export interface QuaySettings {
  /** `ORGANIZATION+ROBOT`. */
  readonly robot: string
  /** Origin. */
  readonly endpoint: string
  readonly trust?: QuayTrust
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface QuayTrust {
  /** `ORGANIZATION/NAME`. */
  readonly repositories: readonly string[]
}

interface QuayForm {
  readonly robot: string
  readonly endpoint?: string
  readonly trust?: QuayTrust
}

const tenantShape = {
  robot: text(robotName, 'Robot account with a federation for the service account, which is also the user name'),
}
const description = 'Quay, by robot federation (Quay 3.13 or newer, and quay.io)'
const tenantForm: z.ZodMiniType<QuayForm> = fields(tenantShape, description)
const form: z.ZodMiniType<QuayForm> = fields(
  {
    ...tenantShape,
    endpoint: z.exactOptional(endpointField),
    trust: trustField({
      repositories: list(
        text(repositoryName, 'Repository of the organization'),
        64,
        'Repositories; the robot gets permission to read exactly these',
      ),
    }),
  },
  description,
)

export const settings: VendorSettings<QuayForm, QuaySettings> = {
  form,
  tenantForm,
  problems({ endpoint, robot, trust }, path, { hosts }) {
    const isUnnamed = endpoint === undefined && hosts.some((host) => host.split('/')[0] !== 'quay.io')
    const others = [...(trust?.repositories ?? []).entries()].filter(([, one]) => !isOfOrganization(one, robot))
    return [
      ...(isUnnamed
        ? [
            {
              path: [...path, 'endpoint'],
              predicate: 'is missing, and a host is not quay.io: the token would be sent to quay.io',
              expected: 'the origin of that Quay server, such as https://quay.example.com',
            },
          ]
        : []),
      ...others.map(([index, one]) => ({
        path: [...path, 'trust', 'repositories', index],
        predicate: `is ${showValue(one)}, not of the organization of the robot, which has permissions only there`,
        expected: `${organizationOf(robot)}/NAME`,
      })),
    ]
  },
  hosts: () => 'any', // an installation of Quay has a domain of its owner
  read: async (written) => ({ settings: { endpoint: 'https://quay.io', ...written } }),
}
