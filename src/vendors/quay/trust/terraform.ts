/**
 * Resources of the Terraform provider for Quay, which has robots, and neither federations nor permissions of robots.
 * https://github.com/enthought/terraform-provider-quay, docs/resources/organization_robot.md
 */
import type { HclResource, TrustFinding } from '../../trust/contract.ts'
import { hashComment, hclBlock, hclText, labelOf, terraformResource } from '../../trust/hcl.ts'
import { organizationOf, shortNameOf } from '../names.ts'
import type { DesiredRobot } from './desired.ts'

const providerOf = ({ server, servers }: DesiredRobot): HclResource['requires'] => ({
  name: 'quay',
  source: 'enthought/quay',
  version: '>= 0.5',
  ...(servers === 'one' && { block: hclBlock('provider "quay"', [['url', hclText(server)]]) }),
})

export const noHcl = (desired: DesiredRobot): HclResource => ({
  requires: providerOf(desired),
  block: '',
  importBlock: undefined,
})

const password = hashComment(
  'The state of this resource contains the password that Quay creates for the robot, which is not used. To keep it out, create the robot with trust apply.',
)

/** A configuration of the provider is for one server. */
export const robotHcl =
  (desired: DesiredRobot, found: { readonly description: string } | undefined) =>
  (presence: TrustFinding['presence']): HclResource => {
    if (desired.servers === 'several') return noHcl(desired)
    const { robot, description } = desired
    const resource = terraformResource(providerOf(desired), {
      type: 'quay_organization_robot',
      label: labelOf(robot),
      attributes: [
        ['name', hclText(shortNameOf(robot))],
        ['orgname', hclText(organizationOf(robot))],
        ['description', hclText(found?.description ?? description)],
      ],
      id: robot,
    })(presence)
    return { ...resource, block: `${password}\n${resource.block}` }
  }
