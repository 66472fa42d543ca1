/** The whole of a trust as HCL: what is there is imported, so that it can be applied as printed. https://developer.hashicorp.com/terraform/language/import */
import type { Finding } from './finding.ts'
import { hashComment } from './hash-comment.ts'
import { hclBlock } from './hcl-block.ts'
import { hclText } from './hcl-text.ts'

export function renderTerraform(findings: readonly Finding[]): string {
  const faults = findings.flatMap(({ fault }) => (fault === undefined ? [] : [hashComment(fault.message)]))
  const first = findings.flatMap(({ changes }) =>
    changes.flatMap(({ byTerraform, command }) =>
      byTerraform === 'made' ? [] : [`# Terraform undeletes nothing; first: ${command}`],
    ),
  )
  const imports = findings.flatMap(({ presence, hcl }) => (presence === 'present' ? (hcl.importBlock ?? []) : []))
  return [...faults, ...first, head(findings), ...imports, ...findings.map(({ hcl }) => hcl.block)].join('\n\n')
}

function head(findings: readonly Finding[]): string {
  const required = new Map(findings.map(({ hcl: { requires } }) => [requires.name, requires]))
  const providers = [...required.values()].map(({ name, source, version }) =>
    hclBlock(`${name} =`, [
      ['source', hclText(source)],
      ['version', hclText(version)],
    ]),
  )
  return hclBlock('terraform', [['required_version', '">= 1.5"'], hclBlock('required_providers', providers)])
}
