/** The trust configuration as HCL: what exists is imported, so that it can be applied as printed. https://developer.hashicorp.com/terraform/language/import */

import { plainText } from '../text/plain-text.ts'
import { hashComment, hclBlock, hclText } from '../vendors/hcl.ts'
import type { TrustFinding } from '../vendors/trust-contract.ts'
import { whyLeftOut } from './render-commands.ts'

export function renderTerraform(findings: readonly TrustFinding[]): string {
  const printed = findings.filter(isPrinted)
  const first = printed.flatMap(({ changes }) =>
    changes.flatMap(({ action, byTerraform, command }) =>
      byTerraform === 'applied'
        ? []
        : [
            action === 'delete'
              ? comment(`Terraform does not delete what is not in its state; run: ${command}`)
              : comment(`Terraform does not ${action}; run first: ${command}`),
          ],
    ),
  )
  const imports = printed.flatMap(({ presence, hcl }) => (presence === 'present' ? (hcl.importBlock ?? []) : []))
  const blocks = printed.map(({ hcl }) => hcl.block)
  return [...whyLeftOut(findings), ...first, head(printed), ...imports, ...blocks].join('\n\n')
}

/** A command can contain external text: a line that is not commented would be a block of the configuration. */
const comment = (text: string) => hashComment(plainText(text))

/** Terraform would create a resource that is refused and absent, and those that need it: their blocks are left out. */
const isPrinted = ({ fault, presence, missingNeeds }: TrustFinding): boolean =>
  missingNeeds === undefined && (fault === undefined || presence === 'present')

function head(findings: readonly TrustFinding[]): string {
  const required = new Map(findings.map(({ hcl: { requires } }) => [requires.name, requires]))
  const providers = [...required.values()].map(({ name, source, version }) =>
    hclBlock(`${name} =`, [
      ['source', hclText(source)],
      ['version', hclText(version)],
    ]),
  )
  const blocks = [...required.values()].flatMap(({ block }) => block ?? [])
  const terraform = hclBlock('terraform', [['required_version', '">= 1.5"'], hclBlock('required_providers', providers)])
  return [terraform, ...blocks].join('\n\n')
}
