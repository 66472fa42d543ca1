/** docs/document.md: every field of a document with its rule, from the schema. */

import { documentJsonSchemas, type JsonSchema } from '../src/document/json-schema.ts'
import { labelName, objectName } from '../src/document/kubernetes-names.ts'
import { type DropInForm, dropInForm } from '../src/document/load-documents.ts'
import type { Vendors } from '../src/vendors/vendor.ts'

export async function renderDocumentPage(vendors: Vendors): Promise<string> {
  const { ClusterPullSecret, PullSecret } = await documentJsonSchemas(vendors)
  const sections = [
    head,
    renderClusterSection(ClusterPullSecret),
    credentialFile,
    renderTenantSection(PullSecret, ClusterPullSecret),
  ]
  return `${[...sections, renderVariables(await dropInForm(vendors, {}))].join('\n\n')}\n`
}

const example = `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: artifact-registry}
spec:
  secretName: regcred
  namespaces:
    include: [default, "team-*"]
    exclude: [team-legacy]
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp:
        workloadIdentityProvider: projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster
        serviceAccountEmail: puller@example-project.iam.gserviceaccount.com
  attachToServiceAccounts: [default]
`

const head = `# Documents

<!-- Made by tools/schema.ts from src/document/schema.ts and the settings of vendors; change them there. -->

A document specifies a pull secret. It is YAML or JSON in a file (\`-f FILE\`), a folder (\`-f DIR\`: its \`*.yaml\`, \`*.yml\` and
\`*.json\`) or standard input (\`-f -\`). A file can contain several documents, separated by \`---\`, and has at most 1 MiB. Without
\`-f\`, [variables](#the-drop-in-variables) are used.

\`\`\`yaml
${example}\`\`\`

All errors are reported at once, with file, line and column, before anything is written; the exit code is 2. JSON Schemas for
editors: [ClusterPullSecret](schema/clusterpullsecret.json), [PullSecret](schema/pullsecret.json). In VS Code's YAML extension,
begin the file with \`# yaml-language-server: $schema=PATH/clusterpullsecret.json\`.`

/** Rules of many fields, explained once. */
const namedRules: ReadonlyMap<string, string> = new Map([
  [objectName.expected, 'a name ¹'],
  [labelName.expected, 'a label name ²'],
])

const ruleNotes = `¹ ${objectName.expected}. ² ${labelName.expected}.`

const renderClusterSection = (schema: JsonSchema) => `## ClusterPullSecret

One Secret in many namespaces, for operators of a cluster.

${renderTable(renderFields(schema, ''))}

${ruleNotes}

- A namespace is selected if \`include\` (absent: any) and \`selector\` (absent: any) match and \`exclude\` does not. One of
  \`include\` and \`selector\` is required. In globs \`*\` matches any characters and \`?\` one. Namespaces \`kube-*\` are selected
  only by their exact name. A listed namespace that does not exist is an error; a glob that matches none is a warning; a document
  that selects no namespace fails unless \`emptyPolicy\` is \`Allow\` (once: \`--allow-empty\`).
- \`In\` and \`NotIn\` require \`values\`, \`Exists\` and \`DoesNotExist\` have none. \`NotIn\` also selects namespaces without the
  label. An empty selector is refused.
- A registry has exactly one vendor. Names and hosts of registries are unique in a document.
- \`gcp\` requires one of: \`workloadIdentityProvider\`; \`projectNumber\`, \`poolId\` and \`providerId\`; \`credentialFile\`.
  \`delegates\` and \`lifetime\` require \`serviceAccountEmail\`; \`stsRegion\` excludes \`universeDomain\` and \`endpoints.sts\`.
- \`gcp.trust\` is used only by [\`pullpass trust\`](trust.md); a change of it makes no credential due.
- Relative paths are relative to the document's file.
- Two documents with one kind and name, or one Secret, are refused.`

const credentialFile = `### The credential file

\`gcp.credentialFile\` is the output of \`gcloud iam workload-identity-pools create-cred-config\` (type \`external_account\`). It contains
the provider, service account, lifetime and token file; the document can add \`scopes\`, \`lifetime\`, \`endpoints\` and \`delegates\`. Its
hosts must be Google's; a file of another universe requires the same \`universeDomain\` in the document. Its token file is used if the
document has neither \`tokenFile\` nor \`serviceAccountRef\`. Sources \`executable\`, \`url\`, \`certificate\` and AWS are refused.`

/** Fields that differ from those of a ClusterPullSecret; of registries only the absent ones. */
function renderTenantSection(schema: JsonSchema, cluster: JsonSchema): string {
  const known = new Set(renderFields(cluster, ''))
  const rows = renderFields(schema, '').filter((row) => !known.has(row))
  const fieldsOf = (one: JsonSchema) => renderFields(one, '').map((row) => /`([^`]+)`/.exec(row)?.[1] ?? '')
  const present = new Set(fieldsOf(schema))
  const absent = fieldsOf(cluster).filter((field) => !present.has(field))
  const outermost = absent.filter((field) => !absent.some((other) => field !== other && field.startsWith(`${other}`)))
  return `## PullSecret

One Secret in the namespace of the document, with a ServiceAccount of that namespace, for tenants. It contains no field that would
use permissions of pullpass itself. Fields are those of a ClusterPullSecret, except:

${renderTable(rows)}

Not available: ${outermost.map((field) => `\`${field}\``).join(', ')}.`
}

function renderVariables({ rules, variables }: DropInForm): string {
  const rows = Object.entries(rules).map(([name, rule]) => {
    const expected = namedRules.get(rule.expected) ?? rule.expected
    return `| \`${name}\` | ${name.endsWith('NAMESPACES') ? 'a comma list, each ' : ''}${escapeCell(expected)} |`
  })
  return `## The drop-in variables

The variables of a widely used script of curl, jq and kubectl. They form a ClusterPullSecret named after its Secret, with one registry
\`${variables.registry}\`. With \`-f\` they are not read. Spaces, line breaks and a trailing comma are ignored; the first six must not be
empty.

| variable | expected |
| --- | --- |
${rows.join('\n')}
| \`REGISTRY_HOSTS\` | hosts as above; a comma list, by default \`${variables.defaultHost}\` |`
}

const renderTable = (rows: readonly string[]): string =>
  ['| field | | meaning | value |', '| --- | --- | --- | --- |', ...rows].join('\n')

function renderFields({ properties = {}, required = [] }: JsonSchema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const item = field.items ?? field
    const path = `${prefix}${name}${field.items === undefined ? '' : '[]'}`
    const expected = item.enum?.map((word) => `\`${word}\``).join(', ') ?? escapeCell(ruleOf(item))
    const cells = [
      `\`${path}\``,
      required.includes(name) ? 'required' : '',
      escapeCell(field.description ?? ''),
      expected,
    ]
    return [`| ${cells.join(' | ')} |`, ...renderFields(item, `${path}.`)]
  })
}

/** As in error messages. */
function ruleOf({ patternErrorMessage, anyOf = [] }: JsonSchema): string {
  const message = patternErrorMessage ?? anyOf.find((choice) => choice.patternErrorMessage)?.patternErrorMessage
  const rule = message?.replace(/^expected /, '') ?? ''
  return namedRules.get(rule) ?? rule
}

const escapeCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('*', '\\*')
