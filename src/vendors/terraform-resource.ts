/** A resource of a Terraform provider, and the block that imports it. https://developer.hashicorp.com/terraform/language/import */
import { createHash } from 'node:crypto'
import { type HclAttribute, hclBlock, hclText } from './hcl.ts'
import type { HclResource, TrustFinding } from './trust-contract.ts'

export interface TerraformBlock {
  readonly type: string
  readonly label: string
  readonly attributes: readonly (HclAttribute | string)[]
  /** The import id. */
  readonly id: string
}

export const terraformResource =
  (requires: HclResource['requires'], { type, label, attributes, id }: TerraformBlock) =>
  (presence: TrustFinding['presence']): HclResource => ({
    requires,
    block: hclBlock(`resource "${type}" "${label}"`, attributes),
    importBlock:
      presence === 'absent'
        ? undefined
        : hclBlock('import', [
            ['to', `${type}.${label}`],
            ['id', hclText(id)],
          ]),
  })

/** Of a resource with this name: letters, digits and "_", with six digits of a hash, so that labels are unique. */
export function labelOf(name: string): string {
  const plain = (name.split('/').at(-1) ?? '').replaceAll(/[^A-Za-z0-9]+/g, '_')
  return `${/^[a-z]/i.test(plain) ? plain : `r_${plain}`}_${createHash('sha256').update(name).digest('hex').slice(0, 6)}`
}
