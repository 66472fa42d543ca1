/** A plan for operators who apply it themselves: commands of the vendor's command-line tool, or Terraform. */
import { plainText } from '../text/plain-text.ts'
import { type Change, describeMissing, type TrustFinding } from '../vendors/trust/contract.ts'
import { hashComment, hclBlock, hclText } from '../vendors/trust/hcl.ts'

/** A script for sh: the functions that it calls, then one command for each change; comments name resources without a command. */
export function renderCommands(findings: readonly TrustFinding[]): string {
  const scripts = findings.flatMap(({ changes }) => changes.map(({ script }) => script))
  const functions = [...new Set(scripts.flatMap((script) => script.functions))]
  const comments = whyLeftOut(findings)
  const unchanged =
    findings.length === 0 ? '# The documents have no resources for these commands.' : '# No changes are required.'
  const body =
    scripts.length > 0
      ? scripts.map(({ line }) => plainLineOf(line))
      : [comments.length > 0 ? '# Nothing can be done by commands.' : unchanged]
  return ['#!/bin/sh', 'set -eu', ...comments, ...functions, ...body].join('\n')
}

/** Each distinct error, and what is not created because of them. */
const whyLeftOut = (findings: readonly TrustFinding[]): string[] => {
  const comments = findings.flatMap(({ fault, kind, name, verdict, missingNeeds = [] }) => {
    if (fault !== undefined) return [hashComment(fault.message)]
    const isBlocked = verdict === 'blocked'
    return isBlocked ? [hashComment(`${kind} ${name} is not created: blocked by ${describeMissing(missingNeeds)}`)] : []
  })
  return [...new Set(comments)]
}

/** U+0001 separates the items of a list where an item contains a comma: it stays, other control characters do not. */
const plainLineOf = (line: string): string => line.split('\u0001').map(plainText).join('\u0001')

/** HCL; what exists is imported, so that it can be applied as printed. https://developer.hashicorp.com/terraform/language/import */
export function renderTerraform(findings: readonly TrustFinding[]): string {
  const printed = findings.filter(isPrinted)
  if (printed.length === 0)
    return [...whyLeftOut(findings), '# No resource can be printed until these errors are fixed.'].join('\n\n')
  const imports = printed.flatMap(({ presence, hcl }) => (presence === 'present' ? (hcl.importBlock ?? []) : []))
  const blocks = printed.map(({ hcl }) => hcl.block).filter((block) => block !== '')
  const incomplete = findings.some(
    (one) => !isPrinted(one) && (one.verdict === 'unknown' || one.presence === 'present'),
  )
  const warning = '# Not all resources are below: Terraform would delete the others, if they are in its state.'
  return [
    ...whyLeftOut(findings),
    ...(incomplete ? [warning] : []),
    ...commandsOf(printed, 'not applied'),
    head(printed),
    ...imports,
    ...blocks,
    ...commandsOf(printed, 'no resource'),
  ].join('\n\n')
}

const commandsOf = (findings: readonly TrustFinding[], byTerraform: Change['byTerraform']): string[] =>
  findings.flatMap(({ changes }) =>
    changes.filter((one) => one.byTerraform === byTerraform).map((change) => comment(describeCommand(change))),
  )

function describeCommand({ action, command, byTerraform }: Change): string {
  if (byTerraform === 'no resource') return `Terraform has no resource for this; run after it: ${command}`
  if (action === 'delete') return `Terraform does not delete what is not in its state; run: ${command}`
  return `Terraform does not ${action}; run first: ${command}`
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
